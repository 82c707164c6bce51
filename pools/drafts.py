"""What was typed into a form, kept while its person mends a token or signs in again.

One draft per session, for one address, for the same person only: it is there again when
they come back to that address. Never a token or a password: only the fields named here.
"""

from typing import Final

from django.http import HttpRequest

from pools.guards import person

KEPT_FIELDS: Final = ("name", "limit", "timeout", "reason", "confirm_name")
_KEY: Final = "draft"


def keep_draft(request: HttpRequest, typed: dict[str, str]) -> None:
    """Keeps what was typed at this address; a form of another address is forgotten."""
    fields = {name: typed[name] for name in KEPT_FIELDS if name in typed}
    request.session[_KEY] = {
        "person": person(request).pk,
        "address": request.path,
        "fields": fields,
    }


def take_draft(request: HttpRequest) -> dict[str, str]:
    """What was kept for this person and address, once; empty where nothing was."""
    draft = request.session.get(_KEY)
    if not draft or (draft["person"], draft["address"]) != (person(request).pk, request.path):
        return {}
    del request.session[_KEY]
    fields: dict[str, str] = draft["fields"]
    return fields
