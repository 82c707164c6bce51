"""Changing pools: new, edit, clear, delete, and releasing a pool by hand.

Each is one form. What Core or the record did with it comes back in place: a refused
form filled in, a made change as one sentence.
"""

from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from pools import changes, tokens
from pools.changes import Action, ChangeResult, Conflict, Outcome, ProposedChange
from pools.core import Invalid, Pool, Unauthenticated
from pools.drafts import keep_draft, take_draft
from pools.forms import ChangeForm, DeleteForm, PoolForm, ReleaseForm
from pools.guards import needs
from pools.presentation import Deed, Problem
from pools.sentences import OutcomeMessage, compare_versions, ended_before, message_for
from pools.views.pools import systems_of, times
from pools.views.rendering import fragment_wanted, show
from pools.views.workplace import CHANGING, READING, Workplace, enter

TEMPLATES: Final = {
    Action.CREATE: "pools/pool_form.html",
    Action.EDIT: "pools/pool_form.html",
    Action.CLEAR: "pools/pool_clear.html",
    Action.DELETE: "pools/pool_delete.html",
}
FORMS: Final[dict[Action, type[ChangeForm]]] = {
    Action.CREATE: PoolForm,
    Action.EDIT: PoolForm,
    Action.CLEAR: ChangeForm,
    Action.DELETE: DeleteForm,
}


@needs("pools.create_pools")
def pool_new(request: HttpRequest, company: str) -> HttpResponse:
    return _change(request, enter(request, company), Action.CREATE)


@needs("pools.edit_pools")
def pool_edit(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, enter(request, company), Action.EDIT, pool)


@needs("pools.clear_pools")
def pool_clear(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, enter(request, company), Action.CLEAR, pool)


@needs("pools.delete_pools")
def pool_delete(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, enter(request, company), Action.DELETE, pool)


@needs("pools.edit_pools")
def change_release(request: HttpRequest, company: str, change: UUID) -> HttpResponse:
    """Releases a pool whose last change has no known outcome, for a stated reason."""
    place = enter(request, company)
    held = next((c for c in changes.open_changes(place.company) if c.change_id == change), None)
    if held is None:
        raise Http404
    form = ReleaseForm(request.POST or None, initial=take_draft(request))
    back = _page_of(place, held.pool_id)
    context: dict[str, Any] = {
        "company": place.company,
        "form": form,
        "change": held,
        "cancel_href": back,
        "action_url": request.path,
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return show(request, "pools/change_release.html", context, status=status)
    try:
        changes.release_lease(change, place.actor, form.cleaned_data["reason"])
    except CHANGING as error:
        context["problem"] = problem = place.problem(error, Deed.CHANGING)
        return show(request, "pools/change_release.html", context, status=problem.status)
    return _landed(
        request,
        OutcomeMessage("success", "Released: the pool can be changed again.", back, "Pool"),
        back,
    )


def _change(
    request: HttpRequest, place: Workplace, action: Action, pool_id: int | None = None
) -> HttpResponse:
    if request.method == "POST":
        return _submitted(request, place, action, pool_id)
    form = FORMS[action](company=place.company, action=action, pool_id=pool_id)
    try:
        with place.core() as core:
            pool = None if pool_id is None else core.get_pool(pool_id)
    except READING as error:
        return place.show_problem(error)
    if pool is not None:
        form.show(pool)
    form.initial.update(take_draft(request))
    held = changes.open_changes(place.company, pool_id) if pool_id is not None else []
    if not held:
        return _form_page(request, place, action, form, pool, times(core))
    problem = place.problem(changes.PoolHeld(held[0].change_id, held[0].actor_name, held[0].at))
    extra = times(core) | {"problem": problem}
    return _form_page(request, place, action, form, pool, extra, status=problem.status)


def _submitted(
    request: HttpRequest, place: Workplace, action: Action, pool_id: int | None
) -> HttpResponse:
    form = FORMS[action](request.POST, company=place.company, action=action, pool_id=pool_id)
    if not form.is_valid():
        return _form_again(request, place, action, form, pool_id)
    try:
        with place.core() as core:
            result = changes.make_change(core, _proposed(place, action, pool_id, form))
    except Conflict as conflict:
        return _conflict(request, place, action, form, conflict)
    except CHANGING as error:
        problem = place.problem(error, Deed.CHANGING)
        return _form_again(request, place, action, form, pool_id, problem)
    if isinstance(result.error, Unauthenticated) and place.token:
        tokens.note_refused(place.token)
    if result.outcome in (Outcome.REFUSED, Outcome.NOT_SENT):
        return _not_made(request, place, form, result)
    return _made(request, place, result)


def _proposed(
    place: Workplace, action: Action, pool_id: int | None, form: ChangeForm
) -> ProposedChange:
    return ProposedChange(
        company=place.company,
        action=action,
        pool_id=pool_id,
        seen=form.cleaned_data["seen"],
        fields=form.pool_fields() if action is Action.CREATE else None,  # type: ignore[attr-defined]
        changed=form.pool_changes() if action is Action.EDIT else None,  # type: ignore[attr-defined]
        reason=form.cleaned_data["reason"],
        form_id=form.cleaned_data["form_id"],
        actor=place.actor,
    )


def _form_page(
    request: HttpRequest,
    place: Workplace,
    action: Action,
    form: ChangeForm,
    pool: Pool | None,
    extra: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "company": place.company,
        "form": form,
        "mode": "new" if action is Action.CREATE else "edit",
        "pool": pool,
        "systems": systems_of(pool) if pool else [],
        "cancel_href": _page_of(place, pool.id if pool else None),
        "action_url": request.path,
        "problem": None,
        "conflict": None,
    } | extra
    if isinstance(form, DeleteForm):
        context["name_required"] = form.offer(pool)
    return show(request, TEMPLATES[action], context, status=status)


def _form_again(
    request: HttpRequest,
    place: Workplace,
    action: Action,
    form: ChangeForm,
    pool_id: int | None,
    problem: Problem | None = None,
) -> HttpResponse:
    """The form as it was filled in, with what is wrong; what it is about is read anew."""
    pool = None
    if pool_id is not None:
        try:
            with place.core() as core:
                pool = core.get_pool(pool_id)
        except READING as error:
            problem = problem or place.problem(error, Deed.CHANGING)
    if problem and problem.mends_token:
        keep_draft(request, form.typed())
    status = problem.status if problem else 422
    return _form_page(request, place, action, form, pool, {"problem": problem}, status=status)


def _not_made(
    request: HttpRequest, place: Workplace, form: ChangeForm, result: ChangeResult
) -> HttpResponse:
    """Refused or not sent: nothing changed, so the form may be sent again as another change."""
    form.renew()
    if isinstance(result.error, Invalid):
        _quote_on_fields(form, result.error)
    problem = place.problem(result.error, Deed.CHANGING) if result.error else ended_before(result)
    return _form_again(request, place, result.action, form, result.pool_id, problem)


def _quote_on_fields(form: ChangeForm, error: Invalid) -> None:
    for field, sentences in error.fields.items():
        target = field if field in form.fields else None
        for sentence in sentences:
            form.add_error(target, sentence)


def _conflict(
    request: HttpRequest, place: Workplace, action: Action, form: ChangeForm, conflict: Conflict
) -> HttpResponse:
    """The three versions side by side; saving once more goes on from the pool as it is."""
    opened = form.cleaned_data["seen"]
    problem = place.problem(conflict, Deed.CHANGING)
    rows = compare_versions(opened, conflict.now, form.cleaned_data)
    if isinstance(form, PoolForm):
        form.follow(opened, conflict.now)
    form.show(conflict.now)
    extra = {"problem": problem, "conflict": {"rows": rows}}
    return _form_page(request, place, action, form, conflict.now, extra, status=problem.status)


def _made(request: HttpRequest, place: Workplace, result: ChangeResult) -> HttpResponse:
    """Done or unknown: one sentence, on the page where the pool is (or was)."""
    gone = result.action is Action.DELETE and result.outcome is Outcome.DONE
    target = _page_of(place, None if gone else result.pool_id)
    # The page of a pool that is new or gone cannot refresh itself: go there, or leave it.
    own_page = _page_of(place, result.pool_id) == _page_in_front(request)
    leave = result.action is Action.CREATE or (gone and own_page)
    return _landed(request, message_for(result, place.company), target, leave=leave)


def _landed(
    request: HttpRequest, message: OutcomeMessage, target: str, *, leave: bool = False
) -> HttpResponse:
    """From a dialog the sentence appears in place, and the page refreshes its own part."""
    if leave or fragment_wanted(request) != "dialog":
        messages.add_message(request, message.message_level, message.text)
        return redirect(target)
    response = render(request, "pools/outcome.html", {"outcome": message})
    response["HX-Retarget"] = "#outcome"
    response["HX-Reswap"] = "innerHTML"
    response["HX-Trigger"] = "pools:changed"
    return response


def _page_in_front(request: HttpRequest) -> str:
    """The path of the page that a dialog lies over."""
    return urlsplit(request.htmx.current_url_abs_path or "").path  # type: ignore[attr-defined]


def _page_of(place: Workplace, pool_id: int | None) -> str:
    if pool_id is None:
        return reverse("pools:pool_list", args=[place.company.slug])
    return reverse("pools:pool_detail", args=[place.company.slug, pool_id])
