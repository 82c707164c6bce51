"""Unsigned checkpoints: the ledger's head, written to the log and found there again.

Those that are signed, with what others need to prove something, are in signed_checkpoints.py.

What `manage.py verify_audit` printed is one too: it names the head that it found.

An entry that is cut off the end leaves a whole chain behind. Only a note of the head from
before, kept out of reach of those who can alter the database, shows that it was there.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import Error as AnyDatabaseError

from pools.ledger.appending import head
from pools.ledger.chain import FIRST

EVENT: Final = "ledger checkpoint"
# Kept at INFO whatever LOG_LEVEL is: see adminpanel/logs.py.
log = structlog.get_logger("panel.ledger")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MOMENT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+(?:Z|[+-]\d\d:?\d\d)"
# What programs that keep logs put before a line, and nothing else: behind anything, somebody
# could have somebody else's log quote a checkpoint that the panel never wrote.
_PUT_BEFORE: Final = (
    r"(?:[\w.-]+ +\| )?"  # docker compose
    r"(?:\[[\w./-]+\] )?"  # kubectl logs --prefix
    rf"(?:{_MOMENT} (?:(?:stdout|stderr) [FP] )?)?"  # docker logs -t; Kubernetes' files
    # journald, and syslog in its old form and in its new one
    rf"(?:(?:<\d+>)?(?:[A-Z][a-z]{{2}} [ \d]\d [\d:]{{8}}|{_MOMENT})"
    r" [\w.-]+ [\w./@-]+\[\d+\]: )?"
    rf"(?:<\d+>1 {_MOMENT} \S+ \S+ \S+ \S+ - )?"
)
_LINE: Final = re.compile(
    rf"{_PUT_BEFORE}(?:(?P<json>\{{.*)|{_MOMENT} \[\w+ *\] (?P<text>.*))", re.DOTALL
)
# A line of LOG_FORMAT=text that is one, whole, after its time and level.
_TEXT: Final = re.compile(
    rf"{EVENT} +\[panel\.ledger\] at=(?P<at>\S+) digest=(?P<digest>\S+) seq=(?P<seq>\d{{1,18}})"
)
# A line of LOG_FORMAT=json that is one, whole: what it says of itself, beside these facts.
_SAID_OF_ITSELF: Final = {"event": EVENT, "level": "info", "logger": "panel.ledger"}
_FACTS: Final = frozenset({"seq", "digest", "at", "timestamp"})
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

    Lines may be anything else, and may quote anything: a checkpoint is a whole line as our
    own logger writes it, behind nothing but what keepers of logs put before each.
    """
    checkpoints: set[Checkpoint] = set()
    malformed = []
    for number, line in enumerate(lines, 1):
        try:
            facts = _facts(line) if EVENT in line else _printed(line.rstrip())
            if facts is not None:
                checkpoints.add(_checkpoint(facts))
        except (ValueError, RecursionError):
            malformed.append(number)
    ordered = sorted(checkpoints, key=lambda each: (each.seq, each.digest))
    return CheckpointsRead(tuple(ordered), tuple(malformed))


def _facts(line: str) -> Mapping[str, Any] | None:
    """What a line says, None if it is about something else. ValueError: it cannot be read."""
    read = _LINE.fullmatch(line.rstrip())
    if read is None:
        raise ValueError("it is no line of the panel's log")
    if (text := read["text"]) is None:
        return _of_json(json.loads(read["json"]))
    # What was logged may quote anything, but only behind its own first words.
    if not text.startswith(f"{EVENT} "):
        return None
    if (facts := _TEXT.fullmatch(text)) is None:
        raise ValueError("it is not whole")
    return {**facts.groupdict(), "seq": int(facts["seq"])}


def _of_json(line: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "event" not in line:
        wrapped = next((line[name] for name in _WRAPPED_IN if isinstance(line.get(name), str)), "")
        return _facts(wrapped) if EVENT in wrapped else None
    if line["event"] != EVENT:
        return None
    facts = {name: line[name] for name in line.keys() - _SAID_OF_ITSELF.keys()}
    if facts.keys() != _FACTS or any(line.get(k) != v for k, v in _SAID_OF_ITSELF.items()):
        raise ValueError("it is not as the panel's own logger writes it")
    return facts


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
