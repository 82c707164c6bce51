"""What auditors read of the last walks along the ledger."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils import timezone

from pools.ledger.archived import Archived
from pools.ledger.standing import ADDRESS, FILE, SIGNED, WITNESS, Standing
from pools.ledger.verifying import Verification, Walk
from pools.wording.moments import age_of
from pools.wording.numbers import counted

NEVER: Final = (
    "There is no verification of the ledger on record. “manage.py tend” verifies it once a day."
)
# What is done with a checkpoint, and where a copy of it goes.
_DONE: Final[Mapping[str, str]] = {
    SIGNED: "signed",
    FILE: "copied to the file",
    ADDRESS: "sent to the address",
    WITNESS: "signed by a witness",
}


def verified(walk: Walk) -> str:
    """For instance: Entries 1 to 4,312 verified 06:29."""
    return f"{_entries(walk)} verified {age_of(walk.at)}."


def too_much(most: int) -> str:
    """Why a click doesn't verify what is new."""
    return (
        f"Only up to {most:,} entries after a verification that fitted can be verified here. "
        "Run “manage.py verify_audit”, or wait: “manage.py tend” verifies all of it once a day."
    )


def after_verifying(found: Verification) -> str:
    """What an auditor reads after verifying what was new."""
    walk = found.newer or found.whole
    if not found.findings:
        return f"{_entries(walk)} fit." if walk.first != walk.last else f"Entry {walk.last:,} fits."
    return f"{doesnt_fit(found)} {' '.join(found.findings)}"


def in_archive(gone: Archived | None) -> str:
    """Where older entries are, for whoever looks for them; empty where nothing was archived."""
    if gone is None:
        return ""
    at = timezone.localtime(gone.at)
    return (
        f"Entries 1 to {gone.through:,} are in an archive since {at.day} {at:%b %Y}, and no longer "
        "here. An administrator can look into it."
    )


def doesnt_fit(found: Verification) -> str:
    """The heading of what was found."""
    at = timezone.localtime((found.newer or found.whole).at)
    things = counted(len(found.findings), "thing")
    return f"The ledger doesn't fit: verifying it found {things} wrong at {at:%H:%M}."


def checkpoints_said(known: Mapping[str, Standing]) -> list[tuple[datetime | None, str, bool]]:
    """A line for the last checkpoint, and for each copy that has a word of its own: its time,
    what is said, and whether it fails.
    """
    said: list[tuple[datetime | None, str, bool]] = []
    for name, each in known.items():
        if each.failing_since is not None:
            began = f"This began {age_of(each.failing_since)}."
            why = f"Checkpoints can't be {_DONE[name]}: {each.reason} {began}"
            said.append((each.failing_since, why, True))
        elif each.at is None:
            said.append((None, f"No checkpoint was {_DONE[name]} yet.", False))
        elif name == SIGNED:
            also = [_DONE[copy] for copy in (FILE, ADDRESS) if _is_there(known.get(copy), each)]
            done = " and ".join(", ".join(["signed", *also]).rsplit(", ", 1))
            line = f"Entries 1 to {each.size:,} {done} {age_of(each.at)}."
            said.append((each.at, line, False))
        elif name == WITNESS or not _is_there(each, known[SIGNED]):
            line = f"Entries 1 to {each.size:,} {_DONE[name]} {age_of(each.at)}."
            said.append((each.at, line, False))
    return said


def _is_there(copy: Standing | None, signed: Standing) -> bool:
    """Whether a copy is as new as what was signed."""
    return copy is not None and copy.failing_since is None and copy.size == signed.size > 0


def _entries(walk: Walk) -> str:
    if walk.first == walk.last:
        return f"Entry {walk.last:,}"
    return f"Entries {walk.first:,} to {walk.last:,}"
