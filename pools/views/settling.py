"""Changes whose outcome is not known: finding it out, and releasing their pool by hand."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from pools import changes
from pools.accounts.events import actor_of
from pools.changes.reading import whole_change
from pools.drafts import take_draft
from pools.forms import ReleaseForm
from pools.guards import needs, person
from pools.models import Company
from pools.presentation import Deed
from pools.sentences import OutcomeMessage
from pools.settling_text import settled_message, unrecorded_message
from pools.views.account import safe_next
from pools.views.changes import landed, page_of
from pools.views.record import sight_of
from pools.views.rendering import show
from pools.views.workplace import CHANGING, enter


@needs("pools.view_pools")
@require_POST
def change_check(request: HttpRequest, company: str, change: UUID) -> HttpResponse:
    """Looks up what became of a change; takes as long as two looks at the pool do.

    Everyone who sees the change may ask: what is read is read with its maker's token.
    """
    place, whole = get_object_or_404(Company, slug=company), whole_change(change)
    seen = sight_of(person(request)).sees(company)
    if not seen or whole is None or whole.line.company != company:
        raise Http404
    try:
        settling = changes.settle(change, by=actor_of(request, person(request)))
    except changes.LedgerUnwritable:
        message = unrecorded_message()
    else:
        message = settled_message(settling, whole.line.item, place)
    messages.add_message(request, message.message_level, message.text)
    return redirect(safe_next(request, reverse("pools:change", args=[change])))


@needs("pools.edit_pools")
def change_release(request: HttpRequest, company: str, change: UUID) -> HttpResponse:
    """Releases a pool whose last change has no known outcome, for a stated reason."""
    place = enter(request, company)
    held = next((c for c in changes.open_changes(place.company) if c.change_id == change), None)
    if held is None or not sight_of(person(request)).sees(company):
        raise Http404
    form = ReleaseForm(request.POST or None, initial=take_draft(request))
    back = page_of(place, held.pool_id)
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
    return landed(
        request,
        OutcomeMessage("success", "Released: the pool can be changed again.", back, "Pool"),
        back,
    )
