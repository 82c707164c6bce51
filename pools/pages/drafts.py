"""What was typed into a form, kept while its person mends a token or signs in again.

One draft per session, for one address, for the same person only, sealed: it is there
again when they come back to that address. Never a token or a password: only the fields
named here.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, QueryDict

from pools.secret import Secret
from pools.vault import Unsealable, seal_for, unseal_for

# `seen` says what a pool looked like when its form was opened: a change made since then
# is still noticed.
KEPT_FIELDS: Final = (
    *("name", "limit", "timeout", "reason", "confirm_name", "seen"),
    *("company", "kind", "label"),
    *("username", "full_name", "email"),
)
KEPT_LISTS: Final = ("roles",)
_KEY: Final = "draft"
_PURPOSE: Final = "draft"
_LONGEST: Final = 20_000


def keep_draft(request: HttpRequest, typed: Mapping[str, Any], owner_id: int | None = None) -> bool:
    """Keeps what was typed at this address; a form of another address is forgotten.

    `owner_id`: whose it is, where nobody is signed in any more. False when there was
    nothing to keep, or too much.
    """
    fields = {name: typed[name] for name in KEPT_FIELDS if name in typed}
    if isinstance(typed, QueryDict):
        fields |= {name: typed.getlist(name) for name in KEPT_LISTS if name in typed}
    text = json.dumps(fields)
    if not fields or len(text) > _LONGEST:
        return False
    request.session[_KEY] = {
        "person": owner_id or request.user.pk,
        "address": request.path,
        "fields": seal_for(_PURPOSE, Secret(text)),
    }
    return True


def take_draft(request: HttpRequest) -> dict[str, Any]:
    """What was kept for this person and address, once; empty where nothing was."""
    draft = request.session.get(_KEY)
    if not draft or (draft["person"], draft["address"]) != (request.user.pk, request.path):
        return {}
    del request.session[_KEY]
    try:
        fields: dict[str, Any] = json.loads(unseal_for(_PURPOSE, draft["fields"]).reveal())
    except Unsealable:
        return {}
    return fields
