"""Which of a pool's connectors have the words that it was found by."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from pools.catalogue import connectors
from pools.catalogue.finding import LONGEST_QUERY
from pools.catalogue.normalizing import searchable, words_in
from pools.catalogue.typos import SHORTEST_FORGIVEN, begins_nearly
from pools.core import Connector
from pools.models import SeenPool


@dataclass(frozen=True, slots=True)
class Matches:
    """Connectors with what was typed, those with most of it first.

    `spread`: the words are in different connectors, and no one of them has all.
    """

    connectors: tuple[Connector, ...] = ()
    spread: bool = False


def matches_in(pool: SeenPool, typed: str, *, near: bool) -> Matches:
    """Those that have the most words; and, where a word is nowhere else, those that have it.

    Words of the company's name say nothing of a connector. `near` as Find has it.
    """
    words = set(words_in(typed[:LONGEST_QUERY])) - _of_company(pool, typed)
    attached = tuple(dict.fromkeys(connectors.read(pool.connectors) or ()))
    if not words or not attached:
        return Matches()
    has = {each: _words_had(words, [each.name or "", str(each.id)], near) for each in attached}
    most = max(map(len, has.values()))
    if not most:
        return Matches()
    best = {each for each, had in has.items() if len(had) == most}
    systems = connectors.systems(attached).values()
    told = _words_had(words, [pool.name or "", str(pool.pool_id), *systems], near)
    left = words - told - set().union(*(has[each] for each in best))
    shown = [each for each in attached if each in best or has[each] & left]
    shown.sort(key=lambda each: -len(has[each]))
    covered = set().union(*(has[each] for each in shown))
    return Matches(tuple(shown), spread=len(covered) > most and bool(covered - told))


def _of_company(pool: SeenPool, typed: str) -> set[str]:
    company = searchable([pool.company.name, pool.company.slug])
    return {word for word in words_in(typed) if word in company}


def _words_had(words: Collection[str], texts: list[str], near: bool) -> set[str]:
    said = searchable(texts)
    return {word for word in words if word in said or (near and _is_close(word, said))}


def _is_close(word: str, said: str) -> bool:
    judge: Callable[[str], bool] = partial(begins_nearly, word)
    return len(word) >= SHORTEST_FORGIVEN and any(map(judge, said.split()))
