"""Every error that a view may meet has its sentence, whatever the person was doing."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from pools.changes import Conflict, LedgerUnwritable, Outcome, OutcomeUnwritten, PoolHeld
from pools.core import CoreError, Pool, Reason, errors
from pools.models import Company
from pools.presentation import _CAUSES, Deed, Place, cause_of, problem_for
from pools.tokens import TokenMissing, TokenUnreadable

ACME = Company(name="Acme", slug="acme")
POOL = Pool(1, "Orders", 5, None, None, None, None, frozenset(), {})
OTHERS: list[Exception] = [
    TokenMissing(),
    TokenUnreadable(),
    Conflict(POOL),
    PoolHeld(uuid4(), "operator", datetime.now(UTC)),
    PoolHeld(uuid4(), "operator", datetime.now(UTC), under_way=True),
    LedgerUnwritable(),
    *(OutcomeUnwritten(uuid4(), outcome) for outcome in Outcome),
]


def family(of: type[CoreError] = CoreError) -> list[type[CoreError]]:
    return [*of.__subclasses__(), *(sub for each in of.__subclasses__() for sub in family(each))]


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("error", [*(kind() for kind in family()), *OTHERS], ids=repr)
def test_every_error_says_what_happened_and_what_to_do(error: Exception, deed: Deed) -> None:
    problem = problem_for(error, Place(ACME, "/c/acme/pools/", deed))
    assert problem.title.endswith(".")
    assert problem.next_text or problem.next_href
    assert 400 <= problem.status < 600
    assert bool(problem.next_href) == bool(problem.next_label)


@pytest.mark.parametrize("error", [kind() for kind in family() if kind.final or not kind.sent])
def test_a_change_that_was_not_made_says_so(error: CoreError) -> None:
    problem = problem_for(error, Place(ACME, "/c/acme/pools/1/edit/", Deed.CHANGING))
    assert "othing was" in problem.meaning


@pytest.mark.parametrize(
    ("under_way", "said"), [(True, "is being sent just now"), (False, "has no known outcome yet")]
)
def test_what_holds_a_pool_is_under_way_or_unknown(under_way: bool, said: str) -> None:
    held = PoolHeld(uuid4(), "operator", datetime.now(UTC), under_way=under_way)
    assert said in problem_for(held, Place(ACME, "/c/acme/pools/1/edit/", Deed.CHANGING)).title


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason not in (Reason.BUSY, Reason.EXPIRED)]
)
def test_every_reason_has_its_words(reason: Reason) -> None:
    assert reason is Reason.REFUSED_BY_CORE or cause_of(errors.NotSent(reason)) == _CAUSES[reason]


def test_what_core_refused_was_sent() -> None:
    error = errors.Unauthenticated("refused by core", status=401)
    problem = problem_for(error, Place(ACME, "/c/acme/pools/1/edit/", Deed.CHANGING))
    assert problem.meaning == "Core refused; nothing was changed."


@pytest.mark.parametrize(
    ("seconds", "said"), [(30, "30 s"), (119, "119 s"), (150, "3 min"), (100_000, "28 h")]
)
def test_a_wait_is_said_as_people_say_it(seconds: int, said: str) -> None:
    error = errors.RateLimited("refused by core", retry_after_seconds=seconds)
    assert problem_for(error, Place(ACME, "/")).next_text == f"Try again in {said}."


def test_core_is_quoted_and_never_alone() -> None:
    error = errors.Forbidden("refused by core", status=403, detail="This action is unauthorized.")
    problem = problem_for(error, Place(ACME, "/c/acme/pools/"))
    assert problem.core_text == "This action is unauthorized."
    assert problem.title == "Core does not allow this with your token."
