"""Changing pools: new, edit, clear, delete, and taking one of these back.

Each is one form. What Core or the record did with it comes back in place: a refused
form filled in, a made change as one sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from pools import changes, tokens
from pools.changes import (
    Action,
    ChangeResult,
    Conflict,
    Outcome,
    ProposedChange,
    Snapshot,
    drift,
)
from pools.changes.reading import whole_change
from pools.changes.reverting import CannotRevert, Undo
from pools.core import Invalid, Pool, PoolChanges, Unauthenticated
from pools.drafts import keep_draft, take_draft
from pools.forms import ChangeForm, DeleteForm, PoolForm, RevertForm
from pools.guards import needs
from pools.presentation import Deed, Problem
from pools.sentences import (
    OutcomeMessage,
    changed_meanwhile,
    compare_versions,
    ended_before,
    message_for,
    moved_since,
    nothing_to_revert,
)
from pools.tokens import TokenMissing
from pools.views.pools import systems_of, times
from pools.views.rendering import fragment_wanted, show
from pools.views.workplace import CHANGING, READING, Workplace, enter

_TEMPLATES: Final = {
    Action.CREATE: "pools/pool_form.html",
    Action.EDIT: "pools/pool_form.html",
    Action.CLEAR: "pools/pool_clear.html",
    Action.DELETE: "pools/pool_delete.html",
}
_FORMS: Final[dict[Action, type[ChangeForm]]] = {
    Action.CREATE: PoolForm,
    Action.EDIT: PoolForm,
    Action.CLEAR: ChangeForm,
    Action.DELETE: DeleteForm,
}
_OPENED: Final = "As you opened it"
_LEFT: Final = "As that edit left it"
_WANTED: Final = "As you want it"
_REVERTED: Final = "After reverting"


@dataclass(frozen=True, slots=True)
class Task:
    """A change that a person is about to make: what, to which pool, what it takes back."""

    place: Workplace
    action: Action
    pool_id: int | None = None
    undo: Undo | None = None

    @property
    def template(self) -> str:
        reverting = self.undo is not None and self.action is Action.EDIT
        return "pools/pool_revert.html" if reverting else _TEMPLATES[self.action]

    def form(self, typed: QueryDict | None = None) -> ChangeForm:
        about: dict[str, Any] = {
            "company": self.place.company,
            "action": self.action,
            "pool_id": self.pool_id,
        }
        if self.undo is None:
            return _FORMS[self.action](typed, **about)
        if self.action is Action.EDIT:
            return RevertForm(typed, undo=self.undo, **about)
        return PoolForm(typed, initial=self.undo.before.to_json(), **about)


@needs("pools.create_pools")
def pool_new(request: HttpRequest, company: str) -> HttpResponse:
    return _change(request, Task(enter(request, company), Action.CREATE))


@needs("pools.edit_pools")
def pool_edit(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, Task(enter(request, company), Action.EDIT, pool))


@needs("pools.clear_pools")
def pool_clear(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, Task(enter(request, company), Action.CLEAR, pool))


@needs("pools.delete_pools")
def pool_delete(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, Task(enter(request, company), Action.DELETE, pool))


@needs("pools.edit_pools")
def change_revert(request: HttpRequest, company: str, change: UUID) -> HttpResponse:
    """Puts back what an edit changed; after a delete, creates the pool again."""
    place = enter(request, company)
    if place.token is None:
        return place.show_problem(TokenMissing())
    whole = whole_change(change)
    if whole is None or whole.line.company != company:
        raise Http404
    try:
        undo = Undo.of(whole.line.item)
    except CannotRevert as error:
        return place.show_problem(error)
    if undo.item.action is Action.EDIT:
        return _change(request, Task(place, Action.EDIT, undo.item.pool_id, undo))
    if not place.may["create"]:
        raise PermissionDenied("Your role does not let you create pools.")
    return _change(request, Task(place, Action.CREATE, undo=undo))


def _change(request: HttpRequest, task: Task) -> HttpResponse:
    """The form of a change; and once it is sent, the change."""
    place = task.place
    if request.method == "POST":
        return _submitted(request, task)
    form = task.form()
    try:
        with place.core() as core:
            pool = None
            if task.pool_id is not None:
                pool = drift.read_pool(core, place.company, task.pool_id)
    except READING as error:
        return place.show_problem(error)
    if pool is not None:
        form.show(pool)
    form.initial.update(take_draft(request))
    extra = times(core) | _hindrance(task, pool)
    problem: Problem | None = extra.get("problem")
    return _form_page(request, task, form, pool, extra, status=problem.status if problem else 200)


def _hindrance(task: Task, pool: Pool | None) -> dict[str, Any]:
    """What a person should know before they fill in the form: as context of the page."""
    if pool is None or task.pool_id is None:
        return {}
    if held := changes.open_changes(task.place.company, task.pool_id):
        error = changes.PoolHeld(held[0].change_id, held[0].actor_name, held[0].at)
        return {"problem": task.place.problem(error)}
    undo, now = task.undo, Snapshot.from_pool(pool)
    if undo is None or undo.left.same_values(now):
        return {}
    if undo.changes(now) == PoolChanges():
        return {"problem": nothing_to_revert()}
    rows = compare_versions(undo.left, pool, undo.result(now).to_json())
    conflict = {"opened": _LEFT, "wanted": _REVERTED, "rows": rows}
    return {"problem": moved_since(undo), "conflict": conflict}


def _submitted(request: HttpRequest, task: Task) -> HttpResponse:
    place, form = task.place, task.form(request.POST)
    if not form.is_valid():
        return _form_again(request, task, form)
    try:
        with place.core() as core:
            result = changes.make_change(core, _proposed(task, form))
    except Conflict as conflict:
        return _conflict(request, task, form, conflict)
    except CHANGING as error:
        return _form_again(request, task, form, place.problem(error, Deed.CHANGING))
    if isinstance(result.error, Unauthenticated) and place.token:
        tokens.note_refused(place.token)
    if result.outcome in (Outcome.REFUSED, Outcome.NOT_SENT):
        return _not_made(request, task, form, result)
    return _made(request, task, result)


def _proposed(task: Task, form: ChangeForm) -> ProposedChange:
    action = task.action
    return ProposedChange(
        company=task.place.company,
        action=action,
        pool_id=task.pool_id,
        seen=form.cleaned_data["seen"],
        fields=form.pool_fields() if action is Action.CREATE else None,  # type: ignore[attr-defined]
        changed=form.pool_changes() if action is Action.EDIT else None,  # type: ignore[attr-defined]
        reason=form.cleaned_data["reason"],
        form_id=form.cleaned_data["form_id"],
        actor=task.place.actor,
        reverts=task.undo.item.change_id if task.undo else None,
    )


def _form_page(
    request: HttpRequest,
    task: Task,
    form: ChangeForm,
    pool: Pool | None,
    extra: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    place, undo = task.place, task.undo
    context: dict[str, Any] = {
        "company": place.company,
        "form": form,
        "mode": "new" if task.action is Action.CREATE else "edit",
        "pool": pool,
        "systems": systems_of(pool) if pool else [],
        "cancel_href": page_of(place, pool.id if pool else None),
        "action_url": request.path,
        "problem": None,
        "conflict": None,
        "undo": undo,
        "reverting": _reverting(undo, pool) if undo and pool else None,
    } | extra
    if isinstance(form, DeleteForm):
        context["name_required"] = form.offer(pool)
    return show(request, task.template, context, status=status)


def _reverting(undo: Undo, pool: Pool) -> dict[str, Any]:
    """What reverting does to the pool as it is now, for the sentence of the form."""
    now = Snapshot.from_pool(pool)
    return {"differences": changes.differences(now, undo.result(now))}


def _form_again(
    request: HttpRequest, task: Task, form: ChangeForm, problem: Problem | None = None
) -> HttpResponse:
    """The form as it was filled in, with what is wrong; what it is about is read anew."""
    place, pool = task.place, None
    if task.pool_id is not None:
        try:
            with place.core() as core:
                pool = drift.read_pool(core, place.company, task.pool_id)
        except READING as error:
            problem = problem or place.problem(error, Deed.CHANGING)
    if problem and problem.mends_token:
        keep_draft(request, form.typed())
    status = problem.status if problem else 422
    return _form_page(request, task, form, pool, {"problem": problem}, status=status)


def _not_made(
    request: HttpRequest, task: Task, form: ChangeForm, result: ChangeResult
) -> HttpResponse:
    """Refused or not sent: nothing changed, so the form may be sent again as another change."""
    form.renew()
    if isinstance(result.error, Invalid):
        _quote_on_fields(form, result.error)
    problem = (
        task.place.problem(result.error, Deed.CHANGING) if result.error else ended_before(result)
    )
    return _form_again(request, task, form, problem)


def _quote_on_fields(form: ChangeForm, error: Invalid) -> None:
    for field, sentences in error.fields.items():
        target = field if field in form.fields else None
        for sentence in sentences:
            form.add_error(target, sentence)


def _conflict(
    request: HttpRequest, task: Task, form: ChangeForm, conflict: Conflict
) -> HttpResponse:
    """The versions side by side; sending it once more goes on from the pool as it is.

    A clear or a delete wants no values, and so has no third version.
    """
    opened, now = form.cleaned_data["seen"], conflict.now
    problem = task.place.problem(conflict, Deed.CHANGING)
    problem = changed_meanwhile(problem, task.action, reverting=bool(task.undo))
    wanted: Mapping[str, Any] = form.cleaned_data
    heading = _WANTED if task.action is Action.EDIT else ""
    if task.undo:
        wanted, heading = task.undo.result(Snapshot.from_pool(now)).to_json(), _REVERTED
    rows = compare_versions(opened, now, wanted)
    if isinstance(form, PoolForm):
        form.follow(opened, now)
    form.show(now)
    versions = {"opened": _OPENED, "wanted": heading, "rows": rows}
    extra = {"problem": problem, "conflict": versions}
    return _form_page(request, task, form, now, extra, status=problem.status)


def _made(request: HttpRequest, task: Task, result: ChangeResult) -> HttpResponse:
    """Done or unknown: one sentence, on the page where the pool is (or was)."""
    place = task.place
    deleted = result.action is Action.DELETE
    gone = deleted and result.outcome is Outcome.DONE
    target = page_of(place, None if gone else result.pool_id)
    # The page of a pool that is new, or may be gone, cannot refresh itself, nor can that
    # of a change: go there anew, or leave it.
    in_front = _page_in_front(request)
    refreshes = {page_of(place, None), page_of(place, result.pool_id)}
    leave = result.action is Action.CREATE or in_front not in refreshes
    leave = leave or (deleted and in_front == page_of(place, result.pool_id))
    message = message_for(result, place.company, reverted=task.undo is not None)
    return landed(request, message, target, leave=leave)


def landed(
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


def page_of(place: Workplace, pool_id: int | None) -> str:
    if pool_id is None:
        return reverse("pools:pool_list", args=[place.company.slug])
    return reverse("pools:pool_detail", args=[place.company.slug, pool_id])
