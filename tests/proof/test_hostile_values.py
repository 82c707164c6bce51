"""Values that no browser sends, in every field of the forms that allauth brings."""

from typing import Any, Final

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import User
from django.test import Client

from pools.models.bounds import PASSKEY_NAME
from tests.accounts.passkey import SoftPasskey
from tests.accounts.second_factors import CODE, HOME
from tests.fixtures.panel import PASSWORD
from tests.fixtures.people import prove, sign_in

VALUES: Final = [
    "", " ", "\t\r\n", "\0", "a\0b", "x" * 61, "x" * 300, "x" * 100_000, "é" * 5000, "\u202e",
    "\ud7ff\ufffe", "²", "٣٣٣٣٣٣", "-1", "1e9", "9" * 19, "9" * 5000, "0x10", "NaN", "null", "[]",
    "{}", '"x"', "[" * 5000, '{"id": "\\ud800"}', '{"id": 1, "response": []}',
    '{"id": "\\u0000", "rawId": "x", "type": "public-key", "response": {"userHandle": "\\u0000"}}',
    "'; DROP TABLE auth_user; --", "../../etc/passwd", "%00", "{{ 7*7 }}", "<script>",
]  # fmt: skip
# Each address, and its fields: those that are not tried hold what is right.
FORMS: Final[list[tuple[str, dict[str, str]]]] = [
    ("/accounts/login/", {"login": "olga", "password": PASSWORD, "next": "/", "remember": "on"}),
    ("/accounts/logout/", {"next": "/"}),
    ("/accounts/reauthenticate/", {"password": "wrong", "next": "/"}),
    ("/accounts/reauthenticate/code/", {"code": "123456", "next": "/"}),
    ("/accounts/reauthenticate/passkey/", {"credential": "{}", "next": "/"}),
    (
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "another-horse-43", "password2": "other"},
    ),
    (f"{HOME}app/", {"code": "123456"}),
    (f"{HOME}app/remove/", {"next": "/"}),
    (f"{HOME}recovery-codes/new/", {"next": "/"}),
    (f"{HOME}passkeys/new/", {"name": "Key", "credential": "{}"}),
    (f"{HOME}passkeys/{{passkey}}/", {"name": "Key", "next": "/"}),
    (f"{HOME}passkeys/{{passkey}}/remove/", {"next": "/"}),
    (f"{HOME}passkeys/sign-in/", {"credential": "{}", "next": "/"}),
    ("/accounts/sessions/", {"session": "1"}),
    ("/accounts/oidc/connections/", {"account": "1"}),
]
FIELDS: Final = [(address, fields, name) for address, fields in FORMS for name in fields]


@pytest.fixture
def olga(operator: User, settings: Any) -> Client:
    """Somebody with a passkey and recovery codes, who has just proved themselves."""
    settings.ACCOUNT_RATE_LIMITS = False
    return Client(SERVER_NAME="localhost", raise_request_exception=False)


def with_everything(client: Client, operator: User) -> int:
    """Signs in, with a passkey; its number."""
    Authenticator.objects.all().delete()
    client.force_login(operator)
    prove(client)
    passkey = SoftPasskey()
    options = client.get(f"{HOME}passkeys/new/").context["js_data"]
    client.post(f"{HOME}passkeys/new/", {"name": "Key", "credential": passkey.create(options)})
    RecoveryCodes.activate(operator)
    found = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    return int(found.pk)


@pytest.mark.parametrize(("address", "fields", "name"), FIELDS)
def test_a_field_of_a_form_takes_anything(
    olga: Client, operator: User, address: str, fields: dict[str, str], name: str
) -> None:
    passkey = with_everything(olga, operator)
    failed = []
    for value in VALUES:
        if not User.objects.get(pk=operator.pk).check_password(PASSWORD) or (
            not Authenticator.objects.filter(pk=passkey).exists()
        ):
            operator.set_password(PASSWORD)
            operator.save()
            passkey = with_everything(olga, operator)
        if "_auth_user_id" not in olga.session:
            olga.force_login(operator)
        prove(olga)
        answer = olga.post(address.format(passkey=passkey), {**fields, name: value})
        if answer.status_code >= 500:
            failed.append((value[:40], answer.status_code))
    assert failed == []


@pytest.mark.parametrize(
    "address", ["/accounts/login/", f"{HOME}passkeys/sign-in/", "/accounts/password/forgotten/"]
)
def test_a_stranger_may_send_anything(olga: Client, settings: Any, address: str) -> None:
    settings.EMAIL_CONFIGURED = True
    for value in VALUES:
        for field in ("credential", "login", "password", "next", "remember"):
            form = {"login": "olga", "password": "wrong", field: value}
            assert olga.post(address, form).status_code < 500, (field, value[:40])
            assert olga.get(address, {field: value[:2000]}).status_code < 500


def test_the_code_when_signing_in_takes_anything(olga: Client, operator: User) -> None:
    TOTP.activate(operator, generate_totp_secret())
    sign_in("olga", client=olga)
    for value in VALUES:
        assert olga.post(CODE, {"code": value}).status_code < 500
        assert olga.post(CODE, {"credential": value}).status_code < 500


@pytest.mark.parametrize("name", ["x" * (PASSKEY_NAME + 1), "x" * 100_000, "a\0b", "", " \t "])
def test_a_passkey_is_not_renamed_to_what_is_no_name(
    olga: Client, operator: User, name: str
) -> None:
    passkey = with_everything(olga, operator)
    page = olga.post(f"{HOME}passkeys/{passkey}/", {"name": name})
    assert page.context["form"].errors["name"]
    kept = Authenticator.objects.get(pk=passkey).wrap().name
    assert kept == "Key"


def test_a_passkey_is_renamed(olga: Client, operator: User) -> None:
    passkey = with_everything(olga, operator)
    name = "é" * PASSKEY_NAME
    olga.post(f"{HOME}passkeys/{passkey}/", {"name": f" {name}\r\n"})
    assert Authenticator.objects.get(pk=passkey).wrap().name == name


@pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 19, "9" * 400, "²", "%00", "-1"])
def test_a_passkey_that_is_not_there(olga: Client, operator: User, number: str) -> None:
    with_everything(olga, operator)
    for act in ("", "remove/"):
        assert olga.get(f"{HOME}passkeys/{number}/{act}").status_code == 404
