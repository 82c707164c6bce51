"""What the pools of a company take of what its accounts allow: the arithmetic alone.

A pool with several connectors of one system counts once for it, and a pool that spans systems
counts for each of them: its limit is what it may send to any one of them at the same time.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a company's account at a system allows, by the name that was kept."""

    system: str
    number: int


@dataclass(frozen=True, slots=True)
class AlikePools:
    """How many other pools have a connector of a system and this limit (None: not known)."""

    key: str
    limit: int | None
    pools: int


@dataclass(frozen=True, slots=True)
class Share:
    """What is given of a system's allowance: by the other pools, and by the one in question.

    `own` is that one's limit, None where it is not known. `pools` are all of them together.
    `at_least`: there may be more, as not all is known.
    """

    system: str
    allowance: int
    others: int
    own: int | None
    pools: int
    at_least: bool

    @property
    def given(self) -> int:
        return self.others + (self.own or 0)

    @property
    def exceeded(self) -> bool:
        return self.given > self.allowance

    def with_limit(self, limit: int) -> int:
        """What would be given if the pool in question had this limit."""
        return self.others + limit

    def is_exceeded_by(self, limit: int | None) -> bool:
        """Whether this limit is more than now and goes above the allowance."""
        more = limit is not None and (self.own is None or limit > self.own)
        return limit is not None and more and self.with_limit(limit) > self.allowance


def shares(
    keys: Collection[str],
    own: int | None,
    allowed: Mapping[str, Allowed],
    others: Collection[AlikePools],
    *,
    whole: bool,
) -> list[Share]:
    """Of each system of a pool that an allowance is kept of, in the order of their names.

    `keys` are those of the systems that the pool has a connector of, `own` is its limit.
    `allowed` is by key, too; `others` are the company's other pools, and `whole` says whether
    that is all of them.
    """
    kept = sorted(allowed.keys() & set(keys))
    return [_share(key, allowed[key], own, others, whole) for key in kept]


def shares_without(
    allowed: Mapping[str, Allowed], others: Collection[AlikePools], *, whole: bool
) -> list[Share]:
    """Of every system that an allowance is kept of, as long as no new pool takes any of it."""
    found = (_share(key, allowed[key], 0, others, whole) for key in sorted(allowed))
    return [replace(share, pools=share.pools - 1) for share in found]


def weighed(found: Iterable[Share], limit: int | None) -> list[dict[str, Any]]:
    """What the record keeps of a limit that a change gives its pool: the sums that it makes."""
    if limit is None:
        return []
    return [
        {
            "system": share.system,
            "allowance": share.allowance,
            "given": share.with_limit(limit),
            "at_least": share.at_least,
        }
        for share in found
    ]


def _share(
    key: str, allowed: Allowed, own: int | None, others: Collection[AlikePools], whole: bool
) -> Share:
    alike = [each for each in others if each.key == key]
    return Share(
        system=allowed.system,
        allowance=allowed.number,
        others=sum(each.limit * each.pools for each in alike if each.limit is not None),
        own=own,
        pools=1 + sum(each.pools for each in alike),
        at_least=not whole or own is None or any(each.limit is None for each in alike),
    )
