"""Pinning a note to a pool, or to a company, and removing it."""

from collections.abc import Collection
from typing import Final

from pools.catalogue.keeping import noted
from pools.guidance.recording import recording
from pools.ledger.appending import Actor, record_event
from pools.ledger.canonical import storable
from pools.models import Company, Entry, PinnedNote
from pools.models.vocabulary import Kind

PINNED: Final = "note_pinned"
REMOVED: Final = "note_removed"


class NoteChanged(Exception):
    """Somebody else has pinned or removed the note since it was read. Nothing was written.

    `now` is what it says now, None where it was removed; `by` is who did that.
    """

    def __init__(self, now: PinnedNote | None, by: str) -> None:
        super().__init__("the note was changed")
        self.now = now
        self.by = by


def note_on(company: Company, pool_id: int | None) -> PinnedNote | None:
    """The note of a pool where the company is now; or, without an id, the company's own."""
    return _at(company, [pool_id]).get(pool_id)


def notes_on(company: Company, pool_ids: Collection[int | None]) -> dict[int | None, PinnedNote]:
    """The same of several, by id; None stands for the company. By one query."""
    return _at(company, pool_ids)


def pin_note(
    company: Company, pool_id: int | None, pool_name: str, text: str, seen: int, *, by: Actor
) -> bool:
    """Has a note say `text`; empty: removes it. False where it says so already.

    `seen` is the entry of the note that the person read, 0 where there was none. Raises
    NoteChanged where there is another one by now, and LedgerUnwritable.
    """
    text = storable(text)
    with recording():
        note = note_on(company, pool_id)
        before = note.text if note else ""
        if before == text:
            return False
        if seen != (note.entry if note else 0):
            raise NoteChanged(note, note.written_by if note else _who_removed(company, pool_id))
        entry = record_event(
            PINNED if text else REMOVED,
            by,
            company=company.slug,
            pool_id="" if pool_id is None else company.reference(pool_id),
            pool_name=pool_name,
            facts={"changed": {"note": [before or None, text or None]}},
        )
        if note and not text:
            note.delete()
        else:
            _keep(note or PinnedNote(company=company, pool_id=pool_id), text, entry)
        if pool_id is not None:
            noted(company, pool_id, text)
    return True


def _keep(note: PinnedNote, text: str, entry: Entry) -> None:
    note.origin = None if note.pool_id is None else note.company.origin
    note.text, note.entry = text, entry.seq
    note.written_by, note.written_at = entry.actor_name, entry.at
    note.save()


def _at(company: Company, pool_ids: Collection[int | None]) -> dict[int | None, PinnedNote]:
    ids = [each for each in pool_ids if each is not None]
    notes = PinnedNote.objects.filter(company=company, origin=company.origin, pool_id__in=ids)
    if None in pool_ids:
        notes |= PinnedNote.objects.filter(company=company, pool_id__isnull=True)
    return {note.pool_id: note for note in notes}


def _who_removed(company: Company, pool_id: int | None) -> str:
    about = "" if pool_id is None else company.reference(pool_id)
    removals = Entry.objects.filter(
        company=company.slug, pool_id=about, kind=Kind.EVENT, action=REMOVED
    )
    return removals.values_list("actor_name", flat=True).first() or ""
