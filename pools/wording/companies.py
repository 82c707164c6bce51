"""What administrators read when they set a company up."""

from typing import Final

from pools.wording.numbers import counted

SLUG_RECORDED: Final = (
    "The history already has a company with this short name, so a new one can't have it. "
    "Choose another."
)


def tried(address: str, finding: str) -> str:
    """What *Test connection* found at an address that was typed."""
    return f"At {address}: {finding} Nothing is saved yet."


def open_changes_stay_behind(count: int) -> str:
    """Said before an address is changed on which changes of unknown outcome depend."""
    these = f"{counted(count, 'change')} {'has' if count == 1 else 'have'}"
    return (
        f"{these} no known outcome yet. At another address nobody can check what happened: "
        "check first, or tick “Change the address anyway”."
    )
