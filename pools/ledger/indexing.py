"""Whether the index finds each entry by what it says; and adding what it lacks.

The index proves nothing, but pages and exports that are narrowed rest on it: a term that was
removed or altered hides a change from them, and from nothing else. A term too many hides
nothing: whatever it finds is read from the ledger.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from pools.ledger.chain import CHUNK, fetched
from pools.models.entry import Entry
from pools.models.index_term import LINES, index, terms_of
from pools.models.vocabulary import Kind

# The terms, of those wanted, that a line is not found by. Its time is compared as both store
# it: the same moment in another spelling is another place in the index.
_WANTED: Final = {
    "sqlite": (
        "SELECT json_extract(value, '$[0]') AS seq, json_extract(value, '$[1]') AS term"
        " FROM json_each(%s)"
    ),
    "postgresql": (
        "SELECT (value->>0)::bigint AS seq, value->>1 AS term FROM json_array_elements(%s::json)"
    ),
}
_LACKING: Final = (
    "SELECT wanted.seq, wanted.term FROM ({wanted}) AS wanted"
    " JOIN pools_entry ON pools_entry.seq = wanted.seq"
    " WHERE NOT EXISTS (SELECT 1 FROM pools_indexterm"
    " WHERE pools_indexterm.term = wanted.term AND pools_indexterm.at = pools_entry.at"
    " AND pools_indexterm.seq = wanted.seq) ORDER BY wanted.seq, wanted.term"
)


class Lost(NamedTuple):
    """A line of the record, by its entry's number, that is not found by one of its terms."""

    seq: int
    term: str


def lost(first: int = 1) -> Iterator[Lost]:
    """What the index lacks of the entries from one on, in order of those. Raises django.db.Error.

    An entry that cannot be read has no terms; the proof of the ledger names it.
    """
    for entries in _chunks(first):
        yield from _lacking(entries)


def add_missing_terms() -> int:
    """Adds all that the index lacks; the number of terms. Raises django.db.Error."""
    added = 0
    for entries in _chunks(1):
        with transaction.atomic():
            if lacking := _lacking(entries):
                added += len(lacking)
                index(entry for entry in entries if _terms(entry))
    return added


def _chunks(first: int) -> Iterator[list[Entry]]:
    after = first - 1
    while entries := list(Entry.objects.filter(seq__gt=after).order_by("seq")[:CHUNK]):
        yield entries
        after = entries[-1].seq


def _lacking(entries: Sequence[Entry]) -> list[Lost]:
    lines = _lines(entries)
    wanted = [
        [line, term]
        for entry in entries
        if (line := lines.get(entry.seq)) is not None
        for term in _terms(entry)
    ]
    statement = _LACKING.format(wanted=_WANTED[connection.vendor])
    return [Lost(*row) for row in fetched(statement, [json.dumps(wanted)])]


def _lines(entries: Sequence[Entry]) -> dict[int, int]:
    """The entry, by its number, whose line each entry adds to."""
    adding: dict[Any, list[int]] = {}
    for entry in entries:
        if entry.kind not in LINES and entry.change is not None:
            adding.setdefault(entry.change, []).append(entry.seq)
    intents = Entry.objects.filter(kind=Kind.INTENT, change__in=list(adding))
    lines = {entry.seq: entry.seq for entry in entries if entry.kind in LINES}
    for change, seq in intents.values_list("change", "seq"):
        lines |= dict.fromkeys(adding.get(change, ()), seq)
    return lines


def _terms(entry: Entry) -> list[str]:
    if not isinstance(entry.at, datetime):
        return []
    try:
        return list(terms_of(entry))
    except (ValueError, TypeError, AttributeError):
        return []
