"""What became of a change, for every way in which its call can end."""

import pytest

from pools.changes import make_change, outcome_of
from pools.core import errors
from pools.core.errors import CoreError
from pools.models.vocabulary import Action, Outcome
from tests.fixtures.place import ACTIONS, IMPATIENT, LIMITS, Place
from tests.fixtures.sampling import paired

ENDS: dict[type[CoreError], Outcome] = {
    errors.CoreError: Outcome.UNKNOWN,
    errors.NotSent: Outcome.NOT_SENT,
    errors.Busy: Outcome.NOT_SENT,
    errors.CredentialExpired: Outcome.NOT_SENT,
    errors.Unanswered: Outcome.UNKNOWN,
    errors.Unexpected: Outcome.UNKNOWN,
    errors.Unauthenticated: Outcome.REFUSED,
    errors.Forbidden: Outcome.REFUSED,
    errors.NotFound: Outcome.REFUSED,
    errors.Invalid: Outcome.REFUSED,
    errors.Refused: Outcome.REFUSED,
    errors.RateLimited: Outcome.REFUSED,
}
REFUSING = [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429]
FAILING = [500, 501, 502, 503, 504, 507, 599]
ODD = [202, 206, 300, 304, 402, 406, 408, 418, 451]
SILENT = {"hang", "half-close", "apply-late"}
FAULTS = {
    **{f"status={code}": Outcome.REFUSED for code in REFUSING},
    **{f"status={code},html": Outcome.UNKNOWN for code in (400, 403, 404, 413, 500, 502)},
    **{f"status={code},empty": Outcome.UNKNOWN for code in (400, 404, 500, 503)},
    **{f"status={code}": Outcome.UNKNOWN for code in (*FAILING, *ODD)},
    **{f"status={code},empty": Outcome.REFUSED for code in (401, 403)},
    **{f"redirect={code}": Outcome.UNKNOWN for code in (301, 302, 303, 307, 308)},
    "rate-limit=1": Outcome.REFUSED,
    "apply-then-fail": Outcome.UNKNOWN,
    "apply-then-fail;status=500": Outcome.UNKNOWN,
    "apply-late=0.8": Outcome.UNKNOWN,
    "reset=before": Outcome.UNKNOWN,
    "reset=in": Outcome.UNKNOWN,
    "half-close=before,2": Outcome.UNKNOWN,
    "hang=before,2": Outcome.UNKNOWN,
    "hang=in,2": Outcome.UNKNOWN,
    "cut=0": Outcome.UNKNOWN,
    "cut=40": Outcome.UNKNOWN,
    "long-length=5": Outcome.UNKNOWN,
    "duplicate-keys": Outcome.UNKNOWN,
    "list-for-object": Outcome.UNKNOWN,
}


def test_every_error_has_a_row() -> None:
    family = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, CoreError)
    }
    assert family == set(ENDS)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_call_without_an_error_is_done(action: Action) -> None:
    assert outcome_of(None, action) is Outcome.DONE


@pytest.mark.parametrize(("error", "outcome"), ENDS.items(), ids=lambda kind: str(kind))
def test_the_outcome_follows_from_the_error(error: type[CoreError], outcome: Outcome) -> None:
    assert outcome_of(error(), Action.EDIT) is outcome


@pytest.mark.parametrize(("fault", "action"), paired(FAULTS, ACTIONS))
def test_the_outcome_at_the_wire(place: Place, fault: str, action: Action) -> None:
    place.sandbox.set_fault(f"{fault};only=writes")
    limits = IMPATIENT if fault.split("=")[0] in SILENT else LIMITS
    result = make_change(place.client(limits=limits), place.propose(action))
    # A delete that a proxy has repeated ends like this.
    gone = action is Action.DELETE and fault in {"status=404", "status=410"}
    assert result.outcome is (Outcome.UNKNOWN if gone else FAULTS[fault])
    assert len(place.writes()) == 1
