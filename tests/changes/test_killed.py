"""The process that makes a change is killed: the record never says more than is true."""

import os
import signal
import time

import pytest

from pools.changes import PoolHeld, history_of, open_changes
from pools.changes.state import ChangeState
from pools.models import Entry, Lease
from pools.models.vocabulary import Action, Kind, Outcome
from tests.fixtures.clock import a_minute_later
from tests.fixtures.ledger_chain import verify_chain
from tests.fixtures.nursery import Begun, PanelFork
from tests.fixtures.place import Place

CHANGING = """
import os, signal, sys, uuid
from pools import changes
from pools.changes import sending
from pools.core import ApiKey, CoreClient, CoreLimits, PoolChanges
from pools.ledger.appending import Actor
from pools.models import Company
from pools.models.vocabulary import Action
from pools.secret import Secret

def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

point, slug, url, key, pool = sys.argv[1:]
if point == "before the intent":
    sending.record_intent = die
elif point == "after the intent":
    CoreClient.update_pool = die
elif point == "answer read":
    sending.record_outcome = die
elif point == "outcome written":
    sending._read_back = die

limits = CoreLimits(deadline_seconds=20, read_timeout_seconds=20)
changes.make_change(
    CoreClient(url, ApiKey(Secret(key)), limits),
    changes.ProposedChange(
        company=Company.objects.get(slug=slug),
        action=Action.EDIT,
        pool_id=int(pool),
        seen=changes.Snapshot("Orders", 5, None, ()),
        fields=None,
        changed=PoolChanges(limit=10),
        reason="T-1",
        form_id=uuid.uuid4(),
        actor=Actor(7, "Ada"),
    ),
)
"""


def start_change(fork: PanelFork, place: Place, point: str) -> Begun:
    key = place.sandbox.keys[place.company.slug]["full"]
    return fork(CHANGING, point, place.company.slug, place.sandbox.url, key, str(place.pool))


def killed_at(fork: PanelFork, place: Place, point: str) -> None:
    process = start_change(fork, place, point)
    errors = process.communicate(timeout=60)[1]
    assert (process.returncode, errors) == (-signal.SIGKILL, "")


def kinds() -> list[str]:
    assert verify_chain() is None
    return list(Entry.objects.order_by("seq").values_list("kind", flat=True))


def assert_open(place: Place) -> None:
    with a_minute_later():
        (item,) = open_changes(place.company, place.pool)
    assert item.outcome is Outcome.UNKNOWN
    with pytest.raises(PoolHeld):
        place.make(Action.CLEAR)


def test_killed_before_the_intent_nothing_happened(
    committed_place: Place, panel_fork: PanelFork
) -> None:
    killed_at(panel_fork, committed_place, "before the intent")
    assert (kinds(), committed_place.writes(), Lease.objects.count()) == ([], [], 0)


def test_killed_after_the_intent_the_change_is_open(
    committed_place: Place, panel_fork: PanelFork
) -> None:
    killed_at(panel_fork, committed_place, "after the intent")
    assert (kinds(), committed_place.writes()) == ([Kind.INTENT], [])
    assert_open(committed_place)


def test_killed_while_sending_the_change_is_open(
    committed_place: Place, panel_fork: PanelFork
) -> None:
    committed_place.sandbox.set_fault("hang=before,30;only=writes")
    process = start_change(panel_fork, committed_place, "while sending")
    while not committed_place.writes():
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    committed_place.sandbox.reset()
    assert kinds() == [Kind.INTENT]
    assert_open(committed_place)


def test_killed_with_the_answer_read_the_change_is_open(
    committed_place: Place, panel_fork: PanelFork
) -> None:
    killed_at(panel_fork, committed_place, "answer read")
    assert (kinds(), len(committed_place.sandbox.applied)) == ([Kind.INTENT], 1)
    assert_open(committed_place)


def test_killed_with_the_outcome_written_the_change_is_done(
    committed_place: Place, panel_fork: PanelFork
) -> None:
    killed_at(panel_fork, committed_place, "outcome written")
    assert kinds() == [Kind.INTENT, Kind.OUTCOME]
    (item,) = history_of(committed_place.company, committed_place.pool)
    assert (item.outcome, item.state) == (Outcome.DONE, ChangeState.READING_BACK)
    with a_minute_later():
        (item,) = history_of(committed_place.company, committed_place.pool)
    assert item.state is ChangeState.NOT_READ
    assert Lease.objects.count() == 0
