"""What answers tell the browser, on the settings that are shipped for HTTPS."""

import runpy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

import adminpanel.settings
from tests.fixtures.panel import PASSWORD
from tests.fixtures.people import sign_in
from tests.house.observatory import Answers, directives, score

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
POLICY = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'none'"},
}
ALWAYS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
BROWSED = (
    "THEME_",
    "ZONE_",
    "KEYS_",
    "SECURE_",
    "SESSION_",
    "CSRF_",
    "CONTENT_",
    "X_FRAME",
    "DEVICE_",
    "HTTPS",
    "WHITENOISE",
)


def shipped(settings: Any, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """The settings that concern browsers as a deployment has them."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name, value in runpy.run_path(adminpanel.settings.__file__).items():
        if name.startswith(BROWSED):
            setattr(settings, name, value)


@pytest.fixture
def https(settings: Any, monkeypatch: pytest.MonkeyPatch, operator: User) -> Client:
    """A browser that speaks HTTPS, signed in."""
    shipped(settings, monkeypatch, HTTPS="true")
    client = Client()
    client.post("/accounts/login/", {"login": "olga", "password": PASSWORD}, secure=True)
    return client


def answers(client: Client, address: str) -> Answers:
    return Answers(
        page=client.get(address, secure=True),
        cookies=client.cookies,
        plain=Client().get(address),
    )


@pytest.mark.parametrize(
    "address", ["/account/", "/accounts/sessions/", "/accounts/second-factor/"]
)
def test_the_observatory_gives_135_points(https: Client, address: str) -> None:
    points, modifiers = score(answers(https, address))
    assert (points, min(modifiers.values())) == (135, 0), modifiers


def test_the_page_that_strangers_see_gets_as_many(https: Client) -> None:
    stranger = Client()
    points, modifiers = score(answers(stranger, "/accounts/login/"))
    assert points == 135, modifiers


@pytest.mark.parametrize(
    "address", ["/account/", "/accounts/login/", "/no/such/page/", "/people/", "/healthz"]
)
def test_every_page_has_the_same_policy_and_headers(https: Client, address: str) -> None:
    found = answers(https, address)
    assert directives(found) == POLICY
    assert {name: found.page.headers.get(name) for name in ALWAYS} == ALWAYS


def test_only_single_sign_on_adds_to_the_policy(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(
        settings, monkeypatch, HTTPS="true", OIDC_SERVER_URL="https://id.example/realms/x",
        OIDC_CLIENT_ID="panel", OIDC_CLIENT_SECRET="s", OIDC_ROLE_MAP='{"*": "Read-only"}',
    )  # fmt: skip
    found = answers(Client(), "/accounts/login/")
    assert directives(found) == POLICY | {"form-action": {"'self'", "https://id.example"}}


def test_cookies_are_for_this_host_over_https_and_not_for_scripts(https: Client) -> None:
    cookies = https.cookies
    assert set(cookies) == {"__Host-session", "__Host-csrf", "__Host-device"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_no_cookie_of_a_look_is_an_exception(https: Client) -> None:
    https.post("/theme/", {"theme": "dark"}, secure=True)
    https.post("/zone/", {"zone": "Europe/London"}, secure=True)
    https.post("/keys/", {"keys": "off"}, secure=True)
    for name in ("__Host-theme", "__Host-zone", "__Host-keys"):
        cookie = https.cookies[name]
        assert (cookie["secure"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    page = https.get("/account/", secure=True).content.decode()
    assert 'data-theme="dark"' in page
    assert 'data-single-keys="off"' in page
    names = ("session", "csrf", "device", "theme", "zone", "keys")
    assert set(https.cookies) == {f"__Host-{name}" for name in names}


def test_no_other_site_is_let_read_anything(https: Client) -> None:
    for address in ("/account/", "/accounts/login/", "/no/such/page/", "/healthz"):
        page = https.get(address, secure=True, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in page.headers


def test_the_session_cookie_ends_with_the_browser(https: Client) -> None:
    assert https.cookies["__Host-session"]["max-age"] == ""


@pytest.mark.parametrize("address", ["/account/", "/accounts/login/", "/people/", "/tokens/"])
def test_pages_are_kept_by_nobody(operator: User, address: str) -> None:
    page = sign_in("olga").get(address)
    assert "no-store" in page["Cache-Control"]
    assert {"Cookie", "HX-Request"} <= set(page["Vary"].replace(" ", "").split(","))


def test_signing_out_clears_what_the_browser_has(operator: User) -> None:
    answer = sign_in("olga").post("/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.parametrize("file", ["js/panel.js", "css/variables.css", "icons.svg"])
def test_static_files_are_for_this_site_alone(https: Client, settings: Any, file: str) -> None:
    # Tests collect no files: they are served from where they lie.
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    answer = Client().get(f"/static/{file}", secure=True)
    answer.close()
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_plain_http_leads_to_https(https: Client) -> None:
    answer = Client().get("/account/")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/account/")
