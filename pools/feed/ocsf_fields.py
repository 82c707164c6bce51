"""One entry of the ledger as an event of OCSF 1.7.0."""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from pools.changes.entries import Recorded
from pools.changes.entry_contents import Said, said_by
from pools.feed.ocsf_classes_and_severities import (
    ACTIVITIES,
    ANY_EVENT,
    CAPTIONS,
    EVENTS,
    OTHER,
    POOL,
    STANDINGS,
    Class,
    Meaning,
    Severity,
    Status,
)
from pools.models.vocabulary import Action, Kind

SCHEMA: Final = "1.7.0"
CATEGORY: Final = 3
PRODUCT: Final = "Pools Panel"
UNREADABLE_CODE: Final = "unreadable"
# Who did what no person did.
_NOBODY: Final = "0"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
Event = dict[str, Any]


def event_of(entry: Recorded, *, version: str, values: bool) -> Event:
    """The event that an entry is, whatever is stored in it; `version` is the panel's.

    Without `values` it leaves out whatever somebody typed or a pool held: reasons, numbers and
    texts before and after, notes.
    """
    said = said_by(entry)
    if not said.readable:
        return _unreadable(entry, version)
    if said.kind is Kind.EVENT:
        return _of_event(entry, said, version, values)
    return _of_change(entry, said, version, values)


def _of_change(entry: Recorded, said: Said, version: str, values: bool) -> Event:
    status, severity = STANDINGS.get((entry.kind, entry.outcome), (Status.OTHER, Severity.MEDIUM))
    activity = 2 if said.kind is Kind.READBACK else ACTIVITIES[said.action]
    if said.kind is Kind.DRIFT and said.facts.get("after") is None:
        activity = 4
    ending = f".{entry.outcome}" if entry.outcome else ""
    code = f"pool.{said.action}.{entry.kind}{ending}"
    event = {
        **_head(entry, code, Class.ENTITY_MANAGEMENT, activity, severity, version),
        **_status(status, entry.outcome or entry.kind),
        **_actor(entry, said.facts),
        "entity": _entity(POOL, entry.pool_id or f"change:{entry.change}", entry.pool_name),
    }
    if activity == OTHER:
        event["activity_name"] = said.action.capitalize()
    if values:
        _add_values(event, entry, said.facts)
    return event


def _of_event(entry: Recorded, said: Said, version: str, values: bool) -> Event:
    meaning = EVENTS.get(entry.action, ANY_EVENT)
    facts = said.facts
    severity, status = meaning.severity, meaning.status
    if entry.action == "ledger_verified" and facts.get("findings"):
        severity, status = Severity.CRITICAL, Status.FAILURE
    event = {
        **_head(entry, f"event.{entry.action}", meaning.of, meaning.activity, severity, version),
        **_status(status, entry.outcome),
        **_actor(entry, facts),
        **_about(meaning, entry, facts),
    }
    if meaning.activity == OTHER:
        event["activity_name"] = entry.action.replace("_", " ").capitalize()
    if values:
        _add_values(event, entry, facts)
    return event


def _about(meaning: Meaning, entry: Recorded, facts: Mapping[str, Any]) -> Event:
    """What OCSF asks of the class: whose account, who signed in where, or which thing."""
    if meaning.of is Class.AUTHENTICATION:
        return {"user": _user(entry.actor_id, entry.actor_name), "service": {"name": PRODUCT}}
    if meaning.of is Class.ACCOUNT_CHANGE:
        return {"user": _whose(entry, facts)}
    if entry.pool_id or entry.pool_name:
        return {"entity": _entity(meaning.entity, entry.pool_id, entry.pool_name)}
    identity = facts.get(meaning.identity) or entry.batch or entry.company or f"entry:{entry.seq}"
    return {"entity": _entity(meaning.entity, str(identity))}


def _whose(entry: Recorded, facts: Mapping[str, Any]) -> Event:
    """The person that an account is of: in the facts, or whoever did it to their own."""
    uid = str(facts.get("person") or facts.get("id") or "")
    name = str(facts.get("owner") or facts.get("name") or "")
    # The name of a passkey, say, beside nobody's number.
    of_another = uid or "owner" in facts or "invitation" in facts
    return _user(uid, name) if of_another and (uid or name) else _user_of(entry)


def _user_of(entry: Recorded) -> Event:
    return _user(entry.actor_id, entry.actor_name)


def _unreadable(entry: Recorded, version: str) -> Event:
    """An entry that the panel did not write so: it must not stop the feed, nor pass unseen."""
    activity = (Class.ENTITY_MANAGEMENT, OTHER)
    return {
        **_head(entry, UNREADABLE_CODE, *activity, Severity.CRITICAL, version),
        **_status(Status.UNKNOWN, ""),
        "activity_name": "Unreadable",
        "entity": _entity("Entry", f"entry:{entry.seq}"),
    }


def _head(
    entry: Recorded, code: str, of: Class, activity: int, severity: Severity, version: str
) -> Event:
    metadata: Event = {
        "version": SCHEMA,
        "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": version},
        "log_name": "ledger",
        # Of all that was sealed: the same at each repeat, and another entry's is another.
        "uid": entry.digest,
        "sequence": entry.seq,
        "event_code": code,
    }
    if entry.company:
        metadata["tenant_uid"] = entry.company
    if entry.change is not None:
        metadata["correlation_uid"] = str(entry.change)
    if entry.batch is not None:
        metadata["labels"] = [f"batch:{entry.batch}"]
    return {
        "class_uid": int(of),
        "category_uid": CATEGORY,
        "activity_id": activity,
        "type_uid": of * 100 + activity,
        "activity_name": CAPTIONS[of].get(activity, "Other"),
        "severity_id": int(severity),
        "time": _milliseconds(entry.at),
        "metadata": metadata,
    }


def _milliseconds(at: object) -> int:
    return (at - _EPOCH) // _MILLISECOND if isinstance(at, datetime) else 0


def _status(status: Status, word: str) -> Event:
    told: Event = {"status_id": int(status), "status": status.name.capitalize()}
    if word:
        told["status_code"] = word
        if status is Status.OTHER:
            told["status"] = word.replace("_", " ").capitalize()
    return told


def _actor(entry: Recorded, facts: Mapping[str, Any]) -> Event:
    nobody = entry.actor_id == _NOBODY
    told: Event = {"actor": {"app_name": PRODUCT} if nobody else {"user": _user_of(entry)}}
    if address := _address(str(facts.get("address") or "")):
        told["src_endpoint"] = {"ip": address}
    return told


@lru_cache(maxsize=1024)
def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _user(uid: str, name: str) -> Event:
    """Either may be missing, and not both."""
    return {"name": name, **({"uid": uid} if uid else {})} if name else {"uid": uid or _NOBODY}


def _entity(kind: str, uid: str, name: str = "") -> Event:
    told: Event = {"type_id": OTHER, "type": kind}
    if uid:
        told["uid"] = uid
    if name or not uid:
        told["name"] = name
    return told


def _add_values(event: Event, entry: Recorded, facts: Mapping[str, Any]) -> None:
    if entry.reason and event["class_uid"] == Class.ENTITY_MANAGEMENT:
        event["comment"] = entry.reason
    if entry.kind != Kind.EVENT and said_by(entry).action is not Action.UNREADABLE:
        wanted = facts.get("after") or facts.get("wanted")
        if isinstance(before := facts.get("before"), dict):
            event["entity"]["data"] = before
        if isinstance(wanted, dict):
            event["entity_result"] = {**event["entity"], "data": wanted}
    rest = {name: value for name, value in facts.items() if name not in ("address", "invitation")}
    if rest:
        event["unmapped"] = rest
