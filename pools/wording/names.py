"""Names inside sentences."""

from collections.abc import Sequence
from typing import Final, TypeVar

from pools.core.comparing import has_no_ink
from pools.wording.direction import marked
from pools.wording.numbers import counted

# Of many pools of one name, the first few are enough to see what they are.
_SHOWN: Final = 3
_Each = TypeVar("_Each")


def isolated(name: str) -> str:
    """A name in quotes that cannot turn the direction of the sentence around it."""
    return f"“\u2068{marked(name)}\u2069”"


def plain(text: str) -> str:
    """A sentence for a terminal, which shows what isolates a name as boxes, or copies it unseen."""
    return text.replace("\u2068", "").replace("\u2069", "")


def kept_sentence(kept: str | None) -> str:
    """What Patchworks made of a name that it did not keep quite as it was sent; to be added."""
    if kept is None:
        return ""
    return (
        f" Patchworks kept the name as {isolated(kept)}. It looks like the one that was sent; "
        "spaces or invisible characters are different."
    )


def nameless(name: str | None) -> str:
    """What stands for a name where there is nothing to see of it; "" where there is."""
    if not name:
        return "no name"
    return "no visible name" if has_no_ink(name) else ""


def in_row(words: Sequence[str]) -> str:
    """For instance: name, limit and timeout."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def shown_name(name: str | None) -> str:
    """A name, or what stands for it."""
    return nameless(name) or name or ""


def called(name: str, pool_id: int | None) -> str:
    """A pool in a sentence: two may have one name, so it comes with its id where that is known."""
    if none := nameless(name):
        return f"a pool with {none}" if pool_id is None else f"pool {pool_id} ({none})"
    return isolated(name) if pool_id is None else f"{isolated(name)} ({pool_id})"


def others_have(pools: int) -> str:
    """How many other pools have the name that is spoken of."""
    if pools == 1:
        return "Another pool has this name"
    return f"{counted(pools, 'other pool')} have this name"


def first_few(pools: Sequence[_Each]) -> Sequence[_Each]:
    """Those of many that are named."""
    return pools[:_SHOWN]


def unnamed(pools: int) -> str:
    """After the first few of so many."""
    return f" and {pools - _SHOWN:,} more" if pools > _SHOWN else ""


def namesakes_sentence(pool_ids: Sequence[int]) -> str:
    """To be added to what was done; nothing where no other pool has the name."""
    if not pool_ids:
        return ""
    some, many = ", ".join(map(str, first_few(pool_ids))), len(pool_ids)
    return f" {others_have(many)}: {some}{unnamed(many)}."
