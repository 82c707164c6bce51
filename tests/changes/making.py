"""Changes left in every state that they can be found in, and changes submitted at once."""

import threading
import uuid
from typing import Any

from django.db import connection

from pools.changes import ProposedChange, Settling, Snapshot, make_change, settle
from pools.changes.recording import Intent, record_intent, record_outcome
from pools.changes.state import ChangeState
from pools.ledger.appending import NOBODY, Actor
from pools.models.vocabulary import Action, Outcome
from tests.fixtures.clock import once_quiet
from tests.fixtures.place import Place

NOT_APPLIED = "status=500;only=writes"
APPLIED = "apply-then-fail;only=writes"


def left(place: Place, action: Action, fault: str = APPLIED, **facts: Any) -> uuid.UUID:
    """A change of unknown outcome; what Core received of it is forgotten."""
    place.sandbox.set_fault(fault)
    result = place.make(action, **facts)
    assert result.outcome is Outcome.UNKNOWN
    place.sandbox.reset()
    return result.change_id


def leave_unknown(place: Place, action: Action = Action.CLEAR) -> uuid.UUID:
    place.sandbox.set_fault(APPLIED)
    change_id = place.make(action).change_id
    place.sandbox.reset()
    return change_id


def left_unread(place: Place, action: Action, **facts: Any) -> uuid.UUID:
    """A change that Core confirmed and nobody could read back; its calls are forgotten."""
    place.sandbox.set_fault("rate-limit=1;only=reads;skip=1")
    result = place.make(action, **facts)
    assert result.state is ChangeState.NOT_READ
    place.sandbox.reset()
    return result.change_id


def settled(change: uuid.UUID, by: Actor = NOBODY) -> Settling:
    with once_quiet():
        return settle(change, by)


def begin(place: Place, action: Action) -> uuid.UUID:
    """A change whose process ended right after its intent."""
    change = place.propose(action)
    wanted = Snapshot("Returns", 3, 60) if action is Action.CREATE else None
    intent = Intent(uuid.uuid4(), change, None if wanted else change.seen, wanted)
    record_intent(intent)
    return intent.change_id


def late_intent(place: Place) -> Intent:
    """A change whose process sleeps between its intent and its outcome."""
    change = place.propose(Action.EDIT)
    assert change.seen is not None
    assert change.changed is not None
    intent = Intent(uuid.uuid4(), change, change.seen, change.seen.changed_by(change.changed))
    record_intent(intent)
    return intent


def outcome_of(intent: Intent, outcome: Outcome) -> None:
    pool_id = intent.change.pool_id
    record_outcome(intent, outcome, error=None, answered=None, pool_id=pool_id, exchange=None)


def submit_at_once(place: Place, changes: list[ProposedChange]) -> list[Any]:
    """What each of several submits, all begun together, ended with."""
    ends: list[Any] = []
    together = threading.Barrier(len(changes))

    def submit(change: ProposedChange) -> None:
        try:
            together.wait()
            ends.append(make_change(place.client(), change))
        except Exception as error:  # noqa: BLE001  (compared by the test)
            ends.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit, args=[change]) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends
