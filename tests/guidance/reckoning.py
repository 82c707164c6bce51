"""Generated companies, and what their pools take of allowances as one would add it up by hand."""

import random
from collections import Counter
from dataclasses import dataclass

from pools.core import Connector, Pool, System
from pools.guidance.allowance_sums import AlikePools, Allowed, Share, shares
from pools.models.allowance import system_key

# What people read as three systems; and one that no allowance is kept of.
SPELLINGS = ("NetSuite", "netsuite", " NETSUITE\u200b", "Shopify", "SHOPIFY", "Sage 200", "Xero")
ALLOWED = {"netsuite": Allowed("NetSuite", 15), "shopify": Allowed("Shopify", 10**9),
           "sage 200": Allowed("Sage 200", 1)}  # fmt: skip
LIMITS = (1, 2, 5, 5, 5, 40, 2**63 - 1, None)


@dataclass(frozen=True)
class Generated:
    """Pools with their limits and the systems of their connectors. The first is the one shown."""

    limits: list[int | None]
    systems: list[list[str]]
    whole: bool


def generated(chance: random.Random) -> Generated:
    count = chance.randint(1, 12)
    return Generated(
        limits=[chance.choice(LIMITS) for _ in range(count)],
        systems=[chance.choices(SPELLINGS, k=chance.randint(0, 4)) for _ in range(count)],
        whole=chance.random() < 0.8,
    )


def plainly(case: Generated) -> list[tuple[str, int, int, bool]]:
    """System, sum, pools and whether there may be more: as one would add it up by hand."""
    found = []
    for key in sorted(ALLOWED):
        has = [any(system_key(name) == key for name in names) for names in case.systems]
        if not has[0]:
            continue
        limits = [limit for limit, counts in zip(case.limits, has, strict=True) if counts]
        told = [limit for limit in limits if limit is not None]
        at_least = not case.whole or len(told) < len(limits)
        found.append((ALLOWED[key].system, sum(told), len(limits), at_least))
    return found


def reckoned(case: Generated) -> list[Share]:
    """By the function that the panel uses, from pools that are grouped as the database does it."""
    groups = Counter(
        (key, limit)
        for limit, names in zip(case.limits[1:], case.systems[1:], strict=True)
        for key in {*map(system_key, names)} & ALLOWED.keys()
    )
    others = [AlikePools(key, limit, pools) for (key, limit), pools in groups.items()]
    keys = {system_key(name) for name in case.systems[0]}
    return shares(keys, case.limits[0], ALLOWED, others, whole=case.whole)


def told(found: list[Share]) -> list[tuple[str, int, int, bool]]:
    return [(each.system, each.given, each.pools, each.at_least) for each in found]


def wrong(seed: int, count: int) -> list[Generated]:
    chance = random.Random(seed)
    cases = [generated(chance) for _ in range(count)]
    return [case for case in cases if told(reckoned(case)) != plainly(case)]


def pools_of(case: Generated) -> list[Pool]:
    return [
        Pool(
            id=number,
            name=f"Pool {number}",
            limit=limit,
            timeout=None,
            created_at=None,
            updated_at=None,
            connectors=tuple(Connector(None, None, System(None, name), {}) for name in names),
            unreadable=frozenset(),
            raw={},
        )
        for number, (limit, names) in enumerate(
            zip(case.limits, case.systems, strict=True), start=1
        )
    ]
