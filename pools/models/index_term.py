"""What a change can be found by, beside the columns of its entries.

An index over the ledger, made from it alone and written with it: no evidence, and no
place for anything that the ledger does not say. Only the ledger proves what happened.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby, islice, pairwise
from typing import Final

from django.db import models

from pools.models.entry import Entry
from pools.models.reference import PoolReference
from pools.models.stored import MomentField
from pools.models.vocabulary import Action, Kind, Outcome, Readback

LONGEST_WORD: Final = 50
# The different words of 1,000 characters, of any script.
MOST_WORDS: Final = 2000
# The entries that a list has a line for; the others say more about one of these.
LINES: Final = frozenset({Kind.INTENT, Kind.DRIFT, Kind.EVENT})
# What a change is found by that was done and could not be read back.
UNREAD: Final = f"readback:{Readback.NOT_READ}"
# Scripts whose words stand together without blanks, or with endings that are no words of
# their own: Thai, Lao, Myanmar, Khmer, Tai; kana, bopomofo, Han; Hangul. Nobody here knows
# where a word ends in them, so that each character and each two neighbours can be found.
_UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u3005-\u3007"
    r"\u3040-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    r"\U00020000-\U0003ffff]"
)
_VARIATION_SELECTORS: Final = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class IndexTerm(models.Model):
    """One term of one line of the record: an intent, an outside change, or an event.

    `at` and `seq` are the line's own, also for what a later entry adds to it. The terms of
    a change are `reason:<word>`, `name:<word>` (of the pool), `pool:<id>` and
    `outcome:<outcome>`; done is not among them, being nearly all. A settled change keeps
    the term of what it was before: readers of the index look at the entries for the
    last word. A change that reverts another has `reverts:<id of that change>`, one that could
    not be read back `readback:not_read`, also once it was read later. The terms of an event
    are `event:<word>` (of its reason).
    """

    pk = models.CompositePrimaryKey("term", "at", "seq")
    term = models.CharField(max_length=60)
    at = MomentField()
    seq = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.seq} {self.term}"


def folded(text: str) -> str:
    """A text in the form in which texts are compared: without regard to case and width."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def words_of(text: str) -> list[str]:
    """The different words of a text, each as it can be found."""
    different: dict[str, None] = {}
    for unspaced, run in _runs(text):
        words = [*run, *map("".join, pairwise(run))] if unspaced else [run[:LONGEST_WORD]]
        different |= dict.fromkeys(words)
    return list(islice(different, MOST_WORDS))


def words_sought(text: str) -> list[str]:
    """The words that a text has if it holds those of the typed one: no more than it takes."""
    different: dict[str, None] = {}
    for unspaced, run in _runs(text):
        pairs = list(map("".join, pairwise(run))) if unspaced else []
        different |= dict.fromkeys(pairs or [run[:LONGEST_WORD]])
    return list(islice(different, MOST_WORDS))


def words_between(text: str) -> list[str]:
    """The words of a text in order, each whole: one of a script without blanks is as it stands."""
    return [run for _, run in _runs(text)]


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    """Characters without a break, and whether their script has no blanks between words."""
    for unspaced, run in groupby(_VARIATION_SELECTORS.sub("", folded(text)), key=_unspaced):
        word = "".join(run)
        if unspaced is not None and any(map(str.isalnum, word)):
            yield unspaced, word


def _unspaced(character: str) -> bool | None:
    """None for what parts words. Marks belong to the letter that they stand at."""
    if unicodedata.category(character)[0] not in "LNM":
        return None
    return _UNSPACED.match(character) is not None


def terms_of(entry: Entry) -> Iterator[str]:
    """The terms that an entry adds to its line."""
    if entry.kind in LINES:
        facet = "event" if entry.kind == Kind.EVENT else "reason"
        yield from (f"{facet}:{word}" for word in words_of(entry.reason))
        yield from (f"name:{word}" for word in words_of(entry.pool_name))
    ended = entry.kind in {Kind.OUTCOME, Kind.SETTLED}
    # A new pool has no id before its outcome.
    number = PoolReference.read(entry.pool_id).pool_id
    if number is not None and (entry.kind in LINES or (ended and entry.action == Action.CREATE)):
        yield f"pool:{number}"
    if ended and entry.outcome not in {"", Outcome.DONE}:
        yield f"outcome:{entry.outcome}"
    if entry.kind == Kind.INTENT and (reverts := json.loads(entry.facts).get("reverts")):
        yield f"reverts:{reverts}"
    if entry.kind == Kind.READBACK and entry.outcome == Readback.NOT_READ:
        yield UNREAD
    if entry.kind == Kind.RELEASED:
        # Only what is unknown is released; its outcome may never have been written.
        yield f"outcome:{Outcome.UNKNOWN}"


def index(entries: Iterable[Entry]) -> None:
    """Adds the terms of entries that are on the ledger, in the caller's transaction."""
    terms = []
    for entry in entries:
        own = list(terms_of(entry))
        line = _line_of(entry) if own else None
        if line is not None:
            terms += [IndexTerm(term=term, at=line[0], seq=line[1]) for term in own]
    IndexTerm.objects.bulk_create(terms, ignore_conflicts=True)


def _line_of(entry: Entry) -> tuple[datetime, int] | None:
    if entry.kind in LINES:
        return entry.at, entry.seq
    intents = Entry.objects.filter(change=entry.change, kind=Kind.INTENT)
    return intents.values_list("at", "seq").first()
