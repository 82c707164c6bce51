"""Evidence: a zip file of a filter's changes or events, or of one change, that proves itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone

from pools.changes.lines import whole_change
from pools.evidence.bundle import Altered, Contents, NotReady, made
from pools.evidence.older import OlderCheckpoint
from pools.evidence.selecting import (
    NothingThere,
    Selection,
    TooMany,
    matching,
    selected,
    selected_batch,
    selected_change,
)
from pools.forms.evidence import EvidenceForm
from pools.ledger.signed_checkpoints import NotSigned
from pools.ledger.tree import tree_size
from pools.models import Company
from pools.pages.actors import actor_of
from pools.pages.errors import NotHere
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.people.roles import TAKE_EVIDENCE
from pools.views.address_names import refuse_unknown
from pools.views.batches import Place
from pools.views.changes import list_path, not_made, query_of, visible_in
from pools.views.changes_address import PARAMETERS, ListQuery, address_with
from pools.views.visibility import Visibility, visibility_of
from pools.wording import evidence as wording
from pools.wording.addresses import BadAddress, bad_address
from pools.wording.batches import operation_of
from pools.wording.changes import compared, heading_of, step_in_words
from pools.wording.events import line_facts_of, title_of
from pools.wording.filters import filtered_by
from pools.wording.moments import zone_name
from pools.wording.verifying import in_archive

_REFUSED: Final = (TooMany, NothingThere, NotReady, NotSigned, Altered, DatabaseError)
TEMPLATE: Final = "pools/evidence.html"


@dataclass(frozen=True, slots=True)
class Asked:
    """What evidence is asked of: in words and as an address has it, how much it is, and how to
    read it. `back` is the page that it was asked from. `company` is the page's, or None.
    `archived` is where older entries are that a filter may mean as well.
    """

    words: str
    filters: dict[str, Any]
    how_many: Callable[[], str]
    select: Callable[[], Selection]
    visible: Visibility
    company: Company | None
    back: str
    events: bool = False
    archived: str = ""


@needs(TAKE_EVIDENCE)
def evidence(request: HttpRequest, company: str | None = None) -> HttpResponse:
    """Of what a list of changes, or of events, is narrowed to."""
    visible, chosen = visible_in(request, company)
    try:
        refuse_unknown(request.GET, PARAMETERS)
        query = query_of(request, visible, company)
    except BadAddress as error:
        problem = bad_address(error, list_path(company), "Changes")
        return not_made(request, visible, chosen, problem)
    return _asked(request, _of_filter(visible, chosen, query))


@needs(TAKE_EVIDENCE)
def change_evidence(request: HttpRequest, change: UUID) -> HttpResponse:
    """Of one change, whole."""
    visible, whole = visibility_of(person(request)), whole_change(change)
    if whole is None or not visible.sees(whole.line.company):
        raise NotHere(in_archive(visible.archived))
    slug, item = whole.line.company, whole.line.item
    asked = Asked(
        words=wording.described_change(item, _name(visible, slug)),
        filters={"change": str(change)},
        how_many=lambda: wording.how_many(1),
        select=lambda: selected_change(change),
        visible=visible,
        company=visible.here.get(slug),
        back=reverse("pools:change", args=[change]),
    )
    return _asked(request, asked)


@needs(TAKE_EVIDENCE)
def batch_evidence(request: HttpRequest, company: str, batch: UUID) -> HttpResponse:
    """Of a list of changes: what was done with it, and each change of it."""
    place = Place.entered(request, company, batch)
    chosen, progress = place.workplace.company, place.progress
    operation = operation_of(progress.batch)
    asked = Asked(
        words=wording.described_batch(operation, progress.to_send, chosen.name),
        filters={"batch": str(batch)},
        how_many=lambda: wording.how_many(len(selected_batch(batch).changes)),
        select=lambda: selected_batch(batch),
        visible=visibility_of(person(request)),
        company=chosen,
        back=place.href,
    )
    return _asked(request, asked)


def _of_filter(visible: Visibility, chosen: Company | None, query: ListQuery) -> Asked:
    events, names = query.filters.events, {each.slug: each.name for each in visible.here.values()}
    words = {
        name: text for name, text in query.words.items() if name not in {"before", "after", "page"}
    }
    within = query.filters.companies
    filters: dict[str, Any] = {**words, "zone": zone_name()}
    if within is not None:
        filters["companies"] = sorted(within)
    named = None if within is None else sorted(names.get(slug, slug) for slug in within)
    narrowed = filtered_by({k: v for k, v in words.items() if k != "company"}, names)
    return Asked(
        words=wording.described(narrowed, named, events=events),
        filters=filters,
        how_many=lambda: wording.how_many(len(matching(query.filters)), events=events),
        select=lambda: selected(query.filters),
        visible=visible,
        company=chosen,
        back=address_with(list_path(chosen.slug if chosen else None), words),
        events=events,
        archived=in_archive(visible.archived),
    )


def _asked(request: HttpRequest, asked: Asked) -> HttpResponse:
    """The form that asks for an older checkpoint; or, sent, the file."""
    form = EvidenceForm(request.POST if request.method == "POST" else None)
    try:
        if not settings.SIGNING_KEYS:
            return _page(request, asked, form, problem=wording.without_key())
        if form.is_valid():
            return _file(request, asked, form.cleaned_data["older"])
        return _page(request, asked, form, how_many=asked.how_many())
    except _REFUSED as error:
        problem = wording.no_evidence(error, events=asked.events)
        return _page(request, asked, form, problem=problem)


def _page(
    request: HttpRequest,
    asked: Asked,
    form: EvidenceForm,
    *,
    how_many: str = "",
    problem: str = "",
) -> HttpResponse:
    context = {
        "company": asked.company,
        "asked": asked,
        "how_many": how_many,
        "problem": problem,
        "form": form,
    }
    return show(request, TEMPLATE, context, status=409 if problem else 200)


def _file(request: HttpRequest, asked: Asked, older: OlderCheckpoint | None) -> HttpResponse:
    selection, ledger = asked.select(), tree_size()
    actor = actor_of(request, person(request))
    # Of a list, the events about it are there besides.
    count = len(selection.events if asked.events else selection.changes)
    lines = wording.how_many(count, events=asked.events)
    about = {
        "What": asked.words,
        "How many": wording.proves(len(selection.numbers), lines, ledger),
        "Made by": f"{actor.name}, {timezone.now():%Y-%m-%d %H:%M:%S} UTC",
        "Ledger": settings.LEDGER_ORIGIN,
        **({"Not in it": asked.archived} if asked.archived else {}),
    }
    contents = Contents(
        filters=asked.filters,
        words=asked.words,
        company=asked.company.slug if asked.company else "",
        ledger=ledger,
        lines=count,
        page=get_template("evidence/bundle.html").render(_shown(asked, selection, about)),
        readme=wording.readme(settings.PANEL_NAME, about, _keys_address(request)),
    )
    response = HttpResponse(
        made(selection.numbers, contents, actor, older), content_type="application/zip"
    )
    name = "-".join(filter(None, ["evidence", contents.company, f"{timezone.localdate()}"]))
    response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return response


def _keys_address(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("pools:audit_keys"))


def _shown(asked: Asked, selection: Selection, about: dict[str, str]) -> dict[str, Any]:
    """What the page for people has: it is read without the panel."""
    changes = [
        {
            "item": each.item,
            "title": heading_of(each.item),
            "company": _name(asked.visible, each.company),
            "compared": compared(each.item),
            "steps": [step_in_words(step) for step in each.steps],
        }
        for each in selection.changes
    ]
    events = [
        {
            "line": line,
            "title": title_of(line.action),
            "company": _name(asked.visible, line.company),
            "facts": line_facts_of(line),
        }
        for line in selection.events
    ]
    return {
        "panel_name": settings.PANEL_NAME,
        "zone": zone_name(),
        "about": about,
        "changes": changes,
        "events": events,
    }


def _name(visible: Visibility, slug: str) -> str:
    company = visible.here.get(slug)
    return company.name if company else slug
