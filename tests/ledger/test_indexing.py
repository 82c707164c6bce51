"""The index finds each entry by what it says, or that is told and mended."""

from io import StringIO
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from pools.ledger.indexing import lost
from pools.models import IndexTerm
from tests.fixtures.ledger import append_events, tamper, verify_audit
from tests.ledger.telling import Panel

pytestmark = pytest.mark.django_db


def execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def index_ledger() -> str:
    said = StringIO()
    call_command("index_ledger", stdout=said, no_color=True)
    return said.getvalue()


def all_terms() -> set[tuple[Any, ...]]:
    return set(IndexTerm.objects.values_list())


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lacking_of_what_the_panel_writes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pools.ledger.indexing.CHUNK", 7)
    Panel(Random(seed)).write(60)
    assert list(lost()) == []
    assert index_ledger() == "The index is complete.\n"


def test_the_terms_of_a_whole_index_are_added_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pools.ledger.indexing.CHUNK", 7)
    Panel(Random(4)).write(60)
    before = all_terms()
    IndexTerm.objects.all().delete()
    assert index_ledger().startswith("Added to the index: ")
    assert all_terms() == before


ALTERED = {
    "removed": "DELETE FROM pools_indexterm WHERE term = 'event:reason' AND seq = 2",
    "another term": "UPDATE pools_indexterm SET term = 'event:x' WHERE term = 'event:reason'"
    " AND seq = 2",
    # Not 3: entries of one moment have the same time, and a term stands there once.
    "another line": "UPDATE pools_indexterm SET seq = 9 WHERE term = 'event:reason' AND seq = 2",
    "another time": "UPDATE pools_indexterm SET at = '2020-01-01 00:00:00.5'"
    " WHERE term = 'event:reason' AND seq = 2",
}
ON_SQLITE = {
    "time as bytes": "UPDATE pools_indexterm SET at = CAST(at AS BLOB)"
    " WHERE term = 'event:reason' AND seq = 2",
    "time with a T": "UPDATE pools_indexterm SET at = replace(at, ' ', 'T')"
    " WHERE term = 'event:reason' AND seq = 2",
    "term as bytes": "UPDATE pools_indexterm SET term = CAST(term AS BLOB)"
    " WHERE term = 'event:reason' AND seq = 2",
}
if connection.vendor == "sqlite":
    ALTERED |= ON_SQLITE


@pytest.mark.parametrize("statement", ALTERED.values(), ids=ALTERED.keys())
def test_what_the_index_lacks_is_named_and_mended(statement: str) -> None:
    append_events(3)
    execute(statement)
    code, said = verify_audit("--index")
    assert code == 1
    assert "The index lacks event:reason for entry 2.\n" in said
    assert "`manage.py index_ledger` adds what is missing.\n" in said
    assert index_ledger() == "Added to the index: 1 term.\n"
    code, said = verify_audit("--index")
    assert (code, "not found" in said) == (0, False)


def test_the_index_is_looked_at_when_that_is_asked_for() -> None:
    append_events(1)
    IndexTerm.objects.all().delete()
    assert verify_audit()[0] == 0
    assert verify_audit("--index")[0] == 1


def test_what_a_later_entry_adds_to_a_line_is_looked_for_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pools.ledger.indexing.CHUNK", 3)
    Panel(Random(1)).write(60)
    term = IndexTerm.objects.filter(term__startswith="outcome:").first()
    assert term is not None
    IndexTerm.objects.filter(term=term.term, seq=term.seq).delete()
    assert {tuple(each) for each in lost()} == {(term.seq, term.term)}


def test_an_entry_that_cannot_be_read_hides_no_other() -> None:
    panel = Panel(Random(2))
    with transaction.atomic():
        for _ in range(3):
            panel.begin()
    tamper("UPDATE pools_entry SET facts = 'no' WHERE seq = 2")
    IndexTerm.objects.filter(seq=3).delete()
    assert {each.seq for each in lost()} == {3}
