"""The pages of changes: who changed which pool, when, why, and with which outcome."""

from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from pools.changes.exporting import CONTENT_TYPES, Format, exported
from pools.changes.lines import (
    NoSuchPosition,
    Slice,
    WholeChange,
    bearers,
    change_of,
    names,
    page,
    span_of,
    whole_change,
)
from pools.changes.state import ChangeState
from pools.ledger.appending import record_event
from pools.models import Company, Entry
from pools.models.vocabulary import RECORDED, Outcome, Verdict
from pools.pages.actors import actor_of
from pools.pages.errors import NotHere
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.pages.ticket import ticket_of
from pools.people.roles import EXPORT_CHANGES, SEE_CHANGES
from pools.views import page_sizes
from pools.views.address_names import nothing_made_of, refuse_repeated, refuse_unknown
from pools.views.change_columns import columns_of
from pools.views.change_rows import days_of, pool_addresses
from pools.views.changes_address import (
    EVENTS,
    PARAMETERS,
    ListQuery,
    address_with,
    days_in,
    read_address,
    words_in,
)
from pools.views.chart import DAYS, chart_of
from pools.views.history import entry_of
from pools.views.visibility import Visibility, visibility_of
from pools.views.workplace import rights_of
from pools.wording import addresses
from pools.wording.addresses import BadAddress, bad_address
from pools.wording.changes import compared, heading_of, step_in_words
from pools.wording.filters import filtered_by
from pools.wording.moments import zone_name
from pools.wording.obstacles import export_unrecorded
from pools.wording.outcomes import STANDINGS
from pools.wording.people import SHARED_NAME, naming
from pools.wording.roles import NO_EVENTS
from pools.wording.settling import holding
from pools.wording.situations import Problem
from pools.wording.verifying import NEVER, checkpoints_said, in_archive

# Nothing younger is taken out of the ledger.
_YEAR: Final = timedelta(days=365)
TEMPLATE: Final = "pools/change_list.html"


class Naming(NamedTuple):
    """A sentence about a name, and the lists that other names lead to."""

    text: str
    links: list[tuple[str, str]]


@needs(SEE_CHANGES)
def change_list(request: HttpRequest, company: str | None = None) -> HttpResponse:
    """Changes of one company or of all that the person may see; events for auditors."""
    visible, chosen = visible_in(request, company)
    try:
        query = query_of(request, visible, company)
        shown = _page(query, _named(visible, chosen))
    except (BadAddress, NoSuchPosition) as error:
        problem = bad_address(error, request.path, "Changes")
        archived = in_archive(visible.archived) if isinstance(error, NoSuchPosition) else ""
        return not_made(request, visible, chosen, problem, archived)
    context = _form_context(request, visible, chosen)
    context |= _list_context(request, visible, chosen, query, shown)
    return show(request, TEMPLATE, context)


@needs(SEE_CHANGES)
def change_detail(request: HttpRequest, change: UUID) -> HttpResponse:
    """One change whole."""
    visible = visibility_of(person(request))
    whole = whole_change(change)
    if whole is None or not visible.sees(whole.line.company):
        raise NotHere(in_archive(visible.archived))
    item, chosen = whole.line.item, visible.here.get(whole.line.company)
    headings, rows = compared(item)
    open_now = chosen is not None and item.state.is_open
    context = {
        "company": chosen,
        "company_name": chosen.name if chosen else whole.line.company,
        "whole": whole,
        "change": item,
        "entry": entry_of(request, chosen or whole.line.company, item),
        "title": heading_of(item),
        "headings": headings,
        "rows": rows,
        "steps": [step_in_words(step) for step in whole.steps],
        "open_now": open_now,
        "holding": holding(item, chosen) if chosen else "",
        "may": rights_of(person(request)),
        **_links(whole, chosen),
    }
    return show(request, "pools/change.html", context)


@needs(SEE_CHANGES)
def change_of_entry(request: HttpRequest, entry: int) -> HttpResponse:
    """The change that an entry of the record belongs to, by the entry's number."""
    found, visible = change_of(entry), visibility_of(person(request))
    if found is None or not visible.sees(found.company):
        raise NotHere(in_archive(visible.archived))
    return redirect("pools:change", found.change)


@needs(EXPORT_CHANGES)
@require_POST
def change_export(request: HttpRequest, company: str | None = None) -> HttpResponse:
    """What is filtered, as a file. Recorded before its first byte is sent."""
    visible, chosen = visible_in(request, company)
    try:
        refuse_unknown(request.GET, PARAMETERS)
        query = query_of(request, visible, company)
        form = Format(request.POST.get("format", ""))
    except BadAddress as error:
        return not_made(request, visible, chosen, bad_address(error, list_path(company), "Changes"))
    except ValueError:
        unknown = BadAddress(addresses.EXPORT_FORMAT)
        problem = bad_address(unknown, list_path(company), "Changes")
        return not_made(request, visible, chosen, problem)
    what = "events" if query.filters.events else "changes"
    facts = {"format": str(form), "filters": dict(query.words)}
    actor = actor_of(request, person(request))
    try:
        with transaction.atomic(durable=True):
            record_event(f"{what}_exported", actor, company=company or "", facts=facts)
    except DatabaseError as error:
        return not_made(request, visible, chosen, export_unrecorded(error))
    response = StreamingHttpResponse(
        exported(query.filters, form), content_type=CONTENT_TYPES[form]
    )
    file = "-".join(filter(None, [what, company, f"{timezone.localdate():%Y-%m-%d}"]))
    response["Content-Disposition"] = f'attachment; filename="{file}.{form}"'
    return response  # type: ignore[return-value]  # streamed: nobody looks into it on its way


def visible_in(request: HttpRequest, company: str | None) -> tuple[Visibility, Company | None]:
    visible = visibility_of(person(request))
    if company is None:
        return visible, None
    if company not in visible.here:
        raise Http404
    return visible, visible.here[company]


def query_of(request: HttpRequest, visible: Visibility, company: str | None) -> ListQuery:
    refuse_repeated(request.GET, PARAMETERS)
    query = read_address(words_in(request.GET), company=company, companies=visible.companies)
    if query.filters.events and visible.companies is not None:
        raise PermissionDenied(NO_EVENTS)
    return query


def _form_context(
    request: HttpRequest, visible: Visibility, chosen: Company | None
) -> dict[str, Any]:
    """What stays when the list changes: the filters as they were typed, and their choices."""
    words = words_in(request.GET)
    events = words.get("kind") == EVENTS
    path = list_path(chosen.slug if chosen else None)
    return {
        "company": chosen,
        "list_href": path,
        "words": words | days_in(words),
        "events": events,
        "columns": columns_of(events=events, one_company=chosen is not None),
        "tabs": [
            ("Changes", address_with(path, {}), not events),
            ("Events", address_with(path, {"kind": EVENTS}), events),
        ]
        if visible.companies is None
        else [],
        "actions": list(RECORDED),
        "outcomes": [
            (label, [(each, STANDINGS[ChangeState(each)].word) for each in kind])
            for label, kind in (("Outcome", Outcome), ("Settled as", Verdict))
        ],
        "companies": [] if chosen else list(visible.here.values()),
        "company_gone": words.get("company", "") not in {"", *visible.here},
        "zone": zone_name(),
        "verification": visible.verification,
        "never_verified": NEVER,
        "checkpoints": checkpoints_said(visible.checkpoints),
        "naming": (),
        "nothing_made_of": "",
        "chart": None,
        "problem": None,
        "archived": "",
    }


def _named(visible: Visibility, chosen: Company | None) -> frozenset[str] | None:
    """The companies whose people there are to choose from."""
    return frozenset({chosen.slug}) if chosen else visible.companies


def _problem(visible: Visibility, chosen: Company | None, problem: Problem) -> dict[str, Any]:
    return {"state": "problem", "problem": problem, "names": names(_named(visible, chosen))}


def _page(query: ListQuery, named: frozenset[str] | None) -> Slice:
    zone, filters = timezone.get_current_timezone(), query.filters
    span = None if filters.events else span_of(filters, zone, timezone.now(), DAYS)
    return page(
        filters,
        page_sizes.CHANGES,
        before=query.before,
        after=query.after,
        companies=named,
        span=span,
        unfold=query.unfold,
        number=query.page,
    )


def _list_context(
    request: HttpRequest,
    visible: Visibility,
    chosen: Company | None,
    query: ListQuery,
    shown: Slice,
) -> dict[str, Any]:
    slug = chosen.slug if chosen else None
    path, words, lines = list_path(slug), query.words, shown.lines
    ticket = worked_on.text if (worked_on := ticket_of(request)) else ""
    export, evidence = (
        reverse(f"pools:{name}", args=[slug] if slug else [])
        for name in ("change_export", "evidence")
    )
    context = {
        "state": _state(visible, query, shown),
        "narrowed": query.narrowed,
        "filtered": filtered_by(words, {each.slug: each.name for each in visible.here.values()}),
        "names": shown.names,
        "naming": _naming(query, path),
        "nothing_made_of": nothing_made_of(request.GET, PARAMETERS),
        "days": days_of(visible, words, lines, path),
        "archived": "" if shown.older else in_archive(visible.archived),
        "newest_href": address_with(path, words),
        "newer_href": address_with(path, words, after=lines[0].seq, page=-1)
        if shown.newer and lines
        else "",
        "older_href": address_with(path, words, before=lines[-1].seq, page=1)
        if shown.older and lines
        else "",
        "everything_href": address_with(path, {"kind": words.get("kind", "")}),
        "export_href": address_with(export, words),
        "evidence_href": address_with(evidence, words),
        "ticket_href": address_with(path, {"words": ticket}) if ticket else "",
    }
    if shown.days and lines:
        chart = chart_of(shown.days)
        context["chart"] = chart
        context["chart_is_cut"] = _is_cut(visible, chart.bars[0].day)
        context["chart_days"] = [
            (bar, address_with(path, words, from_=f"{bar.day}", to=f"{bar.day}"))
            for bar in chart.table
        ]
    return context


def _is_cut(visible: Visibility, day: date) -> bool:
    """Whether entries from that day on are in an archive: it has what was a year old, or older."""
    gone = visible.archived
    if gone is None or day > (gone.at - _YEAR).date():
        return False
    at = Entry.objects.order_by("seq").values_list("at", flat=True).first()
    return isinstance(at, datetime) and day <= timezone.localtime(at).date()


def _naming(query: ListQuery, path: str) -> list[Naming]:
    """Whose name the list is narrowed to, where that isn't plain from the name itself."""
    who, everyone = query.filters.who, bearers(query.filters)
    sentences = [
        Naming(
            text,
            [(name, address_with(path, query.words, who=name)) for name in bearer.others],
        )
        for bearer in everyone
        if (text := naming(who, bearer))
    ]
    return [*sentences, *([Naming(SHARED_NAME, [])] if len(everyone) > 1 else [])]


def _state(visible: Visibility, query: ListQuery, shown: Slice) -> str:
    if shown.lines:
        return "ok"
    if visible.companies is not None and not visible.companies:
        return "no_token"
    if query.before is not None or query.after is not None or query.page > 1:
        return "past_end"
    return "no_match" if query.narrowed else "empty"


def _links(whole: WholeChange, chosen: Company | None) -> dict[str, str]:
    """Where a change leads: its pool, and the lists that it is in."""
    item, company = whole.line.item, whole.line.company
    path = list_path(company if chosen else None)
    words = {} if chosen else {"company": company}
    pool = "" if item.pool_id is None else str(item.pool_id)
    return {
        "list_href": path,
        "pool_href": pool_addresses(chosen)(item) if chosen else "",
        "who_href": address_with(path, words, who=item.actor_name),
        "pool_changes_href": address_with(path, words, pool=pool) if pool else "",
    }


def list_path(company: str | None) -> str:
    return reverse("pools:change_list", args=[] if company is None else [company])


def not_made(
    request: HttpRequest,
    visible: Visibility,
    chosen: Company | None,
    problem: Problem,
    archived: str = "",
) -> HttpResponse:
    """The filters, and why there is no list, no file or no evidence of what they have."""
    context = _form_context(request, visible, chosen) | _problem(visible, chosen, problem)
    context["archived"] = archived
    return show(request, TEMPLATE, context, status=problem.status)
