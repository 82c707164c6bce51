"""The error family of the service module: one for each thing a person can do next.

Every failure of a call to Core is one of these; nothing else leaves the module.
They carry data, not prose: the sentences that people read are written elsewhere,
once. No request object, header or credential ever hangs on one.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from pools.core.bounds import LONGEST_SAID


class Reason(StrEnum):
    """Why a call failed, for those who choose the sentence that a person reads."""

    # Nothing was sent.
    OWN_CHECK = "own check"
    BUSY = "busy"
    EXPIRED = "credential expired"
    KEPT_FREE = "the rest is for people's work"
    ADDRESS = "address not allowed"
    DNS = "name not found"
    CONNECTION_REFUSED = "connection refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect timeout"
    CERTIFICATE = "certificate not accepted"
    NO_TLS = "no secure connection"
    CA_FILE = "ca file unreadable"
    PROXY = "proxy"
    # Sent, or not: the error's own class says.
    DEADLINE = "deadline"
    # Sent, and no clear answer.
    READ_TIMEOUT = "read timeout"
    CONNECTION_LOST = "connection lost"
    CUT = "answer cut"
    EMPTY_OR_CUT = "empty answer, or one that was cut"
    SERVER_ERROR = "server error"
    # Answered, but not as the contract says.
    REDIRECT = "redirect"
    WEB_PAGE = "web page"
    NOT_JSON = "not json"
    PRINTED = "an error printed into the answer"
    APPENDED = "something behind the json"
    NOT_UTF8 = "not utf-8"
    EMPTY = "empty answer"
    MALFORMED = "malformed answer"
    TOO_LARGE = "answer too large"
    STATUS = "unexpected status"
    ACCEPTED = "accepted, and not said to be done"
    SHAPE = "wrong shape"
    JSON_API = "pools wrapped as in json:api"
    IDS = "ids that are no whole numbers"
    ENCODING = "compressed in a way that was not asked for"
    NOTHING_TOLD = "nothing told of the pools"
    NONE_LISTED = "pools counted, and none listed"
    MISMATCH = "not what was sent"
    OTHER_POOL = "another pool than was asked for"
    SAYS_NO = "a success that tells of an error"
    NO_TOKEN = "a sign-in that gave no token"  # noqa: S105  (a reason, not a token)
    # A complete refusal by Core.
    REFUSED_BY_CORE = "refused by core"


class CoreError(Exception):
    """Base of the family.

    `sent` says whether anything of the request may have reached Core. `final` says
    that Core gave a complete, clear refusal: nothing was changed. Neither: unknown.
    `reason` is a Reason. `detail` is Core's own text (or the TLS library's), cut at
    300 characters: data, to be escaped. `retry_after_seconds`: how long Core asked to wait.
    """

    sent = True
    final = False

    def __init__(
        self,
        reason: str = "",
        *,
        status: int | None = None,
        detail: str = "",
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.detail = detail[:LONGEST_SAID]
        self.retry_after_seconds = retry_after_seconds


class NotSent(CoreError):
    """Provably nothing left: DNS, refused connection, TLS, connect timeout, our own check."""

    sent = False


class Busy(NotSent):
    """This process has as many calls to Core under way as it allows itself."""


class CredentialExpired(NotSent):
    """The token's own expiry has passed: known without a call."""


class Unanswered(CoreError):
    """Sent, but no clear answer: timeout, reset, truncation, 5xx. It may have been applied."""


class Unexpected(CoreError):
    """Answered, but not as the contract says: a redirect, HTML, a wrong shape."""


class Unauthenticated(CoreError):
    """401: the credential is invalid, revoked or expired."""

    final = True


class Forbidden(CoreError):
    """403: the credential is good, but lacks the right."""

    final = True


class NotFound(CoreError):
    """404: no such pool in this company."""

    final = True


class Invalid(CoreError):
    """422 (or 400): Core's own validation, by field; under "" what is about none."""

    final = True

    def __init__(
        self,
        reason: str = "",
        *,
        status: int | None = None,
        detail: str = "",
        fields: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(reason, status=status, detail=detail)
        self.fields: Mapping[str, tuple[str, ...]] = fields or {}


def reasons_in(fields: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Each message with the field that it is about: "limit: The limit must be at least 1."."""
    return tuple(
        f"{name}: {text}" if name else text for name, texts in fields.items() for text in texts
    )


class Refused(CoreError):
    """Another complete refusal: 405, 409, 410, 413, 415; of a question, any other 4xx.

    And a 404 that says that it is Core's route that is missing, and not the pool.
    """

    final = True


class RateLimited(CoreError):
    """429: too many calls for this account. `retry_at` is when Core said to come back."""

    final = True

    def __init__(
        self,
        reason: str = "",
        *,
        status: int | None = None,
        detail: str = "",
        retry_after_seconds: int | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(
            reason, status=status, detail=detail, retry_after_seconds=retry_after_seconds
        )
        self.retry_at = retry_at
