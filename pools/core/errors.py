"""The error family of the service module: one for each thing a person can do next.

Every failure of a call to Core is one of these; nothing else leaves the module.
They carry data, not prose: the sentences that people read are written elsewhere,
once. No request object, header or credential ever hangs on one.
"""

from collections.abc import Mapping
from datetime import datetime


class CoreError(Exception):
    """Base of the family.

    `sent` says whether anything of the request may have reached Core. `final` says
    that Core gave a complete, clear refusal: nothing was changed. Neither: unknown.
    `detail` is Core's own text, cut at 300 characters: data, to be escaped.
    """

    sent = True
    final = False

    def __init__(self, reason: str = "", *, status: int | None = None, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.detail = detail[:300]


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
    """422 (or 400): Core's own validation, by field."""

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


class Refused(CoreError):
    """Another complete refusal: 405, 409, 410, 413, 415."""

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
        super().__init__(reason, status=status, detail=detail)
        self.retry_after_seconds = retry_after_seconds
        self.retry_at = retry_at
