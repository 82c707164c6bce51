"""The form that adds a token."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.views.decorators.debug import sensitive_variables

from pools.core import InvalidCredential, check_token_text
from pools.core.bounds import TextBounds
from pools.core.comparing import visible_form
from pools.forms.checks import BoundedTextField
from pools.forms.identifiers import IDENTIFIER
from pools.models import Company, Token
from pools.models.bounds import TOKEN_LABEL
from pools.secret import Secret

# What comes along when a token is copied from a request's header.
_NAME: Final = re.compile(r"""\A["']?Authorization["']?\s*[:=]\s*""", re.IGNORECASE)
_SCHEME: Final = re.compile(r"\ABearer\s+", re.IGNORECASE)
# And from a file or a program: one pair of quotes, and a comma behind it.
_QUOTED: Final = re.compile(r"""(["'`])([^"'`]*)\1\s*[,;]?|“([^“”]*)”""")


class TokenForm(forms.Form):
    """A person's own access to a company: a key, a bearer token, or signing in to Patchworks."""

    SIGN_IN: Final = "sign_in"
    KINDS: Final = [
        (Token.Kind.API_KEY.value, "API key"),
        (Token.Kind.BEARER.value, "Bearer token"),
        (SIGN_IN, "Sign in to Patchworks"),
    ]

    company = forms.ModelChoiceField(
        label="Company",
        queryset=Company.objects.none(),
        to_field_name="slug",
        empty_label=None,
        error_messages={"invalid_choice": "This company isn't here, or was archived."},
        widget=forms.Select(attrs={"translate": "no"}),
    )
    kind = forms.ChoiceField(
        label="Kind", choices=KINDS, widget=forms.RadioSelect, initial=Token.Kind.API_KEY.value
    )
    token = forms.CharField(
        label="Token",
        required=False,
        strip=False,
        help_text="An API key or a bearer token. We encrypt it and never show it again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", **IDENTIFIER}),
    )
    email = forms.CharField(
        label="E-mail",
        required=False,
        help_text="The e-mail address or user name you use at Patchworks.",
        # No e-mail field of the browser's: a user name is as good.
        widget=forms.TextInput(attrs={"autocomplete": "off", **IDENTIFIER}),
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        help_text="We use it once to sign in to Patchworks, and don't store it.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    label = BoundedTextField(
        label="Label",
        required=False,
        bounds=TextBounds(TOKEN_LABEL),
        help_text="Only for you, to tell your tokens apart.",
    )

    def __init__(self, *args: Any, companies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["company"].queryset = companies  # type: ignore[attr-defined]

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        token, is_bearer = _as_pasted(cleaned.get("token") or "")
        if is_bearer and cleaned.get("kind") == Token.Kind.API_KEY:
            cleaned["kind"] = Token.Kind.BEARER.value
        cleaned["token"] = Secret(token)
        cleaned["password"] = Secret(cleaned.get("password") or "")
        if cleaned.get("kind") == self.SIGN_IN:
            self._check_sign_in(cleaned)
        else:
            try:
                check_token_text(cleaned["token"].reveal())
            except InvalidCredential as error:
                self.add_error("token", str(error))
        return cleaned

    def add_reasons(self, reasons: Mapping[str, Iterable[str]]) -> None:
        """What Patchworks says against a sign-in, by its own names of the fields."""
        for name, sentences in reasons.items():
            field = {"email": "email", "username": "email", "password": "password"}.get(name)
            for sentence in sentences:
                self.add_error(field, sentence)

    def _check_sign_in(self, cleaned: dict[str, Any]) -> None:
        for name, what in (("email", "e-mail"), ("password", "password")):
            if not cleaned.get(name):
                self.add_error(name, f"Enter the {what} you use at Patchworks.")
        company = cleaned.get("company")
        if company and not company.sign_in_url:
            sentence = f"{company.name} has no sign-in address. Use an API key or a bearer token."
            self.add_error("kind", sentence)


@sensitive_variables()
def _as_pasted(text: str) -> tuple[str, bool]:
    """A token without what was copied along with it, and whether that said Bearer."""
    text = _unquoted(_NAME.sub("", _unquoted(text)))
    token = _SCHEME.sub("", text)
    return _unquoted(token), token != text


@sensitive_variables()
def _unquoted(text: str) -> str:
    text = visible_form(text)
    quoted = _QUOTED.fullmatch(text)
    return visible_form(quoted[2] or quoted[3] or "") if quoted else text
