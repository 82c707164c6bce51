"""Notes in sentences: what was done with one, and what became of it in the meantime."""

from pools.guidance.notes import NoteChanged
from pools.wording.direction import marked
from pools.wording.messages import OutcomeMessage
from pools.wording.names import isolated


def pinned_message(where: str, *, removed: bool) -> OutcomeMessage:
    """`where` is the page that shows the note, which is pinned or gone."""
    text = "Note removed." if removed else "Note pinned."
    return OutcomeMessage("success", text, target=where, refreshes=frozenset({where}))


def changed_sentence(error: NoteChanged) -> str:
    """For somebody who wrote a note while another did: what it says now, and by whom."""
    if error.now is None:
        said = f"{marked(error.by)} removed the note" if error.by else "The note was removed"
        return f"{said} while you were writing. Yours isn't pinned yet."
    return (
        f"{marked(error.by)} changed the note while you were writing. It now says: "
        f"{isolated(error.now.text)} Yours isn't pinned yet: if you pin it, it replaces that one."
    )
