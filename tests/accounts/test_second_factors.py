"""Second factors: setting them up, being asked for them, losing them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import allauth
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import connection
from django.template.backends.jinja2 import Template
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from pools.tokens.vault import VERSION, seal_for, unseal_for
from tests.accounts.passkey import SoftPasskey
from tests.accounts.second_factors import CODE, HOME, code_of
from tests.fixtures.panel import PASSWORD
from tests.fixtures.people import events, sign_in, signed_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, 0, 10, tzinfo=UTC)


@pytest.fixture
def at_noon() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def olga(operator: User, at_noon: Any) -> Client:
    return sign_in("olga", client=Client(SERVER_NAME="localhost"))


def set_up_app(client: Client) -> str:
    """The secret, as the app was given it."""
    secret: str = client.get(f"{HOME}app/").context["form"].secret
    client.post(f"{HOME}app/", {"code": code_of(secret, NOW)})
    return secret


def begin(name: str = "olga") -> tuple[Client, Any]:
    """A browser after the password; and where it was sent."""
    client = Client(SERVER_NAME="localhost")
    return client, client.post("/accounts/login/", {"login": name, "password": PASSWORD})


def set_up_passkey(client: Client) -> SoftPasskey:
    passkey = SoftPasskey()
    options = client.get(f"{HOME}passkeys/new/").context["js_data"]
    client.post(f"{HOME}passkeys/new/", {"name": "Key", "credential": passkey.create(options)})
    return passkey


def test_an_app_is_asked_for_after_the_password(olga: Client, at_noon: Any) -> None:
    secret = set_up_app(olga)
    at_noon.shift(60)
    client, answer = begin()
    assert answer["Location"] == CODE
    assert not signed_in(client)
    client.post(CODE, {"code": code_of(secret, NOW + timedelta(seconds=60))})
    assert signed_in(client)
    assert json.loads(events("signed_in")[-1].facts)["method"] == "password, totp"


def test_setting_one_up_makes_recovery_codes_and_is_recorded(
    olga: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        set_up_app(olga)
    added = [json.loads(event.facts)["factor"] for event in events("second_factor_added")]
    assert sorted(added) == ["recovery_codes", "totp"]


@pytest.mark.parametrize(("late", "opens"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(
    olga: Client, at_noon: Any, late: int, opens: bool
) -> None:
    secret = set_up_app(olga)
    at_noon.shift(300)
    client, _ = begin()
    client.post(CODE, {"code": code_of(secret, NOW + timedelta(seconds=300 + late))})
    assert signed_in(client) is opens


def test_a_code_opens_once_for_as_long_as_it_is_good(olga: Client, at_noon: Any) -> None:
    secret = set_up_app(olga)
    at_noon.shift(300)
    code = code_of(secret, NOW + timedelta(seconds=330))
    first, _ = begin()
    first.post(CODE, {"code": code})
    assert signed_in(first)
    at_noon.shift(45)
    second, _ = begin()
    second.post(CODE, {"code": f"{code[:3]} {code[3:]}"})
    assert not signed_in(second)


def test_wrong_codes_are_counted_and_recorded(olga: Client) -> None:
    set_up_app(olga)
    client, _ = begin()
    pages = [client.post(CODE, {"code": "000000"}).content.decode() for _ in range(6)]
    assert "Incorrect code." in pages[0]
    assert "Too many failed attempts." in pages[5]
    assert len(events("second_factor_failed")) == 5


def test_secrets_are_sealed_at_rest(olga: Client) -> None:
    secret = set_up_app(olga)
    factors = {factor.type: factor.data for factor in Authenticator.objects.all()}
    assert factors["totp"]["secret"].startswith(f"{VERSION}:first:")
    assert factors["recovery_codes"]["seed"].startswith(f"{VERSION}:first:")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert secret not in repr(cursor.fetchall()), table


def test_what_is_sealed_for_one_use_does_not_open_for_another() -> None:
    from pools.secret import Secret
    from pools.tokens.vault import SealBroken

    sealed = seal_for("second factor", Secret("text"))
    assert unseal_for("second factor", sealed).reveal() == "text"
    with pytest.raises(SealBroken):
        unseal_for("something else", sealed)


def test_a_recovery_code_opens_once(olga: Client) -> None:
    set_up_app(olga)
    code = olga.get(f"{HOME}recovery-codes/").context["unused_codes"][0]
    for opens in (True, False):
        client, _ = begin()
        client.post(CODE, {"code": code})
        assert signed_in(client) is opens


def test_new_recovery_codes_take_the_place_of_the_old(
    olga: Client, django_capture_on_commit_callbacks: Any
) -> None:
    set_up_app(olga)
    before = olga.get(f"{HOME}recovery-codes/").context["unused_codes"]
    with django_capture_on_commit_callbacks(execute=True):
        olga.post(f"{HOME}recovery-codes/new/")
    after = olga.get(f"{HOME}recovery-codes/").context["unused_codes"]
    assert len(after) == 10
    assert not set(before) & set(after)
    assert len(events("recovery_codes_made")) == 1


@pytest.mark.parametrize(
    "page",
    ["app/", "app/remove/", "recovery-codes/", "recovery-codes/new/", "recovery-codes/download/",
     "passkeys/new/"],
)  # fmt: skip
def test_second_factors_are_touched_only_after_a_proof(
    olga: Client, at_noon: Any, page: str
) -> None:
    if page != "app/":
        set_up_app(olga)
    at_noon.shift(16 * 60)
    for answer in (olga.get(HOME + page), olga.post(HOME + page)):
        assert answer["Location"].startswith("/accounts/reauthenticate/?next=")


def test_who_signs_in_types_at_once(olga: Client) -> None:
    set_up_app(olga)
    at_the_code, _ = begin()
    pages = [
        (Client(), "/accounts/login/", "login"),
        (at_the_code, CODE, "code"),
        (olga, "/accounts/reauthenticate/", "password"),
        (olga, reverse("mfa_reauthenticate"), "code"),
    ]
    for client, address, field in pages:
        page = LexborHTMLParser(client.get(address).content)
        assert [each.attributes["name"] for each in page.css("main [autofocus]")] == [field], (
            address
        )


def test_removing_the_app_is_recorded_and_its_codes_go(olga: Client) -> None:
    set_up_app(olga)
    olga.post(f"{HOME}app/remove/")
    assert not Authenticator.objects.exists()
    removed = [json.loads(event.facts)["factor"] for event in events("second_factor_removed")]
    assert removed == ["totp", "recovery_codes"]
    client, _ = begin()
    assert signed_in(client)


def test_a_passkey_is_a_second_factor(olga: Client) -> None:
    passkey = set_up_passkey(olga)
    client, answer = begin()
    assert answer["Location"] == CODE
    options = client.get(CODE).context["js_data"]
    client.post(CODE, {"credential": passkey.get(options)})
    assert signed_in(client)


def test_after_the_password_is_offered_what_its_person_has(olga: Client, at_noon: Any) -> None:
    set_up_app(olga)
    client, _ = begin()
    with_app = client.get(CODE).text
    assert "The code from your app, or one of your recovery codes." in with_app
    assert "Use a passkey" not in with_app
    olga.post(f"{HOME}app/remove/")
    set_up_passkey(olga)
    client, _ = begin()
    with_passkey = client.get(CODE).text
    assert "from your app" not in with_passkey
    assert "One of your recovery codes." in with_passkey
    assert "Use a passkey" in with_passkey


def test_what_was_done_is_said_in_the_words_of_the_pages() -> None:
    """allauth has sentences of its own, for what this panel calls otherwise."""
    stock = Path(allauth.__file__).parent / "templates"
    said = [*stock.glob("mfa/messages/*.txt"), *stock.glob("socialaccount/messages/*.txt")]
    assert len(said) >= 9
    for file in (*said, stock / "account/messages/password_changed.txt"):
        template = get_template(str(file.relative_to(stock)))
        assert isinstance(template, Template), file
        assert template.render({}).endswith(".")


def passkey_sign_in(passkey: SoftPasskey, query: str = "", **extra: str) -> tuple[Client, Any]:
    client = Client(SERVER_NAME="localhost")
    address = f"{HOME}passkeys/sign-in/{query}"
    options = client.get(address, headers={"Accept": "application/json"}).json()
    return client, client.post(address, {"credential": passkey.get(options)} | extra)


def test_a_passkey_signs_in_alone_and_leads_on(olga: Client) -> None:
    client, answer = passkey_sign_in(set_up_passkey(olga), next="/tokens/")
    assert answer["Location"] == "/tokens/"
    assert signed_in(client)
    assert json.loads(events("signed_in")[-1].facts)["method"] == "passkey"


def test_a_passkey_that_does_not_ask_who_it_is_is_no_sign_in_alone(olga: Client) -> None:
    """Without a PIN or a finger, whoever has the key would be in."""
    passkey = set_up_passkey(olga)
    passkey.asks_who_it_is = False
    client, answer = passkey_sign_in(passkey)
    assert answer["Location"] == "/accounts/login/"
    assert not signed_in(client)


def test_the_ticket_of_an_address_comes_through_a_second_factor(olga: Client, at_noon: Any) -> None:
    secret = set_up_app(olga)
    at_noon.shift(60)
    client = Client(SERVER_NAME="localhost")
    asked = client.get("/changes/?ticket=ZD-4711")["Location"]
    typed = {"login": "olga", "password": PASSWORD, "next": "/changes/?ticket=ZD-4711"}
    half_way = client.post(asked, typed)["Location"]
    assert half_way == f"{CODE}?ticket=ZD-4711"
    assert 'class="ticket"' in client.get(half_way).text
    code = code_of(secret, NOW + timedelta(seconds=60))
    assert client.post(half_way, {"code": code})["Location"] == "/changes/?ticket=ZD-4711"


@pytest.mark.parametrize("way", [{"next": "/changes/?ticket=ZD-4711"}, {}])
def test_the_ticket_of_an_address_comes_through_a_passkey(
    olga: Client, way: dict[str, str]
) -> None:
    _, answer = passkey_sign_in(set_up_passkey(olga), "?ticket=ZD-4711", **way)
    assert answer["Location"] == (way.get("next") or "/?ticket=ZD-4711")


def test_a_passkey_of_a_disabled_person_opens_nothing(olga: Client) -> None:
    passkey = set_up_passkey(olga)
    User.objects.update(is_active=False)
    client, answer = passkey_sign_in(passkey)
    assert answer["Location"] == "/accounts/inactive/"
    assert not signed_in(client)


def test_a_passkey_of_somebody_else_opens_nothing(olga: Client) -> None:
    known, stranger = set_up_passkey(olga), SoftPasskey()
    stranger.user_handle, stranger.id = known.user_handle, known.id
    client, _ = passkey_sign_in(stranger)
    assert not signed_in(client)


def test_a_passkey_of_another_site_opens_nothing(olga: Client) -> None:
    passkey = set_up_passkey(olga)
    passkey.origin = "https://localhost.evil.example"
    client, _ = passkey_sign_in(passkey)
    assert not signed_in(client)


def no_credential(**response: str) -> str:
    named = {"id": "AA", "rawId": "AA", "type": "public-key"}
    return json.dumps(named | {"response": {"clientDataJSON": "e30"} | response})


NO_CREDENTIALS = [
    "", "x", "null", "[]", "1", "{}", '"x"', '{"id": 1}', '{"response": []}', "[" * 2000,
    '{"response": {"userHandle": "MQ"}}', '{"response": {"userHandle": 5}, "id": "a"}',
    no_credential(), no_credential(attestationObject="AA"), no_credential(userHandle="MQ"),
    no_credential(authenticatorData="AA", signature="AA", userHandle="MQ"),
]  # fmt: skip


# Four of them each: after five the next one is turned away unseen.
@pytest.mark.parametrize("texts", [NO_CREDENTIALS[at::4] for at in range(4)])
def test_a_credential_that_is_none_is_refused(olga: Client, texts: list[str]) -> None:
    set_up_passkey(olga)
    client, _ = begin()
    for text in texts:
        olga.get(f"{HOME}passkeys/new/")
        client.get(CODE)
        assert olga.post(f"{HOME}passkeys/new/", {"credential": text}).status_code == 200, text
        assert client.post(CODE, {"credential": text}).status_code == 200, text
        answer = client.post(f"{HOME}passkeys/sign-in/", {"credential": text})
        assert answer.status_code == 302, text
        assert not signed_in(client), text


def test_where_it_is_required_everything_else_waits(olga: Client, settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    for address in ("/", "/tokens/", "/account/", "/people/"):
        assert olga.get(address)["Location"] == HOME
    assert "This panel asks everyone for a second factor." in olga.get(HOME).content.decode()
    set_up_app(olga)
    assert signed_in(olga)


def test_where_it_is_required_one_can_still_leave(olga: Client, settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    assert olga.post("/accounts/logout/")["Location"] == "/accounts/login/"


def test_an_administrator_helps_who_lost_their_phone(
    olga: Client, admin: Client, operator: User
) -> None:
    set_up_app(olga)
    admin.post(f"/people/{operator.pk}/second-factors/remove/")
    assert not Authenticator.objects.exists()
    assert not signed_in(olga)
    client, _ = begin()
    assert signed_in(client)
    (event,) = events("second_factor_removed")
    assert (event.actor_name, json.loads(event.facts)["name"]) == ("ada", "olga")


def test_a_person_sees_and_ends_their_own_sessions(olga: Client) -> None:
    elsewhere = sign_in("olga", client=Client(HTTP_USER_AGENT="An old phone"))
    page = olga.get("/accounts/sessions/")
    assert "An old phone" in page.content.decode()
    other = next(s for s in page.context["sessions"] if s.session_key != page.context["here"])
    olga.post("/accounts/sessions/", {"session": str(other.pk)})
    assert not signed_in(elsewhere)
    assert signed_in(olga)


def test_sessions_are_ended_only_after_a_proof(olga: Client, at_noon: Any) -> None:
    elsewhere = sign_in("olga")
    at_noon.shift(16 * 60)
    assert olga.get("/accounts/sessions/").status_code == 200
    answer = olga.post("/accounts/sessions/")
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=")
    assert signed_in(elsewhere)


def test_a_change_of_factors_offers_to_end_the_other_sessions(olga: Client) -> None:
    set_up_app(olga)
    assert 'href="/accounts/sessions/"' in olga.get(HOME).content.decode()


def test_recovery_codes_have_26_bits_each(olga: Client) -> None:
    set_up_app(olga)
    codes = olga.get(f"{HOME}recovery-codes/").context["unused_codes"]
    assert {len(code) for code in codes} == {8}
    assert "".join(codes).isdigit()


def test_nobody_ends_a_session_of_somebody_else(olga: Client, admin: Client) -> None:
    from allauth.usersessions.models import UserSession

    other = UserSession.objects.get(user__username="ada")
    assert olga.post("/accounts/sessions/", {"session": str(other.pk)}).status_code == 404
    assert signed_in(admin)


def test_rotating_keys_takes_second_factors_along(olga: Client, settings: Any) -> None:
    from io import StringIO

    from django.core.management import call_command

    set_up_app(olga)
    old = settings.TOKEN_KEYS
    settings.TOKEN_KEYS = (("second", old[0][1]), *old)
    output = StringIO()
    call_command("rotate_keys", stdout=output)
    assert "Second factors encrypted again: 2. Unreadable: 0." in output.getvalue()
    settings.TOKEN_KEYS = settings.TOKEN_KEYS[:1]
    assert olga.get(f"{HOME}recovery-codes/").status_code == 200


def test_a_key_that_a_second_factor_needs_is_missed_at_the_start(
    olga: Client, settings: Any
) -> None:
    from pools.tokens.vault import wrong_token_keys

    set_up_app(olga)
    settings.TOKEN_KEYS = (("second", settings.TOKEN_KEYS[0][1]),)
    assert wrong_token_keys() == [
        "TOKEN_KEYS is missing key first. Second factors encrypted with it: 2."
    ]
