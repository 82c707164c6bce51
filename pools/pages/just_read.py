"""A pool that was read back after a change, handed on to the page that shows it next.

What was just read is not read again. It is kept in the person's session, sealed, for that
one page and for a moment, and only while nothing newer is on record about the pool. The page
says as of when it is, as always.
"""

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from pools.changes import Reading
from pools.changes.pool_records import newest_entry_about
from pools.core.decoding import read_pool
from pools.models import Company
from pools.secret import Secret
from pools.tokens.vault import Unsealable, seal_for, unseal_for

JUST_READ: Final = "just_read"
# A redirect is followed at once: whoever comes later gets what is there by then.
FRESH_SECONDS: Final = 10
# More of a pool is not worth keeping: it is read again.
_LONGEST: Final = 100_000


def hand_on(request: HttpRequest, company: Company, change_id: UUID, reading: Reading) -> None:
    """Keeps what was read of a pool after a change, for its page."""
    facts = {
        "pool": reading.pool.raw,
        "included": reading.pool.connectors is not None,
        "at": reading.at.isoformat(),
        "took_seconds": reading.took_seconds,
        "change": str(change_id),
    }
    text = json.dumps(facts)
    if len(text) <= _LONGEST:
        request.session[JUST_READ] = {
            "person": request.user.pk,
            "about": _about(company, reading.pool.id),
            "facts": seal_for(JUST_READ, Secret(text)),
        }


def take(request: HttpRequest, company: Company, pool_id: int) -> Reading | None:
    """What was handed on to the page of a pool, once; None where it has to be read."""
    kept = request.session.get(JUST_READ)
    mine = [request.user.pk, _about(company, pool_id)]
    if not kept or [kept["person"], kept["about"]] != mine:
        return None
    del request.session[JUST_READ]
    try:
        facts: dict[str, Any] = json.loads(unseal_for(JUST_READ, kept["facts"]).reveal())
    except Unsealable:
        return None
    at = datetime.fromisoformat(facts["at"])
    is_fresh = 0 <= (timezone.now() - at).total_seconds() <= FRESH_SECONDS
    newest = newest_entry_about(company, company.reference(pool_id))
    if not is_fresh or newest is None or str(newest.change) != facts["change"]:
        return None
    pool = read_pool(facts["pool"])
    pool = pool if facts["included"] else pool.unincluded()
    return Reading(pool, at, facts["took_seconds"])


def _about(company: Company, pool_id: int | None) -> list[str]:
    return [company.slug, company.reference(pool_id)]
