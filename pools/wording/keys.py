"""The keys of the panel: which letter does what, and the list that *?* and *Help* show of them.

What stands on a page carries its letter, and static/js/panel.js presses it: an action on pools
takes its own from here, and so do the links that `g` leads to. What scripts do by themselves (the
next row, the search, ticks) has its letter in them as well; a test compares the two.
"""

from dataclasses import dataclass
from typing import Final

from pools.models.vocabulary import RIGHTS, Action

NEW: Final = "n"
EDIT: Final = "e"
CLEAR: Final = "c"
# After g.
HOME: Final = "h"
CHANGES: Final = "c"


@dataclass(frozen=True, slots=True)
class Key:
    """Keys as they are pressed, what they do, and the right without which nobody needs them."""

    pressed: tuple[str, ...]
    does: str
    right: str = ""


KEYS: Final = (
    Key(("Ctrl K", "/"), "Find pools, companies and pages"),
    Key(("Shift", "Enter"), "In Find: clear the first pool found", RIGHTS[Action.CLEAR]),
    Key((NEW,), "New pool", RIGHTS[Action.CREATE]),
    Key(("j", "k"), "Next and previous row"),
    Key(("Enter",), "Open the pool"),
    Key((EDIT,), "Edit", RIGHTS[Action.EDIT]),
    Key((CLEAR,), "Clear pool", RIGHTS[Action.CLEAR]),
    Key(("x", "a"), "Tick the pool; go to what is ticked", RIGHTS[Action.EDIT]),
    Key(("g", HOME), "Home"),
    Key(("g", CHANGES), "Changes"),
    Key(("Ctrl", "Enter"), "Send the form"),
    Key(("?",), "Show this list"),
)
