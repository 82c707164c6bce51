"""The outcome of a change in words: the word on its mark, and what it means as one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from pools.changes import HistoryItem
from pools.changes.state import ChangeState
from pools.models.vocabulary import Action
from pools.wording.actions import words_for
from pools.wording.core_error_reasons import cause_in, is_about_classes
from pools.wording.moments import minute_of, moment_of
from pools.wording.names import kept_sentence

_MEANINGS: Final = {
    ChangeState.UNDER_WAY: "It is being sent. We don't know its outcome yet.",
    ChangeState.READING_BACK: "Patchworks confirmed it. We are reading the pool to check.",
    ChangeState.NOT_READ: "Patchworks confirmed it. We couldn't read the pool afterwards, so "
    "we haven't seen it ourselves.",
    ChangeState.REFUSED: "Patchworks refused it.",
    ChangeState.NOT_SENT: "It didn't reach Patchworks.",
}
# What follows the cause for which there was no clear answer.
_UNCLEAR: Final = {
    ChangeState.UNKNOWN: "The change was sent, and it may or may not have happened.",
    ChangeState.RELEASED: "The change was sent, and it may or may not have happened.",
    ChangeState.APPLIED: "We checked later: it happened.",
    ChangeState.NOT_APPLIED: "We checked later: it didn't happen.",
    ChangeState.DUPLICATE: "We checked later: there was more than one new pool with this name "
    "and these values.",
    ChangeState.UNKNOWABLE: "It leaves nothing to look up: we can't tell whether it happened.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The mark of an outcome: its word, its shape, and its tone (part of a class).

    `settled` is what settling added to an unknown outcome, as the last part of the word.
    """

    word: str
    icon: str
    tone: str = ""
    settled: str = ""

    @property
    def outcome(self) -> str:
        """Its word without what settling added."""
        return self.word.removesuffix(f" → {self.settled}")


def _settled(finding: str, icon: str, tone: str = "") -> Standing:
    return Standing(f"unknown → {finding}", icon, tone, settled=finding)


STANDINGS: Final[dict[ChangeState, Standing]] = {
    ChangeState.UNREADABLE: Standing("can't be read", "warning", "unreadable"),
    ChangeState.OUTSIDE: Standing("outside", "outside", "outside"),
    ChangeState.UNDER_WAY: Standing("being sent", "clock", "under_way"),
    ChangeState.DONE: Standing("done", "check", "done"),
    ChangeState.READING_BACK: Standing("done, being checked", "check", "done"),
    ChangeState.NOT_READ: Standing("done, not checked", "check"),
    ChangeState.NOT_SEEN: Standing("done, not seen", "warning", "unseen"),
    ChangeState.REFUSED: Standing("refused", "cross", "refused"),
    ChangeState.NOT_SENT: Standing("not sent", "minus"),
    ChangeState.UNKNOWN: Standing("unknown", "question", "unknown"),
    # It no longer looks like one that somebody has to look at.
    ChangeState.RELEASED: Standing("unknown, unlocked", "question"),
    ChangeState.APPLIED: _settled("it happened", "check", "done"),
    ChangeState.NOT_APPLIED: _settled("it didn't happen", "minus"),
    ChangeState.SUPERSEDED: _settled("other values found", "info"),
    ChangeState.DUPLICATE: _settled("it happened twice", "warning", "duplicate"),
    ChangeState.UNKNOWABLE: _settled("can't be told", "question"),
}
# Of what was found to differ in the time of a change made here, which may be its cause.
_BESIDE: Final = Standing("beside a change", "outside", "outside")


def standing_of(item: HistoryItem) -> Standing:
    """The mark of a change."""
    if item.beside and not item.unreadable:
        return _BESIDE
    return STANDINGS[ChangeState.UNREADABLE if item.unreadable else item.state]


def unreadable_sentence(entries: Sequence[int]) -> str:
    """Which entries of the record can't be read, and what to do about it."""
    which = ", ".join(map(str, entries))
    named = f"Entry {which}" if len(entries) == 1 else f"Entries {which}"
    return (
        f"{named} can't be read: the panel's database may have been altered. "
        "Ask an administrator to run manage.py verify_audit."
    )


def meaning_of(item: HistoryItem) -> str:
    """What an outcome says about the pool, as one sentence."""
    if item.unreadable:
        happened = " It may or may not have happened." if item.state.is_open else ""
        return f"{unreadable_sentence(item.unreadable)}{happened}"
    if item.gone:
        return f"Deleted outside the panel, {window_of(item)}. We don't know who did it."
    if item.beside:
        return (
            f"Different beside a change made here, {window_of(item)}. We didn't ask for it: "
            "Patchworks changed it with that change, or someone else did in that time."
        )
    if item.state is ChangeState.OUTSIDE:
        return f"Changed outside the panel, {window_of(item)}. We don't know who did it."
    if unclear := _unclear(item):
        cause = cause_in(item.problem, item.status) or "Patchworks gave no clear answer."
        return f"{cause} {unclear}"
    return f"{_ended(item)}{kept_sentence(item.kept_name)}"


def _ended(item: HistoryItem) -> str:
    """What a clear outcome means."""
    match item.state:
        case ChangeState.DONE:
            return words_for(item.action).confirmed
        case ChangeState.NOT_SEEN:
            return words_for(item.action).unseen
        case ChangeState.REFUSED | ChangeState.NOT_SENT as state:
            # Laravel's words end with the id of the record that is missing.
            missing = is_about_classes(item.message) and item.pool_id is not None
            gone = missing and item.message.rstrip(".").endswith(f"] {item.pool_id}")
            it = " It no longer has this pool." if gone else ""
            return f"{_MEANINGS[state]}{it} {words_for(item.action).nothing}"
        case state:
            return _MEANINGS[state]


def _unclear(item: HistoryItem) -> str:
    """What is known of a change to which there was no clear answer; "" of any other."""
    if item.state is ChangeState.SUPERSEDED:
        return f"We checked later: {superseded(item)}"
    return _UNCLEAR.get(item.state, "")


def superseded(item: HistoryItem) -> str:
    """What settling found that was neither as before nor as wanted, and why that may be."""
    return "the pool was gone." if found_gone(item) else words_for(item.action).other_values


def found_gone(item: HistoryItem) -> bool:
    """Whether checking it found no pool any more."""
    return item.after is None and item.action is not Action.CREATE


def back_again(item: HistoryItem) -> str:
    """What to know of a pool that is there, though its newest change had removed it; or ""."""
    removed = item.action is Action.DELETE and item.state in {ChangeState.DONE, ChangeState.APPLIED}
    if not (item.gone or removed):
        return ""
    by = "it was deleted outside the panel" if item.gone else f"{item.actor_name} deleted it"
    return (
        f"Patchworks has this pool again: {by} on {moment_of(item.at)}, and Patchworks didn't show "
        "it then. It may have been restored there, or another pool may have its id."
    )


def window_of(item: HistoryItem, now: datetime | None = None) -> str:
    """When a change outside the panel was made: between two looks at the pool.

    `now` is the time in the reader's zone, where it is at hand: asking costs more than the rest.
    """
    if item.since is None or item.at is None:
        return f"before {moment_of(item.at)}"
    now = now or timezone.localtime()
    begin, end = item.since.astimezone(now.tzinfo), item.at.astimezone(now.tzinfo)
    first, last = minute_of(begin, now), minute_of(end, now)
    if begin.date() == end.date():
        first, last = f"{first}:{begin.second:02d}", f"{last}:{end.second:02d}"
    return f"between {first} and {last}"
