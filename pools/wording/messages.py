"""What people read when a change has ended: what, to which pool, with which outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib import messages

from pools.changes import AlreadyDeleted, ChangeResult, Difference
from pools.changes.outcome import is_gone
from pools.changes.state import ChangeState
from pools.core import Reason
from pools.models import Company
from pools.models.vocabulary import Action
from pools.wording.actions import ActionWords, Named, words_for
from pools.wording.core_error_reasons import cause_of
from pools.wording.moments import moment_of
from pools.wording.names import called, isolated, kept_sentence, namesakes_sentence
from pools.wording.problems import problem_for
from pools.wording.situations import Problem, Situation, pool_page

_LEVELS: Final = {"success": messages.SUCCESS, "warning": messages.WARNING}


@dataclass(frozen=True, slots=True)
class OutcomeMessage:
    """One sentence, its level (success or warning), and where to look.

    `target` is the page to go to, `refreshes` are those that show what became of it by
    themselves: from a dialog on one of them nobody has to go anywhere.
    """

    level: str
    text: str
    href: str = ""
    label: str = ""
    target: str = ""
    refreshes: frozenset[str] = frozenset()

    @property
    def message_level(self) -> int:
        return _LEVELS[self.level]


def answer_for(
    result: ChangeResult | Exception | None, situation: Situation
) -> OutcomeMessage | Problem | None:
    """What a person reads of a change that they sent, or cannot send; None: nothing to say."""
    if result is None:
        return None
    if isinstance(result, ChangeResult) and not result.not_made:
        return message_for(result, situation)
    if isinstance(result, AlreadyDeleted):
        return already_deleted(result, situation)
    return problem_for(result, situation)


def already_deleted(error: AlreadyDeleted, situation: Situation) -> OutcomeMessage:
    """What a person wanted is done: somebody else was first."""
    item, pools = error.item, pool_page(situation.company)
    text = (
        f"{called(item.pool_name, item.pool_id)} is already deleted in {situation.company.name}: "
        f"{item.actor_name} deleted it on {moment_of(item.at)}. Nothing of yours was sent."
    )
    return OutcomeMessage("success", text, target=pools, refreshes=frozenset({pools}))


def unlocked_message(
    company: Company, pool_id: int | None, *, moved: bool = False
) -> OutcomeMessage:
    """`moved`: what was unlocked is from before a move, and none of the pools that are here."""
    href = pool_page(company, pool_id)
    if moved:
        text = "Unlocked: that change no longer waits for a result."
        return OutcomeMessage("success", text, href, "Pools", href, frozenset({href}))
    text = f"Unlocked: {unlocks(pool_id)}."
    label = "Pools" if pool_id is None else "Open pool"
    return OutcomeMessage("success", text, href, label, href, frozenset({href}))


def unlocks(pool_id: int | None) -> str:
    """What can be done once a pool is unlocked; or, without an id, the name of a new one."""
    return words_for(Action.CREATE if pool_id is None else Action.EDIT).unlocked


# What reading the pool back adds to a change that Patchworks confirmed.
_READ_BACK: Final = {
    ChangeState.READING_BACK: " We are still reading the pool to check.",
    ChangeState.NOT_READ: " We couldn't read the pool afterwards, so we haven't seen it ourselves.",
}


def message_for(result: ChangeResult, situation: Situation) -> OutcomeMessage:
    """The sentence for a change that was made, or may have been made."""
    company, reverted = situation.company, situation.undo is not None
    words = words_for(result.action)
    named = Named(called(result.pool_name, result.pool_id), company.name, _what(result))
    if result.state.took_effect:
        text = (words.reverted if reverted else words.done)(named)
        unseen = result.state is ChangeState.NOT_SEEN
        text += _not_seen(words) if unseen else _READ_BACK.get(result.state, "")
        text += _also(result)
        level = "warning" if result.beside or unseen else "success"
    else:
        text = (
            f"{_cause(result)}{_said(result)} We can't tell {words.whether(named)}. "
            f"Don't send it again. {words.look}"
        )
        level = "warning"
    text += kept_sentence(result.kept_name)
    if result.repeated:
        text += " You sent the form twice; the change was sent once."
    return OutcomeMessage(level, text, **_where(result, company))


def beside_namesakes(message: OutcomeMessage, pool_ids: Sequence[int]) -> OutcomeMessage:
    """The same, and which other pools have the name that the change gave its own."""
    return replace(message, text=message.text + namesakes_sentence(pool_ids))


def _also(result: ChangeResult) -> str:
    if not result.beside:
        return ""
    return (
        f" Something that you didn't ask for is different too: {_in_words(result.beside)}. "
        "Patchworks changed it with this edit, or someone else did at the same time."
    )


def _not_seen(words: ActionWords) -> str:
    return f" Patchworks confirmed this, but {words.not_shown}. Check before you tell the customer."


def _what(result: ChangeResult) -> str:
    return _in_words(result.differences) or "no difference"


def _in_words(differences: tuple[Difference, ...]) -> str:
    return ", ".join(f"{each.field} {each.before} → {each.after}" for each in differences)


def _where(result: ChangeResult, company: Company) -> dict[str, Any]:
    """The page where the pool is (or was), and those that refresh themselves.

    That of a pool that is new, or may be gone, cannot.
    """
    pools, pool = pool_page(company), pool_page(company, result.pool_id)
    deleted = result.action is Action.DELETE
    if result.pool_id is None or (deleted and result.state.took_effect):
        links = {"target": pools}
    else:
        links = {"target": pool, "href": pool, "label": "Open pool"}
    refreshes = frozenset() if result.action is Action.CREATE else {pools, pool}
    return links | {"refreshes": frozenset(refreshes - {pool} if deleted else refreshes)}


def _said(result: ChangeResult) -> str:
    """What Patchworks itself said to it; where a redirect led is not part of that."""
    error = result.error
    if error is None or not error.detail or error.reason == Reason.REDIRECT:
        return ""
    return f" Patchworks said: {isolated(error.detail)}."


def _cause(result: ChangeResult) -> str:
    """Why nothing is known, as the first thing that is said."""
    if result.action is Action.DELETE and result.error is not None and is_gone(result.error):
        return (
            "Patchworks says that the pool is gone, and had it just before. A proxy on the way may "
            "have sent this twice, or someone else deleted it."
        )
    return (result.error and cause_of(result.error)) or "Patchworks gave no clear answer."
