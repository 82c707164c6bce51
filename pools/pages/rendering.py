"""One template for a page and its fragments: the server chooses, from the swap target."""

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# The id of the element that HTMX is about to swap → the partial that fills it.
FRAGMENTS: Final = {
    "pool-table": "table",
    "pool": "pool",
    "changes": "changes",
    "dialog-body": "dialog",
}


def fragment_wanted(request: HttpRequest) -> str | None:
    """The partial's name, or None for a whole page. A restored page is always whole."""
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx or htmx.history_restore_request:
        return None
    return FRAGMENTS.get(htmx.target or "")


def show(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """The page, or the one fragment of it that was asked for: whole where it has none such."""
    fragment = fragment_wanted(request)
    names = [f"{template}#{fragment}", template] if fragment else template
    return render(request, names, dict(context), status=status)
