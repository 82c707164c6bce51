"""Signing in: who gets in, how often one may try, and what is told to whom."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client

from adminpanel.middleware import ClientAddressMiddleware
from tests.fixtures.nursery import PanelFork
from tests.fixtures.panel import PASSWORD, make_person
from tests.fixtures.people import events, sign_in, signed_in

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
TOO_MANY = "Too many failed attempts. Wait a few minutes, then try again."


class CountingHasher(MD5PasswordHasher):
    """Says how much work signing in was: hashing is nearly all of it."""

    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).hashed += 1
        return super().encode(password, salt)


@pytest.fixture
def hasher(settings: Any, operator: User) -> type[CountingHasher]:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    operator.set_password(PASSWORD)
    operator.save()
    CountingHasher.hashed = 0
    return CountingHasher


def guess(client: Client, name: str, password: str = "a wrong one", **extra: Any) -> Any:
    return client.post(LOGIN, {"login": name, "password": password}, **extra)


@pytest.mark.parametrize("name", ["olga", "OLGA", "olga@panel.example", "Olga@Panel.Example"])
def test_a_name_or_an_address_lets_in(operator: User, name: str) -> None:
    assert signed_in(sign_in(name))


def test_an_address_that_two_people_have_is_nobodys(operator: User) -> None:
    make_person("oskar", "Manager")
    User.objects.filter(username="oskar").update(email="olga@panel.example")
    assert not signed_in(sign_in("olga@panel.example"))


@pytest.mark.parametrize(
    "name",
    [
        "olga",
        "olga@panel.example",
        "nobody",
        "nobody@panel.example",
        "",
        " ",
        "disabled",
        "brought",
    ],
)
def test_a_known_name_is_as_much_work_as_an_unknown_one(
    hasher: type[CountingHasher], name: str
) -> None:
    make_person("disabled", "Operator")
    User.objects.filter(username="disabled").update(is_active=False)
    brought = User(username="brought")
    brought.set_unusable_password()
    brought.save()
    hasher.hashed = 0
    guess(Client(), name)
    assert hasher.hashed == (1 if name.strip() else 0)


@pytest.mark.parametrize("name", ["olga", "nobody"])
def test_a_failed_sign_in_tells_nobody_whether_the_name_exists(operator: User, name: str) -> None:
    page = guess(Client(), name).content.decode()
    assert "The user name, or the password, is wrong." in page


def test_sign_ins_and_failed_ones_are_recorded(operator: User) -> None:
    client = Client()
    guess(client, "olga", REMOTE_ADDR="192.0.2.7")
    guess(client, "my-password-typed-here", REMOTE_ADDR="192.0.2.7")
    sign_in("olga", client=client)
    client.post("/accounts/logout/")
    said = [(event.action, event.actor_name) for event in events()]
    assert said == [
        ("sign_in_failed", "olga"),
        ("sign_in_failed", ""),
        ("signed_in", "olga"),
        ("signed_out", "olga"),
    ]
    assert json.loads(events()[0].facts)["address"] == "192.0.2.7"
    assert "my-password-typed-here" not in "".join(event.facts for event in events())


def test_signing_in_works_while_the_ledger_cannot_be_written(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE pools_entry RENAME TO pools_entry_gone")
    assert signed_in(sign_in("olga"))


def test_five_wrong_passwords_lock_sign_in_for_a_name(operator: User) -> None:
    for address in range(5):
        guess(Client(), "olga", REMOTE_ADDR=f"192.0.2.{address}")
    answer = guess(Client(), "olga", PASSWORD, REMOTE_ADDR="192.0.2.99")
    assert TOO_MANY in answer.content.decode()


def test_it_opens_again_by_itself(operator: User) -> None:
    for _ in range(6):
        guess(Client(), "olga")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5, seconds=1)):
        assert signed_in(sign_in("olga"))


def test_a_browser_of_the_persons_own_is_not_closed_by_strangers(operator: User) -> None:
    own = sign_in("olga")
    own.post("/accounts/logout/")
    for address in range(6):
        guess(Client(), "olga", REMOTE_ADDR=f"192.0.2.{address}")
    assert signed_in(sign_in("olga", client=own))


def test_but_it_is_closed_by_its_own_wrong_passwords(operator: User) -> None:
    own = sign_in("olga")
    own.post("/accounts/logout/")
    for address in range(5):
        guess(own, "olga", REMOTE_ADDR=f"192.0.2.{address}")
    assert not signed_in(sign_in("olga", client=own))


def test_a_browser_of_one_person_guesses_for_others_like_any_other(operator: User) -> None:
    make_person("mara", "Manager")
    own = sign_in("mara")
    own.post("/accounts/logout/")
    for address in range(5):
        guess(own, "olga", REMOTE_ADDR=f"192.0.2.{address}")
    assert not signed_in(sign_in("olga"))


@pytest.mark.parametrize("cookie", ["", "x", "WzEsMV0:1:x", "[1,2]"])
def test_a_forged_device_is_none(operator: User, cookie: str) -> None:
    client = Client()
    client.cookies["device"] = cookie
    for address in range(5):
        guess(client, "olga", REMOTE_ADDR=f"192.0.2.{address}")
    assert not signed_in(sign_in("olga", client=client))


def test_ten_wrong_passwords_a_minute_close_it_for_an_address(operator: User) -> None:
    for number in range(10):
        guess(Client(), f"somebody{number}", REMOTE_ADDR="192.0.2.1")
    assert TOO_MANY in guess(Client(), "olga", PASSWORD, REMOTE_ADDR="192.0.2.1").content.decode()
    assert signed_in(sign_in("olga"))


def test_guesses_with_forged_addresses_try_five_passwords(
    hasher: type[CountingHasher],
) -> None:
    client = Client()
    # More than any limit lets through: of a name (5), of an address (10 wrong ones, 30 in all).
    for number in range(40):
        forged = f"203.0.113.{number}"
        guess(client, "olga", f"guess {number}", HTTP_X_FORWARDED_FOR=forged)
    assert hasher.hashed == 5
    assert len(events("sign_in_failed")) == 5


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "not an address", "10.0.0.1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "203.0.113.9\n", "203.0.113.9"),
        (1, "127.0.0.1, <script>", "10.0.0.1"),
    ],
)
def test_only_our_own_proxies_say_where_a_visitor_comes_from(
    settings: Any, rf: Any, proxies: int, forwarded: str, seen: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    ClientAddressMiddleware(lambda request: None)(request)  # type: ignore[arg-type, return-value]
    assert request.META["REMOTE_ADDR"] == seen


def test_made_up_names_do_not_push_out_the_counts_of_others(operator: User) -> None:
    for address in range(5):
        guess(Client(), "olga", REMOTE_ADDR=f"192.0.2.{address}")
    for number in range(400):
        cache.set(f"made-up-{number}", 1)
    assert not signed_in(sign_in("olga"))


_TWO_GUESSES = """
from django.test import Client
for _ in range(2):
    Client().post("/accounts/login/", {"login": "olga", "password": "x"})
"""


@pytest.mark.django_db(transaction=True)
def test_processes_count_together(operator: User, panel_fork: PanelFork) -> None:
    guessing = panel_fork(_TWO_GUESSES)
    guessing.communicate()
    assert guessing.returncode == 0
    for _ in range(3):
        guess(Client(), "olga")
    assert not signed_in(sign_in("olga"))


def test_the_administration_has_no_sign_in_of_its_own(operator: User) -> None:
    client = Client()
    answer = client.post("/admin/login/", {"username": "olga", "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/login/")
    assert not signed_in(client)


def test_a_session_cookie_from_before_signing_out_opens_nothing(operator: User) -> None:
    client, thief = sign_in("olga"), Client()
    thief.cookies["session"] = client.cookies["session"].value
    assert signed_in(thief)
    client.post("/accounts/logout/")
    assert not signed_in(thief)


def test_a_session_from_before_a_password_change_opens_nothing(operator: User) -> None:
    here, elsewhere = sign_in("olga"), sign_in("olga")
    new = "another-password-5"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", form)["Location"] == "/account/"
    assert signed_in(here)
    assert not signed_in(elsewhere)
    assert [event.action for event in events("password_changed")] == ["password_changed"]


def test_signing_in_makes_a_new_session(operator: User) -> None:
    client = Client()
    client.get("/accounts/second-factor/passkeys/sign-in/")
    planted = client.cookies["session"].value
    sign_in("olga", client=client)
    assert client.cookies["session"].value != planted


def test_proving_once_more_makes_a_new_session_that_stays_in_the_list(operator: User) -> None:
    client = sign_in("olga")
    known = client.cookies["session"].value
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    thief = Client()
    thief.cookies["session"] = known
    assert not signed_in(thief)
    page = client.get("/accounts/sessions/")
    assert [session.session_key for session in page.context["sessions"]] == [page.context["here"]]


def test_a_wrong_proof_changes_nothing(operator: User) -> None:
    client = sign_in("olga")
    known = client.cookies["session"].value
    client.post("/accounts/reauthenticate/", {"password": "wrong"})
    assert client.cookies["session"].value == known
    assert signed_in(client)


def test_two_sessions_of_a_person_stand_side_by_side(operator: User) -> None:
    first, second = sign_in("olga"), sign_in("olga")
    assert signed_in(first)
    assert signed_in(second)


def test_a_sessions_key_cannot_be_guessed(operator: User) -> None:
    key = sign_in("olga").cookies["session"].value
    assert len(key) == 32
    # 32 letters and digits are 165 bits.
    assert key.isalnum()


@pytest.mark.parametrize(
    ("minutes", "open_still"),
    [([119], True), ([121], False), ([110] * 6, True), ([110] * 7, False)],
)
def test_a_session_ends_after_idle_time_and_after_a_working_day(
    operator: User, minutes: list[int], open_still: bool
) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as traveller:
        client = sign_in("olga")
        found = True
        for passed in minutes:
            traveller.shift(timedelta(minutes=passed))
            found = signed_in(client)
    assert found is open_still


def test_no_account_is_there_before_somebody_makes_one(db: None) -> None:
    assert not User.objects.exists()


def test_a_password_with_spaces_or_of_any_length_is_taken_as_it_is(operator: User) -> None:
    operator.set_password("  spaces count  ")
    operator.save()
    assert not signed_in(sign_in("olga", "spaces count"))
    assert signed_in(sign_in("olga", "  spaces count  "))
