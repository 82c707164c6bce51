"""A pool's connectors as people read them: by system."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pools.core import Connector, Pool

UNNAMED_SYSTEM: Final = "System not named"


@dataclass(frozen=True, slots=True)
class SystemConnectors:
    """Those of a pool's connectors that belong to one system."""

    name: str
    connectors: list[Connector]


def by_system(pool: Pool | None) -> list[SystemConnectors]:
    """In the order of the systems' names; none where Core did not say."""
    by_name: dict[str, list[Connector]] = {}
    for connector in (pool and pool.connectors) or ():
        name = (connector.system and connector.system.name) or UNNAMED_SYSTEM
        by_name.setdefault(name, []).append(connector)
    return [SystemConnectors(name, by_name[name]) for name in sorted(by_name, key=str.casefold)]


def systems_in_words(systems: Iterable[SystemConnectors]) -> str:
    """All of them, each with the number of its connectors: NetSuite 4, Shopify 1."""
    return ", ".join(f"{each.name} {len(each.connectors)}" for each in systems)
