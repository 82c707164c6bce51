"""From the lines of a file to what is wished for: each compared with its pool as it is now.

A line changes only what differs from what was exported, as a form changes only what somebody typed
into it: pools that a colleague changed since stay as they are. Of a line without these columns,
all that it says is wanted. A file that was applied has nothing left to do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.utils import timezone

from pools.batches.freezing import Wish
from pools.batches.patience import Asking, Patient
from pools.changes.exporting import defused
from pools.changes.proposal import UNREADABLE
from pools.changes.verdicts import comes_as_number
from pools.core import (
    CoreClient,
    Ending,
    NotFound,
    Page,
    Pool,
    PoolChanges,
    PoolFields,
    PoolQuery,
    WholeReading,
)
from pools.core.bounds import PER_PAGE
from pools.core.comparing import has_wildcard, same_digits, same_moment, same_value, visible_form
from pools.models.batch import LeftOut
from pools.models.vocabulary import Action

# Of pools with a name: more than these are not looked through for one that is the same.
_MOST_PAGES_OF_A_NAME: Final = 3
_JUST_NOW: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file whose values were judged. `pool_id` None: a new pool.

    `wanted` has the fields that are to be set; `exported` what the pool had when the file was
    made, as far as that can be read; None where the file does not say. `created_at` is when the
    pool was made that was exported, where the file says that with its zone.
    """

    line: int
    pool_id: int | None
    wanted: Mapping[str, Any]
    exported: Mapping[str, Any] | None = None
    created_at: datetime | None = None


class Clash(StrEnum):
    """Why a name can't be given."""

    IN_FILE = "another line has it"
    AT_CORE = "another pool has it"
    SEVERAL = "several pools have it"
    OTHER_VALUES = "a pool has it, with other values"
    UNSEARCHABLE = "nobody can tell who has it"


@dataclass(frozen=True, slots=True)
class NameClash:
    """A line whose name is not unique. `other` is a line, or a pool's id."""

    line: int
    clash: Clash
    name: str
    other: int | None = None


class NamesClash(Exception):
    """Names that are not unique: nothing of the file is wished for."""

    def __init__(self, clashes: Sequence[NameClash]) -> None:
        super().__init__("names are not unique")
        self.clashes = tuple(clashes)


@dataclass(slots=True)
class Known:
    """Pools as Core has just shown them: those with an id of the file, and by what they are called.

    `by_name` has each name that somebody wants, in its visible form; None: it can't be told.
    """

    pools: dict[int, Pool] = field(default_factory=dict)
    by_name: dict[str, list[Pool] | None] = field(default_factory=dict)


def read_known(patient: Patient, lines: Sequence[Line]) -> Asking[Known]:
    """Reads what a file is about: all pages, or pool by pool where that takes fewer calls.

    Raises a CoreError, or one of patience's STOPS.
    """
    known = Known()
    ids = {line.pool_id for line in lines if line.pool_id is not None}
    names = {visible_form(line.wanted["name"]) for line in lines if "name" in line.wanted}
    if not ids and not names:
        return known
    first = yield from patient.ask(_listing(PoolQuery(per_page=PER_PAGE.largest)))
    few = first.is_whole or (first.last_page or 1) <= len(ids) + len(names)
    if few and (first.numbered or first.is_whole):
        yield from _read_all(patient, first, ids, names, known)
    for name in names - known.by_name.keys():
        known.by_name[name] = yield from _called(patient, name)
    # The rest; what slipped past, from one page to the one before, may be there all the same.
    for pool_id in sorted(ids - known.pools.keys()):
        try:
            known.pools[pool_id] = yield from patient.ask(_getting(pool_id))
        except NotFound:
            continue
    return known


def _read_all(
    patient: Patient, page: Page, ids: set[int], names: set[str], known: Known
) -> Asking[None]:
    """All pages; who has a name is only known where these are all pools that there are."""
    named: dict[str, dict[int, Pool]] = {name: {} for name in names}
    unsure: set[str] = set()
    whole = WholeReading(PoolQuery(per_page=PER_PAGE.largest))
    while True:
        whole.take(page)
        for pool in page.pools:
            if pool.id in ids:
                known.pools[pool.id] = pool
            unsure |= {name for name in names - unsure if _may_have(pool, name)}
            if pool.id is not None and (name := visible_form(pool.name or "")) in named:
                named[name][pool.id] = pool
        if whole.ending is not None:
            break
        page = yield from patient.ask(_listing(whole.query))
    if whole.ending is Ending.END:
        known.by_name |= {
            name: None if name in unsure else list(pools.values()) for name, pools in named.items()
        }


def _may_have(pool: Pool, name: str) -> bool:
    """Whether nobody can tell if a pool has a name: its own can't be read, or came as a number."""
    number = comes_as_number(pool) and same_digits(pool.name, name)
    return "name" in pool.unreadable or number


def _called(patient: Patient, name: str) -> Asking[list[Pool] | None]:
    """The pools of a name; None where that can't be told.

    A comma in a search stands for "or": the longest part between two of them is asked for.
    """
    term = max(name.split(","), key=len).strip()
    found: dict[int, Pool] = {}
    whole = WholeReading(PoolQuery(search=term, per_page=PER_PAGE.largest))
    for _ in range(_MOST_PAGES_OF_A_NAME):
        page = yield from patient.ask(_listing(whole.query))
        whole.take(page)
        # Names that a wildcard finds besides hide none.
        if not term or (page.pools and not page.searched and not has_wildcard(term)):
            return None
        if any(_may_have(pool, name) for pool in page.pools):
            return None
        same = [pool for pool in page.pools if same_value(pool.name, name)]
        found |= {pool.id: pool for pool in same if pool.id is not None}
        if whole.ending is not None:
            return list(found.values()) if whole.ending is Ending.END else None
    return None


def _listing(query: PoolQuery) -> Callable[[CoreClient], Page]:
    return lambda core: core.list_pools(query)


def _getting(pool_id: int) -> Callable[[CoreClient], Pool]:
    return lambda core: core.get_pool(pool_id)


def wishes_of(lines: Sequence[Line], known: Known) -> list[Wish]:
    """What the lines wish for, in their order. Raises NamesClash.

    A line that wants nothing else than what was exported wishes for nothing. One that wants what
    its pool has already is on the list all the same, as having nothing to do.
    """
    clashes: list[NameClash] = []
    wishes: list[Wish] = []
    names = _Names(lines, known)
    for line in lines:
        if line.pool_id is None:
            wish = _creating(line, names, clashes)
        else:
            wish = _editing(line, known.pools.get(line.pool_id), names, clashes)
        if wish is not None:
            wishes.append(wish)
    if clashes:
        raise NamesClash(clashes)
    return wishes


class _Names:
    """Who has a name: among the lines, and at Core."""

    def __init__(self, lines: Sequence[Line], known: Known) -> None:
        self._known = known
        self._lines: dict[str, list[int]] = {}
        for line in lines:
            if "name" in line.wanted:
                self._lines.setdefault(visible_form(line.wanted["name"]), []).append(line.line)

    def clash_in_file(self, line: Line, name: str) -> NameClash | None:
        # In JSON, several may be in one line.
        others = list(self._lines[visible_form(name)])
        others.remove(line.line)
        return NameClash(line.line, Clash.IN_FILE, name, others[0]) if others else None

    def note(self, pool: Pool) -> None:
        """That a line is about this pool, which it has no id of."""
        assert pool.id is not None  # noqa: S101  (it was found by its name)
        self._known.pools[pool.id] = pool

    def at_core(self, name: str) -> list[Pool] | None:
        return self._known.by_name.get(visible_form(name))


def _editing(line: Line, pool: Pool | None, names: _Names, clashes: list[NameClash]) -> Wish | None:
    assert line.pool_id is not None  # noqa: S101  (it is an edit)
    if not line.wanted:
        return None
    left_out, changed = None, {}
    for name, wanted in line.wanted.items():
        now = getattr(pool, name, None)
        readable = pool is not None and _is_readable(pool, name)
        if pool is None or (readable and _is_same(wanted, now)):
            continue
        if readable and line.exported is not None and not _is_same(line.exported.get(name), now):
            left_out = LeftOut.CHANGED_SINCE
        changed[name] = wanted
    if changed and pool is not None and _is_of_another(line, pool):
        left_out = LeftOut.ANOTHER
    if "name" in changed and (clash := _clash_of_rename(line, changed["name"], names)):
        clashes.append(clash)
    return Wish(
        Action.EDIT,
        line.pool_id,
        # Where all is there already, what was wanted: the list says that there is nothing to do.
        changed=PoolChanges(**(changed or _as_it_is(line, pool))),
        line=line.line,
        left_out=left_out,
    )


def _is_of_another(line: Line, pool: Pool) -> bool:
    """Whether the pool that has the id now is not the one that was exported.

    By when it was made; where that is not known of both, by its name. What Core made just now may
    be a time that it makes up for each answer.
    """
    made = pool.created_at
    same = same_moment(line.created_at, made)
    if same:
        return False
    if same is False and made and abs(timezone.now() - made) > _JUST_NOW:
        return True
    name = (line.exported or {}).get("name")
    if name in (None, UNREADABLE) or pool.name is None or not _is_readable(pool, "name"):
        return False
    return not _is_same(name, pool.name)


def _is_readable(pool: Pool, name: str) -> bool:
    """Whether a value is surely the pool's: a name that came as a number may have had noughts."""
    return name not in pool.unreadable and not (name == "name" and comes_as_number(pool))


def _as_it_is(line: Line, pool: Pool | None) -> dict[str, Any]:
    return {name: getattr(pool, name, wanted) for name, wanted in line.wanted.items()}


def _is_same(one: Any, other: Any) -> bool:
    """Also of a name that looks as if a spreadsheet had defused it: a file can't tell the two."""
    if isinstance(one, str) and isinstance(other, str):
        return same_value(one, other) or defused(one) == defused(other)
    return bool(one == other)


def _clash_of_rename(line: Line, name: str, names: _Names) -> NameClash | None:
    if clash := names.clash_in_file(line, name):
        return clash
    having = names.at_core(name)
    if having is None:
        return NameClash(line.line, Clash.UNSEARCHABLE, name)
    others = [pool.id for pool in having if pool.id != line.pool_id]
    return NameClash(line.line, Clash.AT_CORE, name, others[0]) if others else None


def _creating(line: Line, names: _Names, clashes: list[NameClash]) -> Wish | None:
    """A new pool; nothing to do for one that is there already, with these values."""
    name = line.wanted["name"]
    fields = PoolFields(name, line.wanted["limit"], line.wanted.get("timeout"))
    having = names.at_core(name)
    clash = names.clash_in_file(line, name)
    if clash is None and having is None:
        clash = NameClash(line.line, Clash.UNSEARCHABLE, name)
    if clash is not None:
        clashes.append(clash)
        return None
    if not having:
        return Wish(Action.CREATE, None, fields=fields, line=line.line)
    there = having[0]
    if len(having) > 1:
        clashes.append(NameClash(line.line, Clash.SEVERAL, name, len(having)))
        return None
    unreadable = {"limit", "timeout"} & there.unreadable
    if unreadable or (there.limit, there.timeout) != (fields.limit, fields.timeout):
        clashes.append(NameClash(line.line, Clash.OTHER_VALUES, name, there.id))
        return None
    names.note(there)
    return Wish(
        Action.EDIT,
        there.id,
        changed=PoolChanges(timeout=there.timeout),
        line=line.line,
        left_out=LeftOut.NOTHING_TO_DO,
    )
