"""A forgotten password: links by mail or from an administrator, once, for an hour."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
import time_machine
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from selectolax.lexbor import LexborHTMLParser

from pools.ledger.appending import LedgerUnwritable
from pools.people import password_codes
from tests.accounts.forgotten import ASK, ask
from tests.accounts.second_factors import CODE, code_of
from tests.fixtures.mailing import send_mails_to
from tests.fixtures.panel import PASSWORD
from tests.fixtures.people import events, sign_in, signed_in

pytestmark = pytest.mark.django_db
USE = "/accounts/password/code/"
CHOOSE = "/accounts/password/new/"
NEW = "nine-blue-herons-4"


@pytest.fixture
def mailing(settings: Any) -> None:
    settings.EMAIL_CONFIGURED, settings.DEFAULT_FROM_EMAIL = True, "panel@panel.example"


def mailed_code(name: str = "olga") -> str:
    ask(name)
    found = re.search(r"http://testserver/accounts/password/code/#(\S+)", str(mail.outbox[-1].body))
    assert found
    return found.group(1)


def use(code: str, password: str = NEW, client: Client | None = None) -> tuple[Client, Any]:
    """A browser that used the code and chose a password; and the last answer."""
    client = client or Client()
    answer = client.post(USE, {"code": code})
    if answer.status_code == 302:
        answer = client.post(CHOOSE, {"password": password, "again": password})
    return client, answer


@pytest.mark.parametrize("name", ["olga", "OLGA", "olga@panel.example"])
def test_a_link_comes_by_mail_and_lets_a_new_password_be_chosen(
    operator: User, mailing: None, name: str
) -> None:
    client, answer = use(mailed_code(name))
    assert mail.outbox[0].to == ["olga@panel.example"]
    assert answer["Location"] == "/accounts/login/"
    assert not signed_in(client)
    assert signed_in(sign_in("olga", NEW))
    assert not signed_in(sign_in("olga", PASSWORD))


def test_who_forgot_it_types_at_once(operator: User, mailing: None) -> None:
    page = LexborHTMLParser(Client().get("/accounts/password/forgotten/").content)
    assert [each.attributes["name"] for each in page.css("main [autofocus]")] == ["login"]


def test_it_works_once(operator: User, mailing: None) -> None:
    code = mailed_code()
    use(code)
    _, answer = use(code, "another-good-one-5")
    assert answer.status_code == 422
    assert answer.context["form"].errors["code"] == [
        "This code doesn't work: it was used, or it is too old. Ask for another link."
    ]


def test_two_browsers_with_the_same_code_change_it_once(operator: User, mailing: None) -> None:
    code, first, second = mailed_code(), Client(), Client()
    for client in (first, second):
        client.post(USE, {"code": code})
    use(code, client=first)
    form = {"password": "another-good-one-5", "again": "another-good-one-5"}
    assert second.post(CHOOSE, form)["Location"] == USE
    assert signed_in(sign_in("olga", NEW))


def test_it_works_for_an_hour(operator: User, mailing: None) -> None:
    code = mailed_code()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1, seconds=2)):
        _, answer = use(code)
    assert answer.status_code == 422


def test_signing_in_spends_it(operator: User, mailing: None) -> None:
    code = mailed_code()
    sign_in("olga")
    assert use(code)[1].status_code == 422


def test_every_session_ends(operator: User, mailing: None) -> None:
    elsewhere, here = sign_in("olga"), sign_in("olga")
    use(mailed_code(), client=here)
    assert not signed_in(elsewhere)
    assert not signed_in(here)


def test_the_second_factor_is_still_asked_for(operator: User, mailing: None) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False):
        olga = sign_in("olga")
        secret: str = olga.get("/accounts/second-factor/app/").context["form"].secret
        olga.post("/accounts/second-factor/app/", {"code": code_of(secret, now)})
    use(mailed_code())
    client = Client()
    answer = client.post("/accounts/login/", {"login": "olga", "password": NEW})
    assert answer["Location"] == CODE
    assert not signed_in(client)


def test_it_is_recorded(operator: User, mailing: None) -> None:
    use(mailed_code())
    ask("nobody-of-this-name")
    asked = [(e.actor_name, json.loads(e.facts)["mailed"]) for e in events("password_link_asked")]
    assert asked == [("olga", True), ("", False)]
    (done,) = events("password_reset")
    assert (done.actor_name, json.loads(done.facts)["name"]) == ("olga", "olga")
    assert "nobody-of-this-name" not in "".join(event.facts for event in events())


@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"password": "!"}, {"email": ""}],
    ids=["disabled", "of single sign-on", "without an address"],
)
def test_who_cannot_choose_one_gets_no_mail(
    operator: User, mailing: None, change: dict[str, Any]
) -> None:
    User.objects.update(**change)
    ask("olga")
    assert mail.outbox == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!"}])
def test_who_can_no_longer_choose_one_has_a_code_that_opens_nothing(
    operator: User, mailing: None, change: dict[str, Any]
) -> None:
    code = mailed_code()
    User.objects.update(**change)
    assert use(code)[1].status_code == 422


def test_the_answer_is_the_same_whoever_is_named(operator: User, mailing: None) -> None:
    def told(name: str) -> tuple[int, str, str, int]:
        client = Client()
        with CaptureQueriesContext(connection) as queries:
            answer = ask(name, client)
        page = client.get(answer["Location"]).content.decode()
        said = re.search(r"If somebody here[^<]*", page)
        return answer.status_code, answer["Location"], said[0] if said else "", len(queries)

    told("warm up")
    assert told("olga") == told("nobody")
    assert told("olga@panel.example") == told("nobody@panel.example")


def test_asking_is_slowed_down_for_a_name_and_for_an_address(operator: User, mailing: None) -> None:
    by_name = [ask("olga", REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(4)]
    assert by_name == [302, 302, 302, 429]
    by_address = [ask(f"n{n}", REMOTE_ADDR="192.0.2.9").status_code for n in range(11)]
    assert by_address == [302] * 10 + [429]


def test_guessing_codes_is_slowed_down(operator: User) -> None:
    client = Client()
    guesses = [client.post(USE, {"code": f"{operator.pk}-x{n}"}).status_code for n in range(21)]
    assert guesses == [422] * 20 + [429]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x",
        "1",
        "-",
        "1-",
        "0-x-y",
        "9" * 18 + "-x",
        "9" * 90 + "-x",
        "²-x",
        "-1-x",
        "1-" + "a" * 90,
        "\x00-1",
    ],
)
def test_what_is_no_code_opens_nothing(operator: User, code: str) -> None:
    assert Client().post(USE, {"code": code}).status_code in (200, 422)
    assert Client().get(CHOOSE)["Location"] == USE


def test_a_token_of_djangos_own_opens_nothing(operator: User) -> None:
    code = f"{operator.pk}-{default_token_generator.make_token(operator)}"
    with pytest.raises(password_codes.CodeSpent):
        password_codes.person_for(code)


@pytest.mark.parametrize("password", ["short", "olga-olga-olga", "password1234", "patchworks-26"])
def test_a_weak_password_is_refused(operator: User, mailing: None, password: str) -> None:
    _, answer = use(mailed_code(), password)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["password"])
    assert signed_in(sign_in("olga"))


def test_wrong_guesses_from_before_do_not_keep_its_owner_out(operator: User, mailing: None) -> None:
    for address in range(6):
        sign_in("olga", "wrong", Client(REMOTE_ADDR=f"192.0.2.{address}"))
    use(mailed_code())
    assert signed_in(sign_in("olga", NEW))


def test_a_code_is_in_no_table_log_line_or_event(
    operator: User, mailing: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs() as lines:
        code = mailed_code()
        Client().post(USE, {"code": code})
    assert code not in repr(lines) + caplog.text
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert code not in repr(cursor.fetchall()), table


def test_the_session_does_not_hold_it_either(operator: User, mailing: None) -> None:
    client = Client()
    code = mailed_code()
    client.post(USE, {"code": code})
    assert code not in repr(dict(client.session))


def test_without_mail_the_page_says_whom_to_ask(operator: User) -> None:
    assert "Ask an administrator" in Client().get(ASK).content.decode()
    ask("olga")
    assert mail.outbox == []
    assert events() == []


def test_the_way_there_is_on_the_sign_in_page(db: None) -> None:
    assert f'href="{ASK}"' in Client().get("/accounts/login/").content.decode()


def test_a_mail_server_that_fails_is_logged_and_tells_nobody(
    operator: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_mails_to("smtp://127.0.0.1:9", settings, monkeypatch)
    with structlog.testing.capture_logs() as lines:
        assert ask("olga").status_code == 302
    assert [(line["event"], line["why"]) for line in lines if line["event"] == "mail not sent"] == [
        ("mail not sent", "ConnectionRefusedError")
    ]


def test_a_ledger_that_cannot_be_written_changes_nothing(
    operator: User, mailing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwritable(*args: Any) -> None:
        raise LedgerUnwritable("forced")

    code = mailed_code()
    monkeypatch.setattr(password_codes, "choose_password", unwritable)
    _, answer = use(code)
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors() == [
        "We can't write to the history right now, so nothing was changed. Try again later."
    ]


def link_from(admin: Client, person: User) -> str:
    page = admin.post(f"/people/{person.pk}/password/").content.decode()
    found = re.search(r">http://testserver/accounts/password/code/#([^<]+)<", page)
    assert found, page
    return found.group(1)


def test_an_administrator_hands_a_link_over(admin: Client, operator: User) -> None:
    use(link_from(admin, operator))
    assert signed_in(sign_in("olga", NEW))
    (made,) = events("password_link_made")
    assert (made.actor_name, json.loads(made.facts)["name"]) == ("ada", "olga")


def test_opening_the_page_makes_none(admin: Client, operator: User) -> None:
    assert "Create link" in admin.get(f"/people/{operator.pk}/password/").content.decode()
    assert events("password_link_made") == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!"}])
def test_none_for_who_cannot_choose_one(
    admin: Client, operator: User, change: dict[str, Any]
) -> None:
    User.objects.filter(pk=operator.pk).update(**change)
    assert admin.post(f"/people/{operator.pk}/password/").status_code == 409
    assert "Password link" not in admin.get(f"/people/{operator.pk}/").content.decode()


def test_none_for_a_superuser_unless_by_one(admin: Client) -> None:
    root = User.objects.create_superuser("root", password="x")
    assert admin.post(f"/people/{root.pk}/password/").status_code == 409
    assert events("password_link_made") == []
