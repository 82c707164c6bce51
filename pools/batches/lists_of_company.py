"""The lists of a company, newest first, each with what became of it: two statements for all."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import CharField, Count, Exists, OuterRef, Q, Value

from pools.batches.progress import FOUND, End
from pools.changes.state import ChangeState
from pools.models import Batch, BatchItem, Company, Entry
from pools.models.vocabulary import Kind, Outcome

_ITEM: Final = "item"


@dataclass(frozen=True, slots=True)
class Listed:
    """A list in one line. `counts`: what was begun and has no outcome yet is not known."""

    batch: Batch
    counts: Counter[End]


def lists_of(company: Company, page: int, lines: int) -> tuple[list[Listed], bool]:
    """A page of so many lines, and whether there are more."""
    begin = (page - 1) * lines
    batches = list(
        Batch.objects.filter(company=company).order_by("-made_at")[begin : begin + lines + 1]
    )
    shown = batches[:lines]
    counts: dict[UUID, Counter[End]] = {batch.pk: Counter() for batch in shown}
    for batch, kind, word, stopped, number in _rows(list(counts)):
        _count(counts[batch], kind, word, stopped, number)
    return [Listed(batch, counts[batch.pk]) for batch in shown], len(batches) > lines


def _rows(ids: list[UUID]) -> Any:
    """How many items there are of each kind, and how many entries of each outcome."""
    if not ids:
        return []
    kind: Any = Value(_ITEM, output_field=CharField())
    items = BatchItem.objects.filter(batch__in=ids).order_by().annotate(what=kind)
    nothing: Any = Value("", output_field=CharField())
    of_lists = Entry.objects.filter(batch__in=ids)
    # What Core itself said of a change outranks what settling found.
    clear = Entry.objects.filter(change=OuterRef("change"), kind=Kind.OUTCOME)
    found = Q(kind=Kind.SETTLED, outcome__in=list(FOUND)) & ~Exists(
        clear.exclude(outcome=Outcome.UNKNOWN)
    )
    entries = of_lists.filter(Q(kind__in=[Kind.INTENT, Kind.OUTCOME]) | found)
    of_items = items.values("batch_id", "what", "left_out", "stopped").annotate(number=Count("pk"))
    of_entries = (
        entries.order_by()
        .annotate(nothing=nothing)
        .values("batch", "kind", "outcome", "nothing")
        .annotate(number=Count("pk"))
    )
    return of_items.values_list("batch_id", "what", "left_out", "stopped", "number").union(
        of_entries.values_list("batch", "kind", "outcome", "nothing", "number"), all=True
    )


def _count(count: Counter[End], kind: str, word: str, stopped: str, number: int) -> None:
    """Items as if none had been sent; those that were are counted by their outcome instead."""
    if kind == _ITEM:
        end = End.LEFT_OUT if word else End.NOT_SENT if stopped else End.WAITING
        count[end] += number
    elif kind == Kind.INTENT:
        count[End.WAITING] -= number
        count[End.UNKNOWN] += number
    else:
        count[End.UNKNOWN] -= number
        count[FOUND[ChangeState(word)] if kind == Kind.SETTLED else End(word)] += number
