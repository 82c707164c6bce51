"""Reading pools: the list and one pool whole."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from pools.changes import HistoryItem, drift, history_of, last_changes, open_changes
from pools.core import Connector, CoreClient, NotFound, Page, Pool, PoolQuery, Sort
from pools.guards import needs
from pools.models import Company
from pools.presentation import Problem
from pools.views.entries import entries_of
from pools.views.rendering import fragment_wanted, show
from pools.views.workplace import READING, Workplace, enter

PAGE_SIZES: Final = (10, 25, 50, 100)
PARAMETERS: Final = frozenset({"search", "sort", "page", "per_page"})
LARGEST_PAGE: Final = 10**9
LONGEST_SEARCH: Final = 255
SLOW_SECONDS: Final = 2.0
UNNAMED_SYSTEM: Final = "System not named"
# Label, the sort that Core knows for it (None: Core cannot), and the cell's kind.
COLUMNS: Final = (
    ("Name", Sort.NAME, "name"),
    ("Limit", Sort.LIMIT, "number"),
    ("Timeout", None, "number"),
    ("Connectors", None, "connectors"),
    ("Created", Sort.CREATED, "date"),
    ("Updated", None, "date"),
    ("Last change", None, "change"),
)


class BadAddress(ValueError):
    """The address asks for something that the list does not have; the text says what."""


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool as a line of the table. An address that is empty is not offered."""

    id: int | None
    name: str | None
    limit: int | None
    timeout: int | None
    created_at: Any
    updated_at: Any
    unreadable: frozenset[str]
    connector_count: int | None
    system_names: list[str]
    last_change: HistoryItem | None
    held: bool
    detail_href: str
    edit_href: str
    clear_href: str
    delete_href: str


@needs("pools.view_pools")
def pool_list(request: HttpRequest, company: str) -> HttpResponse:
    """One question to Core, whose paging, order and search these are."""
    place = enter(request, company)
    context: dict[str, Any] = {"company": place.company, "may": place.may, "query": PoolQuery()}
    try:
        query = read_query(request.GET)
        context |= _addresses(request, query)
        with place.core() as core:
            page = drift.read_page(core, place.company, query)
    except BadAddress as error:
        return _list_problem(request, context, _bad_address(str(error), request.path))
    except READING as error:
        return _list_problem(request, context, place.problem(error))
    context |= _page_context(place, query, page) | times(core)
    return show(request, "pools/pool_list.html", context)


@needs("pools.view_pools")
def pool_detail(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    place = enter(request, company)
    unsettled = open_changes(place.company, pool)
    if unsettled and "poll" in request.GET and fragment_wanted(request):
        # Still held: the page stays as it is, and Core is not asked.
        return HttpResponse(status=204)
    hold = {"open_changes": unsettled, "held": bool(unsettled), "may": place.may}
    try:
        with place.core() as core:
            found = drift.read_pool(core, place.company, pool)
    except NotFound as error:
        past = history_of(place.company, pool)
        entries = entries_of(request, place.company, past, held=bool(unsettled), gone=True)
        return place.show_problem(error, history=entries, **hold)
    except READING as error:
        return place.show_problem(error, **hold)
    context = {
        "company": place.company,
        "pool": found,
        "connectors_known": found.connectors is not None,
        "systems": systems_of(found),
        "history": entries_of(
            request, place.company, history_of(place.company, pool), held=bool(unsettled)
        ),
        "token_notice": place.token_notice,
        "raw_json": json.dumps(found.raw, indent=2, ensure_ascii=False),
        "refresh_href": request.path,
        "list_href": reverse("pools:pool_list", args=[place.company.slug]),
        **hold,
        **_row_addresses(place, pool, bool(unsettled)),
        **times(core),
    }
    return show(request, "pools/pool.html", context)


def read_query(address: Mapping[str, str]) -> PoolQuery:
    """What the address asks. Anything that the list does not have raises BadAddress.

    A name that it does not know, too: whoever believes that they see a part of the list
    acts on the wrong pool.
    """
    if not PARAMETERS.issuperset(address):
        raise BadAddress("The list of pools knows search, sort, page and per_page only.")
    sort = address.get("sort", "")
    if sort and sort not in list(Sort):
        raise BadAddress("Pools can be sorted by name, limit and created only.")
    size = address.get("per_page", "25")
    if size not in map(str, PAGE_SIZES):
        raise BadAddress("Rows per page can be 10, 25, 50 or 100.")
    page = address.get("page", "1")
    if not (
        page.isascii() and page.isdigit() and len(page) <= 10 and 1 <= int(page) <= LARGEST_PAGE
    ):
        raise BadAddress("Pages are whole numbers from 1.")
    return PoolQuery(
        search=_search_of(address.get("search", "")),
        sort=Sort(sort) if sort else None,
        page=int(page),
        per_page=int(size),
    )


def _search_of(typed: str) -> str:
    """The terms as Core reads them: it takes the space after a comma for a part of a name."""
    if "\0" in typed:
        raise BadAddress("A search cannot hold a NUL character.")
    terms = (term.strip() for term in typed[:LONGEST_SEARCH].split(","))
    return ",".join(term for term in terms if term)


def systems_of(pool: Pool) -> list[dict[str, Any]]:
    """The pool's connectors by their system's name, in that order."""
    by_name: dict[str, list[Connector]] = {}
    for connector in pool.connectors or ():
        by_name.setdefault(_system_name(connector), []).append(connector)
    return [
        {"name": name, "connectors": by_name[name]} for name in sorted(by_name, key=str.casefold)
    ]


def times(core: CoreClient) -> dict[str, Any]:
    """When the page's facts were read, and how long Core took."""
    exchange = core.last_exchange
    if exchange is None:
        return {}
    return {
        "as_of": exchange.received_at,
        "took_seconds": exchange.took_seconds,
        "slow": exchange.took_seconds > SLOW_SECONDS,
    }


def _list_problem(request: HttpRequest, context: dict[str, Any], problem: Problem) -> HttpResponse:
    context |= {"state": "problem", "problem": problem}
    return show(request, "pools/pool_list.html", context, status=problem.status)


def _bad_address(sentence: str, path: str) -> Problem:
    return Problem(
        title="This address does not fit the list.",
        meaning=sentence,
        next_text="Start from the first page.",
        next_href=path,
        next_label="Pools",
        kind="warning",
        status=400,
    )


def _page_context(place: Workplace, query: PoolQuery, page: Page) -> dict[str, Any]:
    ids = [pool.id for pool in page.pools if pool.id is not None]
    changes = last_changes(place.company, ids)
    unsettled = open_changes(place.company)
    held = {change.pool_id for change in unsettled}
    first = (query.page - 1) * query.per_page + 1
    return {
        "state": _state(query, page),
        "rows": [_row(place, pool, changes, held) for pool in page.pools],
        "token_notice": place.token_notice,
        "open_changes": unsettled,
        "page_facts": {
            "first": first,
            "last": first + len(page.pools) - 1,
            "total": page.total,
            "number": query.page,
            "last_page": page.last_page,
        },
        **_neighbours(place.company, query, page),
    }


def _state(query: PoolQuery, page: Page) -> str:
    if page.pools:
        return "ok"
    if query.page > 1:
        return "past_end"
    return "no_match" if query.search else "empty"


def _row(
    place: Workplace, pool: Pool, changes: Mapping[int, HistoryItem], held: Iterable[int | None]
) -> PoolRow:
    return PoolRow(
        id=pool.id,
        name=pool.name,
        limit=pool.limit,
        timeout=pool.timeout,
        created_at=pool.created_at,
        updated_at=pool.updated_at,
        unreadable=pool.unreadable,
        connector_count=None if pool.connectors is None else len(pool.connectors),
        system_names=[system["name"] for system in systems_of(pool)],
        last_change=None if pool.id is None else changes.get(pool.id),
        held=pool.id is not None and pool.id in held,
        **_row_addresses(place, pool.id, pool.id in held),
    )


def _row_addresses(place: Workplace, pool_id: int | None, held: bool) -> dict[str, str]:
    """Where a pool's pages are; what may not be done has no address."""
    names = {"detail_href": "pool_detail"}
    names |= {f"{deed}_href": f"pool_{deed}" for deed in ("edit", "clear", "delete")}
    offered = {
        key: pool_id is not None
        and (key == "detail_href" or (not held and place.may[key.removesuffix("_href")]))
        for key in names
    }
    return {
        key: reverse(f"pools:{name}", args=[place.company.slug, pool_id]) if offered[key] else ""
        for key, name in names.items()
    }


def _system_name(connector: Connector) -> str:
    return (connector.system and connector.system.name) or UNNAMED_SYSTEM


def _addresses(request: HttpRequest, query: PoolQuery) -> dict[str, Any]:
    """Every way on from this page, as an address of its own."""
    return {
        "query": query,
        "columns": [_column(request.path, query, *column) for column in COLUMNS],
        "page_sizes": [
            {
                "size": size,
                "href": _href(request.path, query, per_page=size, page=1),
                "current": size == query.per_page,
            }
            for size in PAGE_SIZES
        ],
        "clear_search_href": _href(request.path, query, search="", page=1),
        "here_href": _href(request.path, query),
    }


def _column(path: str, query: PoolQuery, label: str, sort: Sort | None, css: str) -> dict[str, Any]:
    descending = Sort(f"-{sort}") if sort else None
    direction = {sort: "ascending", descending: "descending"}.get(query.sort, "") if sort else ""
    wanted = descending if query.sort == sort else sort
    return {
        "label": label,
        "css": css,
        "sortable": sort is not None,
        "direction": direction,
        "href": _href(path, query, sort=wanted, page=1) if sort else "",
    }


def _neighbours(company: Company, query: PoolQuery, page: Page) -> dict[str, str]:
    path = reverse("pools:pool_list", args=[company.slug])
    last = page.last_page
    more = query.page < last if last is not None else len(page.pools) == query.per_page
    return {
        "first_href": _href(path, query, page=1),
        "last_href": _href(path, query, page=last) if last else "",
        "previous_href": _href(path, query, page=query.page - 1) if query.page > 1 else "",
        "next_href": _href(path, query, page=query.page + 1) if more else "",
    }


def _href(path: str, query: PoolQuery, **changed: Any) -> str:
    """The list's address for `query`, with what is the default left out."""
    facts = {
        "search": query.search,
        "sort": query.sort,
        "per_page": query.per_page,
        "page": query.page,
    } | changed
    defaults = {"search": "", "sort": None, "per_page": 25, "page": 1}
    address = QueryDict(mutable=True)
    for name, value in facts.items():
        if value != defaults[name]:
            address[name] = str(value)
    return f"{path}?{address.urlencode()}" if address else path
