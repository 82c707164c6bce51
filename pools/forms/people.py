"""The forms about people: inviting them, coming in by an invitation, their roles."""

from typing import Any, Final

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables

from pools.models import Invitation
from pools.people import new_person
from pools.roles import ROLES
from pools.secret import Secret

_MAY: Final = {
    "Read-only": "see pools",
    "Operator": "see, edit and clear pools",
    "Manager": "also create and delete them",
    "Auditor": "see pools, and every company's changes",
    "Administrator": "all of it, and look after people and companies",
}
ROLE_CHOICES: Final = [(role, f"{role}: {_MAY[role]}") for role in ROLES]


class RolesForm(forms.Form):
    """Which roles a person has; none shuts them out of everything but their account."""

    roles = forms.MultipleChoiceField(
        label="Roles", required=False, choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple
    )


class InviteForm(forms.Form):
    """A new person, as an administrator wants them to be known here."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        help_text="They sign in with it, and the record shows it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    full_name = forms.CharField(
        label="Name",
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label="E-mail",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    roles = forms.MultipleChoiceField(
        label="Roles",
        choices=ROLE_CHOICES,
        error_messages={"required": "Choose at least one."},
        widget=forms.CheckboxSelectMultiple,
    )


class JoinForm(forms.Form):
    """The code of an invitation: the link fills it in, or the person does."""

    code = forms.CharField(
        label="Code",
        max_length=100,
        help_text="It stands behind the # in the link that you were given.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class NewPasswordForm(forms.Form):
    """A password that a person chooses without the one from before."""

    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )
    again = forms.CharField(
        label="Password once more",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password, again = cleaned.get("password"), cleaned.get("again")
        if password and again and password != again:
            self.add_error("again", "The two passwords differ.")
        elif password:
            try:
                validate_password(password, self._person)
            except ValidationError as error:
                self.add_error("password", error)
        for name in ("password", "again"):
            cleaned[name] = Secret(cleaned.get(name) or "")
        return cleaned


class FirstPasswordForm(NewPasswordForm):
    """The password that an invited person chooses."""

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        person = new_person(invitation.username, invitation.full_name, invitation.email)
        super().__init__(*args, person=person, **kwargs)


class ForgottenForm(forms.Form):
    """Who has forgotten their password, as they sign in."""

    login = forms.CharField(
        label="User name or e-mail",
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
