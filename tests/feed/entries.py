"""Entries as they are read, of every kind, without a database."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pools.changes.entries import Recorded
from pools.feed.ocsf_classes_and_severities import ACTIVITIES, EVENTS, STANDINGS
from pools.models.vocabulary import RECORDED, Action, Kind

AT: Final = datetime(2026, 11, 30, 6, 29, 1, 234_999, UTC)
BEFORE: Final = {"connector_ids": [7], "limit": 5, "name": "Orders", "timeout": None}
WANTED: Final = {**BEFORE, "limit": 3141}
REASON: Final = "Customer is waiting, ZD-4711"


def entry(kind: str, action: str, outcome: str = "", **more: Any) -> Recorded:
    usual: dict[str, Any] = {
        "seq": 41,
        "at": AT,
        "change": None if kind == Kind.EVENT else UUID(int=7),
        "garbled": False,
        "now": AT,
        "marks": {},
        "actor_id": "12",
        "actor_name": "ada",
        "company": "acme",
        "pool_id": "" if kind == Kind.EVENT else "42",
        "pool_name": "" if kind == Kind.EVENT else "Orders",
        "reason": REASON,
        "facts": {"address": "192.0.2.7"},
        "digest": "ab" * 32,
    }
    fields = {**usual, **more}
    return Recorded(
        **{**fields, "facts": json.dumps(fields["facts"])},
        kind=kind,
        action=action,
        outcome=outcome,
    )


def of_changes() -> Iterator[Recorded]:
    """Each action with each kind of entry and each word that one may end with."""
    for kind, outcome in STANDINGS:
        for action in RECORDED:
            if (kind == Kind.DRIFT) is (action is Action.OUTSIDE):
                facts = {"address": "", "before": BEFORE, "after": WANTED, "unread": True}
                yield entry(kind, action, outcome, facts=facts)
    assert {*ACTIVITIES} == {*Action}


def of_events() -> Iterator[Recorded]:
    for action in (*EVENTS, "batch_tried_in_a_test"):
        yield entry(Kind.EVENT, action, facts={"address": "2001:db8::7", "count": 2})
        yield entry(Kind.EVENT, action, facts={}, actor_id="0", actor_name="", company="")
