"""Finding pools by what a ticket says: words in any order, over all that is known of a pool.

Nothing is asked of Core. Every word has to be in what a pool is found by (its name, id,
systems, connectors, note) or in its company's name. Where no pool has them all, one letter of
each longer word may be wrong, missing, too many, or in its neighbour's place.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce
from operator import and_, or_
from typing import Final

from django.db.models import Case, Q, QuerySet, Value, When

from pools.catalogue.normalizing import searchable, words_in
from pools.catalogue.typos import SHORTEST_FORGIVEN, begins_nearly, intact, nearly_at
from pools.models import Company, SeenPool

MOST_FOUND: Final = 20
# What somebody types is no longer; what they paste may be.
LONGEST_QUERY: Final = 200
# How many pools that share half of a word are compared letter by letter.
MOST_COMPARED: Final = 2000
_LONGEST_ID: Final = 18


@dataclass(frozen=True, slots=True)
class Found:
    """Pools that were found, best first. `more`: there are others; `near`: not quite as typed."""

    pools: list[SeenPool]
    more: bool = False
    near: bool = False


def find_pools(companies: Iterable[Company], typed: str, most: int = MOST_FOUND) -> Found:
    """At most so many pools of these companies, where they are now, that have the words typed."""
    among = {company.pk: company for company in companies}
    words = list(dict.fromkeys(words_in(typed[:LONGEST_QUERY])))
    if not words or not among:
        return Found([])
    named = {pk: searchable([company.name, company.slug]) for pk, company in among.items()}
    here = _where_they_are(among.values())
    exact = here.filter(reduce(and_, (_has(word, named) for word in words)))
    rows = list(_best_first(exact, words)[: most + 1])
    near = not rows and any(len(word) >= SHORTEST_FORGIVEN for word in words)
    if near:
        rows = _nearly(here, words, named, most + 1)
    for row in rows:
        row.company = among[row.company_id]
    return Found(rows[:most], more=len(rows) > most, near=near and bool(rows))


def is_in(typed: str, text: str) -> bool:
    """Whether a text has every word that was typed, as it stands there."""
    words, said = words_in(typed[:LONGEST_QUERY]), searchable([text])
    return bool(words) and all(word in said for word in words)


def _where_they_are(companies: Iterable[Company]) -> QuerySet[SeenPool]:
    """What is known of their pools at their present origins."""
    of_origin = defaultdict(list)
    for company in companies:
        of_origin[company.origin].append(company.pk)
    parts = (Q(origin=origin, company_id__in=pks) for origin, pks in of_origin.items())
    return SeenPool.objects.filter(reduce(or_, parts))


def _has(word: str, named: Mapping[int, str]) -> Q:
    """A pool has a word itself, or its company has it in its name."""
    companies = [pk for pk, words in named.items() if word in words]
    return Q(words__contains=word) | Q(company_id__in=companies)


def _best_first(pools: QuerySet[SeenPool], words: Sequence[str]) -> QuerySet[SeenPool]:
    """The pool of that id, then those whose name begins so, then where a word begins so."""
    numbers = [int(word) for word in words if _is_id(word)]
    rank = Case(
        When(pool_id__in=numbers, then=Value(0)),
        When(words__startswith=" " + " ".join(words), then=Value(1)),
        When(words__startswith=f" {words[0]}", then=Value(2)),
        When(words__contains=f" {words[0]}", then=Value(3)),
        default=Value(4),
    )
    return pools.alias(rank=rank).order_by("rank", "words", "pk")


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= _LONGEST_ID


def _nearly(
    pools: QuerySet[SeenPool], words: Sequence[str], named: Mapping[int, str], most: int
) -> list[SeenPool]:
    """Pools that have each word but for one letter; those with them in their names first.

    One wrong letter leaves one half of a word whole, so the database looks for halves; only
    what has one is compared. Two letters of different halves that changed places leave none:
    that word is looked for as it would then be.
    """
    conditions = (reduce(or_, (_has(part, named) for part in intact(word))) for word in words)
    candidates = pools.filter(reduce(and_, conditions)).order_by("pk")
    some = candidates.values_list("pk", "company_id", "words")[:MOST_COMPARED]
    # Most pools are made of the same words.
    judged = {word: cache(partial(begins_nearly, word)) for word in words}
    found = {}
    for pk, company, said in some.iterator(chunk_size=100):
        texts = said.split()
        at = [nearly_at(word, texts, named[company], judged[word]) for word in words]
        places = [each for each in at if each is not None]
        if len(places) == len(words):
            found[pk] = (max(places), said)
    first = sorted(found, key=found.__getitem__)[:most]
    rows = SeenPool.objects.in_bulk(first)
    return [rows[pk] for pk in first if pk in rows]
