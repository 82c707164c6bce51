"""allauth's forms where their words or their checks do not fit."""

from typing import Any, Final

from allauth.account.forms import ChangePasswordForm, LoginForm
from allauth.account.forms import ReauthenticateForm as ReauthenticateWithPasswordForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.contrib.auth.models import User

from pools.core.bounds import TextBounds
from pools.forms.checks import BoundedTextField
from pools.forms.identifiers import IDENTIFIER
from pools.models.bounds import EMAIL, PASSKEY_NAME

_OWN_PASSWORD: Final = {
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "Repeat the password",
}
# What a browser never sends, and what fido2 raises over it.
_NO_CREDENTIAL = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class SignInForm(LoginForm):  # type: ignore[misc]
    """A user name or an e-mail address, and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = BoundedTextField(
            label="User name or e-mail",
            bounds=TextBounds(EMAIL),
            widget=forms.TextInput(
                attrs={"autocomplete": "username", "autofocus": True, **IDENTIFIER}
            ),
        )
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""
        self.order_fields(["login", "password"])


class OwnPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """A new password for who is signed in, in the words of the form that they joined by."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in _OWN_PASSWORD.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """The code asked for when signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_code(self, _codes_of(self.user), autofocus=True)


class CodeAgainForm(ReauthenticateForm):  # type: ignore[misc]
    """The code asked for before something delicate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_code(self, _codes_of(self.user), autofocus=True)


class PasswordAgainForm(ReauthenticateWithPasswordForm):  # type: ignore[misc]
    """The password asked for before something delicate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs["autofocus"] = True


class FirstCodeForm(ActivateTOTPForm):  # type: ignore[misc]
    """The code that shows that an app has been set up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_code(self, "The six digits your app shows now.")


class CredentialField(forms.JSONField):
    """What a passkey says. Text nested without end, or a number without end, is none either."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (RecursionError, ValueError):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class ReadableCredential:
    """Text that isn't a credential is a wrong credential, not an error of the panel."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField()  # type: ignore[attr-defined]

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError:
            raise
        except _NO_CREDENTIAL:
            raise get_adapter().validation_error("incorrect_code") from None


class PasskeyForm(ReadableCredential, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as the second factor."""


class PasskeySignInForm(ReadableCredential, LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey instead of a password."""


class PasskeyAgainForm(ReadableCredential, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey before something delicate."""


class NewPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A name for a new passkey; the browser fills in the rest."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _passkey_name(required=False)
        self.fields["credential"] = CredentialField()
        # Every new one may sign in alone where the key can: see views.NewPasskey.
        del self.fields["passwordless"]

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            raise
        except _NO_CREDENTIAL:
            raise get_adapter().validation_error("incorrect_code") from None
        return cleaned


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _passkey_name(required=True)


def _passkey_name(*, required: bool) -> BoundedTextField:
    return BoundedTextField(
        label="Name",
        required=required,
        bounds=TextBounds(PASSKEY_NAME),
        help_text="To tell your passkeys apart, for example “Work laptop”.",
    )


def _codes_of(user: User) -> str:
    """Which codes somebody can have: of an app only where they have set one up."""
    if is_mfa_enabled(user, [Authenticator.Type.TOTP]):
        return "The code from your app, or one of your recovery codes."
    return "One of your recovery codes."


def _say_code(form: forms.Form, help_text: str, **attrs: bool) -> None:
    field = form.fields["code"]
    field.label, field.help_text = "Code", help_text
    field.widget = forms.TextInput(attrs={"autocomplete": "one-time-code", **IDENTIFIER, **attrs})
