"""What auditors read of the last walks along the ledger."""

from typing import Final

from django.utils import timezone

from pools.ledger.verifying import MOST_NEW, Verification, Walk
from pools.wording.moments import age_of
from pools.wording.numbers import counted

NEVER: Final = (
    "There is no verification of the ledger on record. “manage.py tend” verifies it once a day."
)
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


def _entries(walk: Walk) -> str:
    if walk.first == walk.last:
        return f"Entry {walk.last:,}"
    return f"Entries {walk.first:,} to {walk.last:,}"
