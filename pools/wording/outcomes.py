"""What people read when a change has ended: what, to which pool, with which outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib import messages
from django.urls import reverse

from pools.changes import Action, ChangeResult, Outcome, Snapshot
from pools.changes.proposal import COMPARED
from pools.changes.reverting import Undo
from pools.core import Pool
from pools.models import Company
from pools.presentation import Problem

_LEVELS: Final = {"success": messages.SUCCESS, "warning": messages.WARNING}
_DONE: Final = {
    Action.CREATE: "Created {pool} in {company}.",
    Action.EDIT: "Saved {pool} in {company}: {what}.",
    Action.CLEAR: "Cleared the pending requests of {pool} in {company}.",
    Action.DELETE: "Deleted {pool} from {company}.",
}
_REVERTED: Final = {
    Action.CREATE: "Created {pool} again in {company}, with a new id.",
    Action.EDIT: "Reverted the edit of {pool} in {company}: {what}.",
}
_ATTEMPT: Final = {
    Action.CREATE: "creating {pool} in {company}",
    Action.EDIT: "the edit of {pool} in {company}",
    Action.CLEAR: "clearing {pool} in {company}",
    Action.DELETE: "deleting {pool} from {company}",
}
_FINDS_OUT: Final = "in a minute, Check again on its page finds out."
_UNKNOWN: Final = {
    Action.CREATE: "in a minute, Check again above the list of pools finds out.",
    Action.EDIT: _FINDS_OUT,
    Action.CLEAR: "a clear leaves nothing to look up. "
    "In a minute, Check again on the pool's page lets the pool be changed again.",
    Action.DELETE: _FINDS_OUT,
}
_ONCE_MORE: Final = {
    Action.CLEAR: "Compare below, then clear it once more if you still want to.",
    Action.DELETE: "Compare below, then delete it once more if you still want to.",
}
_EARLIER: Final = {
    Outcome.REFUSED: "This form was sent before, and Core refused it.",
    Outcome.NOT_SENT: "This form was sent before, and did not reach Core.",
}


@dataclass(frozen=True, slots=True)
class OutcomeMessage:
    """One sentence, its level (success or warning), and where to look."""

    level: str
    text: str
    href: str = ""
    label: str = ""

    @property
    def message_level(self) -> int:
        return _LEVELS[self.level]


def message_for(
    result: ChangeResult, company: Company, *, reverted: bool = False
) -> OutcomeMessage:
    """The sentence for a change that was made, or may have been made.

    `reverted`: it takes another one back.
    """
    words = {"pool": isolated(result.pool_name), "company": company.name, "what": _what(result)}
    if result.outcome is Outcome.DONE:
        text = (_REVERTED if reverted else _DONE)[result.action].format(**words)
        unseen = not result.verified and result.action is not Action.CLEAR
        if unseen:
            text += " Core confirmed it, but reading the pool back does not show it: look again."
        level = "warning" if unseen else "success"
    else:
        attempt = _ATTEMPT[result.action].format(**words)
        text = (
            f"Core gave no clear answer to {attempt}: it may or may not have happened. "
            f"Do not send it again: {_UNKNOWN[result.action]}"
        )
        level = "warning"
    if result.repeated:
        text += " The form was sent twice; the change was sent once."
    href, label = _where(result, company)
    return OutcomeMessage(level, text, href, label)


def ended_before(result: ChangeResult) -> Problem:
    """A second submit of a form whose change was not made: nothing is sent again."""
    return Problem(
        title=_EARLIER[result.outcome],
        meaning="Nothing was changed, and nothing was sent this time.",
        next_text="Check the values, then send the form as a new change.",
        next_href="",
        next_label="",
        kind="warning",
        status=409,
    )


def changed_meanwhile(problem: Problem, action: Action, *, reverting: bool) -> Problem:
    """The problem of a conflict, with what to do next about this change."""
    if reverting:
        return replace(problem, next_text="Compare below, then revert once more.")
    return replace(problem, next_text=_ONCE_MORE.get(action, problem.next_text))


def moved_since(undo: Undo) -> Problem:
    """The pool is no longer as the edit left it that is to be taken back."""
    return Problem(
        title="This pool was changed again since that edit.",
        meaning="Nothing was sent.",
        next_text=f"Compare below. Revert puts back the {_listed(undo.fields)} from before the "
        "edit, and leaves everything else as it is now.",
        next_href="",
        next_label="",
        kind="warning",
        status=409,
    )


def nothing_to_revert() -> Problem:
    """The pool has the values from before already: nothing is to be sent."""
    return Problem(
        title="There is nothing to revert.",
        meaning="The pool has the values from before that edit already.",
        next_text="",
        next_href="",
        next_label="",
        kind="info",
        status=409,
    )


def compare_versions(
    opened: Snapshot, now: Pool, wanted: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Three versions of a pool, field by field: as opened, as it is, as the person wants it.

    `differs`: somebody else changed it meanwhile. `own`: the person changes it.
    """
    current = Snapshot.from_pool(now)
    return [
        {
            "label": field.capitalize(),
            "opened": _read(getattr(opened, field)),
            "now": _read(getattr(current, field)),
            "wanted": _read(wanted[field]) if field in wanted else "",
            "differs": getattr(opened, field) != getattr(current, field),
            "own": field in wanted
            and wanted[field] not in (getattr(opened, field), getattr(current, field)),
        }
        for field in COMPARED
    ]


def isolated(name: str) -> str:
    """A name in quotes that cannot turn the direction of the sentence around it."""
    return f"“\u2068{name}\u2069”"


def _what(result: ChangeResult) -> str:
    found = (f"{d.field} {d.before} → {d.after}" for d in result.differences)
    return ", ".join(found) or "no difference"


def _where(result: ChangeResult, company: Company) -> tuple[str, str]:
    gone = result.action is Action.DELETE and result.outcome is Outcome.DONE
    if result.pool_id is None or gone:
        return "", ""
    return reverse("pools:pool_detail", args=[company.slug, result.pool_id]), "Open pool"


def _listed(words: Sequence[str]) -> str:
    """For instance: name, limit and timeout."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _read(value: Any) -> str:
    return "none" if value is None else str(value)
