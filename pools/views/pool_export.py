"""Taking the list of pools along: all that match, as a file."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone

from pools.batches.patience import reopened
from pools.batches.pool_export import PoolExport, Shape, has_room
from pools.batches.whole_list import WholeList, WholeQuery
from pools.changes.exporting import CONTENT_TYPES, Format, time_text
from pools.ledger.appending import record_event
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.people.roles import EXPORT_POOLS
from pools.views.pools_address import ListQuery, address_of, read_query
from pools.views.workplace import READING, Workplace, enter
from pools.wording import addresses
from pools.wording.addresses import BadAddress, bad_address
from pools.wording.exports import end_says, too_many_exports
from pools.wording.obstacles import export_unrecorded
from pools.wording.situations import Activity, Problem

TEMPLATE: Final = "pools/pool_export.html"
_LINKED: Final = ("pool_list", "pool_export")


@needs(EXPORT_POOLS)
def pool_export(request: HttpRequest, company: str) -> HttpResponse:
    """The choices; a POST is the file. Recorded before its first byte is sent."""
    workplace = enter(request, company)
    list_path = reverse("pools:pool_list", args=[company])
    try:
        workplace.check_token()
    except READING as error:
        return workplace.show_problem(error, Activity.READING_LIST)
    try:
        query = read_query(request.GET)
        if request.method != "POST":
            return _shown(workplace, query)
        format_ = Format(request.POST.get("format", ""))
    except BadAddress as error:
        return _shown(workplace, ListQuery(), bad_address(error, list_path, "Pools"))
    except ValueError:
        unknown = BadAddress(addresses.EXPORT_FORMAT)
        return _shown(workplace, ListQuery(), bad_address(unknown, list_path, "Pools"))
    return _exported(workplace, query, format_)


def _exported(workplace: Workplace, query: ListQuery, format_: Format) -> HttpResponse:
    chosen = workplace.request.POST
    shape = Shape(format_, connectors="connectors" in chosen, ids="copy" not in chosen)
    wanted = WholeQuery(query.search, query.sort, query.system or "", shape.connectors)
    if not has_room():
        return _shown(workplace, query, too_many_exports())
    export = _begun(workplace, wanted, shape)
    if isinstance(export, Exception):
        problem = workplace.problem(export, Activity.READING_LIST)
        return _shown(workplace, query, problem)
    facts = {**asdict(wanted), "format": str(format_), "ids": shape.ids}
    try:
        with transaction.atomic(durable=True):
            record_event(
                "pools_exported", workplace.actor, company=workplace.company.slug, facts=facts
            )
    except DatabaseError as error:
        return _shown(workplace, query, export_unrecorded(error))
    # What compresses the answer would hold lines back that keep the connection alive.
    workplace.request.META["HTTP_ACCEPT_ENCODING"] = "identity"
    response = StreamingHttpResponse(export, content_type=CONTENT_TYPES[format_])
    file = f"pools-{workplace.company.slug}-{timezone.localdate():%Y-%m-%d}.{format_}"
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    if export.listed.end.first_total is not None:
        response["X-Total"] = str(export.listed.end.first_total)
    return response  # type: ignore[return-value]  # streamed: nobody looks into it on its way


def _begun(workplace: Workplace, wanted: WholeQuery, shape: Shape) -> PoolExport | Exception:
    """An export whose first page is there; or why there is none."""
    company, user = workplace.company, person(workplace.request)
    request_id = getattr(workplace.request, "id", "")
    listed = WholeList(company, wanted, lambda: reopened(user, company, request_id))
    situation = workplace.situation(Activity.READING_LIST)
    export = PoolExport(
        listed, shape, _about(workplace, wanted), lambda end: end_says(end, situation)
    )
    try:
        with workplace.core():
            if error := export.begin():
                raise error
    except READING as error:
        return error
    return export


def _about(workplace: Workplace, wanted: WholeQuery) -> Mapping[str, Any]:
    """What a file of JSON says of itself first."""
    return {
        "company": workplace.company.slug,
        "origin": workplace.company.origin,
        "exported_at": time_text(timezone.now()),
        "exported_by": person(workplace.request).get_username(),
        "search": wanted.search,
        "sort": wanted.sort,
        "system": wanted.system,
    }


def _shown(workplace: Workplace, query: ListQuery, problem: Problem | None = None) -> HttpResponse:
    company = workplace.company
    paths = {name: reverse(f"pools:{name}", args=[company.slug]) for name in _LINKED}
    context = {
        "company": company,
        "may": workplace.may,
        "query": query,
        "problem": problem,
        **{f"{name}_href": address_of(path, query) for name, path in paths.items()},
    }
    return show(workplace.request, TEMPLATE, context, status=problem.status if problem else 200)
