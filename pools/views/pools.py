"""Reading pools: the list and one pool whole."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from pools.catalogue.pools_of_system import list_seen, systems_with_pools
from pools.catalogue.reading_all import note_whole_list
from pools.changes import (
    Reading,
    drift,
    drift_on_lists,
    gone_pool,
    open_changes,
)
from pools.changes.pool_records import (
    PoolRecord,
    PoolsRecord,
    has_earlier_namesake,
    record_of,
    record_of_pool,
)
from pools.core import CoreClient, NotFound, Page, Pool, Reason, Unexpected
from pools.models import Company
from pools.models.vocabulary import Action
from pools.pages.dates import Teller
from pools.pages.guards import needs, person
from pools.pages.just_read import take
from pools.pages.rendering import fragment_wanted, show
from pools.pages.template_functions import url
from pools.people.roles import SEE_POOLS
from pools.views import page_sizes
from pools.views.address_names import known_in, nothing_made_of
from pools.views.deciding import Deciding
from pools.views.history import entries_of, with_notes
from pools.views.pool_columns import columns_of
from pools.views.pool_rows import Addresses, offers_for, pool_row
from pools.views.pools_address import PARAMETERS, ListQuery, address_of, href_of, read_query
from pools.views.workplace import READING, Workplace, enter
from pools.wording.addresses import BadAddress, bad_address
from pools.wording.bulk_actions import offers_of
from pools.wording.connectors import by_system
from pools.wording.outcomes import back_again
from pools.wording.pool_list import is_unsearched, list_notes
from pools.wording.situations import Activity, Problem
from pools.wording.verifying import in_archive

SLOW_SECONDS: Final = 2.0


@needs(SEE_POOLS)
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
        "nothing_made_of": nothing_made_of(request.GET, PARAMETERS),
        "matching": "",
        "open_changes": (),
        "token_notice": None,
        "problem": None,
        "company_note": workplace.kept.notes.get(None),
    }
    try:
        query = read_query(known_in(request.GET, PARAMETERS))
    except BadAddress as error:
        return _list_problem(request, context, bad_address(error, request.path, "Pools"))
    context |= _addresses(request, query)
    if query.system is not None:
        return _list_seen(workplace, query, context)

    def answer(core: CoreClient | None, read: Callable[[], Page]) -> HttpResponse:
        try:
            page = read()
            if not page.pools and page.follows:
                raise Unexpected(Reason.NONE_LISTED)
        except READING as error:
            problem = workplace.problem(error, Activity.READING_LIST)
            return _list_problem(request, context, problem)
        assert core is not None  # noqa: S101  (the page was read with it)
        found = context | times(core)
        record = drift_on_lists.record_page(
            core, workplace.company, query, page, workplace.as_of, workplace.actor.id
        )
        if drift_on_lists.is_whole(query, page):
            last = workplace.kept.read_at
            note_whole_list(core, workplace.company, person(request), page, last)
        found |= _page_context(workplace, query, page, record)
        return show(request, "pools/pool_list.html", found)

    return workplace.ask(lambda core: _page_of(core, query), answer, "Pools")


def _page_of(core: CoreClient, query: ListQuery) -> Page:
    """The page, and which place it has in the list.

    Of a Core that says nothing of pages, the page before tells both: how many there are on each,
    and, where it has the same pools, that there are no more of them.
    """
    page = core.list_pools(query)
    if query.page == 1 or page.follows is not None or not page.pools:
        return page
    before = core.list_pools(replace(query, page=query.page - 1))
    known = {(pool.id, pool.name) for pool in before.pools}
    if known.issuperset((pool.id, pool.name) for pool in page.pools):
        return replace(page, pools=())
    size = len(before.pools)
    return replace(page, per_page=size, first=(query.page - 1) * size + 1)


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
            {"seen": each, "href": href_of(workplace.request.path, query, system=each.name, page=1)}
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


@needs(SEE_POOLS)
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
        context["archived"] = _in_archive(workplace, record)
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
        "archived": "",
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
        "archived": _in_archive(workplace, record),
        "deciding": Deciding.about(workplace.kept, pool, record.cleared),
        "back_again": back_again(past[0]) if past else "",
        "token_notice": workplace.token_notice,
        "raw_json": json.dumps(pool.raw, indent=2, ensure_ascii=False),
        "refresh_href": workplace.request.path,
        "list_href": reverse("pools:pool_list", args=[workplace.company.slug]),
        "offers": offers_for(workplace, Addresses(workplace.company), pool.id, held),
    }


def _in_archive(workplace: Workplace, record: PoolRecord) -> str:
    """Where older changes of the pool may be; empty where all that there were are here."""
    past = record.history
    return "" if past and past[-1].action is Action.CREATE else in_archive(workplace.kept.archived)


def _earlier_href(company: Company, pool_id: int) -> str:
    """Where the changes of another pool are that had this id before; empty where none had it."""
    if not has_earlier_namesake(company, pool_id):
        return ""
    return f"{reverse('pools:change_list', args=[company.slug])}?pool={pool_id}"


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
            else {"columns": columns_of(workplace.request.path, replace(query, sort=page.sort))}
        ),
        "page_facts": {
            "first": page.first,
            "last": page.first + len(page.pools) - 1,
            "total": page.total,
            "last_page": page.last_page,
            "notes": list_notes(query, page),
            "unsearched": is_unsearched(query, page),
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
        "columns": columns_of(request.path, query),
        "page_sizes": [
            {
                "size": size,
                "href": href_of(request.path, query, per_page=size, page=1),
                "current": size == query.per_page,
            }
            for size in page_sizes.POOLS
        ],
        "clear_search_href": href_of(request.path, query, search="", page=1),
        "systems_href": href_of(request.path, query, system="", page=1),
        "all_systems_href": href_of(request.path, query, system=None, page=1),
        "here_href": href_of(request.path, query),
        "export_href": address_of(f"{request.path}export/", query),
        "matching": address_of("", replace(query, sort=None)).removeprefix("?"),
    }


def _neighbours(company: Company, query: ListQuery, page: Page) -> dict[str, str]:
    path = url("pools:pool_list", company.slug)
    last = page.last_page
    reachable = page.numbered and page.number == query.page
    return {
        "first_href": href_of(path, query, page=1),
        "last_href": href_of(path, query, page=last) if last and last != page.number else "",
        "previous_href": href_of(path, query, page=query.page - 1) if query.page > 1 else "",
        "next_href": href_of(path, query, page=query.page + 1)
        if reachable and _goes_on(page)
        else "",
    }


def _goes_on(page: Page) -> bool:
    """Whether a page after this one can be asked for. Where Core does not say, only that tells:
    a page may be short because Core gives no more at a time.
    """
    return bool(page.pools) if page.follows is None else page.follows
