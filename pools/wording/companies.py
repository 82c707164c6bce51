"""What administrators read when they set a company up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pools.wording.names import isolated
from pools.wording.numbers import counted

SLUG_RECORDED: Final = (
    "The history already has a company with this short name, so a new one can't have it. "
    "Choose another."
)
SLUG_IS_AN_ADDRESS: Final = "The panel uses this word in its own addresses. Choose another."
UNCHANGED: Final = "Nothing to save: you changed nothing."


@dataclass(frozen=True, slots=True)
class ActWords:
    """What is done to a company, on its button and after it was done."""

    title: str
    after: str
    dangerous: bool

    def done(self, name: str) -> str:
        return f"{isolated(name)} {self.after}"


ARCHIVE: Final = ActWords("Archive", "was archived. You can bring it back at any time.", True)
BRING_BACK: Final = ActWords("Bring back", "is back.", dangerous=False)


def archiving(people: int, unknown: int) -> list[str]:
    """What archiving a company means, before it is done."""
    said = [
        "It leaves Home, Find and every list. Nobody can see or change its pools here.",
        "Its history stays readable, and its changes keep their pages.",
    ]
    if people:
        said.append(f"{_tokens_of(people)} kept, but not used.")
    if unknown:
        said.append(
            f"{_without_outcome(unknown)} While it is archived nobody can check what happened: "
            "check first."
        )
    said.append("You can bring it back at any time.")
    return said


def bringing_back(people: int) -> list[str]:
    """What bringing a company back means, before it is done."""
    said = ["It is in Home, Find and every list again, and people can work in it."]
    if people:
        said.append(f"{_tokens_of(people)} used again. Nobody has to add theirs.")
    return said


def _tokens_of(people: int) -> str:
    return "1 person's token is" if people == 1 else f"{people:,} people's tokens are"


def _without_outcome(unknown: int) -> str:
    have = "has" if unknown == 1 else "have"
    return f"{counted(unknown, 'change')} {have} no known outcome yet."


def added(name: str) -> str:
    """After a company was added."""
    return f"{isolated(name)} was added. Everyone needs a token of their own to work in it."


def saved(name: str) -> str:
    """After a company was changed."""
    return f"Your changes to {isolated(name)} were saved."


def changed_by_another(who: str, now: str | Sequence[str]) -> str:
    """Beside a field that a colleague changed after the form was opened."""
    shown = isolated(now if isinstance(now, str) else ", ".join(now)) if now else "nothing"
    return (
        f"{who or 'A colleague'} changed this to {shown} after you opened the form. "
        "Save again to put yours in its place."
    )


def a_new_address(people: int, unknown: int) -> str:
    """Said before an address is changed that tokens and changes depend on."""
    said = []
    if people:
        theirs = "1 person's token stops" if people == 1 else f"{people:,} people's tokens stop"
        said.append(f"At a new address {theirs} working, until added again.")
    if unknown:
        said.append(
            f"{_without_outcome(unknown)} At another address nobody can check what happened: "
            "check first."
        )
    said.append(
        "Pools there are other pools: the history so far is kept, apart from theirs. "
        "Nothing is saved yet."
    )
    return " ".join(said)
