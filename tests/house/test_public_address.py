"""Behind a proxy that changes the host, every link leads to the address that people have."""

import re
import runpy
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

import adminpanel.settings
from pools.accounts.single_sign_on_settings import SingleSignOn
from pools.secret import Secret
from tests.accounts.forgotten import ask
from tests.core.raw_server import RawServer, json_answer
from tests.fixtures.panel import PASSWORD, SignIn
from tests.people.inviting import FORM
from tests.views.changing import NEW, newest, open_form

pytestmark = pytest.mark.django_db
INSIDE: Final = "panel.internal:8000"
PUBLIC: Final = "http://panel.example"


@pytest.fixture(autouse=True)
def behind_a_proxy(settings: Any) -> None:
    """As adminpanel/settings.py has it; the proxy asks by a name of its own."""
    settings.PUBLIC_URL = PUBLIC
    settings.ALLOWED_HOSTS = ["panel.internal", "panel.example"]
    settings.CSRF_TRUSTED_ORIGINS = [PUBLIC]
    settings.EMAIL_CONFIGURED, settings.DEFAULT_FROM_EMAIL = True, "panel@panel.example"


def inside(client: Client | None = None, **options: Any) -> Client:
    """A browser whose requests come through the proxy."""
    found = Client(**options)
    if client:
        found.cookies = client.cookies
    found.defaults["HTTP_HOST"] = INSIDE
    return found


@pytest.fixture
def mara(sign_in_as: SignIn) -> Client:
    return inside(sign_in_as("Manager"))


@pytest.fixture
def ada(administrator: User) -> Client:
    client = inside()
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    return client


def links(text: str) -> set[str]:
    """The hosts of the absolute links in a text."""
    return {urlsplit(found).netloc for found in re.findall(r"https?://[^\s\"'<]+", text)}


def test_the_link_of_an_invitation(ada: Client) -> None:
    page = ada.post("/people/invite/", FORM | {"email": "nina@panel.example"}).text
    (sent,) = mail.outbox
    assert f"{PUBLIC}/join/#" in page
    assert links(str(sent.body)) == {"panel.example"}
    assert INSIDE not in page


def test_the_link_to_a_new_password(operator: User) -> None:
    ask("olga", inside())
    (sent,) = mail.outbox
    assert f"{PUBLIC}/accounts/password/code/#" in str(sent.body)
    assert links(str(sent.body)) == {"panel.example"}


def test_the_link_to_a_new_password_that_an_administrator_hands_over(
    ada: Client, operator: User
) -> None:
    page = ada.post(f"/people/{operator.pk}/password/", follow=True).text
    assert f"{PUBLIC}/accounts/password/code/#" in page
    assert INSIDE not in page


def test_the_link_to_a_change_in_its_text(mara: Client) -> None:
    form = open_form(mara, NEW, name="Fresh", limit="4")
    page = mara.get(mara.post(NEW, form)["Location"]).text
    assert f"{PUBLIC}/changes/{newest()}/" in page
    assert INSIDE not in page


def test_the_way_back_after_an_ended_session(mara: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"{PUBLIC}/c/acme/pools/?page=2"}
    mara.cookies.clear()
    answer = mara.get("/c/acme/pools/?page=3", headers=headers)
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fc%2Facme%2Fpools%2F%3Fpage%3D2"


def test_the_address_that_a_provider_sends_back_to(settings: Any) -> None:
    server = RawServer(lambda request, _: json_answer(described))
    ends = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    described = {"issuer": server.url} | {name: f"{server.url}/{name}" for name in ends}
    try:
        settings.SINGLE_SIGN_ON = SingleSignOn(
            name="Example ID",
            server_url=server.url,
            client_id="panel",
            client_secret=Secret("secret-secret"),
            scopes=("openid",),
            groups_claim="groups",
            role_map={},
            form_origins=(server.url,),
            ca_file=None,
        )
        settings.SOCIALACCOUNT_PROVIDERS = settings.SINGLE_SIGN_ON.provider_settings()
        sent = inside().post("/accounts/oidc/sso/login/?process=login")
    finally:
        server.stop()
    (back,) = parse_qs(urlsplit(sent["Location"]).query)["redirect_uri"]
    assert back == f"{PUBLIC}/accounts/oidc/sso/login/callback/"


@pytest.mark.parametrize(("origin", "status"), [(PUBLIC, 302), (f"http://{INSIDE}", 403)])
def test_forms_are_accepted_from_that_address_alone(
    operator: User, origin: str, status: int
) -> None:
    client = inside(enforce_csrf_checks=True)
    page = client.get("/accounts/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    form = {"login": "olga", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    answer = client.post("/accounts/login/", form, headers={"Origin": origin})
    assert answer.status_code == status


@pytest.mark.parametrize("host", ["evil.example", "panel.internal.evil.example", ""])
def test_a_host_that_is_not_allowed_is_refused_all_the_same(host: str) -> None:
    client = inside()
    client.defaults["HTTP_HOST"] = host
    assert client.get("/accounts/login/").status_code == 400


def test_plain_http_is_led_to_that_address(settings: Any) -> None:
    settings.PUBLIC_URL, settings.SECURE_SSL_REDIRECT = "https://panel.example", True
    assert inside().get("/accounts/login/")["Location"] == "https://panel.example/accounts/login/"


def test_without_it_the_requests_own_host_counts(settings: Any, operator: User) -> None:
    settings.PUBLIC_URL = ""
    ask("olga", inside())
    assert links(str(mail.outbox[0].body)) == {INSIDE}


def test_its_host_is_allowed_and_its_forms_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://Panel.example:8443")
    monkeypatch.setenv("HTTPS", "true")
    found = runpy.run_path(adminpanel.settings.__file__)
    assert found["PUBLIC_URL"] == "https://panel.example:8443"
    assert found["ALLOWED_HOSTS"][-1] == "panel.example"
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://panel.example:8443"]
    names = [name.rpartition(".")[2] for name in found["MIDDLEWARE"]]
    # Before everything that asks for the host.
    assert names.index("PublicAddressMiddleware") < names.index("SecurityMiddleware")
