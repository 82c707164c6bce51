"""Invitations: by link, once, for a while; the code is kept nowhere."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from pools.models import Invitation
from pools.people import acts
from pools.wording.people import INVITATION_SPENT
from tests.fixtures.mailing import send_mails_to
from tests.fixtures.panel import make_person, told
from tests.fixtures.people import events, sign_in, signed_in
from tests.people.inviting import FORM, PASSWORD, invite, join

pytestmark = pytest.mark.django_db


def test_an_invitation_lets_in_with_its_name_and_roles(admin: Client) -> None:
    client, answer = join(invite(admin))
    assert answer["Location"] == "/"
    nina = User.objects.get(username="nina")
    assert (nina.get_full_name(), acts.roles_of(nina)) == ("Nina Berg", ["Operator"])
    assert signed_in(client)
    assert signed_in(sign_in("nina", PASSWORD))


def test_who_joins_types_at_once(admin: Client) -> None:
    client = Client()
    client.post("/join/", {"code": invite(admin)})
    for person, field in ((Client(), "code"), (client, "password")):
        page = LexborHTMLParser(person.get("/join/").content)
        assert [each.attributes["name"] for each in page.css("[autofocus]")] == [field]


def test_it_lets_in_once(admin: Client) -> None:
    code = invite(admin)
    join(code)
    _, answer = join(code)
    assert answer.status_code == 422
    assert answer.context["form"].errors["code"] == [INVITATION_SPENT]
    assert "If you have joined already, sign in." in told(answer)


def test_two_browsers_with_the_same_code_make_one_person(admin: Client) -> None:
    code, first, second = invite(admin), Client(), Client()
    for client in (first, second):
        client.post("/join/", {"code": code})
    form = {"password": PASSWORD, "again": PASSWORD}
    first.post("/join/", form)
    assert second.post("/join/", form)["Location"] == "/join/"
    assert INVITATION_SPENT in told(second.get("/join/"))
    assert User.objects.filter(username="nina").count() == 1


def test_it_expires(admin: Client) -> None:
    code = invite(admin)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, minutes=1)):
        _, answer = join(code)
    assert answer.status_code == 422


def test_it_expires_while_the_password_is_being_chosen(admin: Client) -> None:
    client = Client()
    client.post("/join/", {"code": invite(admin)})
    Invitation.objects.update(expires_at=datetime.now(UTC) - timedelta(minutes=1))
    answer = client.post("/join/", {"password": PASSWORD, "again": PASSWORD})
    assert answer["Location"] == "/join/"
    assert INVITATION_SPENT in told(client.get("/join/"))
    assert not User.objects.filter(username="nina").exists()


def test_it_can_be_withdrawn(admin: Client) -> None:
    code = invite(admin)
    invitation = Invitation.objects.get()
    admin.post(f"/people/invitations/{invitation.pk}/withdraw/")
    _, answer = join(code)
    assert answer.status_code == 422
    assert admin.post(f"/people/invitations/{invitation.pk}/withdraw/").status_code == 404


def test_the_database_does_not_hold_the_code(admin: Client) -> None:
    code = invite(admin)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert code not in repr(cursor.fetchall()), table


@contextmanager
def captured_log() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def test_no_log_line_holds_the_code(
    admin: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with captured_log() as lines:
        code = invite(admin)
        join(code)
    assert lines
    assert code not in repr(lines) + caplog.text


def test_making_and_using_one_are_events(admin: Client) -> None:
    join(invite(admin))
    (made,), (used,) = events("person_invited"), events("invitation_accepted")
    assert (made.actor_name, json.loads(made.facts)["roles"]) == ("ada", ["Operator"])
    assert (used.actor_name, json.loads(used.facts)["roles"]) == ("nina", ["Operator"])


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("short", "short", "password"),
        ("1234567890", "1234567890", "password"),
        ("nina-berg", "nina-berg", "password"),
        (PASSWORD, "something-else-9", "again"),
    ],
)
def test_a_weak_or_mistyped_password_makes_nobody(
    admin: Client, password: str, again: str, field: str
) -> None:
    _, answer = join(invite(admin), password, again)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not User.objects.filter(username="nina").exists()


@pytest.mark.parametrize("name", ["", "a" * 151, "with space", "<b>", "nul\0"])
def test_a_name_that_is_none_is_refused(admin: Client, name: str) -> None:
    answer = admin.post("/people/invite/", FORM | {"username": name})
    assert answer.status_code == 422
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("name", ["olga", "OLGA", "nina", "Nina"])
def test_a_name_that_is_taken_is_refused(admin: Client, operator: User, name: str) -> None:
    invite(admin)
    answer = admin.post("/people/invite/", FORM | {"username": name})
    assert answer.status_code == 422
    assert Invitation.objects.count() == 1


def test_a_name_that_was_taken_meanwhile_is_said(admin: Client) -> None:
    code = invite(admin)
    make_person("Nina", "Read-only")
    _, answer = join(code)
    assert answer.context["form"].non_field_errors() == [
        "Somebody has taken this user name since you were invited. Ask for another one."
    ]


def test_where_mail_is_set_up_the_link_is_sent(admin: Client, settings: Any) -> None:
    settings.EMAIL_CONFIGURED, settings.DEFAULT_FROM_EMAIL = True, "panel@panel.example"
    code = invite(admin, email="nina@panel.example")
    (sent,) = mail.outbox
    assert sent.to == ["nina@panel.example"]
    assert f"http://testserver/join/#{code}" in sent.body


def test_without_mail_nothing_is_sent(admin: Client) -> None:
    invite(admin, email="nina@panel.example")
    assert mail.outbox == []


def test_a_mail_server_that_fails_is_said_and_the_link_is_there(
    admin: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_mails_to("smtp://127.0.0.1:9", settings, monkeypatch)
    page = admin.post("/people/invite/", FORM | {"email": "nina@panel.example"})
    assert "We couldn't send the e-mail to nina@panel.example." in told(page)
    assert "/join/#" in page.text


def test_guessing_codes_is_slowed_down(db: None) -> None:
    client = Client()
    answers = [client.post("/join/", {"code": f"guess-{n}"}).status_code for n in range(21)]
    assert answers == [422] * 20 + [429]


def test_who_is_signed_in_does_not_become_someone_else(admin: Client) -> None:
    code = invite(admin)
    # With an empty fragment: else a browser takes that of the link along, which is the code.
    assert admin.get("/join/")["Location"] == "/#"
    assert admin.post("/join/", {"code": code})["Location"] == "/#"
    assert Invitation.objects.open().count() == 1


def test_a_role_is_chosen_and_none_is_chosen_for_it(admin: Client) -> None:
    assert "checked" not in admin.get("/people/invite/").text
    answer = admin.post("/people/invite/", FORM | {"roles": []})
    assert (answer.status_code, "Choose at least one role." in answer.text) == (422, True)
