"""Asking Core for a long time: for somebody who may wait, and without being in anybody's way.

A 429 is waited out, a fifth of the calls that Core allows is left to people's work, a bad moment is
tried again, and now and then it is looked whether the person may still read at all.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Final, TypeAlias, TypeVar

from django.contrib.auth.models import User

from pools.core import (
    Busy,
    CoreClient,
    CoreError,
    CredentialExpired,
    NotSent,
    RateLimited,
    Reason,
    Unanswered,
    Unauthenticated,
)
from pools.core.pacing import leaves_too_few
from pools.core.rate_limits import USUAL_PAUSE
from pools.models import Company
from pools.people.roles import SEE_POOLS
from pools.tokens import keeping

# Somebody sits in front of it: so long in all, and nothing is waited for.
IN_FRONT: Final = 45.0
# So few calls are a person's own work, whatever is left of what Core allows.
FEW_CALLS: Final = 3
# Where Core asks for a longer pause than this, it ends.
LONGEST_PAUSE: Final = 120.0
# After what may have been a bad moment, and then it ends.
AGAIN_AFTER: Final = (1.0, 3.0, 10.0)
# Without an answer in between, more of them say that waiting is no use.
MOST_PAUSES: Final = 5
LONGEST_SECONDS: Final = 60 * 60.0
# A list of changes: so many in a row without an answer, and the rest waits for somebody to look.
MOST_TROUBLES: Final = 3
# Somebody may be disabled in the meantime, or lose a role or a token.
LOOKED_AGAIN_AFTER: Final = 20.0
_MAY_PASS: Final = (Busy, NotSent, Unanswered)

_Answer = TypeVar("_Answer")


class RightTaken(Exception):
    """The person may not read this company's pools, or has no token for it, by now."""


class CompanyMoved(Exception):
    """The company has another address by now: ids from before are other pools'."""


class TooLong(Exception):
    """It took as long as anything may."""


# What ends it, besides what Core answers.
STOPS: Final = (
    RightTaken,
    CompanyMoved,
    TooLong,
    keeping.TokenMissing,
    keeping.TokenUnreadable,
)


@dataclass(frozen=True, slots=True)
class Pause:
    """So many seconds in which Core is not asked: whoever goes through the answers waits them."""

    seconds: float


Asking: TypeAlias = Generator[Pause, None, _Answer]


def answered(asking: Asking[_Answer], wait: Callable[[float], None] = sleep) -> _Answer:
    """What came of asking, with its pauses waited."""
    while True:
        try:
            pause = next(asking)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        wait(pause.seconds)


def reopened(user: User, company: Company, request_id: str = "") -> CoreClient:
    """Core, with the person's token as it is now. Raises one of STOPS where they may not read."""
    now = User.objects.filter(pk=user.pk, is_active=True).first()
    token = keeping.token_for(now, company) if now else None
    if now is None or token is None or not now.has_perm(SEE_POOLS):
        raise RightTaken("they may not read these pools")
    if token.company.origin != company.origin:
        raise CompanyMoved("the company has another address")
    return keeping.open_core(token, request_id)


@dataclass(slots=True)
class Patient:
    """Asks Core, each time with a budget of its own. `open` gives a client, or says why not.

    The first question is not waited for: whoever asks can still be told at once. `at_most`: so
    many seconds in all, and nothing is waited for, as somebody sits in front of it: what would
    be waited for ends it.
    """

    open: Callable[[], CoreClient]
    at_most: float | None = None
    _core: CoreClient | None = None
    _answers: int = 0
    _opened_at: float = 0.0
    _begun_at: float = field(default_factory=monotonic)

    def ask(self, question: Callable[[CoreClient], _Answer]) -> Asking[_Answer]:
        """The answer, after as many pauses as it takes. Raises a CoreError, or one of STOPS."""
        yield from self._courtesy()
        bad_moments = limits = 0
        while True:
            try:
                answer = question(self._client().within())
            except (CredentialExpired, Unauthenticated):
                raise
            except RateLimited as error:
                if self._is_hurried:
                    raise
                limits += 1
                seconds = _asked_for(error)
                if seconds > LONGEST_PAUSE or limits > MOST_PAUSES:
                    raise
            except _MAY_PASS:
                if self._is_hurried or bad_moments == len(AGAIN_AFTER):
                    raise
                seconds = AGAIN_AFTER[bad_moments]
                bad_moments += 1
            except CoreError:
                # An answer, though another one than was asked for.
                self._answers += 1
                raise
            else:
                self._answers += 1
                return answer
            yield Pause(seconds)

    @property
    def _is_hurried(self) -> bool:
        return self.at_most is not None or not self._answers

    def _courtesy(self) -> Asking[None]:
        """A pause where only the part is left that is kept for people.

        Raises RateLimited instead where nothing is waited for, and it was more than a few.
        """
        if not leaves_too_few(self._core.last_exchange if self._core else None):
            return
        seconds = USUAL_PAUSE.total_seconds()
        if self.at_most is None:
            yield Pause(seconds)
        elif self._answers >= FEW_CALLS:
            raise RateLimited(Reason.KEPT_FREE, retry_after_seconds=round(seconds))

    def _client(self) -> CoreClient:
        now = monotonic()
        if now - self._begun_at > (self.at_most or LONGEST_SECONDS):
            raise TooLong("it took too long")
        if self._core is None or now - self._opened_at > LOOKED_AGAIN_AFTER:
            self._core, self._opened_at = self.open(), now
        return self._core


def _asked_for(error: RateLimited) -> float:
    """How long Core wants to be left alone; a moment more, as its clock is another one."""
    if error.retry_at is not None:
        return max(0.0, (error.retry_at - datetime.now(UTC)).total_seconds()) + 1
    return float(error.retry_after_seconds or USUAL_PAUSE.total_seconds()) + 1
