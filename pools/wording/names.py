"""Names inside sentences."""

from pools.core.comparing import picture
from pools.wording.direction import marked


def isolated(name: str) -> str:
    """A name in quotes that cannot turn the direction of the sentence around it."""
    return f"“\u2068{marked(name)}\u2069”"


def kept_sentence(kept: str | None) -> str:
    """What Patchworks made of a name that it did not keep quite as it was sent; to be added."""
    if kept is None:
        return ""
    return (
        f" Patchworks kept the name as {isolated(kept)}. It looks like the one that was sent; "
        "spaces or invisible characters are different."
    )


def called(name: str, pool_id: int | None) -> str:
    """A pool in a sentence: two may have one name, so it comes with its id where that is known."""
    if not picture(name):
        return "a pool without a name" if pool_id is None else f"pool {pool_id} (no name)"
    return isolated(name) if pool_id is None else f"{isolated(name)} ({pool_id})"
