"""Leaving: what is destroyed once somebody is disabled, and what still names them once deleted."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from pools.core import ApiKey
from pools.guidance.notes import pin_note
from pools.models import Company, DisabledSince, Invitation, Token
from pools.people import acts, leaving
from pools.people.user_names import NameTaken, must_be_free
from pools.secret import Secret
from pools.tokens import keeping
from pools.upkeep.tending import Tending
from sandbox.running import RunningSandbox
from tests.fixtures.panel import actor, make_person, told
from tests.fixtures.people import events

pytestmark = pytest.mark.django_db

NAME = "wanda-leaves"


@pytest.fixture
def leaver(acme: Company, core: RunningSandbox) -> User:
    person = make_person(NAME, "Operator")
    person.email = "leaves@panel.example"
    person.save()
    key = ApiKey(Secret(core.keys["acme"]["full"]))
    token, _ = keeping.add_token(person, acme, key, "laptop", by=actor(person))
    keeping.confirm_token(token, by=actor(person))
    return person


def disabled_for(person: User, days: int, by: User) -> None:
    acts.disable(person, by=actor(by))
    since = timezone.now() - timedelta(days=days, minutes=1)
    DisabledSince.objects.filter(user=person).update(at=since)


def test_stored_tokens_are_destroyed_days_after_the_disabling(
    leaver: User, administrator: User
) -> None:
    disabled_for(leaver, leaving.TOKEN_DAYS - 1, administrator)
    assert leaving.destroy_tokens_of_leavers() == 0
    disabled_for(leaver, leaving.TOKEN_DAYS, administrator)
    assert leaving.destroy_tokens_of_leavers() == 1
    assert not Token.objects.exists()
    (event,) = events("token_destroyed")
    assert (event.company, json.loads(event.facts)["owner"]) == ("acme", NAME)
    assert leaving.destroy_tokens_of_leavers() == 0


@pytest.mark.django_db(transaction=True)
def test_tend_does_it(leaver: User, administrator: User) -> None:
    disabled_for(leaver, leaving.TOKEN_DAYS, administrator)
    Tending().round()
    assert not Token.objects.exists()


def test_whoever_comes_back_in_time_has_their_tokens(leaver: User, administrator: User) -> None:
    disabled_for(leaver, leaving.TOKEN_DAYS, administrator)
    acts.enable(leaver, by=actor(administrator))
    assert leaving.destroy_tokens_of_leavers() == 0
    acts.disable(leaver, by=actor(administrator))
    # Counted from the second time.
    assert leaving.destroy_tokens_of_leavers() == 0


def test_at_once_where_no_day_is_given(
    leaver: User, administrator: User, settings: LazySettings
) -> None:
    settings.LEAVER_TOKEN_DAYS = 0
    acts.disable(leaver, by=actor(administrator))
    assert leaving.destroy_tokens_of_leavers() == 1


def test_disabled_without_a_time_the_days_begin_when_it_is_noticed(leaver: User) -> None:
    User.objects.filter(pk=leaver.pk).update(is_active=False)
    assert leaving.destroy_tokens_of_leavers() == 0
    assert DisabledSince.objects.get().user == leaver


def test_their_page_says_who_disabled_them_and_when(
    admin: Client, leaver: User, administrator: User
) -> None:
    address = f"/people/{leaver.pk}/"
    assert "Disabled" not in told(admin.get(address))
    acts.disable(leaver, by=actor(administrator))
    assert f" ago by {administrator.get_username()} Record" in told(admin.get(address))
    # Not by whoever did it an earlier time, where this time is on no entry.
    DisabledSince.objects.filter(user=leaver).update(at=timezone.now() + timedelta(minutes=1))
    assert " by " not in told(admin.get(address)).split("Disabled")[1].split("Record")[0]


def test_before_they_are_disabled_it_is_said_what_becomes_of_their_tokens(
    admin: Client, leaver: User, operator: User, settings: LazySettings
) -> None:
    address = f"/people/{leaver.pk}/disable/"
    settings.LEAVER_TOKEN_DAYS = 3
    assert "their stored tokens, and after 3 days these are destroyed." in told(admin.get(address))
    settings.LEAVER_TOKEN_DAYS = 0
    assert "their stored tokens, and soon these are destroyed." in told(admin.get(address))
    # Somebody without any has none to lose.
    assert "stored tokens" not in told(admin.get(f"/people/{operator.pk}/disable/"))


def test_their_page_lists_the_keys_to_revoke(
    admin: Client, leaver: User, administrator: User
) -> None:
    disabled_for(leaver, 0, administrator)
    address = f"/people/{leaver.pk}/"
    page = admin.get(address).content.decode()
    assert "Revoke at Patchworks" in page
    assert "laptop" in page
    assert "still stored here" in page
    disabled_for(leaver, 99, administrator)
    leaving.destroy_tokens_of_leavers()
    page = admin.get(address).content.decode()
    assert "laptop" in page
    assert "no longer stored here" in page


def test_their_page_leads_to_evidence_of_all_that_they_did(admin: Client, leaver: User) -> None:
    page = admin.get(f"/people/{leaver.pk}/").content.decode()
    for query in ("", "kind=events&amp;"):
        assert f'href="/changes/?{query}who={NAME}"' in page
        assert f'href="/changes/evidence/?{query}who={NAME}"' in page


def test_only_a_disabled_person_is_deleted(admin: Client, leaver: User) -> None:
    for answer in (
        admin.get(f"/people/{leaver.pk}/delete/"),
        admin.post(f"/people/{leaver.pk}/delete/"),
    ):
        assert answer.status_code == 409
        assert "Disable them first" in answer.content.decode()
    assert User.objects.filter(pk=leaver.pk).exists()


def test_whoever_was_enabled_meanwhile_is_not_deleted(leaver: User, administrator: User) -> None:
    disabled_for(leaver, 0, administrator)
    # Another administrator, whose request has read the same person a moment later.
    acts.enable(User.objects.get(pk=leaver.pk), by=actor(administrator))
    with pytest.raises(acts.NotAllowed):
        leaving.delete(leaver, by=actor(administrator))
    assert User.objects.filter(pk=leaver.pk).exists()


def test_deleted_nothing_but_the_ledger_names_them(
    admin: Client, acme: Company, leaver: User, administrator: User
) -> None:
    pin_note(acme, 7, "Orders", "Ask before you raise it.", 0, by=actor(leaver))
    EmailAddress.objects.create(user=leaver, email=leaver.email)
    acts.invite(username="new-one", full_name="", email="", roles=["Operator"], by=actor(leaver))
    Invitation.objects.create(
        username=NAME, email=leaver.email, invited_by="ada", code_hash="x", roles=[],
        created_at=timezone.now(), expires_at=timezone.now(), accepted_at=timezone.now(),
    )  # fmt: skip
    disabled_for(leaver, 0, administrator)
    assert "Delete permanently" in admin.get(f"/people/{leaver.pk}/delete/").content.decode()
    answer = admin.post(f"/people/{leaver.pk}/delete/", follow=True)
    assert "was deleted" in answer.content.decode()
    assert [*where_it_stands(NAME), *where_it_stands("leaves@panel.example")] == [
        "pools_entry.actor_name",
        "pools_entry.facts",
    ]
    (event,) = events("token_destroyed")
    assert event.actor_name == "ada"
    with pytest.raises(NameTaken):
        must_be_free(NAME)


def where_it_stands(text: str) -> Iterator[str]:
    """Every column of the database that has it; messages and sessions are signed or sealed."""
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            description = connection.introspection.get_table_description(cursor, table)
            for column in description:
                quoted = connection.ops.quote_name(column.name)
                cursor.execute(
                    f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}"
                    f" WHERE CAST({quoted} AS TEXT) LIKE %s",
                    [f"%{text}%"],
                )
                (count,) = cursor.fetchone()
                if count:
                    yield f"{table}.{column.name}"
