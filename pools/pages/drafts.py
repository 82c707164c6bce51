"""What was typed into a form, kept while its person mends a token or signs in again.

One draft for each address, for the same person only, sealed: it is there again when they
come back to that address, and the page says so; of what was too much, that it could not be
kept. It goes with the session (SESSION_IDLE_MINUTES, SESSION_MAX_HOURS). Never a token or a
password: only the fields named here.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.http import HttpRequest, QueryDict

from pools.database_faults import try_to_write
from pools.pages.ticket import reason_begun
from pools.secret import Secret
from pools.tokens.vault import Unsealable, seal_for, unseal_for

# `seen` says what a pool looked like when its form was opened: a change made since then
# is still noticed. `opened` is the same where the form is to follow its pool: it only says
# which pool it was.
KEPT_FIELDS: Final = (
    *("name", "limit", "timeout", "reason", "confirm_name", "seen", "opened"),
    *("company", "kind", "label", "system", "allowance", "note"),
    *("text", "create", "ours"),
    # What is to be done with several pools, and which.
    *("operation", "limit_to", "limit_by", "limit_percent", "timeout_to", "timeout_none"),
    *("pools", "matching", "query", "origin"),
    *("username", "full_name", "email"),
    "login",
    # Companies; and people and groups in Django's administration.
    *("slug", "base_url", "sign_in_url", "colour", "position"),
    *("move_anyway", "ids_began_again"),
    *("first_name", "last_name", "is_active", "is_superuser"),
)
KEPT_LISTS: Final = ("pool", "roles", "reason_required_for", "groups", "permissions")
# What a form says of itself, and needs to be the same form once more.
_FORMS_OWN: Final = ("form_id", "next")
# What a press of a button chose: without it, sending the form again would choose something else.
_CHOSEN: Final = ("theme", "keys", "zone", "format", "session", "account")
# What is on no page again: it has to be entered once more.
_SECRET: Final = frozenset(
    {"token", "password", "oldpassword", "password1", "password2", "code", "credential"}
)
# What a form says of the pool that it is about: nobody typed it.
_NOT_TYPED: Final = frozenset({"seen", "opened", "origin"})
_KEY: Final = "drafts"
# In seals that are there: it stays.
_PURPOSE: Final = "draft"
_LONGEST: Final = 20_000
MOST: Final = 8
# The addresses whose drafts had to go, which are told so.
_MOST_KNOWN: Final = 4 * MOST


def keep_draft(
    request: HttpRequest,
    typed: Mapping[str, Any],
    owner_id: int | None = None,
    *,
    saved: bool = False,
) -> bool:
    """Keeps what was typed at this address, in the place of what was kept of it before.

    `owner_id`: whose it is, where nobody is signed in. `saved`: the session is saved at
    once, for a page that may have been begun already. False when there was nothing to
    keep, or too much. Of too many drafts the oldest go.
    """
    fields = {name: typed[name] for name in KEPT_FIELDS if name in typed}
    if isinstance(typed, QueryDict):
        fields |= {name: typed.getlist(name) for name in KEPT_LISTS if name in typed}
    if fields.get("reason") and fields["reason"] == reason_begun(request):
        # Nobody typed it: the address to come back to puts it there.
        del fields["reason"]
    if not fields:
        return False
    text = json.dumps(fields, ensure_ascii=False)
    fits = len(text) <= _LONGEST
    draft = {
        "person": owner_id or request.user.pk,
        "address": request.path,
        "fields": seal_for(_PURPOSE, Secret(text)) if fits else "",
    }
    others = [each for each in _drafts(request) if not _is_same(each, draft)]
    drafts = [*others, draft][-_MOST_KNOWN:]
    request.session[_KEY] = [{**each, "fields": ""} for each in drafts[:-MOST]] + drafts[-MOST:]
    return fits and (not saved or try_to_write("what was typed", request.session.save))


def typed_in(request: HttpRequest) -> list[tuple[str, str]]:
    """What a form that was sent holds and may be sent again with: no token, no password."""
    typed = request.POST
    kept = (*KEPT_FIELDS, *KEPT_LISTS, *_FORMS_OWN, *_CHOSEN)
    return [(name, value) for name in typed if name in kept for value in typed.getlist(name)]


def has_entries(typed: Iterable[tuple[str, str]]) -> bool:
    """Whether a person would miss any of it."""
    entered = {*KEPT_FIELDS, *KEPT_LISTS} - _NOT_TYPED
    return any(value and name in entered for name, value in typed)


def left_out(request: HttpRequest) -> bool:
    """Whether something secret was entered, which is not among what may be sent again."""
    return any(request.POST.get(name) for name in _SECRET)


def take_draft(request: HttpRequest) -> dict[str, Any]:
    """What was kept for this person and address, once; empty where nothing was.

    Then `request.draft_taken` is set: `parts/entries_kept.html` says it. Where it could not
    be kept, `request.draft_lost` is.
    """
    draft = forget_draft(request)
    if draft is None:
        return {}
    try:
        text = unseal_for(_PURPOSE, draft["fields"]).reveal() if draft["fields"] else ""
    except Unsealable:
        text = ""
    if not text:
        request.draft_lost = request.draft_refused = True  # type: ignore[attr-defined]
        return {}
    request.draft_taken = True  # type: ignore[attr-defined]
    fields: dict[str, Any] = json.loads(text)
    return fields


def forget_draft(request: HttpRequest) -> dict[str, Any] | None:
    """Keeps no longer what was kept of this address: it is shown, or was sent again."""
    mine = {"person": request.user.pk, "address": request.path}
    drafts = _drafts(request)
    draft = next((each for each in drafts if _is_same(each, mine)), None)
    if draft is not None:
        request.session[_KEY] = [each for each in drafts if each is not draft]
    return draft


def refuse_draft(request: HttpRequest) -> dict[str, Any]:
    """What was taken does not belong here after all: it is not shown, and the page says so."""
    request.draft_taken, request.draft_refused = False, True  # type: ignore[attr-defined]
    return {}


def _drafts(request: HttpRequest) -> list[dict[str, Any]]:
    """All of this session, oldest first."""
    return list(request.session.get(_KEY, ()))


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("person", "address"))
