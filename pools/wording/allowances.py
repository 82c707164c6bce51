"""What Managers read when they keep what an account allows."""

from pools.wording.names import isolated


def kept(system: str, number: int) -> str:
    """After an allowance was set, or was the same already."""
    return f"The allowance for {isolated(system)} is {number:,}."


def removed(system: str) -> str:
    """After an allowance was removed."""
    return f"The allowance for {isolated(system)} was removed."
