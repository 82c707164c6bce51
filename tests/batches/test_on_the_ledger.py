"""Every entry about an item carries its batch, whoever adds it and when."""

import uuid

from pools.changes import changes_of_batch, drift, release_lease
from pools.models import Entry
from pools.models.vocabulary import Action, Kind
from tests.changes.making import left, left_unread, settled
from tests.fixtures.place import ADA, Place, give_token

BATCH = uuid.UUID(int=7)


def kinds(place: Place) -> list[str]:
    found = Entry.objects.filter(batch=BATCH).order_by("seq")
    return list(found.values_list("kind", flat=True))


def test_intent_outcome_and_reading_back(place: Place) -> None:
    result = place.make(Action.EDIT, batch=BATCH)
    assert kinds(place) == [Kind.INTENT, Kind.OUTCOME, Kind.READBACK]
    (item,) = changes_of_batch(BATCH)
    assert (item.change_id, item.batch) == (result.change_id, BATCH)


def test_the_verdict(place: Place) -> None:
    give_token(place)
    settled(left(place, Action.EDIT, batch=BATCH))
    assert kinds(place) == [Kind.INTENT, Kind.OUTCOME, Kind.SETTLED]


def test_a_release_by_hand(place: Place) -> None:
    change = left(place, Action.CLEAR, batch=BATCH)
    release_lease(change, ADA, "looked there")
    assert kinds(place) == [Kind.INTENT, Kind.OUTCOME, Kind.RELEASED]


def test_what_is_read_later(place: Place) -> None:
    change = left_unread(place, Action.EDIT, batch=BATCH)
    drift.read_pool(place.client(), place.company, place.pool, ADA.id)
    assert Entry.objects.filter(change=change).count() == len(kinds(place))
    assert kinds(place)[-1] == Kind.READBACK
