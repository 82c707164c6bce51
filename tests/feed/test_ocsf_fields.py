"""Each entry as an event of OCSF: valid, with a code that stays, and without what was typed."""

import json
import re
from typing import Any

import pytest

from pools.changes.entries import Recorded
from pools.feed.ocsf_classes_and_severities import CAPTIONS, EVENTS, OTHER
from pools.feed.ocsf_fields import event_of
from pools.models.stored import GarbledMoment
from pools.models.vocabulary import Action, Kind, Outcome, Verdict
from tests.feed.entries import BEFORE, REASON, WANTED, entry, of_changes, of_events
from tests.feed.ocsf import SCHEMA, faults
from tests.standard.reading import inventory, named, rows, section

ALL = [*of_changes(), *of_events()]


def told(of: Recorded, *, values: bool = False) -> dict[str, Any]:
    return event_of(of, version="0.1.0", values=values)


def code_of(of: Recorded) -> str:
    return str(told(of)["metadata"]["event_code"])


@pytest.mark.parametrize("values", [False, True])
def test_every_kind_and_outcome_is_valid(values: bool) -> None:
    assert len(ALL) > 130
    assert [
        (code_of(each), faults(told(each, values=values)))
        for each in ALL
        if faults(told(each, values=values))
    ] == []


def test_the_checker_finds_what_is_wrong() -> None:
    good = told(entry(Kind.EVENT, "signed_in"))
    assert faults(good) == []
    for wrong, fault in (
        ({**good, "class_uid": 1}, "class_uid unknown"),
        ({**good, "severity_id": 7}, "severity_id has no such number"),
        ({**good, "severity_id": True}, "severity_id of another type"),
        ({**good, "activity_id": 2}, "type_uid differs"),
        ({**good, "sentence": "x"}, "sentence unknown"),
        ({**good, "time": "06:29"}, "time of another type"),
        ({**good, "user": {}}, "user. has none of ['account', 'name', 'uid']"),
        ({k: v for k, v in good.items() if k != "user"}, "user missing"),
        ({k: v for k, v in good.items() if k != "service"}, "event has none of"),
        ({**good, "metadata": {**good["metadata"], "version": "1.0.0"}}, "metadata.version"),
        ({**good, "status_id": 99, "status": ""}, "status_id other, and not which"),
    ):
        assert any(each.startswith(fault) for each in faults(wrong)), fault


def test_captions_are_those_of_numbers_that_the_schema_has() -> None:
    for of, captions in CAPTIONS.items():
        known = SCHEMA["classes"][str(int(of))]["attributes"]["activity_id"]["enum"]
        assert set(captions) <= set(known)
    for action, meaning in EVENTS.items():
        assert meaning.activity in {*CAPTIONS[meaning.of], OTHER}, action


def test_codes_are_those_of_the_document_and_each_is_another() -> None:
    told_of = {
        code for row in rows(section("siem.md", "Codes")) for code in named(row[0]) if "." in code
    }
    changes = {code_of(each) for each in of_changes()}
    assert len(changes) == len([*of_changes()])
    stages = {re.sub(r"^pool\.\w+\.", "pool.ACTION.", code) for code in changes}
    assert told_of == stages | {"event.NAME"}


def test_every_event_of_the_inventory_has_its_meaning() -> None:
    listed = {name for row in inventory("Events") for name in named(row[0])}
    composed = {"user", "group", "_added", "_changed", "_removed"}
    users = {f"{what}{done}" for what in ("user", "group") for done in composed if done[0] == "_"}
    # What is new is told as well, and gets its own class when it is worth one.
    assert set(EVENTS) <= listed | users
    assert {"signed_in", "roles_changed", "token_added"} <= set(EVENTS)


def test_an_edit_that_is_done_as_a_whole() -> None:
    event = told(
        entry(Kind.OUTCOME, Action.EDIT, Outcome.DONE, batch=entry(Kind.INTENT, "edit").change)
    )
    assert event == {
        "class_uid": 3004,
        "category_uid": 3,
        "activity_id": 3,
        "type_uid": 300403,
        "activity_name": "Update",
        "severity_id": 1,
        "time": 1796020141234,
        "metadata": {
            "version": "1.7.0",
            "product": {"name": "Pools Panel", "vendor_name": "Pools Panel", "version": "0.1.0"},
            "log_name": "ledger",
            "uid": "ab" * 32,
            "sequence": 41,
            "event_code": "pool.edit.outcome.done",
            "tenant_uid": "acme",
            "correlation_uid": "00000000-0000-0000-0000-000000000007",
            "labels": ["batch:00000000-0000-0000-0000-000000000007"],
        },
        "status_id": 1,
        "status": "Success",
        "status_code": "done",
        "actor": {"user": {"name": "ada", "uid": "12"}},
        "src_endpoint": {"ip": "192.0.2.7"},
        "entity": {"type_id": 99, "type": "Connection pool", "uid": "42", "name": "Orders"},
    }


@pytest.mark.parametrize(
    ("ending", "status", "word"),
    [
        ((Kind.INTENT, ""), 99, "Intent"),
        ((Kind.OUTCOME, Outcome.UNKNOWN), 0, "Unknown"),
        ((Kind.OUTCOME, Outcome.REFUSED), 2, "Failure"),
        ((Kind.OUTCOME, Outcome.NOT_SENT), 2, "Failure"),
        ((Kind.SETTLED, Verdict.APPLIED), 1, "Success"),
        ((Kind.SETTLED, Verdict.SUPERSEDED), 99, "Superseded"),
        ((Kind.RELEASED, ""), 99, "Released"),
    ],
)
def test_nothing_is_a_success_that_is_none(
    ending: tuple[Kind, str], status: int, word: str
) -> None:
    event = told(entry(ending[0], Action.CLEAR, ending[1]))
    assert (event["status_id"], event["status"]) == (status, word)
    assert (event["activity_id"], event["activity_name"]) == (99, "Clear")


def test_a_pool_that_is_gone_outside_is_a_delete() -> None:
    gone = entry(Kind.DRIFT, Action.OUTSIDE, actor_id="0", facts={"before": BEFORE, "after": None})
    assert told(gone)["activity_id"] == 4
    assert told(gone)["actor"] == {"app_name": "Pools Panel"}


def test_whose_account_it_is() -> None:
    roles = entry(Kind.EVENT, "roles_changed", facts={"person": "9", "name": "grace"})
    assert told(roles)["user"] == {"name": "grace", "uid": "9"}
    invited = entry(Kind.EVENT, "person_invited", facts={"name": "grace", "invitation": "x"})
    assert told(invited)["user"] == {"name": "grace"}
    lost = entry(Kind.EVENT, "second_factor_removed", facts={"owner": "grace", "factor": "totp"})
    assert told(lost)["user"] == {"name": "grace"}
    passkey = entry(
        Kind.EVENT, "second_factor_added", facts={"factor": "webauthn", "name": "blue key"}
    )
    assert told(passkey)["user"] == {"name": "ada", "uid": "12"}
    unknown = entry(Kind.EVENT, "sign_in_failed", actor_id="0", actor_name="")
    assert told(unknown)["user"] == {"uid": "0"}
    assert (told(unknown)["status_id"], told(unknown)["severity_id"]) == (2, 2)


def test_a_ledger_that_does_not_fit_is_critical() -> None:
    fits = told(entry(Kind.EVENT, "ledger_verified", facts={"findings": []}))
    broken = told(entry(Kind.EVENT, "ledger_verified", facts={"findings": ["Entry 4 …"]}))
    assert [(each["severity_id"], each["status_id"]) for each in (fits, broken)] == [(1, 1), (5, 2)]


def test_without_values_nothing_is_told_that_somebody_typed_or_a_pool_held() -> None:
    facts = {"address": "", "before": BEFORE, "after": WANTED, "message": "Core said hush"}
    edit = entry(Kind.OUTCOME, Action.EDIT, Outcome.DONE, facts=facts)
    note = entry(Kind.EVENT, "note_pinned", facts={"changed": {"note": [None, "hush hush"]}})
    for each in (edit, note):
        text = json.dumps(told(each))
        assert not re.search("hush|3141|4711|waiting", text)
    loud = told(edit, values=True)
    assert loud["comment"] == REASON
    assert (loud["entity"]["data"], loud["entity_result"]["data"]) == (BEFORE, WANTED)
    assert loud["unmapped"]["message"] == "Core said hush"
    assert "hush hush" in json.dumps(told(note, values=True))


@pytest.mark.parametrize(
    "more",
    [
        {"garbled": True},
        {"at": GarbledMoment("soon")},
        {"facts": [1]},
        {"actor_id": "nobody"},
        {"pool_id": "../x"},
    ],
)
def test_an_entry_that_cannot_be_read_stops_nothing_and_is_critical(more: dict[str, Any]) -> None:
    event = told(entry(Kind.OUTCOME, Action.EDIT, Outcome.DONE, **more))
    assert faults(event) == []
    assert event["metadata"]["event_code"] == "unreadable"
    assert event["severity_id"] == 5
    assert event["entity"]["uid"] == "entry:41"
