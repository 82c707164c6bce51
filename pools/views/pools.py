"""Reading pools: the list and one pool whole."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from pools.catalogue.listing import list_seen, systems_with_pools
from pools.catalogue.reading import note_whole_list
from pools.changes import (
    Reading,
    drift,
    gone_pool,
    listing,
    open_changes,
)
from pools.changes.records import (
    PoolRecord,
    PoolsRecord,
    has_earlier_namesake,
    record_of,
    record_of_pool,
)
from pools.core import CoreClient, NotFound, Page, Pool, PoolQuery, Sort
from pools.core.bounds import PAGE, SEARCH
from pools.models import Company
from pools.models.bounds import SYSTEM_NAME
from pools.pages.dates import Teller
from pools.pages.guards import needs, person
from pools.pages.just_read import take
from pools.pages.rendering import fragment_wanted, show
from pools.views.deciding import Deciding
from pools.views.history import entries_of, with_notes
from pools.views.pool_rows import Addresses, offers_for, pool_row
from pools.views.workplace import READING, Workplace, enter
from pools.wording import addresses
from pools.wording.addresses import BadAddress, bad_address
from pools.wording.choosing import offers_of
from pools.wording.connectors import by_system
from pools.wording.lists import by_time, list_notes
from pools.wording.outcomes import back_again
from pools.wording.situations import Activity, Problem

PAGE_SIZES: Final = (10, 25, 50, 100)
PARAMETERS: Final = frozenset({"search", "sort", "page", "per_page", "system"})
SLOW_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class ListQuery(PoolQuery):
    """What an address asks of the list: of Core, or, with a system, of what was last seen.

    None: of Core; empty: which systems there are to choose from.
    """

    system: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its heading, the class of its cells (pool_cells.html has them in the
    same order), and the sort that Core knows for it (None: Core cannot).

    `sorted_as` is what that sorts by where it is not the heading: then a menu offers it.
    """

    label: str
    cell: str
    sort: Sort | None = None
    sorted_as: str = ""


COLUMNS: Final = (
    Column("Name", "name", Sort.NAME),
    Column("Systems", "systems"),
    Column("Limit", "limit", Sort.LIMIT),
    Column("Timeout", "timeout"),
    Column("Last change", "change"),
    Column("Updated", "updated", Sort.CREATED, sorted_as="created"),
)


@needs("pools.view_pools")
def pool_list(request: HttpRequest, company: str) -> HttpResponse:
    """One question to Core, whose paging, order and search these are."""
    workplace = enter(request, company)
    context: dict[str, Any] = {
        "company": workplace.company,
        "may": workplace.may,
        "bulk": offers_of(workplace.may),
        "query": ListQuery(),
        "columns": (),
        "here_href": "",
        "matching": "",
        "open_changes": (),
        "token_notice": None,
        "problem": None,
        "company_note": workplace.kept.notes.get(None),
    }
    try:
        query = read_query(request.GET)
    except BadAddress as error:
        return _list_problem(request, context, bad_address(error, request.path, "Pools"))
    context |= _addresses(request, query)
    if query.system is not None:
        return _list_seen(workplace, query, context)

    def answer(core: CoreClient | None, read: Callable[[], Page]) -> HttpResponse:
        try:
            page = read()
        except READING as error:
            problem = workplace.problem(error, Activity.READING_LIST)
            return _list_problem(request, context, problem)
        assert core is not None  # noqa: S101  (the page was read with it)
        found = context | times(core)
        record = listing.record_page(
            core, workplace.company, query, page, workplace.as_of, workplace.actor.id
        )
        if listing.is_whole(query, page):
            last = workplace.kept.read_at
            note_whole_list(core, workplace.company, person(request), page, last)
        found |= _page_context(workplace, query, page, record)
        return show(request, "pools/pool_list.html", found)

    return workplace.ask(lambda core: core.list_pools(query), answer, "Pools")


def _list_seen(workplace: Workplace, query: ListQuery, context: dict[str, Any]) -> HttpResponse:
    """The pools of a system, or the systems to choose from, as last seen: Core is not asked."""
    company = workplace.company
    try:
        workplace.check_token()
    except READING as error:
        problem = workplace.problem(error, Activity.READING_LIST)
        return _list_problem(workplace.request, context, problem)
    context |= times(None)
    if not query.system:
        systems = [
            {"seen": each, "href": _href(workplace.request.path, query, system=each.name, page=1)}
            for each in systems_with_pools(company)
        ]
        return show(
            workplace.request,
            "pools/pool_list.html",
            context | {"state": "systems", "systems": systems},
        )
    seen = list_seen(company, query.system, query)
    record = record_of(company, [pool.id for pool in seen.page.pools if pool.id is not None])
    context |= _page_context(workplace, query, seen.page, record) | {"seen_since": seen.since}
    return show(workplace.request, "pools/pool_list.html", context)


@needs("pools.view_pools")
def pool_detail(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    workplace = enter(request, company, pool)
    polled = "poll" in request.GET and fragment_wanted(request)
    if polled and open_changes(workplace.company, pool):
        # Still held: the page stays as it is, and Core is not asked.
        return HttpResponse(status=204)
    just_read = take(request, workplace.company, pool) if workplace.token else None

    def answer(
        core: CoreClient | None, read: Callable[[], tuple[Pool, PoolRecord]]
    ) -> HttpResponse:
        try:
            found, record = read()
        except READING as error:
            return _not_read(workplace, pool, error)
        context = _around_pool(workplace, pool, record) | _about_pool(workplace, found, record)
        return show(request, "pools/pool.html", context | times(core, just_read))

    if just_read is not None:
        return answer(None, lambda: (just_read.pool, record_of_pool(workplace.company, pool)))
    return workplace.ask_pool(pool, answer, f"Pool {pool}", drift.notice_on_page)


def _not_read(workplace: Workplace, pool_id: int, error: Exception) -> HttpResponse:
    record = record_of_pool(workplace.company, pool_id)
    context = _around_pool(workplace, pool_id, record)
    if isinstance(error, NotFound):
        context["history"] = entries_of(
            workplace.request,
            workplace.company,
            record.history,
            held=bool(record.held),
            gone=True,
        )
        error = gone_pool(workplace.company, pool_id) or error
    return workplace.show_problem(error, Activity.READING_POOL, **context)


def _around_pool(workplace: Workplace, pool_id: int, record: PoolRecord) -> dict[str, Any]:
    """What is known of a pool's page whatever Core says."""
    return {
        "open_changes": record.held,
        "held": bool(record.held),
        "may": workplace.may,
        "earlier_href": _earlier_href(workplace.company, pool_id),
    }


def _about_pool(workplace: Workplace, pool: Pool, record: PoolRecord) -> dict[str, Any]:
    assert pool.id is not None  # noqa: S101  (it was read by its id)
    past, held = record.history, bool(record.held)
    return {
        "company": workplace.company,
        "pool": pool,
        "connectors_known": pool.connectors is not None,
        "systems": by_system(pool),
        "history": with_notes(
            entries_of(workplace.request, workplace.company, past, held=held),
            workplace.kept.written,
        ),
        "deciding": Deciding.about(workplace.kept, pool, record.cleared),
        "back_again": back_again(past[0]) if past else "",
        "token_notice": workplace.token_notice,
        "raw_json": json.dumps(pool.raw, indent=2, ensure_ascii=False),
        "refresh_href": workplace.request.path,
        "list_href": reverse("pools:pool_list", args=[workplace.company.slug]),
        "offers": offers_for(workplace, Addresses(workplace.company), pool.id, held),
    }


def _earlier_href(company: Company, pool_id: int) -> str:
    """Where the changes of another pool are that had this id before; empty where none had it."""
    if not has_earlier_namesake(company, pool_id):
        return ""
    return f"{reverse('pools:change_list', args=[company.slug])}?pool={pool_id}"


def read_query(address: Mapping[str, str]) -> ListQuery:
    """What the address asks. Anything that the list does not have raises BadAddress.

    A name that it does not know, too: somebody who believes that they see a part of the list
    acts on the wrong pool.
    """
    if not PARAMETERS.issuperset(address):
        raise BadAddress(addresses.POOL_PARAMETERS)
    sort = address.get("sort", "")
    if sort and sort not in list(Sort):
        raise BadAddress(addresses.POOL_SORT)
    size = address.get("per_page", "25")
    if size not in map(str, PAGE_SIZES):
        raise BadAddress(addresses.PAGE_SIZE)
    page = address.get("page", "1")
    if not (
        page.isascii()
        and page.isdecimal()
        and len(page) <= 10
        and PAGE.least <= int(page) <= PAGE.largest
    ):
        raise BadAddress(addresses.PAGE_NUMBER)
    system = address.get("system")
    if system is not None and len(system) > SYSTEM_NAME:
        raise BadAddress(addresses.system_too_long(SYSTEM_NAME))
    return ListQuery(
        system=system,
        search=_search_of(address.get("search", "")),
        sort=Sort(sort) if sort else None,
        page=int(page),
        per_page=int(size),
    )


def _search_of(typed: str) -> str:
    """The terms as Core reads them: to it, the space after a comma is part of a name."""
    if "\0" in typed:
        raise BadAddress(addresses.SEARCH_TEXT)
    if len(typed) > SEARCH.longest:
        raise BadAddress(addresses.search_too_long(SEARCH.longest))
    terms = (term.strip() for term in typed.split(","))
    return ",".join(term for term in terms if term)


def times(core: CoreClient | None, just_read: Reading | None = None) -> dict[str, Any]:
    """When the page's facts were read, and how long Core took."""
    exchange = core.last_exchange if core else None
    if just_read is not None:
        at, took_seconds = just_read.at, just_read.took_seconds
    elif exchange is not None:
        at, took_seconds = exchange.received_at, exchange.took_seconds
    else:
        at, took_seconds = None, 0.0
    return {"as_of": at, "took_seconds": took_seconds, "slow": took_seconds > SLOW_SECONDS}


def _list_problem(request: HttpRequest, context: dict[str, Any], problem: Problem) -> HttpResponse:
    context |= {"state": "problem", "problem": problem}
    return show(request, "pools/pool_list.html", context, status=problem.status)


def _page_context(
    workplace: Workplace, query: ListQuery, page: Page, record: PoolsRecord
) -> dict[str, Any]:
    at, teller = Addresses(workplace.company, on_list=True), Teller()
    held = {each.pool_id for each in record.held if each.origin == workplace.company.origin}
    return {
        "state": _state(query, page),
        "deciding": Deciding.on_list(workplace.kept, query.system or ""),
        "rows": [pool_row(workplace, at, teller, pool, record, held) for pool in page.pools],
        "token_notice": workplace.token_notice,
        "open_changes": record.held,
        **(
            {}
            if page.sort == query.sort
            else {"columns": _columns(workplace.request.path, replace(query, sort=page.sort))}
        ),
        "page_facts": {
            "first": page.first,
            "last": page.first + len(page.pools) - 1,
            "total": page.total,
            "last_page": page.last_page,
            "notes": list_notes(query, page),
        },
        **_neighbours(workplace.company, query, page),
    }


def _state(query: ListQuery, page: Page) -> str:
    if page.pools:
        return "ok"
    if query.page > 1:
        return "past_end"
    return "no_match" if query.search or query.system else "empty"


def _addresses(request: HttpRequest, query: ListQuery) -> dict[str, Any]:
    """Every way on from this page, as an address of its own."""
    return {
        "query": query,
        "columns": _columns(request.path, query),
        "page_sizes": [
            {
                "size": size,
                "href": _href(request.path, query, per_page=size, page=1),
                "current": size == query.per_page,
            }
            for size in PAGE_SIZES
        ],
        "clear_search_href": _href(request.path, query, search="", page=1),
        "systems_href": _href(request.path, query, system="", page=1),
        "all_systems_href": _href(request.path, query, system=None, page=1),
        "here_href": _href(request.path, query),
        "export_href": address_of(f"{request.path}export/", query),
        "matching": address_of("", replace(query, sort=None)).removeprefix("?"),
    }


def _columns(path: str, query: ListQuery) -> list[dict[str, Any]]:
    return [_column(path, query, column) for column in COLUMNS]


def _column(path: str, query: ListQuery, column: Column) -> dict[str, Any]:
    """A column as the page shows it: how it is sorted now, and how it can be sorted next."""
    sort = column.sort
    shown: dict[str, Any] = {"column": column, "direction": "", "href": "", "orders": ()}
    if sort is None:
        return shown
    both = {sort: "ascending", Sort(f"-{sort}"): "descending"}
    hrefs = {each: _href(path, query, sort=each, page=1) for each in both}
    wanted = next(each for each in both if each != query.sort)
    shown |= {"direction": both.get(query.sort, "") if query.sort else "", "href": hrefs[wanted]}
    if column.sorted_as:
        shown["orders"] = [
            {"label": by_time(column.sorted_as, both[each]), "href": href,
             "current": each == query.sort}
            for each, href in hrefs.items()
        ]  # fmt: skip
    return shown


def _neighbours(company: Company, query: ListQuery, page: Page) -> dict[str, str]:
    path = reverse("pools:pool_list", args=[company.slug])
    last = page.last_page
    reachable = page.numbered and page.number == query.page
    return {
        "first_href": _href(path, query, page=1),
        "last_href": _href(path, query, page=last) if last else "",
        "previous_href": _href(path, query, page=query.page - 1) if query.page > 1 else "",
        "next_href": _href(path, query, page=query.page + 1)
        if reachable and _goes_on(page)
        else "",
    }


def _goes_on(page: Page) -> bool:
    """Whether there is a page after this one; guessed where Core does not say."""
    if page.last_page is not None:
        return page.number < page.last_page
    return page.more if page.more is not None else len(page.pools) >= page.per_page


def address_of(path: str, query: ListQuery) -> str:
    """An address that is about the whole list of `query`, whichever page of it is shown."""
    return _href(path, query, page=1, per_page=25)


def _href(path: str, query: ListQuery, **changed: Any) -> str:
    """The list's address for `query`, with what is the default left out."""
    facts = {
        "search": query.search,
        "sort": query.sort,
        "per_page": query.per_page,
        "page": query.page,
        "system": query.system,
    } | changed
    defaults = {"search": "", "sort": None, "per_page": 25, "page": 1, "system": None}
    address = urlencode({name: value for name, value in facts.items() if value != defaults[name]})
    return f"{path}?{address}" if address else path
