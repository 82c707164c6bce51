"""Taking old entries out of the ledger, into a signed file.

Everything or nothing: the file is whole, on the disk and read back before one transaction records
it as an event and removes the entries. What goes is the beginning of the ledger, in whole tiles of
its tree: the hashes stay, so that what was proved before can be proved still.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import DatabaseError, connection

from pools.database_faults import long_statements
from pools.evidence.archive import ArchiveFile, NotAnArchive, head
from pools.evidence.bundle import Altered
from pools.evidence.exporting import whole_ledger
from pools.ledger import archived, clock
from pools.ledger.appending import lock, record_event
from pools.ledger.archived import LEDGER_ARCHIVED, Archive, Archived
from pools.ledger.guarding import NO_DELETE, lifted
from pools.ledger.recorded_names import named_people, recorded_companies
from pools.ledger.signed_checkpoints import NotSigned, public_keys, sign_checkpoint
from pools.ledger.signed_notes import read_key, read_note
from pools.ledger.tree import WIDTH, DoesNotFit, Tree
from pools.ledger.verifying import examine
from pools.ledger.witnessing import Request
from pools.models import Batch, Entry, IndexTerm
from pools.models.stored import GarbledMoment
from pools.models.vocabulary import ENDS_SQL, Kind
from pools.people.acts import COMMAND_LINE

# Of the entries up to a number, the first that is not all that is told of its change or list:
# the rest of it comes later.
_CROSSING: Final = {
    column: f"SELECT MIN(seq) FROM pools_entry WHERE seq <= %s AND {column} IN"  # noqa: S608  # nosec B608
    f" (SELECT {column} FROM pools_entry WHERE seq > %s AND {column} IS NOT NULL)"
    for column in ("change", "batch")
}
_THING: Final = {"change": "a change", "batch": "a list of changes"}
_OPEN: Final = f"""
SELECT MIN(seq) FROM pools_entry AS intent
WHERE kind = '{Kind.INTENT}' AND seq <= %s AND change IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM pools_entry WHERE change = intent.change AND {ENDS_SQL})
"""  # noqa: S608  # nosec B608


class CannotArchive(Exception):
    """Why nothing was taken out, as a sentence or two for the person who runs it."""


class NothingToArchive(CannotArchive):
    """There is nothing that may be taken out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Entries `first` to `through` may go: all are from before `older_than`.

    `lists` are the lists of changes that go with them, and `held_back` says why not more goes;
    empty where all that is old enough does.
    """

    first: int
    through: int
    days: str
    older_than: datetime
    lists: int
    held_back: str

    @property
    def entries(self) -> int:
        return self.through - self.first + 1


def plan(years: int) -> Plan:
    """What may be taken out of what is older than so many years. Raises NothingToArchive."""
    begin = Entry.objects.order_by("seq").values_list("seq", flat=True).first()
    if begin is None:
        raise NothingToArchive("The ledger is empty.")
    older_than, held_back = _older_than(years)
    young = Entry.objects.filter(at__gte=older_than).order_by("seq")
    with long_statements(None):
        last = (young.values_list("seq", flat=True).first() or _height() + 1) - 1
    if last - begin + 1 < WIDTH:
        raise NothingToArchive(
            f"Entries from before {older_than:%Y-%m-%d}: {max(0, last - begin + 1)}. Only whole "
            f"blocks of {WIDTH} are taken out. {held_back}".rstrip()
        )
    through, kept_by = _cut(begin, last)
    if through < begin:
        raise NothingToArchive(kept_by)
    at = dict(Entry.objects.filter(seq__in=[begin, through]).values_list("seq", "at"))
    batches = Entry.objects.filter(seq__lte=through, batch__isnull=False)
    return Plan(
        first=begin,
        through=through,
        days=f"{_day(at[begin])} to {_day(at[through])}",
        older_than=older_than,
        lists=Batch.objects.filter(pk__in=batches.order_by().values("batch")).count(),
        held_back=kept_by or held_back,
    )


def _older_than(years: int) -> tuple[datetime, str]:
    """From when on nothing is taken out; and what LEGAL_HOLD has to do with it."""
    now = clock.now()
    try:
        old = now.replace(year=now.year - years)
    except ValueError:  # the 29th of February
        old = now.replace(year=now.year - years, day=28)
    hold = settings.LEGAL_HOLD
    if hold is None:
        return old, ""
    held = datetime.combine(hold, time(), ZoneInfo(settings.TIME_ZONE))
    return min(old, held), f"LEGAL_HOLD keeps everything from {hold} on." if held < old else ""


def _day(at: datetime | GarbledMoment) -> str:
    return f"{at:%Y-%m-%d}" if isinstance(at, datetime) else str(at)


def _height() -> int:
    return Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def _cut(begin: int, last: int) -> tuple[int, str]:
    """The last entry that may go, and what keeps the next ones (empty: nothing does)."""
    through, kept_by = last // WIDTH * WIDTH, ""
    while through >= begin and (found := _first_crossing(through)):
        seq, what = found
        through = (seq - 1) // WIDTH * WIDTH
        kept_by = (
            f"Entry {seq:,} begins {what}. Only whole blocks of {WIDTH} are "
            f"taken out, so entry {through + 1:,} is the first that stays."
        )
    return through, kept_by


def _first_crossing(through: int) -> tuple[int, str] | None:
    """The first entry of what can't be taken out whole up to there, and what it begins."""
    with long_statements(None), connection.cursor() as cursor:

        def first(sql: str, *facts: int) -> int | None:
            cursor.execute(sql, facts)
            seq: int | None = cursor.fetchone()[0]
            return seq

        # Of a change that is open and goes on, the first counts: it may never end.
        found = [(first(_OPEN, through), "a change that is open")]
        for each, sql in _CROSSING.items():
            what = f"{_THING[each]} that goes on after entry {through:,}, where a block ends"
            found.append((first(sql, through, through), what))
    crossing = [(seq, what) for seq, what in found if seq]
    return min(crossing, key=lambda each: each[0], default=None)


def archive(planned: Plan, file: Path) -> Archived:
    """Writes the file, and takes out what is in it. Raises CannotArchive.

    Outside any transaction.
    """
    try:
        return _archived(planned, file)
    except (NotSigned, DoesNotFit, Altered) as reason:
        raise CannotArchive(f"Nothing was taken out. {reason}") from None
    except NotAnArchive as reason:
        raise CannotArchive(
            f"Nothing was taken out: the file is not as written. {reason}"
        ) from None
    except OSError as error:
        raise CannotArchive(f"Nothing was taken out. {file}: {error.strerror or error}.") from None
    except DatabaseError as error:
        text = str(error).strip()
        raise CannotArchive(
            f"A database refused: {text} If {file} is there, `manage.py verify_audit --archive "
            f"{file}` says whether its entries were taken out."
        ) from None


def _archived(planned: Plan, file: Path) -> Archived:
    if findings := examine().findings:
        raise CannotArchive(
            f"Nothing was taken out: the ledger does not verify. {findings[0]} Run `manage.py "
            "verify_audit`."
        )
    now = read_note(sign_checkpoint())
    own = read_note(sign_checkpoint(planned.through))
    tree, before = Tree(now.size), planned.first - 1
    growth = Request(own.size, tuple(tree.consistency(own.size)), now)
    with _unfinished(file) as unfinished:
        with unfinished.open("wb") as written:
            written.write(head(before, tree.peaks(before), own, growth))
            for lines in whole_ledger(planned.through, planned.first):
                written.write(lines)
            written.flush()
            os.fsync(written.fileno())
        _read_back(unfinished)
        return _taken_out(planned, own.root, unfinished, file)


@contextmanager
def _unfinished(file: Path) -> Iterator[Path]:
    """Another name for it until it is whole; nobody else has it in the meantime."""
    if file.exists():
        raise CannotArchive(
            f"{file} already exists. If an earlier run was stopped, `manage.py verify_audit "
            f"--archive {file}` says whether its entries were taken out."
        )
    unfinished = file.with_name(f"{file.name}.unfinished")
    # All that happened is in it: nobody else may read it. What a run that was killed has left
    # is written over.
    number = os.open(unfinished, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotArchive(f"Another process writes to {file}.") from None
        try:
            yield unfinished
        finally:
            unfinished.unlink(missing_ok=True)
    finally:
        os.close(number)


def _read_back(file: Path) -> None:
    """What is on the disk is what was signed: it may soon be the only copy."""
    read = ArchiveFile(file)
    read.must_be_signed([read_key(key) for key in public_keys()])
    for _ in read.sealed_lines():
        pass


def _taken_out(planned: Plan, root: bytes, written: Path, file: Path) -> Archived:
    """Records it, removes the entries and gives the file its name: all of that or nothing."""
    sha256 = ArchiveFile(written).digest()
    with _room_for_much(), long_statements(None, durable=True):
        lock()
        _must_still_be(planned)
        earlier = archived.newest()
        gone = _facts(planned, root, sha256, earlier)
        facts = {
            **gone.facts(),
            "entries": planned.entries,
            "lists": planned.lists,
            "older_than": planned.older_than.isoformat(),
        }
        seq = record_event(LEDGER_ARCHIVED, COMMAND_LINE, facts=facts).seq
        _remove(planned.through)
        if file.exists():
            raise CannotArchive(f"{file} was made by somebody else. Nothing was taken out.")
        written.rename(file)
        _keep_name(file.parent)
    return replace(gone, seq=seq)


def _must_still_be(planned: Plan) -> None:
    """Under the lock: nobody has archived since, or gone on with what is about to be taken out."""
    first = Entry.objects.order_by("seq").values_list("seq", flat=True).first()
    if first != planned.first or _first_crossing(planned.through):
        raise CannotArchive("Nothing was taken out: the ledger has changed since. Run it again.")


def _facts(planned: Plan, root: bytes, sha256: str, earlier: Archived | None) -> Archived:
    last = Entry.objects.filter(seq=planned.through).values_list("digest", flat=True).get()
    made = Archive(planned.first, planned.through, sha256, clock.now())
    return Archived(
        seq=0,
        through=planned.through,
        last_digest=last,
        root=root,
        archives=(*(earlier.archives if earlier else ()), made),
        people=tuple(sorted(named_people())),
        companies=tuple(sorted(recorded_companies())),
        # All but those in use, which are recorded again where they are no longer found.
        keys=tuple(public_keys()),
    )


def _remove(through: int) -> None:
    batches = Entry.objects.filter(seq__lte=through, batch__isnull=False)
    # Their items are known by their entries alone: without these they would seem to wait still.
    Batch.objects.filter(pk__in=batches.order_by().values("batch")).delete()
    IndexTerm.objects.filter(seq__lte=through).delete()
    with lifted(NO_DELETE[connection.vendor]), connection.cursor() as cursor:
        cursor.execute("DELETE FROM pools_entry WHERE seq <= %s", [through])


def _keep_name(folder: Path) -> None:
    """The file has its name also after a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _room_for_much() -> Iterator[None]:
    """SQLite writes to its file in the middle of a transaction where its memory is full."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size=-65536")
    yield
