"""A change in words: its steps, its values before and after, and all of it as plain text."""

from dataclasses import dataclass
from typing import Final

from pools.changes import HistoryItem, Snapshot
from pools.changes.history import Moved
from pools.changes.lines import Step
from pools.changes.proposal import COMPARED, CONNECTORS, UNREADABLE
from pools.changes.readback import NOT_FOUND, recorded
from pools.changes.state import ChangeState
from pools.changes.telling_apart import told_apart
from pools.core import Reason
from pools.models.vocabulary import TRACELESS, Action, Kind, Readback, Verdict
from pools.tickets import Part
from pools.wording.actions import words_for
from pools.wording.core_error_reasons import cause_in
from pools.wording.moments import moment_of, precise_moment_of
from pools.wording.outcomes import STANDINGS, meaning_of, standing_of, unreadable_sentence
from pools.wording.versions import NOT_KNOWN, in_words

_FIELDS: Final = {**{field: field.capitalize() for field in COMPARED}, CONNECTORS: "Connectors"}

# Of what ended without an answer that a sentence of `causes` is about.
_OTHER_CAUSES: Final[dict[str, str]] = {
    Reason.BUSY: "We had too many calls to Patchworks running.",
    Reason.EXPIRED: "The token had expired.",
    Reason.REFUSED_BY_CORE: "",
    NOT_FOUND: "Patchworks no longer has the pool.",
}


def heading_of(item: HistoryItem) -> str:
    """What a change was, before its pool's name."""
    if item.beside:
        return "Difference beside a change of pool"
    return "Deletion outside the panel of pool" if item.gone else words_for(item.action).title


@dataclass(frozen=True, slots=True)
class StepWords:
    """An entry about a change, as people read it."""

    step: Step
    title: str
    note: str = ""
    tone: str = ""


def in_brief(item: HistoryItem) -> str:
    """What a change did or was to do, for a line of a list. No name is in it."""
    moved = item.moved
    if moved and moved.fields:
        return ", ".join([_move_in_brief(each, moved) for each in moved.fields])
    words = words_for(item.action)
    if item.gone:
        return "deleted"
    return words.past if item.took_effect else words.word


def _move_in_brief(field: str, moved: Moved) -> str:
    if field == "name":
        return "renamed"
    if field == CONNECTORS:
        return _FIELDS[CONNECTORS].lower()
    return f"{field} {moved.before.shown(field)} → {moved.after.shown(field)}"


def step_in_words(step: Step) -> StepWords:
    """What an entry says about a change, and what to know about it."""
    if step.kind is None or not step.readable:
        return StepWords(step, "This entry can't be read", unreadable_sentence([step.seq]))
    problem = _cause_in(step)
    match step.kind:
        case Kind.INTENT:
            return StepWords(step, "Recorded, before it was sent", tone="under_way")
        case Kind.OUTCOME:
            return StepWords(step, f"Outcome: {_ended(step)}", problem, step.outcome)
        case Kind.READBACK:
            return _readback_in_words(step, problem)
        case Kind.SETTLED:
            tone = "done" if step.outcome == Verdict.APPLIED else ""
            by = step.actor_name or "the panel"
            return StepWords(step, f"Checked by {by}: {_ended(step)}", problem, tone)
        case Kind.RELEASED:
            return StepWords(step, f"Unlocked by {step.actor_name}", step.reason)
    return StepWords(step, step.kind.label.capitalize())


def _readback_in_words(step: Step, problem: str) -> StepWords:
    words = words_for(Action(step.action))
    if step.action in TRACELESS:
        return StepWords(step, f"Read afterwards: {words.not_shown}", problem)
    match recorded(step.outcome, step.facts):
        case Readback.SHOWN:
            return StepWords(step, f"Read afterwards: {words.shown}", problem, "done")
        case Readback.NOT_SHOWN:
            return StepWords(step, f"Read afterwards: {words.not_shown}", problem)
    return StepWords(step, "The pool couldn't be read afterwards", problem)


def _cause_in(step: Step) -> str:
    """Why a call did not end well; nothing where its outcome says it all."""
    problem = step.facts.get("problem", "")
    return cause_in(problem, step.facts.get("status")) or _OTHER_CAUSES.get(problem, problem)


def _ended(step: Step) -> str:
    standing = STANDINGS[ChangeState(step.outcome)]
    return standing.settled or standing.word


def name_of(item: HistoryItem) -> str:
    """For instance: edit of 12 May 14:02."""
    return f"{words_for(item.action).noun} of {moment_of(item.at)}"


@dataclass(frozen=True, slots=True)
class Compared:
    """One field at several moments, as text ("": not there). `differs`: not always the same.

    What Patchworks did not tell, or could not be read, differs from nothing, unless somebody
    `asked` for another value.
    """

    label: str
    cells: tuple[str, ...]
    asked: bool = False

    @property
    def differs(self) -> bool:
        return self.asked or len(set(self.cells) - {"", NOT_KNOWN, UNREADABLE}) > 1


def compared(item: HistoryItem) -> tuple[tuple[str, ...], list[Compared]]:
    """Each value before and after: the moments, and one row a field.

    Where nothing was read or answered afterwards, what was asked for is shown instead; where
    it did not come to that, or the pool did not show it, it is shown beside what was found.
    """
    moments = [("Before", item.before)]
    state = item.state
    missed = state in {ChangeState.NOT_APPLIED, ChangeState.SUPERSEDED, ChangeState.NOT_SEEN}
    if item.wanted is not None and (item.after is None or missed):
        moments.append(("As asked for", item.wanted))
    if item.after is not None and state is not ChangeState.NOT_APPLIED:
        moments.append(("As found later" if state.is_verdict else "After", item.after))
    if item.gone or (item.action is Action.DELETE and item.took_effect):
        moments = [*moments[:1], ("After", None)]
    rows = [
        Compared(
            label,
            told_apart(*(_value(snapshot, field) for _, snapshot in moments)),
            _asked(item, field),
        )
        for field, label in _FIELDS.items()
    ]
    return tuple(heading for heading, _ in moments), [row for row in rows if any(row.cells)]


def _asked(item: HistoryItem, field: str) -> bool:
    before, wanted = item.before, item.wanted
    return bool(before and wanted and before.differs_in(field, wanted))


def as_text(item: HistoryItem, company: str, address: str, ticket: Part | None = None) -> str:
    """The change in plain lines; `company` is its name, `address` that of its page, if any.

    `ticket` is the one that its reader works on: where the text goes to.
    """
    pool = f" (id {item.pool_id})" if item.pool_id is not None else ""
    headings, rows = compared(item)
    shown = (row for row in rows if row.differs or not all(row.cells))
    lines = [
        f"Ticket: {ticket.text} {ticket.href}".rstrip() if ticket else "",
        f"{heading_of(item)} “{item.pool_name}”{pool} in {company}",
        meaning_of(item)
        if item.outside
        else f"Outcome: {standing_of(item).word}. {meaning_of(item)}",
        "" if item.outside else f"Who: {item.actor_name}, {precise_moment_of(item.at)}",
        f"Reason: {item.reason}" if item.reason else "",
        f"Reverts: change {item.reverts}" if item.reverts else "",
        *(_line(row, headings) for row in shown),
        f"Patchworks said: {item.message}" if item.message else "",
        *(f"- {reason}" for reason in item.reasons),
        f"Unlocked by {item.released_by}: {item.released_reason}" if item.released_by else "",
        f"Change: {address}" if address else "",
    ]
    return "\n".join(filter(None, lines))


def _line(row: Compared, headings: tuple[str, ...]) -> str:
    """For instance: Limit: 5 → 10 (as asked for)."""
    first, *others = (
        cell if heading == "After" or not number else f"{cell} ({heading.lower()})"
        for number, (heading, cell) in enumerate(zip(headings, row.cells, strict=True))
    )
    if not row.cells[0]:
        return f"{row.label}: {', '.join(others)}"
    return f"{row.label}: {' → '.join([first, *filter(None, others)])}"


def values_in_words(snapshot: Snapshot) -> str:
    """For instance: limit 5, timeout none, connectors 1, 2."""
    values = (
        f"{label.lower()} {_value(snapshot, field)}"
        for field, label in _FIELDS.items()
        if field != "name"
    )
    return ", ".join(values)


def _value(snapshot: Snapshot | None, field: str) -> str:
    return "" if snapshot is None else in_words(snapshot, field)
