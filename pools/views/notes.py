"""Pinning a note to a pool or to a company, for those who may edit pools there."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from pools.catalogue.keeping import seen_pools
from pools.forms.notes import NoteForm
from pools.guidance.notes import NoteChanged, note_on, pin_note
from pools.ledger.appending import LedgerUnwritable
from pools.models import PinnedNote
from pools.models.vocabulary import Action
from pools.pages.drafts import forget_draft, keep_draft, take_draft
from pools.pages.guards import needs
from pools.pages.rendering import landed, show
from pools.people.roles import PIN_NOTES
from pools.views.workplace import READING, Workplace, enter
from pools.wording.notes import changed_sentence, pinned_message
from pools.wording.situations import pool_page


@needs(PIN_NOTES)
def pool_note(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _note(request, enter(request, company, pool), pool)


@needs(PIN_NOTES)
def company_note(request: HttpRequest, company: str) -> HttpResponse:
    return _note(request, enter(request, company), None)


def _note(request: HttpRequest, workplace: Workplace, pool_id: int | None) -> HttpResponse:
    """Core is not asked: a note may be needed most while it is away."""
    company = workplace.company
    try:
        workplace.check_token()
    except READING as error:
        if request.method == "POST":
            keep_draft(request, request.POST)
        return workplace.show_problem(error, Action.EDIT)
    pool = None if pool_id is None else seen_pools(company, [pool_id]).get(pool_id)
    if pool_id is not None and pool is None:
        raise Http404
    note = note_on(company, pool_id)
    context: dict[str, Any] = {
        "company": company,
        "pool": pool,
        "note": note,
        "changed": "",
        "cancel_href": pool_page(company, pool_id),
        "action_url": request.path,
        "problem": None,
    }
    if request.method == "POST":
        forget_draft(request)
        return _sent(request, workplace, pool_id, context)
    initial = {"note": note.text if note else "", "read": note.entry if note else 0}
    form = NoteForm(initial={**initial, **take_draft(request)})
    return show(request, "pools/note.html", {**context, "form": form})


def _sent(
    request: HttpRequest, workplace: Workplace, pool_id: int | None, context: dict[str, Any]
) -> HttpResponse:
    company, removed = workplace.company, "remove" in request.POST
    form = NoteForm(request.POST)
    if not removed and not form.is_valid():
        return show(request, "pools/note.html", {**context, "form": form}, status=422)
    name = context["pool"].name or "" if context["pool"] else ""
    text = "" if removed else form.cleaned_data["note"]
    try:
        pin_note(company, pool_id, name, text, form.has_read, by=workplace.actor)
    except NoteChanged as error:
        again = _once_more(form, error.now)
        found = {**context, "note": error.now, "changed": changed_sentence(error), "form": again}
        return show(request, "pools/note.html", found, status=409)
    except LedgerUnwritable as error:
        problem = workplace.problem(error, Action.EDIT)
        found = {**context, "problem": problem, "form": form}
        return show(request, "pools/note.html", found, status=problem.status)
    return landed(request, pinned_message(pool_page(company, pool_id), removed=removed), company)


def _once_more(form: NoteForm, now: PinnedNote | None) -> NoteForm:
    """What was typed, of a person who has read by now what the note says."""
    return NoteForm(initial={"note": form.data.get("note", ""), "read": now.entry if now else 0})
