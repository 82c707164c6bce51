"""Single sign-on against a real OpenID provider: who comes in, with which roles."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
import structlog
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from django.urls import reverse
from jwt.algorithms import ECAlgorithm

from adminpanel import single_sign_on as configuration
from adminpanel.single_sign_on import single_sign_on
from pools.accounts.provider import ProviderAdapter, _claims, _groups, roles_for
from pools.accounts.provider_claims import as_specified
from pools.accounts.provider_tokens import CheckingAdapter
from pools.accounts.single_sign_on_settings import SingleSignOn
from pools.people import acts
from pools.secret import Secret
from tests.accounts.oidc.running import CLIENT_SECRET, CannotRun, RunningProvider, running_provider
from tests.core.raw_server import Connection, RawServer, Received, json_answer
from tests.fixtures.panel import make_person, told
from tests.fixtures.people import events, sign_in, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
START = "/accounts/oidc/sso/login/?process=login"


def sign_on_at(address: str) -> SingleSignOn:
    return SingleSignOn(
        name="Example ID",
        server_url=address,
        client_id="panel",
        client_secret=Secret(CLIENT_SECRET),
        scopes=("openid", "profile", "email"),
        groups_claim="groups",
        role_map={"support": "Operator", "leads": "Manager", "panel-admins": "Administrator"},
        form_origins=(address,),
        ca_file=None,
    )


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    try:
        with running_provider(tmp_path_factory.mktemp("oidc")) as provider:
            yield provider
    except CannotRun as reason:
        pytest.skip(f"*** SINGLE SIGN-ON WAS NOT TESTED AGAINST A REAL PROVIDER: {reason} ***")


@pytest.fixture
def provider(running: RunningProvider, settings: Any) -> RunningProvider:
    settings.SINGLE_SIGN_ON = sign_on_at(running.address)
    settings.SOCIALACCOUNT_PROVIDERS = settings.SINGLE_SIGN_ON.provider_settings()
    running.knows(nina=person("support"))
    return running


def person(*groups: str, name: str = "nina") -> dict[str, Any]:
    return {
        "name": "Nina Berg",
        "preferred_username": name,
        "email": f"{name}@corp.example",
        "groups": list(groups),
    }


def come_in(
    provider: RunningProvider, client: Client | None = None, start: str = START, name: str = "nina"
) -> tuple[Client, Any]:
    """A browser that went to the provider and back; and the panel's answer to that."""
    client = client or Client(SERVER_NAME="localhost")
    sent = client.post(start)
    assert sent.status_code == 302, sent.content.decode()
    return client, client.get(
        provider.walk(sent["Location"], name).removeprefix("http://localhost")
    )


def test_a_group_with_a_role_lets_in_and_makes_the_person(provider: RunningProvider) -> None:
    client, _ = come_in(provider)
    assert signed_in(client)
    nina = User.objects.get()
    assert (nina.username, nina.get_full_name()) == ("nina", "Nina Berg")
    assert (nina.email, acts.roles_of(nina)) == ("nina@corp.example", ["Operator"])
    assert not nina.has_usable_password()
    (added,), (came,) = events("person_added"), events("signed_in")
    assert (added.actor_name, json.loads(added.facts)["roles"]) == ("single sign-on", ["Operator"])
    assert json.loads(came.facts)["method"] == "single sign-on"


@pytest.mark.parametrize("groups", [[], ["accounting"], ["Operator"], ["SUPPORT"]])
def test_without_such_a_group_nobody_is_made(provider: RunningProvider, groups: list[str]) -> None:
    provider.knows(nina=person(*groups))
    client, answer = come_in(provider)
    assert answer.status_code == 403
    assert "none of your groups has a role" in answer.content.decode()
    assert not User.objects.exists()
    assert not signed_in(client)
    assert json.loads(events("sign_in_failed")[0].facts)["why"] == "no_role"


def test_roles_follow_the_groups_at_each_sign_in(provider: RunningProvider) -> None:
    come_in(provider)
    provider.knows(nina=person("leads", "panel-admins"))
    come_in(provider)
    assert acts.roles_of(User.objects.get()) == ["Manager", "Administrator"]
    (event,) = events("roles_changed")
    assert json.loads(event.facts)["taken"] == ["Operator"]


def test_who_has_left_every_group_has_no_role_and_stays_out(provider: RunningProvider) -> None:
    make_person("ada", "Administrator")
    come_in(provider)
    provider.knows(nina=person())
    client, answer = come_in(provider)
    assert answer.status_code == 403
    assert acts.roles_of(User.objects.get(username="nina")) == []
    assert not signed_in(client)


def test_the_last_administrator_is_not_taken_away_by_a_group(provider: RunningProvider) -> None:
    provider.knows(nina=person("panel-admins"))
    come_in(provider)
    provider.knows(nina=person())
    client, _ = come_in(provider)
    assert signed_in(client)
    assert acts.roles_of(User.objects.get()) == ["Administrator"]


def test_a_disabled_person_stays_out(provider: RunningProvider) -> None:
    come_in(provider)
    User.objects.update(is_active=False)
    client, answer = come_in(provider)
    assert answer["Location"] == "/accounts/inactive/"
    assert not signed_in(client)


@pytest.mark.parametrize("same", ["name", "address"])
def test_someone_with_the_name_or_address_of_another_is_not_them(
    provider: RunningProvider, same: str
) -> None:
    make_person("nina" if same == "name" else "someone", "Administrator")
    User.objects.update(email="nina@corp.example" if same == "address" else "x@corp.example")
    client, answer = come_in(provider)
    assert answer.status_code == 403
    assert "Someone here already has your user name or e-mail address." in (answer.content.decode())
    assert not signed_in(client)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("left", ["deleted", "renamed"])
@pytest.mark.parametrize("recorded", ["nina", "NINA", "nina\u3164"])
def test_someone_with_a_name_that_the_history_has_does_not_get_it(
    provider: RunningProvider, left: str, recorded: str
) -> None:
    former = make_person(recorded, "Operator")
    sign_in(former.username)
    if left == "deleted":
        former.delete()
    else:
        User.objects.update(username="someone", email="")
    client, answer = come_in(provider)
    assert answer.status_code == 403
    assert "The history of this panel shows somebody else under your user name" in told(answer)
    assert not signed_in(client)
    assert not SocialAccount.objects.exists()
    assert json.loads(events("sign_in_failed")[0].facts)["why"] == "recorded"


def test_someone_without_a_user_name_gets_one_that_the_history_does_not_have(
    provider: RunningProvider,
) -> None:
    for taken in ("nina", "berg"):
        former = make_person(taken, "Operator")
        sign_in(taken)
        former.delete()
    nameless = person("support")
    del nameless["preferred_username"]
    provider.knows(nina=nameless | {"email": "nina.b@corp.example"})
    client, _ = come_in(provider)
    assert signed_in(client)
    assert User.objects.get().username == "nina.b"


# They get one, as somebody for whom no user name is sent.
NO_USER_NAMES = (
    *("Nina Berg", "CORP\\nina", "a\x00b", "\u3164", "<b>n</b>"),
    *(True, None, ["nina"], ""),
)


@pytest.mark.parametrize(
    ("sent", "username"),
    [
        (42, "42"),
        (" nina ", "nina"),
        ("ＮＩＮＡ", "NINA"),
        ("नीना", "नीना"),
        ("x" * 300, "x" * 150),
        *((sent, "n.berg") for sent in NO_USER_NAMES),
    ],
)
def test_a_user_name_of_any_kind_lets_its_person_in(
    provider: RunningProvider, sent: Any, username: str
) -> None:
    known = {"preferred_username": sent, "name": "Nina Berg", "email": "n.berg@corp.example"}
    provider.knows(nina=person("support") | known)
    client, _ = come_in(provider)
    assert signed_in(client)
    assert User.objects.get().username == username


@pytest.mark.parametrize(
    "odd",
    [
        *({"name": name} for name in (7, ["Nina"], {"formatted": "Nina"}, "a\x00b", None)),
        *({"email": address} for address in (5, ["n@corp.example"], "n\x00@corp.example")),
        *({"email_verified": said} for said in ("true", "yes", [1])),
        {"groups": ["support", "a\x00b", 7]},
        {"picture": {"\x00": ["\x00"]}},
    ],
)
def test_claims_of_other_types_keep_nobody_out(
    provider: RunningProvider, odd: dict[str, Any]
) -> None:
    provider.knows(nina=person("support") | odd)
    client, _ = come_in(provider)
    assert signed_in(client)
    verified = EmailAddress.objects.filter(verified=True).exists()
    assert verified == (odd.get("email_verified") == "true")


@pytest.mark.parametrize(
    "userinfo",
    [
        # As of AD FS, of Microsoft Entra ID, and of those that say it twice.
        {},
        {"name": "Nina Berg", "given_name": "Nina", "family_name": "Berg"},
        {"preferred_username": "nina@corp.example", "email": "nina@corp.example"},
    ],
)
def test_names_are_taken_from_both_things_said(rf: Any, userinfo: dict[str, str]) -> None:
    signed = {
        "sub": "1",
        "preferred_username": "nina@corp.example",
        "name": "Nina Berg",
        "email": "nina@corp.example",
    }
    login = SocialLogin(
        user=User(),
        account=SocialAccount(extra_data={"userinfo": {"sub": "1"} | userinfo, "id_token": signed}),
    )
    found = {"username": userinfo.get("preferred_username"), "email": userinfo.get("email")}
    found |= {"name": userinfo.get("name"), "first_name": userinfo.get("given_name")}
    nina = ProviderAdapter().populate_user(rf.get("/"), login, found)
    assert (nina.username, nina.email) == ("nina@corp.example", "nina@corp.example")
    assert nina.get_full_name() == "Nina Berg"


def test_who_somebody_is_is_never_made_to_fit() -> None:
    assert as_specified({"sub": "niña", "name": "a\0"}) == {"sub": "niña", "name": "a\ufffd"}
    for unusable in ({"sub": "a\0b"}, {"sub": "\ud800"}, ["sub"], "sub", None):
        with pytest.raises(OAuth2Error):
            as_specified(unusable)


def test_a_subject_that_is_too_long_to_keep_is_said(provider: RunningProvider) -> None:
    provider.knows(**{"s" * 192: person("support")})
    client, answer = come_in(provider, name="s" * 192)
    assert answer.status_code == 401
    assert "something that we couldn't use" in told(answer)
    assert not signed_in(client)


def test_a_person_connects_it_and_keeps_their_roles(provider: RunningProvider) -> None:
    make_person("nina", "Manager")
    client = sign_in("nina", client=Client(SERVER_NAME="localhost"))
    come_in(provider, client, "/accounts/oidc/sso/login/?process=connect&next=/account/")
    again, _ = come_in(provider)
    assert signed_in(again)
    assert acts.roles_of(User.objects.get()) == ["Manager"]
    assert [event.actor_name for event in events("single_sign_on_connected")] == ["nina"]


def test_connecting_asks_for_the_password_first(provider: RunningProvider) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_person("nina", "Manager"))
    answer = client.post("/accounts/oidc/sso/login/?process=connect&next=/account/")
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=")


def test_disconnecting_leaves_the_password(provider: RunningProvider) -> None:
    make_person("nina", "Manager")
    client = sign_in("nina", client=Client(SERVER_NAME="localhost"))
    come_in(provider, client, "/accounts/oidc/sso/login/?process=connect&next=/account/")
    client.post("/accounts/oidc/connections/", {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()
    assert len(events("single_sign_on_disconnected")) == 1


def test_who_has_no_password_here_cannot_disconnect_or_set_one(provider: RunningProvider) -> None:
    client, _ = come_in(provider)
    client.session.save()
    account = SocialAccount.objects.get().pk
    client.post("/accounts/oidc/connections/", {"account": account})
    assert SocialAccount.objects.exists()
    assert client.get("/accounts/password/change/").status_code == 403


def test_delicate_things_are_asked_of_the_provider_again(provider: RunningProvider) -> None:
    client, _ = come_in(provider)
    asked = client.get("/accounts/second-factor/app/", follow=True)
    page = asked.content.decode()
    assert "Continue to Example ID" in page
    start = asked.context["query"]
    client, answer = come_in(provider, client, f"/accounts/oidc/sso/login/?{start}")
    assert answer["Location"] == "/accounts/second-factor/app/"
    assert client.get("/accounts/second-factor/app/").status_code == 200


def test_what_was_typed_is_there_again_once_the_provider_has_confirmed(
    provider: RunningProvider,
) -> None:
    provider.knows(nina=person("panel-admins"))
    client, _ = come_in(provider)
    before = client.session.session_key
    typed = {"username": "olga", "full_name": "Olga", "email": "olga@corp.example"}
    asked = client.post("/people/invite/", typed, follow=True)
    client, answer = come_in(
        provider, client, f"/accounts/oidc/sso/login/?{asked.context['query']}"
    )
    assert answer["Location"] == "/people/invite/"
    form = client.get(answer["Location"]).context["form"]
    assert {name: form[name].value() for name in typed} == typed
    assert client.session.session_key != before
    assert (len(events("signed_in")), events("signed_out")) == (1, [])


def test_who_has_a_second_factor_here_too_is_confirmed_by_the_provider_alone(
    provider: RunningProvider,
) -> None:
    nina = make_person("nina", "Manager")
    client = sign_in("nina", client=Client(SERVER_NAME="localhost"))
    come_in(provider, client, "/accounts/oidc/sso/login/?process=connect&next=/account/")
    TOTP.activate(nina, generate_totp_secret())
    query = client.get(reverse("sso_reauthenticate"), {"next": "/tokens/"}).context["query"]
    client, answer = come_in(provider, client, f"/accounts/oidc/sso/login/?{query}")
    assert answer["Location"] == "/tokens/"
    assert signed_in(client)
    # To come in by the provider, they still need it.
    _, answer = come_in(provider)
    assert answer["Location"] == "/accounts/second-factor/code/"


def test_somebody_else_who_comes_by_the_provider_has_a_session_of_their_own(
    provider: RunningProvider,
) -> None:
    provider.knows(nina=person("support"), olga=person("support", name="olga"))
    client, _ = come_in(provider)
    session = client.session
    session["drafts"] = ["of nina's"]
    session.save()
    client, _ = come_in(provider, client, name="olga")
    assert client.get("/").context["user"].username == "olga"
    assert "drafts" not in client.session


def test_a_provider_that_does_not_say_when_it_asked_proves_nothing_and_that_is_said(
    provider: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = CheckingAdapter._decode_id_token

    def without_a_time(adapter: Any, app: Any, id_token: str) -> Any:
        claims = decode(adapter, app, id_token)
        # Asked for with `max_age`, it says so.
        claims.pop("auth_time", None)
        return claims

    monkeypatch.setattr(CheckingAdapter, "_decode_id_token", without_a_time)
    client, _ = come_in(provider)
    page = client.get("/accounts/second-factor/app/", follow=True)
    assert "didn't say when it had asked" not in told(page)
    for _ in range(2):
        client, answer = come_in(
            provider, client, f"/accounts/oidc/sso/login/?{page.context['query']}"
        )
        page = client.get(answer["Location"], follow=True)
        assert "Example ID sent you back without asking you" in told(page)
        assert "needs the claim auth_time" in told(page)
        again = client.get("/accounts/second-factor/app/", follow=True)
        assert "needs the claim auth_time" not in told(again)
    monkeypatch.undo()
    client, answer = come_in(provider, client, f"/accounts/oidc/sso/login/?{page.context['query']}")
    assert client.get(answer["Location"]).status_code == 200


def test_a_second_factor_is_not_asked_for_besides_the_providers(
    provider: RunningProvider, settings: Any
) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    client, _ = come_in(provider)
    assert signed_in(client)


def test_a_code_opens_once_and_only_in_the_browser_that_asked(provider: RunningProvider) -> None:
    client, other = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    back = provider.walk(client.post(START)["Location"], "nina").removeprefix("http://localhost")
    assert other.get(back).status_code == 401
    client.get(back)
    assert signed_in(client)
    assert client.get(back).status_code == 401
    assert not signed_in(other)


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=y", "?error=server_error"])
def test_a_way_back_that_nobody_went_out_on_opens_nothing(
    provider: RunningProvider, query: str
) -> None:
    client = Client(SERVER_NAME="localhost")
    answer = client.get(f"/accounts/oidc/sso/login/callback/{query}")
    assert answer.status_code == 401
    said = told(answer)
    assert "Signing in didn't work" in said
    assert "You started it in another browser or too long ago, or it has already ended." in said
    assert "We couldn't reach" not in said


def test_an_error_of_the_providers_is_not_told_as_one_of_the_way_there(
    provider: RunningProvider,
) -> None:
    client = Client(SERVER_NAME="localhost")
    state = parse_qs(urlsplit(client.post(START)["Location"]).query)["state"][0]
    back = "/accounts/oidc/sso/login/callback/"
    with structlog.testing.capture_logs() as lines:
        answer = client.get(back, {"error": "server_error", "state": state})
    assert answer.status_code == 401
    assert "Example ID answered with an error, or with something that we couldn't" in told(answer)
    assert "provider gave no usable answer" in [line["event"] for line in lines]


def test_next_leads_on_but_never_away(provider: RunningProvider) -> None:
    _, kept = come_in(provider, start=f"{START}&next=/tokens/")
    _, dropped = come_in(provider, start=f"{START}&next=https://evil.example/")
    assert (kept["Location"], dropped["Location"]) == ("/tokens/", "/")


def test_the_ticket_of_an_address_comes_back_from_the_provider(provider: RunningProvider) -> None:
    """The provider is not told of it: it waits in the panel, for the sign-in that it belongs to."""
    client = Client(SERVER_NAME="localhost")
    page = client.get("/accounts/login/?next=/tokens/&ticket=ZD-4711").text
    start = unescape(re.findall(r'action="(/accounts/oidc/sso/login/[^"]*)"', page)[0])
    sent = Client(SERVER_NAME="localhost").post(start)
    assert "ZD-4711" not in sent["Location"]
    _, answer = come_in(provider, client, start)
    assert answer["Location"] == "/tokens/?ticket=ZD-4711"
    _, straight = come_in(provider, start=f"{START}&ticket=ZD-4712")
    assert straight["Location"] == "/?ticket=ZD-4712"


def test_nothing_of_the_providers_tokens_is_kept(provider: RunningProvider) -> None:
    come_in(provider)
    kept = repr([session.get_decoded() for session in Session.objects.all()])
    assert not SocialToken.objects.exists()
    assert "access_token" not in kept + repr(SocialAccount.objects.get().extra_data)


def test_a_provider_that_is_down_is_said(provider: RunningProvider, settings: Any) -> None:
    settings.SINGLE_SIGN_ON = sign_on_at("http://127.0.0.1:9")
    settings.SOCIALACCOUNT_PROVIDERS = settings.SINGLE_SIGN_ON.provider_settings()
    client = Client(SERVER_NAME="localhost")
    answer = client.post(START)
    assert answer.status_code == 503
    assert "We couldn't reach" in answer.content.decode()


def test_starting_needs_a_form_of_the_panels(provider: RunningProvider) -> None:
    assert Client(enforce_csrf_checks=True).post(START).status_code == 403
    page = Client().get(START)
    assert page.status_code == 200
    assert "We'll send you there" in page.content.decode()


def test_without_a_provider_there_is_no_such_address(client: Client) -> None:
    assert client.post(START).status_code == 404
    assert client.get("/accounts/oidc/sso/login/callback/?code=x&state=y").status_code == 404
    assert "Sign in with Example ID" not in client.get("/accounts/login/").content.decode()


def forged_token(how: str, issuer: str) -> str:
    """An ID token of nina's that the provider did not sign."""
    now = int(time.time())
    claims = {"iss": issuer, "aud": "panel", "sub": "nina", "iat": now, "exp": now + 60}
    kid = requests.get(f"{issuer}/jwks", timeout=5).json()["keys"][0]["kid"]
    if how == "unsigned":
        return jwt.encode(claims, "", algorithm="none", headers={"kid": kid})
    if how == "by the client's secret":
        return jwt.encode(claims, CLIENT_SECRET, algorithm="HS256", headers={"kid": kid})
    if how == "no token":
        return "x.y.z"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


@pytest.mark.parametrize("how", ["unsigned", "by the client's secret", "no token", "another key"])
def test_what_the_provider_did_not_sign_is_refused(
    provider: RunningProvider, rf: Any, how: str
) -> None:
    with context.request_context(rf.get("/")) as request:
        adapter = CheckingAdapter(request, "sso")
        app = adapter.get_provider().app
        with pytest.raises(OAuth2Error):
            adapter._decode_id_token(app, forged_token(how, provider.address))


class Signing:
    """A provider that publishes the keys it is told to, and signs with one of its own."""

    def __init__(self, settings: Any) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.keys: list[dict[str, Any]] = [self.public()]
        self.server = RawServer(self._answer)
        settings.SINGLE_SIGN_ON = sign_on_at(self.server.url)
        settings.SOCIALACCOUNT_PROVIDERS = settings.SINGLE_SIGN_ON.provider_settings()

    def public(self, key: Any = None, **facts: str) -> dict[str, Any]:
        shown: dict[str, Any] = ECAlgorithm.to_jwk((key or self.key).public_key(), as_dict=True)
        return shown | facts

    def token(self, kid: str | None = None, **claims: Any) -> str:
        now = int(time.time())
        said = {"iss": self.server.url, "aud": "panel", "sub": "nina", "iat": now, "exp": now + 60}
        headers = {} if kid is None else {"kid": kid}
        named = {name: value for name, value in (said | claims).items() if value is not None}
        return jwt.encode(named, self.key, algorithm="ES256", headers=headers)

    def decoded(self, token: str) -> dict[str, Any]:
        with context.request_context(RequestFactory().get("/")) as request:
            adapter = self.adapter(request)
            return adapter._decode_id_token(adapter.get_provider().app, token)

    def adapter(self, request: Any) -> CheckingAdapter:
        return CheckingAdapter(request, "sso")

    def _answer(self, request: Received, connection: Connection) -> bytes:
        if request.target == "/jwks":
            return json_answer({"keys": self.keys})
        return json_answer({"issuer": self.server.url, "jwks_uri": f"{self.server.url}/jwks"})


@pytest.fixture
def signing(settings: Any) -> Iterator[Signing]:
    provider = Signing(settings)
    yield provider
    provider.server.stop()


@pytest.mark.parametrize(("ahead", "good"), [(50, True), (-50, True), (70, False), (-130, False)])
def test_the_clock_of_the_provider_may_be_a_minute_away(
    signing: Signing, ahead: int, good: bool
) -> None:
    at = int(time.time()) + ahead
    token = signing.token(iat=at, nbf=at, exp=at + 60)
    if good:
        assert signing.decoded(token)["sub"] == "nina"
    else:
        with pytest.raises(OAuth2Error):
            signing.decoded(token)


def test_a_provider_need_not_have_userinfo(signing: Signing, rf: Any) -> None:
    with context.request_context(rf.get("/")) as request:
        assert signing.adapter(request)._fetch_user_info("access token") == {}
    assert [each.target for each in signing.server.received] == [
        "/.well-known/openid-configuration"
    ]


@pytest.mark.parametrize("missing", ["iss", "sub", "aud", "exp", "iat"])
def test_a_token_that_lacks_a_claim_is_refused(signing: Signing, missing: str) -> None:
    with pytest.raises(OAuth2Error):
        signing.decoded(signing.token(**{missing: None}))


def test_the_key_is_found_by_its_name_or_is_the_only_one(signing: Signing) -> None:
    other = signing.public(ec.generate_private_key(ec.SECP256R1()))
    mine = signing.public()
    found = [
        ([mine], None),
        ([mine | {"alg": "ES256", "kid": "a"}], None),
        ([other | {"use": "enc"}, mine], None),
        ([other | {"kid": "b"}, mine | {"kid": "a"}], "a"),
        ([other | {"use": "enc", "kid": "a"}, mine | {"kid": "a", "use": "sig"}], "a"),
        ([{"kty": "unheard of", "kid": "c"}, mine | {"kid": "a"}], "a"),
    ]
    for signing.keys, name in found:
        assert signing.decoded(signing.token(name))["sub"] == "nina"
    lacking: list[tuple[list[dict[str, Any]], str | None]] = [
        ([], None),
        ([other], None),
        ([mine, other], None),
        ([mine | {"kid": "a"}], "b"),
        ([mine], "a"),
        ([mine | {"use": "enc"}], None),
    ]
    for signing.keys, name in lacking:
        with pytest.raises(OAuth2Error):
            signing.decoded(signing.token(name))


def test_a_token_for_another_client_is_refused(
    provider: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = CheckingAdapter._decode_id_token
    asked = []

    def for_another(adapter: Any, app: Any, id_token: str) -> Any:
        asked.append(app.client_id)
        app.client_id = "another"
        return decode(adapter, app, id_token)

    monkeypatch.setattr(CheckingAdapter, "_decode_id_token", for_another)
    client, _ = come_in(provider)
    assert asked == ["panel"]
    assert not signed_in(client)
    assert not User.objects.exists()


def test_a_document_of_another_provider_is_refused(
    provider: RunningProvider, settings: Any
) -> None:
    settings.SINGLE_SIGN_ON = replace(settings.SINGLE_SIGN_ON, server_url="https://id.example")
    answer = Client().post(START)
    assert answer.status_code == 503
    assert "Location" not in answer.headers


class Told:
    """What a provider said, as allauth hands it on."""

    def __init__(self, **extra_data: Any) -> None:
        self.account = SocialAccount(extra_data=extra_data)


@pytest.mark.parametrize(
    ("userinfo", "id_token", "fits"),
    [
        ({"sub": "1", "groups": ["a"]}, {"sub": "1"}, True),
        (None, {"sub": "1"}, True),
        ({"sub": "2"}, {"sub": "1"}, False),
        ({"sub": "1"}, None, False),
        ({"sub": "1"}, {}, False),
    ],
)
def test_both_things_said_are_about_the_same_person(
    userinfo: Any, id_token: Any, fits: bool
) -> None:
    told = Told(userinfo=userinfo, id_token=id_token)
    assert (_claims(told) is not None) is fits


@pytest.mark.parametrize(
    ("claim", "claims", "groups"),
    [
        ("groups", {"groups": ["a", "b"]}, ["a", "b"]),
        ("groups", {"groups": "a"}, ["a"]),
        ("groups", {"groups": ["a", 5, None, {"b": 1}]}, ["a"]),
        ("groups", {"groups": {"a": 1}}, []),
        ("groups", {}, []),
        ("realm_access.roles", {"realm_access": {"roles": ["a"]}}, ["a"]),
        ("realm_access.roles", {"realm_access": ["roles"]}, []),
        ("https://corp.example/groups", {"https://corp.example/groups": ["a"]}, ["a"]),
    ],
)
def test_groups_are_read_from_the_claim(
    settings: Any, claim: str, claims: dict[str, Any], groups: list[str]
) -> None:
    known = sign_on_at("https://id.example")
    settings.SINGLE_SIGN_ON = SingleSignOn(
        **{f: getattr(known, f) for f in known.__slots__} | {"groups_claim": claim}
    )
    assert _groups(claims) == groups


def test_a_star_stands_for_everyone(settings: Any) -> None:
    known = sign_on_at("https://id.example")
    role_map = {"*": "Read-only", "support": "Operator"}
    settings.SINGLE_SIGN_ON = SingleSignOn(
        **{f: getattr(known, f) for f in known.__slots__} | {"role_map": role_map}
    )
    assert roles_for([]) == {"Read-only"}
    assert roles_for(["support"]) == {"Read-only", "Operator"}


def test_neither_netrc_nor_proxies_of_the_machine_are_used(provider: RunningProvider) -> None:
    session = ProviderAdapter().get_requests_session()
    assert isinstance(session, requests.Session)
    assert session.trust_env is False


GOOD = {
    "OIDC_SERVER_URL": "https://id.example/realms/corp/",
    "OIDC_CLIENT_ID": "panel",
    "OIDC_CLIENT_SECRET": "unlikely-text",
    "OIDC_ROLE_MAP": '{"support": "Operator"}',
}


def test_it_is_set_up_by_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    found = single_sign_on()
    assert found
    assert (found.server_url, found.form_origins) == (
        "https://id.example/realms/corp",
        ("https://id.example",),
    )
    assert found.role_map == {"support": "Operator"}
    assert "unlikely-text" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_CLIENT_ID", ""),
        ("OIDC_CLIENT_SECRET", ""),
        ("OIDC_ROLE_MAP", ""),
        ("OIDC_ROLE_MAP", "support=Operator"),
        ("OIDC_ROLE_MAP", '["Operator"]'),
        ("OIDC_ROLE_MAP", '{"support": 5}'),
        ("OIDC_SERVER_URL", "http://id.example"),
        ("OIDC_SERVER_URL", "id.example"),
        ("OIDC_SERVER_URL", "https://user@id.example"),
        ("OIDC_FORM_ORIGINS", "https://id.example,javascript:1"),
    ],
)
def test_a_setting_that_is_missing_or_malformed_refuses_to_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for known, text in (GOOD | {name: value}).items():
        monkeypatch.setenv(known, text)
    with pytest.raises(ImproperlyConfigured, match=name):
        configuration.single_sign_on()


def test_a_role_that_there_is_not_refuses_to_start(settings: Any) -> None:
    from adminpanel.checks import reasons_not_to_start

    known = sign_on_at("https://id.example")
    settings.SINGLE_SIGN_ON = SingleSignOn(
        **{f: getattr(known, f) for f in known.__slots__} | {"role_map": {"support": "Operater"}}
    )
    assert "OIDC_ROLE_MAP names Operater, which isn't a role." in " ".join(reasons_not_to_start())
