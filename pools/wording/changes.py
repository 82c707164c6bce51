"""A change in words: how it stands, what that means, and all of it as plain text."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.utils import timezone

from pools.changes import Action, HistoryItem, Outcome, Snapshot, Verdict

TITLES: Final = {
    Action.CREATE: "New pool",
    Action.EDIT: "Edit of pool",
    Action.CLEAR: "Clearing of pool",
    Action.DELETE: "Deletion of pool",
    Action.OUTSIDE: "Change outside the panel of pool",
}
# A change as it is named in a sentence: the edit of 12 May.
NOUNS: Final = {
    Action.CREATE: "creation",
    Action.EDIT: "edit",
    Action.CLEAR: "clearing",
    Action.DELETE: "deletion",
    Action.OUTSIDE: "change outside the panel",
}
_MEANINGS: Final = {
    Outcome.REFUSED: "Core said no: nothing was changed.",
    Outcome.NOT_SENT: "It did not reach Core: nothing was changed.",
    Outcome.UNKNOWN: "It was sent, and no clear answer came: it may or may not have happened.",
    Verdict.APPLIED: "No clear answer came. Looked up later: it happened.",
    Verdict.NOT_APPLIED: "No clear answer came. Looked up later: it did not happen.",
    Verdict.SUPERSEDED: "No clear answer came. Looked up later, the pool had neither the values "
    "from before nor those asked for: somebody else changed it meanwhile.",
    Verdict.DUPLICATE: "No clear answer came. Looked up later, there was more than one new pool "
    "with this name and these values.",
    Verdict.UNKNOWABLE: "No clear answer came, and a clear leaves nothing to look up: "
    "whether it happened cannot be known.",
}
_FIELDS: Final = ("name", "limit", "timeout", "connectors")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a change stands, at a glance: its word, its shape, and its tone (part of a class)."""

    word: str
    icon: str
    tone: str = ""


_UNDER_WAY: Final = Standing("under way", "clock", "under_way")
_RELEASED: Final = Standing("released", "question")
_UNSEEN: Final = Standing("done, not seen", "warning", "unseen")
_OUTSIDE: Final = Standing("outside", "outside", "outside")
STANDINGS: Final[dict[Outcome | Verdict, Standing]] = {
    Outcome.DONE: Standing("done", "check", "done"),
    Outcome.REFUSED: Standing("refused", "cross", "refused"),
    Outcome.NOT_SENT: Standing("not sent", "minus"),
    Outcome.UNKNOWN: Standing("unknown", "question", "unknown"),
    Verdict.APPLIED: Standing("applied", "check", "done"),
    Verdict.NOT_APPLIED: Standing("not applied", "minus"),
    Verdict.SUPERSEDED: Standing("superseded", "info"),
    Verdict.DUPLICATE: Standing("duplicate", "warning", "duplicate"),
    Verdict.UNKNOWABLE: Standing("cannot be known", "question"),
}


def last_word(item: HistoryItem) -> Outcome | Verdict | None:
    """What is known of how a change ended: Core's clear answer, or else the verdict."""
    if item.outcome in (None, Outcome.UNKNOWN):
        return item.verdict or item.outcome
    return item.outcome


def is_open(item: HistoryItem) -> bool:
    """Whether it may still be found out what became of a change, which holds its pool."""
    return last_word(item) in (None, Outcome.UNKNOWN) and not item.released_by and not item.outside


def standing_of(item: HistoryItem) -> Standing:
    """One that was released by hand no longer looks like one that somebody has to look at."""
    if item.outside:
        return _OUTSIDE
    if item.unseen:
        return _UNSEEN
    word = last_word(item)
    if word is None:
        return _UNDER_WAY
    return _RELEASED if word is Outcome.UNKNOWN and item.released_by else STANDINGS[word]


def meaning_of(item: HistoryItem) -> str:
    """What an outcome says about the pool, as one sentence."""
    if item.outside:
        return f"Changed outside the panel, {window_of(item)}. Who did it is not known here."
    word = last_word(item)
    if word is None:
        return "It is being sent: its outcome is not known yet."
    if word is not Outcome.DONE:
        return _MEANINGS[word]
    if item.unseen:
        return "Core confirmed it; reading the pool back did not show it."
    if item.action is not Action.CLEAR:
        return "Core confirmed it, and reading the pool back showed it."
    return "Core confirmed it. What was dropped cannot be read back."


def window_of(item: HistoryItem) -> str:
    """When a change outside the panel was made: between two looks at the pool."""
    if item.since is None:
        return f"before {_moment(item.at)}"
    begin, end = _moment(item.since), _moment(item.at)
    if timezone.localdate(item.since) == timezone.localdate(item.at):
        return f"between {begin}:{item.since:%S} and {end}:{item.at:%S}"
    return f"between {begin} and {end}"


def name_of(item: HistoryItem) -> str:
    """For instance: edit of 12 May 14:02."""
    return f"{NOUNS[item.action]} of {_moment(item.at)}"


@dataclass(frozen=True, slots=True)
class Compared:
    """One field at several moments, as text ("": not there). `differs`: not always the same."""

    label: str
    cells: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len({cell for cell in self.cells if cell}) > 1


def compared(item: HistoryItem) -> tuple[tuple[str, ...], list[Compared]]:
    """Each value before and after: the moments, and one row a field.

    What was asked for stands in where nothing was read or answered afterwards; where it
    did not come to that, it stands beside what was found.
    """
    moments = [("Before", item.before)]
    missed = item.verdict in {Verdict.NOT_APPLIED, Verdict.SUPERSEDED}
    if item.wanted is not None and (item.after is None or missed):
        moments.append(("As asked for", item.wanted))
    if item.after is not None and item.verdict is not Verdict.NOT_APPLIED:
        moments.append(("As found later" if item.verdict else "After", item.after))
    if item.action is Action.DELETE and item.took_effect:
        moments = [*moments[:1], ("After", None)]
    rows = [
        Compared(field.capitalize(), tuple(_value(snapshot, field) for _, snapshot in moments))
        for field in _FIELDS
    ]
    return tuple(heading for heading, _ in moments), [row for row in rows if any(row.cells)]


def as_text(item: HistoryItem, company: str, address: str) -> str:
    """The change in plain lines; `company` is its name, `address` that of its page."""
    pool = f" (id {item.pool_id})" if item.pool_id is not None else ""
    headings, rows = compared(item)
    told = (row for row in rows if row.differs or not all(row.cells))
    lines = [
        f"{TITLES[item.action]} “{item.pool_name}”{pool} in {company}",
        meaning_of(item)
        if item.outside
        else f"Outcome: {standing_of(item).word}. {meaning_of(item)}",
        "" if item.outside else f"Who: {item.actor_name}, {_precisely(item.at)}",
        f"Reason: {item.reason}" if item.reason else "",
        f"Reverts: change {item.reverts}" if item.reverts else "",
        *(_line(row, headings) for row in told),
        f"Core said: {item.message}" if item.message else "",
        f"Released by {item.released_by}: {item.released_reason}" if item.released_by else "",
        f"Change: {address}",
    ]
    return "\n".join(filter(None, lines))


def _moment(at: datetime) -> str:
    here = timezone.localtime(at)
    year = f" {here:%Y}" if here.year != timezone.localdate().year else ""
    return f"{here.day} {here:%b}{year} {here:%H:%M}"


def _precisely(at: datetime) -> str:
    """In the reader's zone, and where that is another one, in UTC."""
    here = timezone.localtime(at)
    utc = f" ({at.astimezone(UTC):%H:%M:%S} UTC)" if here.utcoffset() else ""
    return f"{here:%d %b %Y %H:%M:%S %Z}{utc}"


def _line(row: Compared, headings: tuple[str, ...]) -> str:
    """For instance: Limit: 5 → 10 (as asked for)."""
    first, *others = (
        cell if heading == "After" or not number else f"{cell} ({heading.lower()})"
        for number, (heading, cell) in enumerate(zip(headings, row.cells, strict=True))
    )
    if not row.cells[0]:
        return f"{row.label}: {', '.join(others)}"
    return f"{row.label}: {' → '.join([first, *filter(None, others)])}"


def _value(snapshot: Snapshot | None, field: str) -> str:
    if snapshot is None:
        return ""
    if field == "connectors":
        ids = snapshot.connector_ids
        if ids is None:
            return "not said"
        return ", ".join(map(str, ids)) or "none"
    value = getattr(snapshot, field)
    return "none" if value is None else str(value)
