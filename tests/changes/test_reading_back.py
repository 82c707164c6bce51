"""What was read back after a change is on the record once, whatever the database does then."""

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from pools.changes.recording import record_readback
from pools.changes.state import ChangeState
from pools.ledger.proof import prove
from pools.models import Entry
from pools.models.vocabulary import Action, Kind
from tests.fixtures.clock import a_minute_later
from tests.fixtures.place import LIMITS, Place
from tests.fixtures.refusing_database import SQLITE, relayed, table_gone
from tests.fixtures.waiting import wait_until

WHOLE = [Kind.INTENT, Kind.OUTCOME, Kind.READBACK]
# Each commit passes the relay twice, and that of what was read back is the third.
COMMIT, ASKED_FOR, CONFIRMED = b"COMMIT", 5, 6


def kinds() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("kind", flat=True))


@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT, Action.DELETE])
def test_what_is_recorded_long_after_the_outcome_is_recorded_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    """A process that was suspended, say: others may have recorded it by then, and have not."""
    with ExitStack() as later:

        def suspended(*about: Any, **named: Any) -> None:
            later.enter_context(a_minute_later())
            record_readback(*about, **named)

        monkeypatch.setattr("pools.changes.sending.record_readback", suspended)
        assert place.make(action).state is ChangeState.DONE
    assert kinds() == WHOLE
    assert Entry.objects.get(kind=Kind.READBACK).actor_name == "Ada"
    assert prove().misfits == ()


@pytest.mark.skipif(SQLITE, reason="SQLite has no connection to cut")
@pytest.mark.parametrize(("cut", "recorded"), [(ASKED_FOR, 0), (CONFIRMED, 1)])
def test_a_commit_that_was_lost_on_its_way_is_not_made_twice(
    committed_place: Place, settings: Any, cut: int, recorded: int
) -> None:
    """Whether it was made, nobody here knows; and by then it could be read late."""
    settings.CORE_LIMITS = replace(LIMITS, deadline_seconds=1.0)
    with relayed() as relay:
        relay.cut_at(COMMIT, cut, late_seconds=1.2)
        result = committed_place.make(Action.EDIT)
    wait_until(lambda: kinds() == WHOLE[: 2 + recorded])
    assert prove().misfits == ()
    assert result.state is ChangeState.NOT_READ


def test_a_catalogue_that_cannot_be_read_costs_no_entry(committed_place: Place) -> None:
    with table_gone("pools_seenpool"):
        assert committed_place.make(Action.EDIT).state is ChangeState.DONE
    assert kinds() == WHOLE
    connection.close()
