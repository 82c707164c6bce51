"""A pool's connectors as the catalogue keeps them: what a page shows, in one text.

[[connector's id, its name, its system's id, the system's name], …], in Core's order.
"""

import json
from typing import Any, Final

from pools.core import Connector, System
from pools.core.comparing import picture
from pools.ledger.canonical import storable
from pools.models.allowance import system_key
from pools.models.catalogue import SEEN_TEXT

_write: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def cut(text: str | None) -> str | None:
    """A text of Core's, as either database can hold it."""
    return None if text is None else storable(text)[:SEEN_TEXT]


def written(connectors: tuple[Connector, ...] | None) -> str:
    """Empty where Core did not tell them."""
    if connectors is None:
        return ""
    rows = [
        [
            each.id,
            cut(each.name),
            each.system and each.system.id,
            each.system and cut(each.system.name),
        ]
        for each in connectors
    ]
    return _write(rows)


def read(text: str) -> tuple[Connector, ...] | None:
    """None where Core has not told them yet."""
    return tuple(map(_connector, json.loads(text))) if text else None


def systems(connectors: tuple[Connector, ...] | None) -> dict[str, str]:
    """Those that have a name to see, by the key that they are found by, in its order."""
    names = (each.system.name for each in connectors or () if each.system and each.system.name)
    keyed = ((system_key(name), picture(name)) for name in names)
    return dict(sorted((key, name) for key, name in keyed if key))


def _connector(row: list[Any]) -> Connector:
    id_, name, system_id, system_name = row
    known = system_id is not None or system_name is not None
    system = System(system_id, system_name) if known else None
    return Connector(id_, name, system, {})
