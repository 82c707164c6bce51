"""The pages of changes: who changed which pool, when, why, and with which outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from pools.accounts.events import actor_of
from pools.change_text import STANDINGS, TITLES, compared, is_open
from pools.changes import Action, Outcome, Snapshot, Verdict
from pools.changes.exporting import Format, exported
from pools.changes.reading import (
    ChangeLine,
    EventLine,
    NoSuchPlace,
    Slice,
    Step,
    WholeChange,
    by_day,
    names,
    page,
    whole_change,
)
from pools.charts import chart_of
from pools.event_text import facts_of, title_of
from pools.guards import needs, person
from pools.models import Company, Kind
from pools.models.ledger import record_event
from pools.presentation import Problem
from pools.views.entries import entry_of
from pools.views.pools import BadAddress
from pools.views.record_address import EVENTS, Asked, address_with, days_in, read_address, words_in
from pools.views.rendering import show
from pools.views.workplace import rights_of

LINES: Final = 50
TEMPLATE: Final = "pools/change_list.html"
ALL_CHANGES: Final = "pools.view_all_changes"
_CONTENT_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose changes a person may see: slugs (None: all), and the companies that are here."""

    companies: frozenset[str] | None
    here: Mapping[str, Company]

    def sees(self, slug: str) -> bool:
        return self.companies is None or slug in self.companies


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change as a line of the list. An address that is empty leads nowhere."""

    line: ChangeLine
    company: Company | None
    values: str
    href: str
    who_href: str
    pool_href: str


@dataclass(frozen=True, slots=True)
class EventRow:
    line: EventLine
    company: Company | None
    title: str
    facts: list[tuple[str, str]]
    who_href: str


@needs("pools.view_pools")
def change_list(request: HttpRequest, company: str | None = None) -> HttpResponse:
    """Changes of one company or of all that the person may see; events for auditors."""
    sight, place = _sight(request, company)
    context = _form_context(request, sight, place)
    try:
        asked = _asked(request, sight, company)
        found = page(asked.filters, LINES, before=asked.before, after=asked.after)
    except (BadAddress, NoSuchPlace) as error:
        context |= {"state": "problem", "problem": _bad_address(str(error), request.path)}
        return show(request, TEMPLATE, context, status=400)
    context |= _list_context(sight, place, asked, found)
    return show(request, TEMPLATE, context)


@needs("pools.view_pools")
def change_detail(request: HttpRequest, change: UUID) -> HttpResponse:
    """One change whole."""
    sight = sight_of(person(request))
    whole = whole_change(change)
    if whole is None or not sight.sees(whole.line.company):
        raise Http404
    item, place = whole.line.item, sight.here.get(whole.line.company)
    headings, rows = compared(item)
    open_now = place is not None and is_open(item)
    context = {
        "company": place,
        "company_name": place.name if place else whole.line.company,
        "whole": whole,
        "change": item,
        "entry": entry_of(request, place or whole.line.company, item),
        "title": TITLES[item.action],
        "headings": headings,
        "rows": rows,
        "steps": [_step(step) for step in whole.steps],
        "open_now": open_now,
        "may": rights_of(person(request)),
        **_links(whole, place),
    }
    return show(request, "pools/change.html", context)


@needs("pools.view_pools")
@require_POST
def change_export(request: HttpRequest, company: str | None = None) -> HttpResponse:
    """What is filtered, as a file. Recorded before its first byte is sent."""
    sight, place = _sight(request, company)
    try:
        asked = _asked(request, sight, company)
        form = Format(request.POST.get("format", ""))
    except BadAddress as error:
        return _not_exported(request, sight, place, _bad_address(str(error), _list_path(company)))
    except ValueError:
        problem = _bad_address("A list is exported as csv or as json.", _list_path(company))
        return _not_exported(request, sight, place, problem)
    what = "events" if asked.filters.events else "changes"
    facts = {"format": str(form), "filters": dict(asked.words)}
    actor = actor_of(request, person(request))
    try:
        with transaction.atomic(durable=True):
            record_event(f"{what}_exported", actor, company=company or "", facts=facts)
    except DatabaseError:
        return _not_exported(request, sight, place, _unrecorded())
    response = StreamingHttpResponse(
        exported(asked.filters, form), content_type=_CONTENT_TYPES[form]
    )
    file = "-".join(filter(None, [what, company, f"{timezone.localdate():%Y-%m-%d}"]))
    response["Content-Disposition"] = f'attachment; filename="{file}.{form}"'
    return response  # type: ignore[return-value]  # streamed: nobody looks into it on its way


def sight_of(user: User) -> Sight:
    """A person sees what happened where they hold a token; auditors see all."""
    companies = Company.objects.order_by("name")
    if user.has_perm(ALL_CHANGES):
        return Sight(None, {company.slug: company for company in companies})
    own = companies.filter(tokens__user=user, tokens__confirmed_at__isnull=False)
    here = {company.slug: company for company in own}
    return Sight(frozenset(here), here)


def _sight(request: HttpRequest, company: str | None) -> tuple[Sight, Company | None]:
    sight = sight_of(person(request))
    if company is None:
        return sight, None
    if company not in sight.here:
        raise Http404
    return sight, sight.here[company]


def _asked(request: HttpRequest, sight: Sight, company: str | None) -> Asked:
    asked = read_address(words_in(request.GET), company=company, companies=sight.companies)
    if asked.filters.events and sight.companies is not None:
        raise PermissionDenied("Your role does not let you see events.")
    return asked


def _form_context(request: HttpRequest, sight: Sight, place: Company | None) -> dict[str, Any]:
    """What stays when the list changes: the filters as they were typed, and their choices."""
    words = words_in(request.GET)
    events = words.get("kind") == EVENTS
    path = _list_path(place.slug if place else None)
    companies = frozenset({place.slug}) if place else sight.companies
    return {
        "company": place,
        "list_href": path,
        "words": words | days_in(words),
        "events": events,
        "columns": (6 if events else 7) + (place is None),
        "tabs": [
            ("Changes", address_with(path, {}), not events),
            ("Events", address_with(path, {"kind": EVENTS}), events),
        ]
        if sight.companies is None
        else [],
        "actions": list(Action),
        "outcomes": [
            (label, [(each, STANDINGS[each].word) for each in kind])
            for label, kind in (("Outcome", Outcome), ("Settled as", Verdict))
        ],
        "companies": [] if place else list(sight.here.values()),
        "company_gone": words.get("company", "") not in {"", *sight.here},
        "names": names(companies),
        "zone": timezone.get_current_timezone_name(),
    }


def _list_context(
    sight: Sight, place: Company | None, asked: Asked, found: Slice
) -> dict[str, Any]:
    slug = place.slug if place else None
    path, words, lines = _list_path(slug), asked.words, found.lines
    export = reverse("pools:change_export", args=[slug] if slug else [])
    context = {
        "state": _state(sight, asked, found),
        "narrowed": asked.narrowed,
        "days": _days(sight, asked, found, path),
        "newest_href": address_with(path, words),
        "newer_href": address_with(path, words, after=lines[0].seq)
        if found.newer and lines
        else "",
        "older_href": address_with(path, words, before=lines[-1].seq)
        if found.older and lines
        else "",
        "everything_href": address_with(path, {"kind": words.get("kind", "")}),
        "export_href": address_with(export, words),
    }
    if not asked.filters.events and lines:
        zone = timezone.get_current_timezone()
        chart = chart_of(by_day(asked.filters, zone, timezone.now()))
        context["chart"] = chart
        context["chart_days"] = [
            (bar, address_with(path, words, from_=f"{bar.day}", to=f"{bar.day}"))
            for bar in chart.table
        ]
    return context


def _state(sight: Sight, asked: Asked, found: Slice) -> str:
    if found.lines:
        return "ok"
    if sight.companies is not None and not sight.companies:
        return "no_token"
    if asked.before is not None or asked.after is not None:
        return "past_end"
    return "no_match" if asked.narrowed else "empty"


def _days(sight: Sight, asked: Asked, found: Slice, path: str) -> list[dict[str, Any]]:
    """The lines by day of the reader's zone, newest day first."""
    today = timezone.localdate()
    return [
        {
            "day": day,
            "name": {today: "Today", today - timedelta(days=1): "Yesterday"}.get(day, ""),
            "rows": [_row(sight, asked, line, path) for line in lines],
        }
        for day, lines in groupby(found.lines, key=_local_day)
    ]


def _local_day(line: ChangeLine | EventLine) -> date:
    return timezone.localtime(line.at).date()


def _row(
    sight: Sight, asked: Asked, line: ChangeLine | EventLine, path: str
) -> ChangeRow | EventRow:
    company = sight.here.get(line.company)
    if isinstance(line, EventLine):
        who = address_with(path, asked.words, who=line.actor_name)
        return EventRow(line, company, title_of(line.action), facts_of(line.facts), who)
    item = line.item
    return ChangeRow(
        line=line,
        company=company,
        values=_values(item.after or item.before) if item.action is Action.CREATE else "",
        href=reverse("pools:change", args=[item.change_id]),
        who_href=address_with(path, asked.words, who=item.actor_name),
        pool_href=_pool_href(company, item.pool_id),
    )


def _step(step: Step) -> dict[str, Any]:
    """An entry about a change: what it states, and what there is to say of it."""
    verified = bool(step.facts.get("verified"))
    said = next((s.word for end, s in STANDINGS.items() if end == step.outcome), step.outcome)
    problem = step.facts.get("problem", "")
    title, note, tone = {
        Kind.INTENT: ("Recorded, before it was sent", "", "under_way"),
        Kind.OUTCOME: (f"Outcome: {said}", problem, step.outcome),
        Kind.READBACK: (
            "Read back: it shows" if verified else "Read back: it does not show",
            problem,
            "done" if verified else "",
        ),
        Kind.SETTLED: (
            f"Settled by {step.actor_name or 'the panel'}: {said}",
            problem,
            "done" if step.outcome == Verdict.APPLIED else "",
        ),
        Kind.RELEASED: (f"Released by {step.actor_name}", step.reason, ""),
    }.get(step.kind, (step.kind.label.capitalize(), "", ""))
    return {"step": step, "title": title, "note": note, "tone": tone}


def _values(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return ""
    timeout = "none" if snapshot.timeout is None else snapshot.timeout
    return f"limit {snapshot.limit}, timeout {timeout}"


def _links(whole: WholeChange, place: Company | None) -> dict[str, str]:
    """Where a change leads: its pool, and the lists that it is in."""
    item, company = whole.line.item, whole.line.company
    path = _list_path(company if place else None)
    words = {} if place else {"company": company}
    pool = "" if item.pool_id is None else str(item.pool_id)
    return {
        "list_href": path,
        "pool_href": _pool_href(place, item.pool_id),
        "who_href": address_with(path, words, who=item.actor_name),
        "pool_changes_href": address_with(path, words, pool=pool) if pool else "",
    }


def _pool_href(company: Company | None, pool_id: int | None) -> str:
    if company is None or pool_id is None:
        return ""
    return reverse("pools:pool_detail", args=[company.slug, pool_id])


def _list_path(company: str | None) -> str:
    return reverse("pools:change_list", args=[] if company is None else [company])


def _bad_address(sentence: str, path: str) -> Problem:
    return Problem(
        title="This address does not fit the list.",
        meaning=sentence,
        next_text="Start from the newest.",
        next_href=path,
        next_label="Changes",
        kind="warning",
        status=400,
    )


def _unrecorded() -> Problem:
    return Problem(
        title="Nothing was exported.",
        meaning="An export is recorded before it begins, and the record cannot be written now.",
        next_text="Try again in a moment; if it stays so, tell an administrator.",
        next_href="",
        next_label="",
        kind="danger",
        status=503,
    )


def _not_exported(
    request: HttpRequest, sight: Sight, place: Company | None, problem: Problem
) -> HttpResponse:
    context = _form_context(request, sight, place) | {"state": "problem", "problem": problem}
    return show(request, TEMPLATE, context, status=problem.status)
