"""One note on a pool and on a company: nobody writes over a text that they have not read."""

import json

import pytest

from pools.guidance.notes import NoteChanged, note_on, notes_on, pin_note
from pools.ledger.appending import Actor
from pools.models import Company, Entry

ANA, BEN = Actor(7, "ana", "192.0.2.1"), Actor(8, "ben", "192.0.2.2")


def pin(company: Company, text: str, seen: int = 0, by: Actor = ANA, pool: int | None = 260) -> int:
    pin_note(company, pool, "Orders", text, seen, by=by)
    note = note_on(company, pool)
    return note.entry if note else 0


def texts_on_record() -> list[tuple[str, str, list[str | None]]]:
    entries = Entry.objects.order_by("seq")
    return [(e.action, e.pool_id, json.loads(e.facts)["changed"]["note"]) for e in entries]


def test_a_note_says_who_wrote_it_and_when(acme: Company) -> None:
    seen = pin(acme, "tier 1: never above 5")
    note = note_on(acme, 260)
    assert note is not None
    entry = Entry.objects.get(seq=seen)
    assert (note.text, note.written_by, note.written_at) == (
        "tier 1: never above 5",
        "ana",
        entry.at,
    )


def test_the_ledger_keeps_the_old_and_the_new_text(acme: Company) -> None:
    first = pin(acme, "one")
    second = pin(acme, "two", first, BEN)
    pin(acme, "", second)
    assert note_on(acme, 260) is None
    assert texts_on_record() == [
        ("note_pinned", "260", [None, "one"]),
        ("note_pinned", "260", ["one", "two"]),
        ("note_removed", "260", ["two", None]),
    ]


def test_who_comes_second_is_told_what_it_says_now_and_by_whom(acme: Company) -> None:
    seen = pin(acme, "one")
    pin(acme, "Ben's", seen, BEN)
    with pytest.raises(NoteChanged) as told:
        pin(acme, "Ana's", seen)
    assert told.value.now is not None
    assert (told.value.now.text, told.value.by) == ("Ben's", "ben")
    assert [each[2] for each in texts_on_record()] == [[None, "one"], ["one", "Ben's"]]


def test_who_comes_second_is_told_who_removed_it(acme: Company) -> None:
    seen = pin(acme, "one")
    pin(acme, "", seen, BEN)
    with pytest.raises(NoteChanged) as told:
        pin(acme, "two", seen)
    assert (told.value.now, told.value.by) == (None, "ben")


def test_two_who_write_the_same_are_of_one_mind(acme: Company) -> None:
    pin(acme, "one")
    assert not pin_note(acme, 260, "Orders", "one", 0, by=BEN)
    assert len(texts_on_record()) == 1


def test_a_pool_and_its_company_have_a_note_each_and_another_origin_has_none(
    acme: Company,
) -> None:
    pin(acme, "of the pool")
    pin(acme, "of the company", pool=None)
    assert {place: note.text for place, note in notes_on(acme, [None, 260, 261]).items()} == {
        None: "of the company",
        260: "of the pool",
    }
    acme.origin = 2
    assert {place: note.text for place, note in notes_on(acme, [None, 260]).items()} == {
        None: "of the company"
    }
