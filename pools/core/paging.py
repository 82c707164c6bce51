"""Where a page of the list stands, and in which order: told by Core, or seen from its rows.

Core's links are read for what they say, and never followed.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from pools.core.comparing import has_wildcard, loosely, with_symbols
from pools.core.numbers import count
from pools.core.schema import Page, Pool, PoolQuery, Sort

# Databases sort names by rules of their own, and none puts so many, or a third of all
# neighbours, the other way.
_FEW: Final = 2


def placed(pools: tuple[Pool, ...], answer: Mapping[str, Any], query: PoolQuery) -> Page:
    """A page of these pools, which `answer` holds.

    What Core tells of the page is in `meta` and `links`, or, where it gives Laravel's own
    paginator away, in the answer itself.
    """
    meta = answer["meta"] if isinstance(answer.get("meta"), dict) else answer
    links = answer["links"] if isinstance(answer.get("links"), dict) else {}
    told = count(meta.get("current_page"), 0)
    per_page = count(meta.get("per_page"), 1) or query.per_page
    all_at_once = told is None and len(pools) > per_page
    numbered = not all_at_once and not _is_by_cursor(meta, links)
    number = 1 if not numbered else query.page if told is None else told
    per_page = max(per_page, len(pools))
    first = count(meta.get("from"), 1) or max(number - 1, 0) * per_page + 1
    total = count(meta.get("total"), 0)
    if total is not None and pools and total < first + len(pools) - 1:
        total = None
    strangers = _strangers(pools, query.search)
    return Page(
        pools=pools,
        number=number,
        per_page=per_page,
        first=first,
        total=total,
        last_page=count(meta.get("last_page"), 1),
        more=False if all_at_once else _more(meta, links),
        numbered=numbered,
        sort=query.sort if query.sort and not _strays(pools, query.sort) else None,
        searched=bool(query.search) and not strangers,
        strangers=strangers,
    )


def _is_by_cursor(meta: Mapping[str, Any], links: Mapping[str, Any]) -> bool:
    """Whether pages hang together by a mark in their links, so that a number finds none."""
    told = "next_cursor" in meta or "prev_cursor" in meta
    return told or any("cursor=" in str(links.get(name)) for name in ("next", "prev"))


def _more(meta: Mapping[str, Any], links: Mapping[str, Any]) -> bool | None:
    """Whether Core names a page after this one. None: it says nothing of that."""
    for place, name in ((links, "next"), (meta, "next_page_url"), (meta, "next_cursor")):
        if name in place:
            return bool(place[name])
    return None


def _strays(pools: tuple[Pool, ...], sort: Sort) -> bool:
    """Whether rows stand in another order than this: only what can be seen without a doubt."""
    field, descending = sort.removeprefix("-"), sort.startswith("-")
    values = [_key(getattr(pool, field)) for pool in pools]
    pairs = list(pairwise(value for value in values if value is not None))
    if descending:
        pairs = [(later, earlier) for earlier, later in pairs]
    wrong = sum(1 for earlier, later in pairs if earlier > later)
    allowed = max(_FEW, len(pairs) // 3) if field == Sort.NAME else 0
    return wrong > allowed


def _key(value: Any) -> Any:
    return loosely(value) if isinstance(value, str) else value


def _strangers(pools: tuple[Pool, ...], search: str) -> int:
    """How many rows lack each term of a search, however loosely they are compared.

    Of a term that has a wildcard of a database's, or nothing else, its symbols count, too: a Core
    that doesn't escape them finds more than was typed.
    """
    terms = []
    for term in search.split(","):
        fold = with_symbols if has_wildcard(term) or not loosely(term) else loosely
        terms.append((fold, fold(term)))
    if not all(text for _, text in terms):
        return 0  # a term of nothing that can be compared
    names = [pool.name for pool in pools if pool.name is not None]
    return sum(not any(text in fold(name) for fold, text in terms) for name in names)
