"""The forms about people: inviting them, coming in by an invitation, their roles."""

import unicodedata
from typing import Any, Final

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.views.decorators.debug import sensitive_variables

from pools.core.bounds import TextBounds
from pools.forms.checks import BoundedTextField
from pools.forms.identifiers import IDENTIFIER
from pools.models import Invitation
from pools.models.bounds import CODE, EMAIL, FULL_NAME, USERNAME
from pools.people.acts import new_person
from pools.people.roles import ROLES
from pools.people.user_names import UserNameValidator
from pools.secret import Secret
from pools.wording.people import LETTERS
from pools.wording.roles import what_a_role_may

ROLE_CHOICES: Final = [(role, f"{role}: {what_a_role_may(role)}") for role in ROLES]


class RolesForm(forms.Form):
    """Which roles a person has; without any they see nothing but their own account."""

    roles = forms.MultipleChoiceField(
        label="Roles", required=False, choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple
    )


class UserNameField(BoundedTextField):
    """A user name in the form in which Django keeps one (NFKC)."""

    def to_python(self, value: Any) -> str:
        return unicodedata.normalize("NFKC", super().to_python(value))


class InviteForm(forms.Form):
    """A new person, as an administrator wants them to be known here."""

    username = UserNameField(
        label="User name",
        bounds=TextBounds(USERNAME),
        validators=[UserNameValidator(message=LETTERS)],
        help_text="They sign in with it, and the history shows it beside what they do.",
        widget=forms.TextInput(attrs={"autocomplete": "off", **IDENTIFIER}),
    )
    full_name = BoundedTextField(
        label="Name",
        required=False,
        bounds=TextBounds(FULL_NAME),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = BoundedTextField(
        label="E-mail",
        required=False,
        bounds=TextBounds(EMAIL),
        validators=[validate_email],
        widget=forms.EmailInput(attrs={"autocomplete": "off", **IDENTIFIER}),
    )
    roles = forms.MultipleChoiceField(
        label="Roles",
        choices=ROLE_CHOICES,
        error_messages={"required": "Choose at least one role."},
        widget=forms.CheckboxSelectMultiple,
    )


class JoinForm(forms.Form):
    """The code of an invitation: the link fills it in, or the person does."""

    code = BoundedTextField(
        label="Code",
        bounds=TextBounds(CODE),
        help_text="It's the part after the # in the link you were given.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True, **IDENTIFIER}),
    )


class NewPasswordForm(forms.Form):
    """A password that a person chooses without the one from before."""

    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
        help_text=password_validators_help_text_html(),
    )
    again = forms.CharField(
        label="Repeat the password",
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
            self.add_error("again", "The passwords don't match.")
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
    """The name with which somebody who forgot their password signs in."""

    login = BoundedTextField(
        label="User name or e-mail",
        bounds=TextBounds(EMAIL),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, **IDENTIFIER}),
    )
