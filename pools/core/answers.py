"""What a complete answer means. Pure: an answer in, a typed result or an error out.

For a change, *done* must be earned: the right status, whole JSON of the expected shape,
the right id, and every field that was sent coming back as sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pools.core.decoding import (
    MalformedJson,
    decode_json,
    read_field_errors,
    read_message,
    read_page,
    read_retry_after,
    read_single_pool,
)
from pools.core.errors import (
    CoreError,
    Invalid,
    RateLimited,
    Reason,
    Unanswered,
    Unexpected,
    error_class_for,
)
from pools.core.limits import CoreLimits
from pools.core.schema import Page, Pool, PoolQuery
from pools.secret import Secret

_LONGEST_WAIT_SECONDS: Final = 10**9
# What Laravel trims from both ends of a text before it keeps it.
_TRIMMED = re.compile("^[\\s\ufeff\u200b\u200e]+|[\\s\ufeff\u200b\u200e]+$")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that came whole. `framed`: its length was stated, not just its end reached."""

    status: int
    body: bytes
    content_type: str
    framed: bool
    location: str
    retry_after: str
    received_at: datetime


def page_from(
    answer: Answer, query: PoolQuery, limits: CoreLimits, hidden: Secret
) -> Page | CoreError:
    """A page of the list, from 200."""
    value = _value_of(answer, {200}, limits, hidden)
    if isinstance(value, CoreError):
        return value
    return read_page(value, query) or _wrong(answer, Reason.SHAPE)


def pool_from(
    answer: Answer,
    limits: CoreLimits,
    hidden: Secret,
    *,
    pool_id: int | None,
    statuses: frozenset[int] = frozenset({200}),
    sent: Mapping[str, str | int | None] | None = None,
) -> Pool | CoreError:
    """A pool: of this id (any, for a new one), and with the fields that were sent."""
    value = _value_of(answer, statuses, limits, hidden)
    if isinstance(value, CoreError):
        return value
    pool = read_single_pool(value)
    if pool is None:
        return _wrong(answer, Reason.SHAPE)
    if pool_id is not None and pool.id != pool_id:
        return _wrong(answer, Reason.MISMATCH)
    if not all(_came_back(pool, name, given) for name, given in (sent or {}).items()):
        return _wrong(answer, Reason.MISMATCH)
    return pool


def done_from(
    answer: Answer, limits: CoreLimits, hidden: Secret, *, tolerate_nothing: bool
) -> str | CoreError:
    """Core's message on success: 204, or 200 with a JSON object.

    `tolerate_nothing` also takes an empty list and an empty body of stated length.
    """
    if answer.status == 204 and not answer.body:
        return ""
    if tolerate_nothing and answer.status == 200 and not answer.body and answer.framed:
        return ""
    value = _value_of(answer, {200}, limits, hidden)
    if isinstance(value, CoreError):
        return value
    if tolerate_nothing and value == []:
        return ""
    if not isinstance(value, dict) or "errors" in value or "exception" in value:
        return _wrong(answer, Reason.SHAPE)
    return read_message(value)


def object_from(answer: Answer, limits: CoreLimits, hidden: Secret) -> dict[str, Any] | CoreError:
    """A JSON object, from 200."""
    value = _value_of(answer, {200}, limits, hidden)
    if isinstance(value, CoreError | dict):
        return value
    return _wrong(answer, Reason.SHAPE)


def _value_of(
    answer: Answer, good: frozenset[int] | set[int], limits: CoreLimits, hidden: Secret
) -> Any:
    """The JSON of a success, or the error that any other answer is."""
    try:
        value = decode_json(answer.body, limits, (hidden,))
    except MalformedJson:
        value = _no_json(answer)
    if answer.status in good:
        return value
    if isinstance(value, dict):
        return _refusal(answer, value)
    return _no_refusal(answer)


def _no_json(answer: Answer) -> CoreError:
    if not answer.body and not answer.framed:
        return Unanswered(Reason.CUT, status=answer.status)
    looks_like_a_page = "html" in answer.content_type.lower() or answer.body.lstrip()[:1] == b"<"
    return _wrong(answer, Reason.WEB_PAGE if looks_like_a_page else Reason.NOT_JSON)


def _no_refusal(answer: Answer) -> CoreError:
    if answer.status >= 500:
        return Unanswered(Reason.SERVER_ERROR, status=answer.status)
    if 300 <= answer.status < 400:
        return Unexpected(Reason.REDIRECT, status=answer.status)
    error = _no_json(answer)
    return error if 400 <= answer.status < 500 else _wrong(answer, Reason.STATUS)


def _refusal(answer: Answer, value: dict[str, Any]) -> CoreError:
    kind = error_class_for(answer.status)
    message = read_message(value)
    if kind is Invalid:
        return Invalid(
            Reason.REFUSED_BY_CORE,
            status=answer.status,
            detail=message,
            fields=read_field_errors(value),
        )
    if kind is RateLimited:
        return _rate_limited(answer, message)
    if kind is Unanswered:
        return Unanswered(Reason.SERVER_ERROR, status=answer.status, detail=message)
    if kind is Unexpected:
        redirect = 300 <= answer.status < 400
        reason = Reason.REDIRECT if redirect else Reason.STATUS
        return Unexpected(reason, status=answer.status, detail=message)
    return kind(Reason.REFUSED_BY_CORE, status=answer.status, detail=message)


def _rate_limited(answer: Answer, message: str) -> RateLimited:
    seconds = read_retry_after(answer.retry_after, answer.received_at)
    if seconds is not None:
        seconds = min(seconds, _LONGEST_WAIT_SECONDS)
    return RateLimited(
        Reason.REFUSED_BY_CORE,
        status=answer.status,
        detail=message,
        retry_after_seconds=seconds,
        retry_at=answer.received_at + timedelta(seconds=seconds) if seconds is not None else None,
    )


def _wrong(answer: Answer, reason: Reason) -> Unexpected:
    return Unexpected(reason, status=answer.status)


def _came_back(pool: Pool, name: str, given: str | int | None) -> bool:
    if name in pool.unreadable or name not in pool.raw:
        return False
    found = getattr(pool, name)
    if isinstance(given, str) and isinstance(found, str):
        return _TRIMMED.sub("", found) == _TRIMMED.sub("", given)
    return bool(found == given)
