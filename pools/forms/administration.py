"""The forms for people in Django's administration: a name that is another's is not given."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm, UsernameField
from django.contrib.auth.models import User

from pools.people.user_names import NameTaken, must_be_free
from pools.wording.people import refused

if TYPE_CHECKING:
    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
else:
    CreationForm = AdminUserCreationForm
    ChangeForm = UserChangeForm


class NewPersonForm(CreationForm):
    """A new person."""

    def clean_username(self) -> str:
        # Nothing where Django refused it already.
        name: str = super().clean_username() or ""
        return _free(name, None) if name else name


class PersonForm(ChangeForm):
    """A person who is here: they may have back what they were called before."""

    class Meta:
        model = User
        # The administration adds the fields that it shows.
        fields = ("username",)
        field_classes = {"username": UsernameField}  # as in Django's own

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        return _free(name, self.instance.pk) if "username" in self.changed_data else name


def _free(name: str, person_id: int | None) -> str:
    try:
        must_be_free(name, person_id=person_id)
    except NameTaken as error:
        raise forms.ValidationError(refused(error)) from None
    return name
