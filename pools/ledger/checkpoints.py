"""Checkpoints: the ledger's head, written to the log and found there again.

What `manage.py verify_audit` printed is one too: it names the head that it found.

An entry that is cut off the end leaves a whole chain behind. Only a note of the head from
before, kept where whoever can alter the database cannot, shows that it was there.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import Error as AnyDatabaseError

from pools.models.chain import FIRST
from pools.models.ledger import head

EVENT: Final = "ledger checkpoint"
# Kept at INFO whatever LOG_LEVEL is: see adminpanel/logs.py.
log = structlog.get_logger("panel.ledger")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
# A line of LOG_FORMAT=text, behind whatever was put before it.
_TEXT_LINE: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z \[\w+ *\] (.*)")
_TEXT_FIELD: Final = re.compile(r"(\w+)=(\S+)")
# What verify_audit prints of the head: a whole line, so that no log can quote it.
PRINTED_EMPTY: Final = "The ledger is empty."
_PRINTED: Final = re.compile(r"(?:Head|Last entry that fits): (\d{1,18}) (.*)")
# Where Docker's and journald's JSON keep the line itself.
_WRAPPED_IN: Final = ("log", "MESSAGE")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head as it once was: its number (0: no entry yet), digest and time."""

    seq: int
    digest: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class CheckpointsRead:
    """Different checkpoints, in the order of their numbers, and the lines that hold a broken one.

    Lines count from 1.
    """

    checkpoints: tuple[Checkpoint, ...]
    malformed: tuple[int, ...]


def log_checkpoint() -> None:
    """Writes the head to the log, as one line. Logs a warning where it cannot be read."""
    try:
        last = head()
    except AnyDatabaseError as error:
        log.warning("no ledger checkpoint: the head cannot be read", error=type(error).__name__)
        return
    log.info(EVENT, seq=last.seq, digest=last.digest, at=last.at and last.at.isoformat())


def read_checkpoints(lines: Iterable[str]) -> CheckpointsRead:
    """The checkpoints among the lines of a log, of either LOG_FORMAT, or printed by verify_audit.

    Lines may be anything else, and a log's may have something before what the panel wrote.
    """
    found: set[Checkpoint] = set()
    malformed = []
    for number, line in enumerate(lines, 1):
        try:
            facts = _facts(line) if EVENT in line else _printed(line.rstrip())
            if facts is not None:
                found.add(_checkpoint(facts))
        except (ValueError, RecursionError):
            malformed.append(number)
    ordered = sorted(found, key=lambda each: (each.seq, each.digest))
    return CheckpointsRead(tuple(ordered), tuple(malformed))


def _facts(line: str) -> Mapping[str, Any] | None:
    """What a line says, None if it is about something else. ValueError: it cannot be read."""
    start, text = line.find("{"), _TEXT_LINE.search(line)
    if text is not None and not 0 <= start < text.start():
        # What was logged may quote anything, but only behind its own first words.
        if not text[1].startswith(f"{EVENT} "):
            return None
        facts: dict[str, Any] = dict(_TEXT_FIELD.findall(text[1]))
        return facts | {"seq": int(facts.get("seq", ""))}
    if start < 0:
        raise ValueError("it is no line of the panel's log")
    said = json.loads(line[start:])
    for wrapped in (said.get(name) for name in _WRAPPED_IN):
        if isinstance(wrapped, str):
            return _facts(wrapped) if EVENT in wrapped else None
    return said if said.get("event") == EVENT else None


def _printed(line: str) -> Mapping[str, Any] | None:
    """What a line that verify_audit printed says of the head, None if it is about something else.

    ValueError: it is damaged.
    """
    if line == PRINTED_EMPTY:
        return {"seq": 0, "digest": FIRST}
    named = _PRINTED.fullmatch(line)
    if named is None:
        return None
    digest, _, at = named[2].partition(" ")
    return {"seq": int(named[1]), "digest": digest, "at": at}


def _checkpoint(facts: Mapping[str, Any]) -> Checkpoint:
    seq, digest, at = facts.get("seq"), facts.get("digest"), facts.get("at")
    if type(seq) is not int or seq < 0:
        raise ValueError("it has no number")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ValueError("it has no digest")
    if seq == 0 and digest != FIRST:
        raise ValueError("before the first entry there is no digest")
    return Checkpoint(seq, digest, datetime.fromisoformat(str(at)) if seq else None)
