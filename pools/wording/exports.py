"""What an export of pools says of itself: in its last line, and on its page."""

from typing import Final

from pools.batches.patience import CompanyMoved, RightTaken, TooLong
from pools.batches.pool_export import AT_ONCE, TooManyExports
from pools.batches.whole_list import End
from pools.core import Ending
from pools.wording.numbers import counted
from pools.wording.pool_list import NOT_WHOLE
from pools.wording.problems import problem_for
from pools.wording.situations import Problem, Situation, in_one_line

_STOPPED: Final = {
    RightTaken: "You may no longer read these pools, or your token was removed.",
    CompanyMoved: "The company's address was changed.",
    TooLong: "It took longer than an export may.",
    TooManyExports: f"{AT_ONCE} other exports are running. Try again when one has ended.",
}


def end_says(end: End, situation: Situation) -> str:
    """The last line: complete, changed or incomplete, how many pools, and why."""
    whole = end.first_total
    read = counted(end.pools, "pool") if whole is None else f"{end.pools:,} of {whole:,} pools"
    if end.error is not None:
        return f"{end.state}: {read}. {why_stopped(end.error, situation)}"
    if end.ending in NOT_WHOLE:
        return f"{end.state}: {read}. {_not_whole(end)}"
    said = [f"{end.state}: {counted(end.pools, 'pool')}"]
    if moves := _moves(end):
        said.append(
            f"The list changed while we read it: {', '.join(moves)}. Some may be missing: export "
            "again to be sure"
        )
    if end.unsorted:
        said.append("Patchworks did not put them in the order that you chose")
    return ". ".join(said) + ("." if said[1:] else "")


def _not_whole(end: End) -> str:
    if end.ending is Ending.MISCOUNTED and end.first_total is not None:
        return f"Patchworks counts {end.first_total:,} and gave {end.pools:,}."
    return NOT_WHOLE[end.ending] if end.ending else ""


def _moves(end: End) -> list[str]:
    """What speaks for its having been another list at the end."""
    moves = []
    if end.first_total != end.last_total:
        first, last = (
            "no number of them" if each is None else counted(each, "pool")
            for each in (end.first_total, end.last_total)
        )
        moves.append(f"Patchworks counted {first} at first and {last} at the end")
    if end.repeated:
        moves.append(f"{counted(end.repeated, 'pool')} came twice")
    if end.gone:
        moves.append(f"{counted(end.gone, 'pool')} had gone")
    if end.missing:
        moves.append(f"{counted(end.missing, 'pool')} never came")
    return moves


def why_stopped(error: Exception, situation: Situation) -> str:
    """What ended it, in one line."""
    said = _STOPPED.get(type(error))
    return said or in_one_line(problem_for(error, situation))


def too_many_exports() -> Problem:
    """Before the first one has begun."""
    return Problem(
        title=f"{AT_ONCE} other exports are running.",
        meaning="Each asks Patchworks for all pools, so we run no more than that at a time.",
        next_text="Try again when one of them has ended.",
        kind="warning",
        status=503,
    )
