"""From pools that were chosen on a list to a batch: what is to be done with them, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from pools.batches.caps import TooMany
from pools.batches.chosen_pools import (
    CannotResolve,
    by_name,
    must_fit,
    read_matching,
    read_system,
    read_ticked,
    seen_ids,
)
from pools.batches.freezing import NothingToFreeze, Order, Wish, freeze
from pools.batches.new_values import ACTIONS, changes_for
from pools.catalogue.keeping import seen_pools
from pools.core import CoreClient, Page, Pool, PoolQuery
from pools.forms.batch_new import OrderForm
from pools.ledger.appending import LedgerUnwritable
from pools.models import Batch
from pools.models.batch import Source
from pools.models.vocabulary import RIGHTS, Action
from pools.pages.drafts import forget_draft, keep_draft, take_draft
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.pages.ticket import reason_begun
from pools.people.roles import RUN_LISTS
from pools.views.chosen import Chosen
from pools.views.workplace import READING, Workplace, enter, rights_of
from pools.wording import bulk_actions as wording
from pools.wording.addresses import BadAddress, bad_address
from pools.wording.pool_list import is_unsearched
from pools.wording.roles import not_in_your_role
from pools.wording.situations import Problem, pool_page

# What keeps a list from being made, and is said above the form.
_NOT_FROZEN: Final = (*READING, LedgerUnwritable, TooMany, CannotResolve, NothingToFreeze)


@dataclass(frozen=True, slots=True)
class Task:
    """What a person is about to make a list of. `found`: how many match, as far as is known."""

    workplace: Workplace
    chosen: Chosen
    form: OrderForm


@needs(RUN_LISTS)
def batch_new(request: HttpRequest, company: str) -> HttpResponse:
    """The form of an order; once it is filled in, freezes the list and leads to it."""
    offers = wording.offers_of(rights_of(person(request)))
    if not offers:
        raise PermissionDenied(not_in_your_role(RIGHTS[Action.EDIT]))
    workplace = enter(request, company)
    try:
        workplace.check_token()
    except READING as error:
        request.draft_kept = request.method == "POST" and keep_draft(request, request.POST)  # type: ignore[attr-defined]
        return workplace.show_problem(error, offers[0].right)
    typed = request.POST if request.method == "POST" else _draft_of(request)
    if request.method == "POST":
        forget_draft(request)
    freezes = request.method == "POST" and "freeze" in typed
    form = OrderForm(
        typed if freezes else None,
        company=workplace.company,
        offers=offers,
        initial={"reason": reason_begun(request), **typed.dict()},
    )
    try:
        chosen = Chosen.read(typed, workplace.company)
    except BadAddress as error:
        wrong = bad_address(error, pool_page(workplace.company), "Pools")
        return workplace.say_problem(wrong)
    task = Task(workplace, chosen, form)
    return _frozen(task) if freezes else _opened(task)


def _draft_of(request: HttpRequest) -> QueryDict:
    """What was typed before a token was mended, or before the preview, as it was sent then."""
    typed = QueryDict(mutable=True)
    for name, value in take_draft(request).items():
        typed.setlist(name, value if isinstance(value, list) else [value])
    # Until it is sent once more, each way back leads to it.
    keep_draft(request, typed)
    return typed


def _opened(task: Task) -> HttpResponse:
    """The form for the first time. How many match is asked of Core, where only it can tell."""
    chosen, workplace = task.chosen, task.workplace
    query = chosen.query
    if chosen.obstacle or query is None or query.system:
        return _shown(task, found=_found(task))

    def answer(core: CoreClient | None, read: Callable[[], Page]) -> HttpResponse:
        try:
            page = read()
            return _shown(task, found=None if is_unsearched(first, page) else page.total)
        except READING as error:
            return _shown(task, workplace.problem(error, task.form.chosen.right))

    first = PoolQuery(search=query.search, per_page=1)
    return workplace.ask(lambda core: core.list_pools(first), answer, wording.TITLE)


def _found(task: Task) -> int | None:
    """How many there are to the panel's own knowledge: what was ticked, what was last seen."""
    query = task.chosen.query
    if query is None:
        return len(task.chosen.ids)
    if not query.system:
        return None
    try:
        return len(_seen_ids(task, query.system))
    except TooMany as error:
        return error.count


def _frozen(task: Task) -> HttpResponse:
    """To the batch that was made; or the form again, with what is in its way."""
    if task.chosen.obstacle or not task.form.is_valid():
        return _shown(task, found=_found(task), status=422)
    request, workplace = task.workplace.request, task.workplace
    try:
        with workplace.core() as core:
            batch = _freeze(task, core)
    except _NOT_FROZEN as error:
        if isinstance(error, (*READING, LedgerUnwritable)):
            problem = workplace.problem(error, task.form.chosen.right)
        else:
            problem = wording.not_frozen(error, task.chosen.list_of(workplace.company))
        if problem.mends_token:
            keep_draft(request, request.POST)
        return _shown(task, problem, found=_found(task), status=problem.status)
    # Back leads to the form as it was, Cancel to the list that they were ticked on.
    keep_draft(request, request.POST)
    there = reverse("pools:batch", args=[workplace.company.slug, batch.pk])
    ticked_on = "" if batch.query else task.chosen.asked
    return redirect(f"{there}?{urlencode({'list': ticked_on})}" if ticked_on else there)


def _freeze(task: Task, core: CoreClient) -> Batch:
    """The batch, made of the pools as Core shows them now."""
    workplace, form, chosen = task.workplace, task.form, task.chosen
    operation = form.chosen.operation
    order = Order(
        operation=operation,
        how=form.how,
        reason=form.cleaned_data["reason"],
        source=Source.TICKED if chosen.query is None else Source.MATCHING,
        query=chosen.asked if chosen.query else "",
    )
    read = _read(task, core)
    ids = by_name(chosen.ids if chosen.query is None else read, read)
    wishes = [_wish(order, pool_id, read.get(pool_id)) for pool_id in ids]
    user = person(workplace.request)
    return freeze(core, workplace.company, workplace.actor, user, order, wishes, read)


def _read(task: Task, core: CoreClient) -> dict[int, Pool]:
    """The pools that are meant, by id. Raises TooMany before any is read, where that is known."""
    query, operation = task.chosen.query, task.form.chosen.operation
    if query is None:
        must_fit(operation, len(task.chosen.ids))
        return read_ticked(core, task.chosen.ids)
    if query.system:
        return read_system(core, task.workplace.company, query.system, query, operation)
    return read_matching(core, query, operation)


def _wish(order: Order, pool_id: int, pool: Pool | None) -> Wish:
    action = ACTIONS[order.operation]
    if action is not Action.EDIT or pool is None:
        return Wish(action, pool_id)
    return Wish(action, pool_id, changes_for(order.operation, order.how, pool))


def _seen_ids(task: Task, system: str) -> list[int]:
    assert task.chosen.query is not None  # noqa: S101  (it has the system)
    return seen_ids(task.workplace.company, system, task.chosen.query, task.form.chosen.operation)


def _shown(
    task: Task, problem: Problem | None = None, *, found: int | None = None, status: int = 200
) -> HttpResponse:
    workplace, chosen = task.workplace, task.chosen
    company = workplace.company
    ids = chosen.ids
    if chosen.obstacle:
        problem, ids = wording.obstacle(chosen.obstacle, pool_page(company)), ()
    offers = wording.offers_of(rights_of(person(workplace.request)))
    # Said before anything is filled in. Of ticked ones, some may be left out in the form.
    if (too_many := wording.too_many(found, offers)) and not problem:
        problem = wording.not_frozen(too_many, chosen.list_of(company))
    # As they were last seen: each is read before the list is made.
    seen = seen_pools(company, ids) if ids and chosen.query is None else {}
    context = {
        "company": company,
        "may": workplace.may,
        "company_note": workplace.kept.notes.get(None),
        "form": task.form,
        "chosen": chosen,
        "found": found,
        "hopeless": bool(chosen.obstacle or (too_many and chosen.query)),
        "pools": [(pool_id, seen.get(pool_id)) for pool_id in ids],
        "problem": problem,
        "cancel_href": chosen.list_of(company),
    }
    return show(workplace.request, "pools/batch_new.html", context, status=status)
