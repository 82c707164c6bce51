"""Lists of changes in the record: one line for each, which says what became of all of it.

Only the ledger is asked: it still knows of a list whose company is gone.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.db import connection

from pools.changes.entries import Recorded, Sql
from pools.changes.entry_contents import facts_in
from pools.changes.filtering import Filters
from pools.changes.history import HistoryItem
from pools.changes.paging import of_items
from pools.changes.state import ChangeState, last_word, outcome_at
from pools.models.batch import Source
from pools.models.stored import AS_STORED, read_moment
from pools.models.vocabulary import Kind, Outcome, Verdict

# What a list shows of itself first: which event says so.
FROZEN: Final = "batch_frozen"
# The whole of a list is shown at once: it has no more.
LONGEST_LIST: Final = 500
# What the lines have in common for which one stands: the list, the company, who, and why.
Key: TypeAlias = tuple[UUID, str, str, str]
MARK: Final = "list"
_JOINED: Final = {"sqlite": "group_concat", "postgresql": "string_agg"}
# Beside a line: each change that it stands for by its outcome and its verdict, or by when it began
# where there is neither; then what was recorded of the list. So it costs no statement of its own.
_OUTCOME_OF: Final = (
    "(SELECT ended.outcome FROM pools_entry AS ended"
    " WHERE ended.change = item.change AND ended.kind = '{}' LIMIT 1)"
)
_TOLD: Final = f"""
CASE WHEN pools_entry.batch IS NOT NULL AND pools_entry.seq IN ({{seqs}}) THEN (
  SELECT {{joined}}(
    COALESCE({_OUTCOME_OF.format(Kind.OUTCOME)}, '') || '/'
    || COALESCE({_OUTCOME_OF.format(Kind.SETTLED)}, '') || '/' || {{at}}, ','
  )
  FROM pools_entry AS item
  WHERE item.batch = pools_entry.batch AND item.kind = '{Kind.INTENT}'
  AND item.company = pools_entry.company AND item.actor_name = pools_entry.actor_name
  AND item.reason = pools_entry.reason{{wanted}}
) || '|' || COALESCE((
  SELECT frozen.facts FROM pools_entry AS frozen
  WHERE frozen.batch = pools_entry.batch AND frozen.kind = '{Kind.EVENT}'
  AND frozen.action = '{FROZEN}' LIMIT 1
), '') END
"""  # noqa: S608  # nosec B608
_WORDS: Final[Mapping[str, Outcome | Verdict]] = {str(each): each for each in (*Outcome, *Verdict)}


@dataclass(frozen=True, slots=True)
class Folded:
    """The changes of a list that fit what was asked for, by the last word on each.

    `frozen` is what was recorded of the list before anything was sent: empty where that can't be
    read.
    """

    batch: UUID
    counts: Mapping[ChangeState, int]
    frozen: Mapping[str, Any]

    @property
    def number(self) -> int:
        return sum(self.counts.values())


def tells_items_apart(filters: Filters) -> bool:
    """Whether what is asked for may be some pools of a list: these are then lines of their own."""
    return bool(filters.pool or filters.outcome or filters.events)


def marks_of(filters: Filters, numbers: Collection[int]) -> Mapping[str, Sql]:
    """What is asked beside the lines with these numbers, where they stand for a list."""
    if not numbers:
        return {}
    wanted, given = of_items("item", filters)
    vendor = connection.vendor
    sql = _TOLD.format(
        seqs=", ".join(["%s"] * len(numbers)),
        joined=_JOINED[vendor],
        at=f"CAST({AS_STORED[vendor].format('item.at')} AS text)",
        wanted=wanted,
    )
    return {MARK: (sql, [*numbers, *given])}


def key_of(company: str, item: HistoryItem) -> Key | None:
    """What tells the line that a change is folded into; None for one that is of no list."""
    return None if item.batch is None else (item.batch, company, item.actor_name, item.reason)


def folded(entry: Recorded, batch: UUID | None) -> Folded | None:
    """What the line of an entry stands for, if that is more than itself."""
    told = entry.marks.get(MARK)
    if batch is None or not isinstance(told, str):
        return None
    changes, _, facts = told.partition("|")
    counts = Counter(_state(each, entry.now) for each in changes.split(","))
    return Folded(batch, counts, facts_in(facts)) if counts.total() > 1 else None


def reverted_by(frozen: Mapping[str, Any]) -> UUID | None:
    """The list that this one reverts, by what was recorded of it; None where it is no revert."""
    if frozen.get("list") != Source.REVERT:
        return None
    try:
        return UUID(str(frozen.get("from_list")))
    except ValueError:
        return None  # an entry that was altered


def _state(told: str, now: datetime) -> ChangeState:
    outcome, verdict, at = (*told.split("/", 2), "", "")[:3]
    word = last_word(_WORDS.get(outcome), _WORDS.get(verdict))
    if word is None and outcome + verdict:
        return ChangeState.UNREADABLE  # an entry that was altered
    begun = read_moment(at)
    ended = outcome_at(now, begun if isinstance(begun, datetime) else None, word)
    return ChangeState(ended) if ended else ChangeState.UNDER_WAY
