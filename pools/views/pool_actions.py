"""Changing pools: new, edit, clear, delete, and reverting one of these.

Each is one form: form → proposal → result → answer. What Patchworks or the record did with
it comes back in place: a refused form filled in, a made change as one sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from pools.catalogue.namesakes import Namesake, namesakes
from pools.changes import ChangeResult, Conflict, HistoryItem, Snapshot, drift
from pools.changes.lines import whole_change
from pools.changes.pool_records import changers_of
from pools.changes.recent_clears import recent_clears
from pools.changes.reverting import CannotRevert, Undo
from pools.core import Pool
from pools.forms.deleting import DeleteForm
from pools.forms.pool import VALUES, PoolForm
from pools.forms.pool_as_seen import is_about
from pools.forms.pool_change import ChangeForm
from pools.forms.reverting import RevertForm
from pools.models.vocabulary import RIGHTS, Action
from pools.pages.drafts import forget_draft, keep_draft, refuse_draft, take_draft
from pools.pages.guards import needs
from pools.pages.just_read import hand_on
from pools.pages.rendering import landed, page_behind, show
from pools.pages.ticket import reason_begun
from pools.tokens.keeping import TokenMissing
from pools.views.deciding import Deciding
from pools.views.pool_rows import row_of
from pools.views.visibility import no_such_entry
from pools.views.workplace import NO_POOL, READING, Workplace, enter
from pools.wording.actions import words_for
from pools.wording.connectors import by_system
from pools.wording.messages import OutcomeMessage, answer_for, beside_namesakes
from pools.wording.roles import not_in_your_role
from pools.wording.situations import pool_page


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a change is proposed: its form, and the page of that."""

    form: type[ChangeForm]
    template: str


_SCREENS: Final = {
    Action.CREATE: Screen(PoolForm, "pools/pool_form.html"),
    Action.EDIT: Screen(PoolForm, "pools/pool_form.html"),
    Action.CLEAR: Screen(ChangeForm, "pools/pool_clear.html"),
    Action.DELETE: Screen(DeleteForm, "pools/pool_delete.html"),
}
_REVERTING: Final = Screen(RevertForm, "pools/pool_revert.html")


@dataclass(frozen=True, slots=True)
class Task:
    """A change that a person is about to make: what, to which pool, what it reverts."""

    workplace: Workplace
    action: Action
    pool_id: int | None = None
    undo: Undo | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What its form has to know."""
        return {
            "company": self.workplace.company,
            "action": self.action,
            "pool_id": self.pool_id,
            "undo": self.undo,
            "begun": reason_begun(self.workplace.request),
            "kept": self.workplace.kept,
        }

    @property
    def screen(self) -> Screen:
        reverting = self.undo is not None and self.action is Action.EDIT
        return _REVERTING if reverting else _SCREENS[self.action]


@needs(RIGHTS[Action.CREATE])
def pool_new(request: HttpRequest, company: str) -> HttpResponse:
    return _change(request, Task(enter(request, company), Action.CREATE))


@needs(RIGHTS[Action.EDIT])
def pool_edit(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, Task(enter(request, company, pool), Action.EDIT, pool))


@needs(RIGHTS[Action.CLEAR])
def pool_clear(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, Task(enter(request, company, pool), Action.CLEAR, pool))


@needs(RIGHTS[Action.DELETE])
def pool_delete(request: HttpRequest, company: str, pool: int) -> HttpResponse:
    return _change(request, Task(enter(request, company, pool), Action.DELETE, pool))


@needs(RIGHTS[Action.EDIT])
def change_revert(request: HttpRequest, company: str, change: UUID) -> HttpResponse:
    """Puts back what an edit changed; after a delete, creates the pool again."""
    workplace = enter(request, company)
    try:
        workplace.require_token()
    except TokenMissing as error:
        return workplace.show_problem(error, Action.EDIT)
    whole = whole_change(change)
    if whole is None or whole.line.company != company:
        raise no_such_entry()
    try:
        undo = Undo.of(whole.line.item, workplace.company.origin)
    except CannotRevert as error:
        return workplace.show_problem(error, Action.EDIT)
    if undo.item.action is Action.EDIT:
        workplace = enter(request, company, undo.item.pool_id)
        return _change(request, Task(workplace, Action.EDIT, undo.item.pool_id, undo))
    if not workplace.may[Action.CREATE]:
        raise PermissionDenied(not_in_your_role(RIGHTS[Action.CREATE]))
    return _change(request, Task(workplace, Action.CREATE, undo=undo))


def _change(request: HttpRequest, task: Task) -> HttpResponse:
    """The form of a change; and once it is sent: its proposal, the result, the answer."""
    workplace, pool_id = task.workplace, task.pool_id
    # First of all: the session is saved before a page that had to be begun is finished.
    draft = _draft_of(request, task) if request.method == "GET" else _without_kept(request, task)
    if request.method == "POST":
        forget_draft(request)
    if request.method != "GET" or pool_id is None:
        return _answer(request, task, draft, workplace.read)
    return workplace.ask_pool(
        pool_id,
        lambda core, read: _answer(
            request, task, draft, lambda _: workplace.reading(read, pool_id)
        ),
        f"{words_for(task.action).title} {pool_id}",
        drift.notice,
    )


def _without_kept(request: HttpRequest, task: Task) -> dict[str, Any]:
    """What was typed in a form that is opened once more, to keep a colleague's value of a field.

    Nothing where the form is sent.
    """
    field = request.POST.get("keep")
    if task.screen.form is not PoolForm or field not in VALUES:
        return {}
    typed = PoolForm(request.POST, **task.about).typed()
    return {name: text for name, text in typed.items() if name != field}


def _draft_of(request: HttpRequest, task: Task) -> dict[str, Any]:
    """What was kept of this form. What was typed for another origin's pool is not for this one."""
    draft = take_draft(request)
    opened = draft.get("opened") or draft.get("seen", "")
    if not draft or is_about(opened, task.workplace.company, task.pool_id):
        return draft
    return refuse_draft(request)


def _answer(
    request: HttpRequest,
    task: Task,
    draft: Mapping[str, Any],
    read: Callable[[int | None], Pool | Exception | None],
) -> HttpResponse:
    workplace, template = task.workplace, task.screen.template
    sent = request.method == "POST" and not draft
    form = task.screen.form(request.POST if sent else None, **task.about)
    result = form.send(workplace.make, workplace.actor)
    obstacle = form.prepare(read, result)
    situation = workplace.situation(task.action, task.undo)
    if not form.is_bound and obstacle and form.pool is None:
        # There is nothing to fill in; what was kept is for the next time.
        kept = bool(draft) and keep_draft(request, draft, saved=True)
        situation = replace(situation, unopened=True, kept=kept)
    answer = answer_for(result or obstacle, situation)
    if isinstance(answer, OutcomeMessage):
        return _landed(workplace, _named_as_others(task, form, answer, result), result)
    if not form.is_bound:
        form.initial.update(draft)
        if situation.unopened:
            template = "pools/problem.html"
    elif answer and answer.mends_token:
        keep_draft(request, form.typed())
    context = {
        **NO_POOL,
        "company": workplace.company,
        "may": workplace.may,
        "form": form,
        "mode": "new" if task.action is Action.CREATE else "edit",
        "pool": form.pool,
        "systems": by_system(form.pool),
        "deciding": _deciding(task, form),
        "namesakes": _namesakes(task, form, task.pool_id),
        "cancel_href": situation.page_of(task.pool_id),
        "action_url": request.path,
        "problem": answer,
        "conflict": answer and answer.versions,
        "changers": _changers(task, result),
        "undo": task.undo,
    }
    status = answer.status if answer else 422 if form.is_bound else 200
    return show(request, template, context, status=status)


def _deciding(task: Task, form: ChangeForm) -> Deciding:
    cleared = None
    if task.action is Action.CLEAR and task.pool_id is not None:
        cleared = recent_clears(task.workplace.company, task.pool_id)
    is_new, wanted = task.action is Action.CREATE, form.limit_wanted
    return Deciding.about(task.workplace.kept, form.pool, cleared, wanted, is_new=is_new)


def _namesakes(task: Task, form: ChangeForm, but: int | None) -> list[Namesake]:
    """Other pools with the name that the change gives; they are for who can see them at Core."""
    name = form.name_wanted
    if name is None:
        return []
    try:
        task.workplace.check_token()
    except READING:
        return []
    return namesakes(task.workplace.company, name, but)


def _named_as_others(
    task: Task,
    form: ChangeForm,
    message: OutcomeMessage,
    result: ChangeResult | Exception | None,
) -> OutcomeMessage:
    """What has ended, with the pools that have the name, too, where it was given for certain."""
    if not isinstance(result, ChangeResult) or result.pool_id is None:
        return message
    if not result.state.took_effect:
        return message
    others = _namesakes(task, form, result.pool_id)
    return beside_namesakes(message, [each.pool_id for each in others])


def _changers(task: Task, result: ChangeResult | Exception | None) -> dict[str, HistoryItem]:
    """Who changed what is in the way of an edit."""
    if not isinstance(result, Conflict) or task.pool_id is None:
        return {}
    return changers_of(task.workplace.company, task.pool_id, Snapshot.from_pool(result.now))


def _landed(
    workplace: Workplace, message: OutcomeMessage, result: ChangeResult | Exception | None
) -> HttpResponse:
    """What has ended. What was just read back need not be read again by the page that follows."""
    request, company = workplace.request, workplace.company
    behind = page_behind(request, message)
    if not isinstance(result, ChangeResult) or result.reading is None:
        return landed(request, message, workplace.company)
    if behind == pool_page(company):
        return landed(request, message, workplace.company, row_of(workplace, result.reading.pool))
    if (behind or message.target) == pool_page(company, result.pool_id):
        hand_on(request, company, result.change_id, result.reading)
    return landed(request, message, workplace.company)
