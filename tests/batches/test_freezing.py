"""A list is frozen whole, with its event, before anything is sent; and says what it leaves out."""

import json
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.db.models.query import QuerySet
from django.utils import timezone

from pools.batches.caps import TooMany
from pools.batches.freezing import (
    NoRight,
    NothingToFreeze,
    Order,
    Wish,
    freeze,
)
from pools.batches.new_values import limit_after
from pools.batches.stored_items import after_in, changes_in, digest_of, fields_in, seen_in
from pools.catalogue.keeping import keep
from pools.core import PoolChanges, PoolFields
from pools.core.bounds import LIMIT
from pools.ledger.appending import LedgerUnwritable
from pools.models import Allowance, Batch, BatchItem, Entry, PinnedNote
from pools.models.batch import LeftOut, Operation, Source
from pools.models.vocabulary import Action
from tests.batches.lists import add_pools, frozen, read, wishes, with_connectors
from tests.changes.making import leave_unknown
from tests.fixtures.panel import actor, make_person
from tests.fixtures.place import Place

ORDER = Order(Operation.LIMIT, {"to": 9}, "ZD-4711", Source.TICKED)


def test_a_list_is_kept_with_its_event_and_sends_nothing(place: Place, mia: User) -> None:
    ids = add_pools(place, 2)
    batch = frozen(place, mia, ids=[*ids, ids[0]])
    items = list(batch.items.all())
    assert [(item.position, item.pool_id, item.name) for item in items] == [
        (1, ids[0], "Orders"), (2, ids[1], "Pool 000"), (3, ids[2], "Pool 001"),
    ]  # fmt: skip
    (event,) = Entry.objects.filter(batch=batch.pk)
    assert (event.action, event.reason, event.company) == (
        "batch_frozen", "ZD-4711", place.company.slug,
    )  # fmt: skip
    facts = json.loads(event.facts)
    assert (facts["pools"], facts["left_out"], facts["digest"]) == (3, 0, batch.digest)
    assert batch.digest == digest_of(items)
    assert place.writes() == []
    first = items[0]
    now, after = seen_in(first), after_in(first)
    assert now is not None and after is not None  # noqa: PT018
    assert (now.limit, after.limit, changes_in(first)) == (5, 9, PoolChanges(limit=9))


def test_what_is_changed_on_a_list_has_another_digest(place: Place, mia: User) -> None:
    batch = frozen(place, mia)
    items = list(batch.items.all())
    for name, value in {"wanted": '{"limit":90}', "left_out": "gone", "pool_id": 7}.items():
        items[0] = BatchItem.objects.get(pk=items[0].pk)
        setattr(items[0], name, value)
        assert digest_of(items) != batch.digest, name


def test_what_cannot_be_sent_is_on_the_list_and_says_why(place: Place, mia: User) -> None:
    ids = add_pools(place, 3)
    leave_unknown(place)
    place.client().update_pool(ids[1], PoolChanges(limit=9))
    batch = frozen(place, mia, ids=[*ids, 999_999])
    assert [item.left_out for item in batch.items.all()] == [
        LeftOut.LOCKED, LeftOut.NOTHING_TO_DO, "", "", LeftOut.GONE,
    ]  # fmt: skip


def test_a_value_that_core_did_not_tell_is_left_alone(place: Place, mia: User) -> None:
    seen = read(place)
    blind = {place.pool: replace(seen[place.pool], limit=None, unreadable=frozenset({"limit"}))}
    listed = wishes(Operation.LIMIT, {"by": 2}, blind, [place.pool])
    order = replace(ORDER, how={"by": 2})
    batch = freeze(None, place.company, actor(mia), mia, order, listed, blind)
    assert batch.items.get().left_out == LeftOut.UNREADABLE


def test_what_hangs_on_a_pool_and_its_note_are_frozen_too(place: Place, mia: User) -> None:
    pool = with_connectors(place, "With connectors", NetSuite=2, Shopify=1)
    PinnedNote.objects.create(
        company=place.company, origin=1, pool_id=pool, text="tier 1", written_by="mia",
        written_at=timezone.now(), entry=1,
    )  # fmt: skip
    item = frozen(place, mia, Operation.CLEAR, {}, [pool]).items.get()
    hanging = {name: len(attached) for name, attached in json.loads(item.systems).items()}
    assert hanging == {"NetSuite": 2, "Shopify": 1}
    assert item.note == "tier 1"


def test_the_sums_against_allowances_are_told_before_and_after(place: Place, mia: User) -> None:
    Allowance.objects.create(company=place.company, system="NetSuite", number=12)
    listed = [with_connectors(place, f"N {n}", 4, NetSuite=1) for n in (1, 2)]
    other = with_connectors(place, "Other", 3, netsuite=1)
    keep(place.company, read(place).values())
    batch = frozen(place, mia, how={"by": 2}, ids=listed)
    assert batch.sums == [
        {"system": "NetSuite", "allowance": 12, "before": 11, "after": 15, "at_least": True}
    ]
    deleted = frozen(place, mia, Operation.DELETE, {}, [*listed, other])
    assert [(each["before"], each["after"]) for each in deleted.sums] == [(11, 0)]


def test_a_list_that_changes_no_limit_says_nothing_of_sums(place: Place, mia: User) -> None:
    Allowance.objects.create(company=place.company, system="NetSuite", number=12)
    listed = [with_connectors(place, f"N {n}", 4, NetSuite=1) for n in (1, 2)]
    assert frozen(place, mia, Operation.TIMEOUT, {"to": 31}, listed).sums == []
    # Where one pool's limit is left as it is, it counts with the others.
    place.at_core.change_pool(listed[0], limit=9)
    batch = frozen(place, mia, Operation.LIMIT, {"to": 9}, listed)
    assert [(each["before"], each["after"]) for each in batch.sums] == [(13, 18)]


def test_a_new_pool_is_a_line_of_a_list(place: Place, mia: User) -> None:
    fields = PoolFields("New one", 3, None)
    order = Order(Operation.APPLY, {}, "", Source.FILE)
    wish = Wish(Action.CREATE, None, fields=fields, line=2)
    item = freeze(None, place.company, actor(mia), mia, order, [wish], {}).items.get()
    assert (item.name, item.line, item.left_out, fields_in(item)) == ("New one", 2, "", fields)


def test_a_list_needs_the_right_to_each_of_its_changes(place: Place) -> None:
    olga = make_person("olga", "Operator")
    with pytest.raises(NoRight) as error:
        frozen(place, olga, Operation.DELETE, {})
    assert error.value.action is Action.DELETE
    assert not Batch.objects.exists()


def test_a_list_has_an_end_and_a_beginning(place: Place, mia: User) -> None:
    seen = read(place)
    many = [Wish(Action.CLEAR, number) for number in range(1, 52)]
    order = replace(ORDER, operation=Operation.CLEAR, how={})
    with pytest.raises(TooMany) as error:
        freeze(None, place.company, actor(mia), mia, order, many, seen)
    assert (error.value.cap, error.value.count) == (50, 51)
    with pytest.raises(NothingToFreeze):
        freeze(None, place.company, actor(mia), mia, order, [], seen)
    # A file may change 500 pools, and delete 50.
    file = replace(ORDER, operation=Operation.APPLY, source=Source.FILE)
    deletes = [Wish(Action.DELETE, number) for number in range(1, 52)]
    with pytest.raises(TooMany):
        freeze(None, place.company, actor(mia), mia, file, deletes, seen)


def test_a_list_that_cannot_be_recorded_is_not_kept(
    place: Place, mia: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise DatabaseError("full")

    seen = read(place)
    monkeypatch.setattr(QuerySet, "bulk_create", refuse)
    with pytest.raises(LedgerUnwritable):
        freeze(
            None, place.company, actor(mia), mia, ORDER,
            wishes(Operation.LIMIT, {"to": 9}, seen, list(seen)), seen,
        )  # fmt: skip
    monkeypatch.undo()
    assert not Batch.objects.exists()
    assert not Entry.objects.filter(action="batch_frozen").exists()


@pytest.mark.parametrize(
    ("how", "now", "after"),
    [
        ({"to": 7}, 3, 7),
        ({"by": 2}, 3, 5),
        ({"by": -2}, 3, 1),
        ({"by": -9}, 3, 1),
        ({"percent": 50}, 5, 3),
        ({"percent": 50}, 4, 2),
        ({"percent": 10}, 4, 1),
        ({"percent": 150}, 3, 5),
        ({"percent": 149}, 1, 1),
        ({"percent": 200}, 2**62, LIMIT.largest),
    ],
)
def test_a_limit_is_reckoned_in_one_place(how: dict[str, int], now: int, after: int) -> None:
    assert limit_after(how, now) == after
