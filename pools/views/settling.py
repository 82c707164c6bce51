"""Changes whose outcome is not known: checking it, and unlocking their pool by hand."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from pools import changes
from pools.changes import HistoryItem
from pools.changes.history import changes_by_id
from pools.changes.lines import whole_change
from pools.forms.settling import ReleaseForm
from pools.ledger.appending import LedgerUnwritable
from pools.models import Company
from pools.pages.actors import actor_of
from pools.pages.drafts import take_draft
from pools.pages.guards import needs, person
from pools.pages.rendering import landed, show
from pools.pages.ticket import reason_begun
from pools.people.roles import CHECK_CHANGES, UNLOCK_POOLS
from pools.views.account import safe_next
from pools.views.visibility import no_such_entry, visibility_of
from pools.views.workplace import CHANGING, enter
from pools.wording.messages import unlocked_message, unlocks
from pools.wording.settling import settled_message, unrecorded_message
from pools.wording.situations import Activity, pool_page


@needs(CHECK_CHANGES)
@require_POST
def change_check(request: HttpRequest, company: str, change: UUID) -> HttpResponse:
    """Looks up what became of a change; takes as long as two looks at the pool do.

    Everyone who sees the change may ask: what is read is read with its maker's token.
    """
    chosen, whole = get_object_or_404(Company, slug=company), whole_change(change)
    seen = visibility_of(person(request)).sees(company)
    if not seen or whole is None or whole.line.company != company:
        raise no_such_entry()
    try:
        settling = changes.settle(change, by=actor_of(request, person(request)))
    except LedgerUnwritable as error:
        message = unrecorded_message(error)
    else:
        # As it is now: the verdict tells what was found.
        (item,) = changes_by_id([change])
        message = settled_message(settling, item, chosen)
    messages.add_message(request, message.message_level, message.text)
    return redirect(safe_next(request, reverse("pools:change", args=[change])))


@needs(UNLOCK_POOLS)
def change_release(request: HttpRequest, company: str, change: UUID) -> HttpResponse:
    """Releases a pool whose last change has no known outcome, for a stated reason.

    Or one that is held by a lease which no open change has.
    """
    workplace = enter(request, company)
    held = changes.releasable(workplace.company, change)
    if held is None or not visibility_of(person(request)).sees(company):
        raise Http404
    item = held if isinstance(held, HistoryItem) else None
    # The pool of an earlier origin is not the one that has its id now.
    moved = item is not None and item.origin != workplace.company.origin
    pool_id = None if moved else held.pool_id
    begun = {"reason": reason_begun(request)}
    form = ReleaseForm(request.POST or None, initial=begun | take_draft(request))
    context: dict[str, Any] = {
        "company": workplace.company,
        "form": form,
        "change": item,
        "pool_id": held.pool_id,
        "unlocks": unlocks(held.pool_id),
        "cancel_href": pool_page(workplace.company, pool_id),
        "action_url": request.path,
        "problem": None,
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return show(request, "pools/change_release.html", context, status=status)
    try:
        changes.release_lease(change, workplace.actor, form.cleaned_data["reason"])
    except CHANGING as error:
        context["problem"] = problem = workplace.problem(error, Activity.UNLOCKING)
        return show(request, "pools/change_release.html", context, status=problem.status)
    message = unlocked_message(workplace.company, pool_id, moved=moved)
    return landed(request, message, workplace.company)
