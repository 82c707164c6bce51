"""Allowances in sentences: what is given of one, and what Managers read when they keep it."""

from collections.abc import Mapping
from typing import Any

from pools.guidance.allowance_sums import Share
from pools.wording.names import isolated
from pools.wording.numbers import counted


def given(share: Share) -> str:
    """After the system's name; for instance: 12 of 15 given to 3 pools."""
    said = f"{_at_least(share)}{share.given:,} of {share.allowance:,} given"
    above = share.given - share.allowance
    return f"{said} to {counted(share.pools, 'pool')}" + (f", {above:,} too many" * (above > 0))


def would_make(share: Share, limit: int | None = None) -> str:
    """What a limit makes of it. Without one, a script puts the sum in the place of {sum}."""
    made = "{sum}" if limit is None else f"{share.with_limit(limit):,}"
    return f"this would make it {_at_least(share)}{made}"


def above_allowance(share: Share, limit: int) -> str:
    """Beside a limit that goes above an allowance."""
    made = f"{_at_least(share)}{share.with_limit(limit):,}"
    return (
        f"This gives {made} to {share.system}, whose account allows {share.allowance:,}. "
        "Save again if you mean it."
    )


def recorded(facts: Mapping[str, Any]) -> str:
    """What was known when a limit was chosen; for instance: NetSuite: 17 of 15 given."""
    return f"{facts['system']}: {_sum_of(facts)}"


def recorded_anew(facts: Mapping[str, Any]) -> str:
    """The same where the allowance was another one in a list's preview."""
    system = isolated(facts["system"])
    return f"The allowance for {system} has changed since the preview: {_sum_of(facts)}."


def _sum_of(facts: Mapping[str, Any]) -> str:
    made = f"{'at least ' if facts['at_least'] else ''}{facts['given']:,}"
    return f"{made} of {facts['allowance']:,} given"


def _at_least(share: Share) -> str:
    return "at least " if share.at_least else ""


def kept(system: str, number: int) -> str:
    """After an allowance was set, or was the same already."""
    return f"The allowance for {isolated(system)} is {number:,}."


def unseen(system: str) -> str:
    """Of a system that no pool was seen to have a connector of: nothing counts against it."""
    return (
        f"No pool that we've seen has a connector of {isolated(system)}, so nothing counts against "
        "it yet. Check the spelling."
    )


def removed(system: str) -> str:
    """After an allowance was removed."""
    return f"The allowance for {isolated(system)} was removed."
