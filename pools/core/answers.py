"""What a complete answer means. Pure: an answer in, a typed result or an error out.

For a change, *done* must be earned: the right status, whole JSON of the expected shape,
the right id, and every field that was sent coming back as sent.
"""

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from pools.core.comparing import same_digits, same_value
from pools.core.credentials import BearerToken
from pools.core.decoding import (
    MalformedJson,
    clean_text,
    decode_json,
    read_page,
    read_single_pool,
    read_time,
    read_token,
)
from pools.core.error_messages import read_field_errors, read_message, read_printed
from pools.core.errors import (
    CoreError,
    Invalid,
    NotFound,
    RateLimited,
    Reason,
    Refused,
    Unanswered,
    Unexpected,
)
from pools.core.limits import CoreLimits
from pools.core.numbers import whole_number
from pools.core.rate_limits import read_retry_after
from pools.core.schema import Page, Pool, PoolQuery
from pools.core.statuses import REFUSALS_WITHOUT_BODY, error_class_for
from pools.secret import Secret

_LONGEST_WAIT_SECONDS: Final = 10**9
_LONGEST_VALUE: Final = 100
# How success and failure are written into an answer, whatever its status.
_SUCCESSES: Final = ("success", "ok", "successful")
_NO: Final = frozenset({"false", "0", "no", "none"})
_VERDICTS: Final = ("status", "result", "type")
_FAILED: Final = frozenset({"error", "fail", "failed", "failure", "false"})
_ERRORS: Final = frozenset({"errors", "exception"})
_LAST_STATUS: Final = 599
_STATUSES: Final = ("status", "code", "status_code", "statusCode")
# A gateway's words as well as Laravel's.
_ABOUT_ROUTE: Final = re.compile(r"(?:(?:the|no) )?route\b", re.IGNORECASE)
_ABOUT_RECORD: Final = re.compile(r"No query results for model \[[\w\\]+\] (\d+)\.?")
# What a question needs no more of than the status; PHP's own server states no empty body's length.
_TOLD_BY_STATUS: Final = REFUSALS_WITHOUT_BODY | {404, 429}
SentFields = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that came whole. `framed`: its length was stated, not just its end reached.

    `calls_allowed` and `calls_left` are its account's (X-RateLimit-Limit, -Remaining); None where
    it does not tell them.

    What Core wrote is kept out of the repr: it may echo the token, and a repr ends up in
    the traceback of an error.
    """

    status: int
    body: bytes = field(repr=False)
    content_type: str = field(repr=False)
    framed: bool
    location: str = field(repr=False)
    retry_after: str = field(repr=False)
    received_at: datetime
    calls_allowed: int | None = None
    calls_left: int | None = None


class AnswerReader:
    """Reads answers within the limits, keeping secrets out of what Core echoes."""

    def __init__(self, limits: CoreLimits, *hidden: Secret) -> None:
        self._limits = limits
        self._hidden = hidden

    def page(self, answer: Answer, query: PoolQuery) -> Page | CoreError:
        """A page of the list, from 200."""
        value = self._value_of_question(answer)
        if isinstance(value, CoreError):
            return value
        if _reports_failure(value):
            return Unexpected(Reason.SAYS_NO, status=answer.status, detail=_told_of(value))
        page = read_page(value, query)
        return _wrong(answer, page) if isinstance(page, Reason) else page

    def pool(self, answer: Answer, pool_id: int) -> Pool | CoreError:
        """The pool of this id, from 200; NotFound where it is shown as deleted."""
        value = _of_pool(self._value_of_question(answer))
        if isinstance(value, CoreError):
            return value
        if _reports_failure(value):
            return Unexpected(Reason.SAYS_NO, status=answer.status, detail=_told_of(value))
        pool = read_single_pool(value)
        if isinstance(pool, Reason):
            return _wrong(answer, pool)
        if pool.id != pool_id:
            return _wrong(answer, Reason.OTHER_POOL)
        # What Laravel deletes softly is kept, with the time of that.
        deleted = read_time(pool.raw.get("deleted_at")) is not None
        return NotFound(Reason.REFUSED_BY_CORE, status=answer.status) if deleted else pool

    def written_pool(
        self, answer: Answer, sent: SentFields, pool_id: int | None = None
    ) -> Pool | CoreError:
        """A pool with every field as sent, from 200 or 201; of any id where it is new."""
        value = self._value_of(answer, {200, 201})
        value = value if pool_id is None else _of_pool(value)
        if isinstance(value, CoreError):
            return value
        pool = read_single_pool(value)
        if isinstance(pool, Reason):
            return _wrong(answer, pool)
        wanted = sent if pool_id is None else {"id": pool_id, **sent}
        if "data" in value and _says_no({**value, "type": ""}):
            return Unexpected(Reason.SAYS_NO, status=answer.status, detail=_told_of(value))
        others = [name for name, given in wanted.items() if not _came_back(pool, name, given)]
        if not others:
            return pool
        differing = ", ".join(f"{name} {_in_words(pool, name)}" for name in others)
        return Unexpected(Reason.MISMATCH, status=answer.status, detail=differing)

    def deleted(self, answer: Answer) -> str | CoreError:
        """Core's message (or ""), from 204, or 200 with a JSON object."""
        return self._message(answer, "deleted")

    def _message(self, answer: Answer, done: str) -> str | CoreError:
        """`done` is the word by which a JSON object would say that it was not."""
        if answer.status == 204:
            return ""
        value = _of_pool(self._value_of(answer, {200}))
        if isinstance(value, CoreError):
            return value
        if not isinstance(value, dict):
            return _wrong(answer, Reason.SHAPE)
        message = _told_of(value)
        if _says_no(value) or value.get(done) is False:
            return Unexpected(Reason.SAYS_NO, status=answer.status, detail=message)
        return message

    def cleared(self, answer: Answer) -> str | CoreError:
        """The same; an empty list, and an empty body of stated length, count as well."""
        if answer.status == 200 and answer.framed and not answer.body:
            return ""
        if answer.status == 200 and self._value_of(answer, {200}) == []:
            return ""
        return self._message(answer, "cleared")

    def token(self, answer: Answer) -> BearerToken | CoreError:
        """The token that signing in gives, from 200.

        Or a sentence instead of one: a service that wants more than a password says so, some
        with Laravel's `two_factor` alone.
        """
        value = self._value_of_question(answer)
        if isinstance(value, CoreError):
            return value
        if token := read_token(value, answer.received_at):
            return token
        if isinstance(value, dict) and value.get("token") is None:
            said = _told_of(value)
            if said or value.get("two_factor"):
                return Unexpected(Reason.NO_TOKEN, status=answer.status, detail=said)
        return _wrong(answer, Reason.SHAPE)

    def _value_of_question(self, answer: Answer) -> Any:
        """The JSON of a success of a question, or the error that any other answer is.

        A question changes nothing: what its status says need not be proved by a body.
        """
        if not answer.body and answer.status in _TOLD_BY_STATUS:
            return _refusal(answer, {})
        value = self._value_of(answer, {200})
        if not isinstance(value, Unexpected):
            return value
        if answer.status == 429:
            return _rate_limited(answer, value.detail)
        if value.reason is Reason.STATUS and 400 <= answer.status < 500:
            return Refused(Reason.REFUSED_BY_CORE, status=answer.status, detail=value.detail)
        return value

    def _value_of(self, answer: Answer, good: Set[int]) -> Any:
        """The JSON of a success, or the error that any other answer is."""
        value: Any
        try:
            value = decode_json(answer.body, self._limits, self._hidden)
        except MalformedJson as error:
            value = self._unreadable(answer, error.reason)
        if answer.status in good:
            return value
        if answer.status in REFUSALS_WITHOUT_BODY and _has_nothing_to_say(answer):
            return _refusal(answer, {})
        return self._failure(answer, value)

    def _failure(self, answer: Answer, value: Any) -> CoreError:
        if answer.status >= 500:
            return Unanswered(
                Reason.SERVER_ERROR,
                status=answer.status,
                detail=_told_of(value),
                retry_after_seconds=_wait_of(answer),
            )
        if 300 <= answer.status < 400 and answer.status != HTTPStatus.NOT_MODIFIED:
            # The question that we asked goes along, and tells nobody anything.
            target = clean_text(answer.location, self._hidden).partition("?")[0]
            return Unexpected(Reason.REDIRECT, status=answer.status, detail=target)
        if isinstance(value, dict):
            return _refusal(answer, value)
        empty = isinstance(value, CoreError) and value.reason is Reason.EMPTY
        if answer.status < HTTPStatus.BAD_REQUEST and (empty or not value):
            # As PHP writes an empty object, or nothing at all: its status says more.
            return _wrong(answer, _of_status(answer))
        return value if isinstance(value, CoreError) else _wrong(answer, Reason.SHAPE)

    def _unreadable(self, answer: Answer, reason: Reason) -> CoreError:
        if answer.status == HTTPStatus.NO_CONTENT:
            return _wrong(answer, Reason.STATUS)
        if not answer.body:
            cut = Unanswered(Reason.EMPTY_OR_CUT, status=answer.status)
            return _wrong(answer, Reason.EMPTY) if answer.framed else cut
        if reason not in {Reason.NOT_JSON, Reason.NOT_UTF8}:
            return _wrong(answer, reason)
        if printed := clean_text(read_printed(answer.body), self._hidden):
            return Unexpected(Reason.PRINTED, status=answer.status, detail=printed)
        looks_like_a_page = "html" in answer.content_type.lower()
        if looks_like_a_page or answer.body.lstrip()[:1] == b"<":
            reason = Reason.WEB_PAGE
        return _wrong(answer, reason)


def _of_status(answer: Answer) -> Reason:
    """What a status says by itself that is no success of the contract's."""
    return Reason.ACCEPTED if answer.status == HTTPStatus.ACCEPTED else Reason.STATUS


def _says_no(value: Mapping[str, Any]) -> bool:
    """Whether an answer with the status of a success reports an error all the same."""
    words = {str(value[name]).lower() for name in _VERDICTS if name in value}
    denied = {str(value[name]).lower() for name in _SUCCESSES if name in value}
    numbers = [number for name in _STATUSES if (number := whole_number(value.get(name)))]
    failed = any(number >= HTTPStatus.BAD_REQUEST for number in numbers)
    return _blames(value) or failed or not _FAILED.isdisjoint(words) or not _NO.isdisjoint(denied)


def _blames(value: Mapping[str, Any]) -> bool:
    """Whether an answer tells of errors. Empty places for them say nothing, but for those of a
    bare refusal, which is a sentence and its errors: `{"message": "Locked.", "errors": {}}`.
    """
    if any(value.get(name) for name in (*_ERRORS, "error")):
        return True
    affirmed = "data" in value or any(value.get(name) is True for name in _SUCCESSES)
    return bool(_ERRORS & value.keys() and read_message(value)) and not affirmed


def _reports_failure(value: Any) -> bool:
    """The same of a question, which changed nothing either way.

    An empty place for errors says nothing, and neither do codes of Core's own. What a pool has
    without an envelope are its fields.
    """
    if not isinstance(value, dict) or value.keys() >= {"id", "name"}:
        return False
    codes = (whole_number(value.get(name)) for name in _STATUSES)
    own = {
        name for name, code in zip(_STATUSES, codes, strict=True) if code and code > _LAST_STATUS
    }
    said = {name: each for name, each in value.items() if name not in own}
    return _says_no({name: said[name] for name in said if said[name] or name not in _ERRORS})


def _refusal(answer: Answer, value: dict[str, Any]) -> CoreError:
    kind = error_class_for(answer.status)
    message = read_message(value)
    if kind is RateLimited:
        return _rate_limited(answer, message)
    if kind is Unexpected:
        return Unexpected(_of_status(answer), status=answer.status, detail=message)
    if kind is Invalid:
        fields = read_field_errors(value)
        return Invalid(Reason.REFUSED_BY_CORE, status=answer.status, detail=message, fields=fields)
    return kind(Reason.REFUSED_BY_CORE, status=answer.status, detail=message)


def _rate_limited(answer: Answer, message: str) -> RateLimited:
    seconds = _wait_of(answer)
    return RateLimited(
        Reason.REFUSED_BY_CORE,
        status=answer.status,
        detail=message,
        retry_after_seconds=seconds,
        retry_at=answer.received_at + timedelta(seconds=seconds) if seconds is not None else None,
    )


def _wait_of(answer: Answer) -> int | None:
    seconds = read_retry_after(answer.retry_after, answer.received_at)
    return None if seconds is None else min(seconds, _LONGEST_WAIT_SECONDS)


def _told_of(value: Any) -> str:
    """What Core says of a failure of its own; its debugging output is not for anybody."""
    debugging = isinstance(value, dict) and {"file", "trace"} & value.keys()
    return "" if debugging else read_message(value)


def names_pool(error: NotFound, pool_id: int) -> bool:
    """Whether a 404 says of which pool it is, as Laravel does: then no gateway wrote it."""
    named = _ABOUT_RECORD.fullmatch(error.detail)
    return named is not None and named[1] == str(pool_id)


def _of_pool(value: Any) -> Any:
    """What answers about one pool; a missing route says nothing about it."""
    if isinstance(value, NotFound) and _ABOUT_ROUTE.match(value.detail):
        return Refused(value.reason, status=value.status, detail=value.detail)
    return value


def _has_nothing_to_say(answer: Answer) -> bool:
    """Whether there is no body, and none was lost.

    The head came whole, or there would be no answer. Where the end of the body was not stated, it
    may have been cut; a page of some gateway would call itself one.
    """
    return not answer.body and (answer.framed or "html" not in answer.content_type.lower())


def _wrong(answer: Answer, reason: Reason) -> Unexpected:
    return Unexpected(reason, status=answer.status)


def _in_words(pool: Pool, field: str) -> str:
    """What a pool has in a field: a name as it is, all else as Core writes it."""
    if field not in pool.raw:
        return "missing"
    value = pool.raw[field]
    if value is None:
        return "none"
    is_name = field == "name" and isinstance(value, str)
    return (value if is_name else json.dumps(value, ensure_ascii=False))[:_LONGEST_VALUE]


def _came_back(pool: Pool, name: str, given: str | int | None) -> bool:
    if name in pool.unreadable or (name not in pool.raw and given is not None):
        return False  # an unset timeout may be left out of an answer, nothing else
    found, as_number = getattr(pool, name), type(pool.raw.get(name)) is int
    return same_value(found, given) or (as_number and same_digits(found, given))
