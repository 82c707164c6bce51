"""Bad input when signing in: redirects that lead away, forged hosts, forms that are not ours."""

from typing import Any, Final
from urllib.parse import quote, urlsplit

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client

from tests.fixtures.panel import PASSWORD
from tests.fixtures.people import sign_in, signed_in
from tests.fixtures.sampling import at_length, every
from tests.views.addresses import MATRIX, address_of

pytestmark = pytest.mark.django_db

_EVIL: Final = "evil.example"
_STARTS: Final = [
    *("//", "///", "////", "/\\", "\\/", "\\\\", "\\", "/\t/", "/\n/", "/\r/", "\t//", "\n//"),
    *("http://", "https://", "HTTPS://", "http:/", "https:", "http:\\\\", "https:\\", "hTTp:///"),
    *("ftp://", "ws://", "file://", "//user@", "//testserver@", "https://testserver@"),
    *("https://testserver:443@", "//testserver.", "https://testserver.", "/%09/", "/%5c"),
    *("//%0d%0a", " //", "\u00a0//", "\u2028//", "\u3000//", "\ufeff//", "/\u200b/", "\x00//"),
    *("/.//", "/..//", "/;//", "//\u2025", "\uff0f\uff0f", "/\uff0f", "\u2215\u2215", "x://"),
]
_ENDS: Final = ["", "/account/", "?next=/", "#/"]
_OTHERS: Final = [
    "javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)", "\tjavascript:alert(1)",
    "data:text/html,<b>x", "vbscript:msgbox(1)", "blob:https://x", "about:blank",
    "mailto:a@evil.example", "tel:1", "view-source:https://evil.example", "?", "#", "", " ",
]  # fmt: skip
SPELLINGS: Final = [f"{start}{_EVIL}{end}" for start in _STARTS for end in _ENDS] + _OTHERS


def stays(location: str) -> bool:
    """Whether a browser that is sent there stays with this panel.

    Browsers drop tabs and line ends, take a backslash for a slash, and two of them at the
    start for a host.
    """
    seen = "".join(c for c in location if c not in "\t\r\n").lstrip("".join(map(chr, range(33))))
    return seen.startswith("/") and not seen.replace("\\", "/").startswith("//")


def test_there_are_200_spellings() -> None:
    assert len(set(SPELLINGS)) >= 200


@pytest.mark.parametrize("start", every(5, range(5)))
def test_signing_in_never_leads_away(operator: User, settings: Any, start: int) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    client = Client()
    # Five starts and four ends: each of both is met.
    for spelling in SPELLINGS[start::5]:
        client.cookies.clear()
        answer = client.post(
            "/accounts/login/", {"login": "olga", "password": PASSWORD, "next": spelling}
        )
        assert answer.status_code == 302, spelling
        assert stays(answer["Location"]), spelling
        # Each sign-in looks through the sessions that its person has.
        UserSession.objects.all().delete()


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/theme/", {"theme": "dark"}),
        ("/accounts/logout/", {}),
        ("/accounts/reauthenticate/", {"password": PASSWORD}),
        ("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": PASSWORD,
                                        "password2": PASSWORD}),
    ],
)  # fmt: skip
def test_nothing_else_with_a_next_leads_away(
    operator: User, settings: Any, address: str, form: dict[str, str]
) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    client = Client()
    for spelling in SPELLINGS[::16] + _OTHERS[::4]:
        client.force_login(operator)
        answer = client.post(address, form | {"next": spelling})
        assert answer.status_code == 302, spelling
        assert stays(answer["Location"]), spelling


def test_a_path_of_the_panel_is_led_to(operator: User) -> None:
    form = {"login": "olga", "password": PASSWORD, "next": "/tokens/?x=//y"}
    assert Client().post("/accounts/login/", form)["Location"] == "/tokens/?x=//y"


HOSTS: Final = [
    "evil.example", "testserver.evil.example", "evil.example:80", "testserver@evil.example",
    "testserver:80@evil.example", "testserver, evil.example", "testserver evil.example",
    "testserver/evil", "testserver\\evil", "testserver:port", "testserver:80:80", ".testserver",
    "testserver..", "xtestserver", "[::1]evil", "2130706433", "0.0.0.0", "test\u017ferver",
    "%74estserver", "testserver?", "testserver#", "'testserver'",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_forged_host_is_refused(host: str) -> None:
    answer = Client().get("/accounts/login/", HTTP_HOST=host)
    assert answer.status_code == 400
    assert urlsplit(answer.headers.get("Location", "")).netloc == ""


def test_a_forwarded_host_is_not_looked_at(admin: Client) -> None:
    form = {"username": "nina", "roles": ["Operator"], "full_name": "", "email": ""}
    page = admin.post("/people/invite/", form, HTTP_X_FORWARDED_HOST="evil.example")
    assert "http://testserver/join/#" in page.content.decode()
    assert "evil.example" not in page.content.decode()


TOKENS: Final = ["none", "another's", "stale"]
ADDRESSES: Final = [*MATRIX]


# An address may be left out of the guard; which token it takes is the same for all of them.
@pytest.mark.parametrize(
    ("token", "routes"),
    [
        *((token, ADDRESSES[at :: len(TOKENS)]) for at, token in enumerate(TOKENS)),
        *at_length((token, ADDRESSES) for token in TOKENS),
    ],
)
def test_no_form_is_taken_without_the_browsers_own_token(
    administrator: User, token: str, routes: list[str]
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    before = client.cookies["csrf"].value
    client.force_login(administrator)
    client.cookies["csrf"] = _get_new_csrf_string()
    sent = {"none": "", "another's": _get_new_csrf_string(), "stale": before}[token]
    taken = {
        route
        for route in routes
        if client.post(address_of(route), {"csrfmiddlewaretoken": sent}).status_code != 403
    }
    assert taken == set()


def test_the_browsers_own_token_is_taken(operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    token = client.cookies["csrf"].value
    form = {"login": "olga", "password": PASSWORD, "csrfmiddlewaretoken": token}
    client.post("/accounts/login/", form)
    assert signed_in(client)
    assert client.cookies["csrf"].value != token


def test_a_form_from_another_site_is_not_taken(operator: User, settings: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    token = client.cookies["csrf"].value
    form = {"login": "olga", "password": PASSWORD, "csrfmiddlewaretoken": token}
    for origin in ("https://evil.example", "null", "http://testserver.evil.example"):
        answer = client.post("/accounts/login/", form, headers={"Origin": origin})
        assert answer.status_code == 403


def test_a_cookie_from_before_a_role_was_taken_opens_nothing_of_it(
    admin: Client, operator: User
) -> None:
    operator.groups.set([Group.objects.get(name="Administrator")])
    client = sign_in("olga")
    assert client.get("/people/").status_code == 200
    admin.post(f"/people/{operator.pk}/roles/", {"roles": ["Read-only"]})
    for method in (client.get, client.post):
        assert method("/people/").status_code == 403
        assert method("/people/invite/").status_code == 403
        assert method("/admin/auth/user/")["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("address", ["/join/", "/accounts/login/", "/theme/"])
def test_no_file_is_taken(db: None, address: str) -> None:
    file = SimpleUploadedFile("x.txt", b"x" * 3_000_000)
    answer = Client().post(address, {"code": "x", "file": file})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "value",
    ["", "x", "a" * 32, "../../etc/passwd", "' OR 1=1 --", "\x00", "é", "a" * 10_000, "None"],
)
def test_a_session_cookie_that_is_none_is_a_stranger(db: None, value: str) -> None:
    client = Client()
    client.cookies["session"] = value
    assert client.get("/account/")["Location"] == "/accounts/login/?next=/account/"


@pytest.mark.parametrize("number", ["²", "٣", "x", "-1", "9" * 19, "9" * 5000, "1e3", " 1"])
def test_a_session_that_is_no_number_is_not_there(operator: User, number: str) -> None:
    client = sign_in("olga")
    assert client.post("/accounts/sessions/", {"session": number}).status_code == 404
    assert signed_in(client)


@pytest.mark.parametrize(
    "name", ["x" * 100_000, "\x00", "'; DROP TABLE auth_user; --", "\ud800", "%00", "🦊" * 200]
)
def test_an_awkward_name_is_a_wrong_one(operator: User, name: str) -> None:
    body = b"password=x&login=" + quote(name.encode("utf-8", "surrogatepass")).encode()
    answer = Client().post(
        "/accounts/login/", body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    assert signed_in(sign_in("olga"))


@pytest.mark.parametrize("credential", ["9" * 5000, "[]", '{"id": "\\ud800"}', "[" * 5000, "\0"])
def test_a_passkey_that_is_none_lets_nobody_in(db: None, credential: str) -> None:
    client = Client()
    answer = client.post("/accounts/second-factor/passkeys/sign-in/", {"credential": credential})
    assert answer.status_code < 500
    assert not signed_in(client)
