"""One template for a page and its fragments: the server chooses, from the swap target."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.backends.jinja2 import Template
from django.template.loader import get_template

from pools.models import Company
from pools.wording.messages import OutcomeMessage

# The id of the element that HTMX is about to swap → the block that fills it. A page that has
# some extends fragment.html instead of base.html where one is wanted.
FRAGMENTS: Final = {
    "pool-table": "table",
    "pool": "pool",
    "changes": "changes",
    "found": "found",
    "find-box": "found",
    "reading": "reading",
    "batch": "batch",
    "batch-progress": "progress",
    "find-home": "found",
    "dialog-body": "dialog",
    "connection": "connection",
    "namesakes": "namesakes",
}
# Lists that are asked for from places that stay (a search, filters) and from within themselves.
LISTS: Final = ("table", "changes")


def fragment_wanted(request: HttpRequest) -> str | None:
    """The block's name, or None for a whole page. A restored page is always whole."""
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx or htmx.history_restore_request:
        return None
    return FRAGMENTS.get(htmx.target or "")


def show(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    fragment: str | None = None,
) -> HttpResponse:
    """The page, or the one fragment of it that was asked for: whole where it has none such.

    `fragment`: the one that is given instead.
    """
    page = cast(Template, get_template(template))
    fragment = fragment or fragment_wanted(request)
    if fragment not in page.template.blocks:
        fragment = None
    shown = page.render({**context, "fragment": fragment}, request)
    answer = HttpResponse(shown, status=status)
    if fragment in LISTS:
        htmx = request.htmx  # type: ignore[attr-defined]
        if status >= HTTPStatus.BAD_REQUEST:
            # The list that was shown stays, and so does its address.
            answer["HX-Push-Url"] = "false"
        elif htmx.trigger in ("refresh", htmx.target):
            # What is read again has what was typed and could not be answered then.
            answer["HX-Replace-Url"] = request.get_full_path()
    return answer


def page_behind(request: HttpRequest, message: OutcomeMessage) -> str:
    """The page behind a dialog, where it shows by itself what has ended; else empty."""
    in_front = urlsplit(request.htmx.current_url_abs_path or "").path  # type: ignore[attr-defined]
    stays = fragment_wanted(request) == "dialog" and in_front in message.refreshes
    return in_front if stays else ""


def landed(
    request: HttpRequest,
    message: OutcomeMessage,
    company: Company,
    row: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """What has ended. From a dialog it is said in place, where the page behind it can stay.

    `row` is what a list puts in the place of the pool's line; without one, the page behind the
    dialog reads its own part anew.
    """
    if not page_behind(request, message):
        messages.add_message(request, message.message_level, message.text)
        return redirect(message.target)
    response = render(
        request,
        "pools/outcome.html",
        {"outcome": message, "company": company, "row": None, **(row or {})},
    )
    response["HX-Retarget"] = "#outcome"
    response["HX-Reswap"] = "innerHTML"
    response["HX-Trigger"] = "pools:changed" if row else "pools:changed, pools:outdated"
    return response
