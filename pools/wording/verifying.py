"""What auditors read of the last walks along the ledger."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils import timezone

from pools.ledger.standing import ADDRESS, FILE, SIGNED, Standing
from pools.ledger.verifying import MOST_NEW, Verification, Walk
from pools.wording.moments import age_of
from pools.wording.numbers import counted

NEVER: Final = (
    "There is no verification of the ledger on record. “manage.py tend” verifies it once a day."
)
# What each is called, and what is done with it.
_CHECKPOINTS: Final[Mapping[str, tuple[str, str]]] = {
    SIGNED: ("Checkpoint", "signed"),
    FILE: ("Checkpoint", "copied to its file"),
    ADDRESS: ("Checkpoint", "sent to its address"),
}
TOO_MUCH: Final = (
    f"Only up to {MOST_NEW:,} entries after a verification that fitted can be verified here. "
    "Run “manage.py verify_audit”, or wait: “manage.py tend” verifies all of it once a day."
)


def verified(walk: Walk) -> str:
    """For instance: Entries 1 to 4,312 verified 06:29."""
    return f"{_entries(walk)} verified {age_of(walk.at)}."


def after_verifying(found: Verification) -> str:
    """What an auditor reads after verifying what was new."""
    walk = found.newer or found.whole
    if not found.findings:
        return f"{_entries(walk)} fit." if walk.first != walk.last else f"Entry {walk.last:,} fits."
    return f"{doesnt_fit(found)} {' '.join(found.findings)}"


def doesnt_fit(found: Verification) -> str:
    """The heading of what was found."""
    at = timezone.localtime((found.newer or found.whole).at)
    things = counted(len(found.findings), "thing")
    return f"The ledger doesn't fit: verifying it found {things} wrong at {at:%H:%M}."


def checkpoints_said(known: Mapping[str, Standing]) -> list[tuple[datetime | None, str, bool]]:
    """A line for each checkpoint or copy: its time, what is said, and whether it fails."""
    return [
        (each.failing_since or each.at, _said(name, each), each.failing_since is not None)
        for name, each in known.items()
    ]


def _said(name: str, each: Standing) -> str:
    what, verb = _CHECKPOINTS[name]
    if each.failing_since is not None:
        return f"{what} not {verb} since {age_of(each.failing_since)}: {each.reason}"
    if each.at is None:
        return f"{what} not {verb} yet."
    up_to = f"up to entry {each.size:,}"
    return f"{what} {verb} {up_to} {age_of(each.at)}."


def _entries(walk: Walk) -> str:
    if walk.first == walk.last:
        return f"Entry {walk.last:,}"
    return f"Entries {walk.first:,} to {walk.last:,}"
