"""`manage.py settle`: once, saying what was found."""

import io
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from pytest_django import Settings

from pools.models import Entry, Token
from pools.models.vocabulary import Action, Kind, Verdict
from tests.changes.making import APPLIED, NOT_APPLIED, late_intent, left, left_unread
from tests.fixtures.clock import once_quiet
from tests.fixtures.ledger import tamper
from tests.fixtures.place import Place, give_token, make_place


def said(*arguments: str) -> list[str]:
    output = io.StringIO()
    with once_quiet():
        call_command("settle", *arguments, stdout=output)
    return output.getvalue().splitlines()


def test_all_that_is_due_is_settled(settled_place: Place) -> None:
    edited = left(settled_place, Action.EDIT)
    created = left(settled_place, Action.CREATE, NOT_APPLIED)
    assert sorted(said()) == sorted(
        [f"{edited} (edit of Orders): applied.", f"{created} (create of Returns): not applied."]
    )
    assert {entry.actor_name for entry in Entry.objects.filter(kind=Kind.SETTLED)} == {""}


def test_what_could_not_be_read_back_is_read(settled_place: Place) -> None:
    edited = left_unread(settled_place, Action.EDIT)
    other = make_place(settled_place.sandbox)
    assert said("--company", other.company.slug) == ["Nothing can be settled now."]
    assert said() == [f"{edited}: the pool shows it now."]
    assert said(str(edited)) == [f"{edited}: it is no longer open."]


def test_nothing_to_do_is_said(db: None) -> None:
    assert said() == ["Nothing can be settled now."]


def test_what_is_not_quiet_yet_is_counted(settled_place: Place, settings: Settings) -> None:
    settings.SETTLE_QUIET_SECONDS = 3600
    left(settled_place, Action.EDIT)
    nothing, later = said()
    assert nothing == "Nothing can be settled now."
    assert later.startswith("1 more can be settled from ")


def test_chosen_changes_are_answered_for_one_by_one(settled_place: Place) -> None:
    edited, other = left(settled_place, Action.EDIT), uuid.uuid4()
    left(settled_place, Action.CREATE, APPLIED)
    assert sorted(said(str(edited), str(other))) == sorted(
        [f"{edited} (edit of Orders): applied.", f"{other}: it is no longer open."]
    )


def test_only_one_companys(settled_place: Place) -> None:
    other = make_place(settled_place.sandbox)
    give_token(other)
    left(settled_place, Action.EDIT)
    change = left(other, Action.EDIT)
    assert said("--company", other.company.slug) == [f"{change} (edit of Orders): applied."]


def test_why_a_change_stays_open_is_said(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    Token.objects.all().delete()
    (line,) = said()
    assert line.startswith(
        f"{change} (edit of Orders): the token of the person who made it no longer works"
    )


def test_a_call_that_is_still_running_is_said(settled_place: Place) -> None:
    change = late_intent(settled_place).change_id
    output = io.StringIO()
    call_command("settle", str(change), stdout=output)
    assert output.getvalue() == f"{change} (edit of Orders): its call is still running.\n"


def test_a_change_whose_entry_cannot_be_read_is_said(settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT)
    tamper("UPDATE pools_entry SET facts = '[]' WHERE kind = 'outcome'")
    (line,) = said()
    assert line.startswith(f"{change} (edit of Orders): an entry about it cannot be read")


def test_a_company_that_is_not_there_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="There is no company elsewhere"):
        said("--company", "elsewhere")


def test_wrong_keys_are_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pools.upkeep.tending.wrong_token_keys", lambda: ["TOKEN_KEYS is wrong."])
    with pytest.raises(CommandError, match="TOKEN_KEYS is wrong"):
        said()


def test_a_record_that_cannot_be_written_is_said(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(settled_place, Action.EDIT)

    def full(*arguments: object, **named: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr("pools.changes.settling.append", full)
    with pytest.raises(CommandError, match="cannot be used now: the disk is full"):
        said()
    assert Verdict.APPLIED not in Entry.objects.values_list("outcome", flat=True)
