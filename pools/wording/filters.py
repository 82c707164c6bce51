"""What a list of changes is narrowed to, in words."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from pools.changes.state import ChangeState
from pools.models.vocabulary import Action
from pools.wording.actions import words_for
from pools.wording.moments import MONTHS
from pools.wording.outcomes import STANDINGS


def filtered_by(words: Mapping[str, str], companies: Mapping[str, str]) -> list[str]:
    """One text for each filter of a list of changes or, by its `kind`, of events.

    `companies` are the names of those that are here, by slug.
    """
    write = _OF_BOTH if "kind" in words else _OF_BOTH | _OF_CHANGES
    texts = [write[name](text) for name, text in words.items() if name in write]
    slug = words.get("company")
    return [*texts, companies.get(slug, slug)] if slug else texts


def _action(text: str) -> str:
    return words_for(Action(text)).word


def _outcome(text: str) -> str:
    return STANDINGS[ChangeState(text)].word


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


_OF_BOTH: Final[dict[str, Callable[[str], str]]] = {
    "who": str,
    "action": str,
    "from": lambda text: f"from {_day(text)}",
    "to": lambda text: f"to {_day(text)}",
    "words": lambda text: f"“{text}”",
}
_OF_CHANGES: Final[dict[str, Callable[[str], str]]] = {
    "action": _action,
    "outcome": _outcome,
    "pool": lambda text: f"pool {text}",
}
