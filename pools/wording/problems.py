"""What people read when something did not go well: the one way from an error to a problem.

For each error: what happened, what it means for what the person was doing, and the one
thing to do next. Pages, fragments and forms all take it from here. The words are in
`core_errors` (Patchworks), `tokens`, `conflicts` (a pool that was changed meanwhile) and
`obstacles` (the pool, the record, the form).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from pools.changes import (
    ChangeResult,
    Conflict,
    FormSentOtherwise,
    OutcomeUnwritten,
    PoolGone,
    PoolHeld,
    PoolVanished,
)
from pools.changes.reverting import CannotRevert, MovedOn, NothingToRevert
from pools.core import errors
from pools.ledger.appending import LedgerUnwritable
from pools.tokens.keeping import CompanyArchived, TokenMissing, TokenUnreadable
from pools.wording import conflicts, core_errors, obstacles, tokens
from pools.wording.situations import Problem, Situation

# The first row that fits is taken: an error comes before its base.
_ROWS: Final[tuple[tuple[type[Exception], Callable[[Any, Situation], Problem]], ...]] = (
    (CompanyArchived, obstacles.company_archived),
    (TokenMissing, tokens.missing),
    (TokenUnreadable, tokens.unreadable),
    (errors.CredentialExpired, tokens.expired),
    (errors.Busy, core_errors.busy),
    (errors.NotSent, core_errors.not_sent),
    (errors.Unauthenticated, tokens.refused),
    (errors.Forbidden, core_errors.forbidden),
    (errors.NotFound, core_errors.not_found),
    (errors.Invalid, core_errors.invalid),
    (errors.RateLimited, core_errors.rate_limited),
    (errors.Refused, core_errors.refused),
    (errors.Unanswered, core_errors.unanswered),
    (errors.Unexpected, core_errors.unexpected),
    (Conflict, conflicts.conflict),
    (FormSentOtherwise, obstacles.sent_otherwise),
    (PoolHeld, obstacles.pool_held),
    (PoolGone, obstacles.pool_gone),
    (PoolVanished, obstacles.pool_vanished),
    (CannotRevert, obstacles.cannot_revert),
    (MovedOn, conflicts.moved_on),
    (NothingToRevert, obstacles.nothing_to_revert),
    (LedgerUnwritable, obstacles.ledger_unwritable),
    (OutcomeUnwritten, obstacles.outcome_unwritten),
)


def problem_for(error: Exception | ChangeResult, situation: Situation) -> Problem:
    """The problem as a person reads it, finished. Every error that a view may meet has a row.

    A result is that of a change that was not made: refused, or not sent.
    """
    if isinstance(error, ChangeResult):
        if error.error is None:
            return obstacles.sent_before(error, situation)
        if isinstance(error.error, errors.NotFound) and error.pool_id is not None:
            return obstacles.gone_when_called(error, situation)
        return problem_for(error.error, replace(situation, called=True))
    for kind, describe in _ROWS:
        if isinstance(error, kind):
            return describe(error, situation)
    raise TypeError(f"no sentence for {type(error).__name__}") from error
