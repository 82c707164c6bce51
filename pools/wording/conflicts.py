"""What people read when a pool was changed by somebody else meanwhile: with its versions."""

from pools.changes import Conflict, Snapshot
from pools.changes.reverting import MovedOn
from pools.wording.actions import words_for
from pools.wording.moments import precise_moment_of
from pools.wording.names import in_row
from pools.wording.situations import Problem, Situation
from pools.wording.versions import LEFT, OPENED, REVERTED, WANTED, Versions


def conflict(error: Conflict, situation: Situation) -> Problem:
    """With the versions side by side: sending it again goes on from the pool as it is."""
    versions = _versions(error, situation)
    known = versions is None or versions.differ
    title = "This pool was changed after you opened the form."
    meaning = "Nothing was sent."
    if error.another:
        title = "This is another pool than the one that you opened."
        meaning = f"{another_has_it(error)} Nothing was sent."
    elif not known:
        title = "We can't tell whether this pool was changed after you opened the form."
        meaning = "Patchworks didn't tell all its values. Nothing was sent."
    return Problem(
        title=title,
        meaning=meaning,
        next_text="Compare below, then revert again if you still want to."
        if situation.undo
        else words_for(error.change.action).once_more,
        kind="warning",
        status=409,
        versions=versions,
    )


def another_has_it(error: Conflict) -> str:
    """Which pool was seen, and which one has its id now."""
    made, now = (precise_moment_of(at) for at in (error.change.created_at, error.now.created_at))
    return (
        f"Patchworks gave its id ({error.now.id}) to a pool that was created on {now}. Yours was "
        f"created on {made}."
    )


def _versions(error: Conflict, situation: Situation) -> Versions | None:
    change, undo, now = error.change, situation.undo, Snapshot.from_pool(error.now)
    if change.seen is None:
        return None
    headings, wanted = (OPENED, WANTED), None
    if undo:
        headings, wanted = (OPENED, REVERTED), undo.result(now)
    elif change.changed:
        wanted = now.changed_by(change.changed)
    return Versions.of(change.seen, now, wanted, headings=headings)


def moved_on(error: MovedOn, situation: Situation) -> Problem:
    undo, now = error.undo, error.now
    return Problem(
        title="This pool was changed again after that edit.",
        meaning="Nothing was sent.",
        next_text=f"Compare below. Revert puts back the {in_row(undo.fields)} from before the "
        "edit, and leaves everything else as it is now.",
        kind="warning",
        status=409,
        versions=Versions.of(undo.left, now, undo.result(now), headings=(LEFT, REVERTED)),
    )
