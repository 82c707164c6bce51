"""Whether an event is one of OCSF 1.7.0: what its class asks, what it knows, and no more.

`ocsf-1.7.0.json` has the attributes of the classes and objects that the feed uses, taken from
the schema of OCSF (Apache 2.0): their types, the numbers that they may have, and which must be
there.
"""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

SCHEMA: Final[Mapping[str, Any]] = json.loads(
    Path(__file__).with_name("ocsf-1.7.0.json").read_text()
)
SIMPLE: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string_t": str,
    "integer_t": int,
    "long_t": int,
    "boolean_t": bool,
    "json_t": (dict, list, str, int, bool, type(None)),
    "object": dict,
}


def faults(event: Mapping[str, Any]) -> list[str]:
    """What is wrong with it, each as a path and a word; nothing: it is valid."""
    described = SCHEMA["classes"].get(str(event.get("class_uid")))
    if described is None:
        return ["class_uid unknown"]
    found = [*_object("", event, described)]
    if event.get("type_uid") != event["class_uid"] * 100 + event.get("activity_id", -1):
        found.append("type_uid differs")
    if event.get("metadata", {}).get("version") != SCHEMA["version"]:
        found.append("metadata.version differs")
    # Where the number says "other", its sibling has to say what.
    found += [
        f"{name} other, and not which"
        for name in ("activity_id", "status_id")
        if event.get(name) == 99
        and event.get(name.replace("_id", "_name" if "act" in name else "")) in (None, "", "Other")
    ]
    return found


def _object(place: str, value: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[str]:
    attributes = described["attributes"]
    yield from (f"{place}{name} unknown" for name in value.keys() - attributes.keys())
    for name, rule in attributes.items():
        if name in value:
            yield from _attribute(f"{place}{name}", value[name], rule)
        elif rule.get("required"):
            yield f"{place}{name} missing"
    if (any_of := described["at_least_one"]) and not value.keys() & set(any_of):
        yield f"{place or 'event'} has none of {any_of}"


def _attribute(place: str, value: Any, rule: Mapping[str, Any]) -> Iterator[str]:
    if rule.get("array"):
        if not isinstance(value, list):
            yield f"{place} no list"
            return
        for each in value:
            yield from _attribute(place, each, {**rule, "array": False})
    elif rule["type"] in SIMPLE:
        if not isinstance(value, SIMPLE[rule["type"]]) or (
            isinstance(value, bool) and rule["type"] in ("integer_t", "long_t")
        ):
            yield f"{place} of another type"
        elif value not in rule.get("enum", [value]):
            yield f"{place} has no such number"
        elif place.endswith(".ip"):
            ipaddress.ip_address(str(value))
    elif rule["type"] not in SCHEMA["objects"]:
        yield f"{place} is not looked at"
    elif isinstance(value, dict):
        yield from _object(f"{place}.", value, SCHEMA["objects"][rule["type"]])
    else:
        yield f"{place} no object"
