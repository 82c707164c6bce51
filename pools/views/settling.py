"""Changes whose outcome is not known: finding it out, and releasing their pool by hand."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from pools import changes
from pools.drafts import take_draft
from pools.forms import ReleaseForm
from pools.guards import needs
from pools.presentation import Deed
from pools.sentences import OutcomeMessage
from pools.views.changes import landed, page_of
from pools.views.rendering import show
from pools.views.workplace import CHANGING, enter


@needs("pools.edit_pools")
def change_release(request: HttpRequest, company: str, change: UUID) -> HttpResponse:
    """Releases a pool whose last change has no known outcome, for a stated reason."""
    place = enter(request, company)
    held = next((c for c in changes.open_changes(place.company) if c.change_id == change), None)
    if held is None:
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
