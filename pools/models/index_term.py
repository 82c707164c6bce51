"""What a change can be found by, beside the columns of its entries.

An index over the ledger, made from it alone and written with it: no evidence, and no
place for anything that the ledger does not say. Only the ledger proves what happened.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from django.db import models

from pools.models.entry import Entry, Kind

LONGEST_WORD: Final = 50
MOST_WORDS: Final = 300
# The entries that a list has a line for; the others say more about one of these.
LINES: Final = frozenset({Kind.INTENT, Kind.DRIFT, Kind.EVENT})
_WORD: Final = re.compile(r"[^\W_]+")


class IndexTerm(models.Model):
    """One term of one line of the record: an intent, an outside change, or an event.

    `at` and `seq` are the line's own, also for what a later entry adds to it. The terms of
    a change are `reason:<word>`, `name:<word>` (of the pool), `pool:<id>` and
    `outcome:<outcome>`; done is not among them, being nearly all. A settled change keeps
    the term of what it was before: who reads the index looks at the entries for the last
    word. A change that takes another back has `reverts:<id of that change>`. The terms of
    an event are `event:<word>` (of its reason).
    """

    pk = models.CompositePrimaryKey("term", "at", "seq")
    term = models.CharField(max_length=60)
    at = models.DateTimeField()
    seq = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.seq} {self.term}"


def words_of(text: str) -> list[str]:
    """The different words of a text, in the form in which they are compared."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    words = dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(folded))
    return list(islice(words, MOST_WORDS))


def terms_of(entry: Entry) -> Iterator[str]:
    """The terms that an entry adds to its line."""
    if entry.kind in LINES:
        facet = "event" if entry.kind == Kind.EVENT else "reason"
        yield from (f"{facet}:{word}" for word in words_of(entry.reason))
        yield from (f"name:{word}" for word in words_of(entry.pool_name))
    ended = entry.kind in {Kind.OUTCOME, Kind.SETTLED}
    # A new pool has no id before its outcome.
    if entry.pool_id and (entry.kind in LINES or (ended and entry.action == "create")):
        yield f"pool:{entry.pool_id}"
    if ended and entry.outcome not in {"", "done"}:
        yield f"outcome:{entry.outcome}"
    if entry.kind == Kind.INTENT and (reverts := json.loads(entry.facts).get("reverts")):
        yield f"reverts:{reverts}"
    if entry.kind == Kind.RELEASED:
        # Only what is unknown is released; its outcome may never have been written.
        yield "outcome:unknown"


def index(entries: Iterable[Entry]) -> None:
    """Adds the terms of entries that are on the ledger, in the caller's transaction."""
    terms = []
    for entry in entries:
        found = list(terms_of(entry))
        line = _line_of(entry) if found else None
        if line is not None:
            terms += [IndexTerm(term=term, at=line[0], seq=line[1]) for term in found]
    IndexTerm.objects.bulk_create(terms, ignore_conflicts=True)


def _line_of(entry: Entry) -> tuple[datetime, int] | None:
    if entry.kind in LINES:
        return entry.at, entry.seq
    intents = Entry.objects.filter(change=entry.change, kind=Kind.INTENT)
    return intents.values_list("at", "seq").first()
