"""The chain of the ledger: what each entry's digest covers, and a walk along it.

Digest of an entry (version 1): HMAC-SHA256 with the key that `key_id` names, over

    version | seq | previous | canonical JSON of every other column

`previous` is the digest of the entry before, FIRST for the first. Times are UTC with six
decimals, ids are lower-case hex without dashes, empty ones null.
"""

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection

from pools.ledger import archived
from pools.secret import Secret

log = structlog.get_logger("panel.ledger")
VERSION: Final = 1
FIRST: Final = "0" * 64
# Entries read at a time: short reads, so that writers are not kept out.
CHUNK: Final = 2000
COLUMNS: Final = (
    *("seq", "version", "at", "kind", "change", "form", "batch", "actor_id", "actor_name"),
    *("company", "pool_id", "pool_name", "action", "outcome", "reason", "facts"),
    *("key_id", "previous", "digest"),
)
FACTS: Final = COLUMNS.index("facts")
# A time as the text that is digested; NULL where it is not stored in the one way in which
# the panel stores it. SQLite keeps whatever is put there: bytes of the same look, or another
# spelling of the same moment, which it sorts elsewhere and no longer finds.
MOMENT: Final[Mapping[str, str]] = {
    "sqlite": (
        "CASE WHEN typeof({0}) = 'text' AND substr({0}, 11, 1) = ' ' THEN"
        " CASE length(CAST({0} AS BLOB))"
        " WHEN 19 THEN substr({0}, 1, 10) || 'T' || substr({0}, 12) || '.000000Z'"
        " WHEN 26 THEN CASE WHEN substr({0}, 20) <> '.000000'"
        " THEN substr({0}, 1, 10) || 'T' || substr({0}, 12) || 'Z' END END END"
    ),
    "postgresql": (
        "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        " || CASE WHEN {0} < '0001-01-01' THEN ' BC' ELSE '' END"
    ),
}
# Times and ids as the text that is digested. The database writes it, from what it holds:
# nothing is read leniently, and a million entries are a matter of seconds only this way.
_AS_TEXT: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {"at": MOMENT["sqlite"].format("at")},
    "postgresql": {
        "at": MOMENT["postgresql"].format("at"),
        **{name: f"replace({name}::text, '-', '')" for name in ("change", "form", "batch")},
    },
}
_WITH_NUMBERS: Final[Mapping[str, str]] = {
    "sqlite": "seq IN (SELECT value FROM json_each(%s)) ORDER BY seq",
    "postgresql": "seq IN (SELECT value::bigint FROM json_array_elements_text(%s)) ORDER BY seq",
}
_OF_CHANGES: Final[Mapping[str, str]] = {
    "sqlite": "change IN (SELECT value FROM json_each(%s)) ORDER BY seq",
    "postgresql": ("change IN (SELECT value::uuid FROM json_array_elements_text(%s)) ORDER BY seq"),
}
# A column as one word of a text: whatever is stored in it.
_AS_WORD: Final[Mapping[str, str]] = {
    "sqlite": "coalesce(hex({0}), '') || CASE WHEN {0} IS NULL THEN '-' ELSE '' END",
    "postgresql": "coalesce(encode(convert_to(({0})::text, 'UTF8'), 'hex'), '-')",
}

# An entry's columns, as texts but for its number and version.
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: its number (0: none yet), digest and time."""

    seq: int
    digest: str
    at: datetime | None


@dataclass(frozen=True, slots=True, order=True)
class Misfit:
    """An entry that does not fit, and why, as a sentence."""

    seq: int
    reason: str


class Chain:
    """A walk along the ledger, from an entry to the last or to the first that does not fit.

    Starting later than with the first, the entry before is trusted for its digest. What is
    appended during the walk is walked along too. Constant memory. Unless `sealed`, nobody's key
    is used: entries then fit if they follow each other. Where entries were `archived`, the first
    is the one behind those: the event that says so is walked along as well.
    """

    def __init__(self, from_seq: int = 1, *, sealed: bool = True) -> None:
        self._sealed = sealed
        self.misfit: Misfit | None = None
        self.archived = archived.newest()
        self._gone = self.archived.through if self.archived else 0
        self.seq, self.digest, self._at = max(from_seq - 1, self._gone), FIRST, ""
        self.first = self.seq + 1
        self._seals = _seals()
        # Several queries: a database would walk the whole ledger for either condition.
        if stray := _rows("seq < 1 LIMIT 1", []) or _rows("seq IS NULL LIMIT 1", []):
            self.misfit = Misfit(stray[0][0] or 0, "Its number is before the first.")
        elif self._gone and (stray := _rows("seq <= %s ORDER BY seq LIMIT 1", [self._gone])):
            self.misfit = Misfit(
                stray[0][0], "It is there, though the ledger says that it is in an archive."
            )
        elif self.archived and self.seq == self._gone:
            self.digest = self.archived.last_digest
        elif self.seq:
            before = _rows("seq = %s", [self.seq])
            if before:
                self._at, self.digest = before[0][2], before[0][-1]
            else:
                self.misfit = Misfit(self.seq, "It is missing.")

    @property
    def head(self) -> Head:
        """The last entry that was found to fit; or the trusted one, whatever is in it."""
        try:
            return Head(self.seq, self.digest, datetime.fromisoformat(self._at))
        except (TypeError, ValueError):
            return Head(self.seq, self.digest, None)

    def chunks(self) -> Iterator[list[Row]]:
        """The entries that fit, in order. May be asked again, for what was added since."""
        while self.misfit is None:
            # With the last one again: another of the same number would come after it.
            rows = _rows("seq >= %s ORDER BY seq LIMIT %s", [self.seq, CHUNK + 1])
            read = len(rows)
            if self.seq > self._gone and not self._is_last(rows.pop(0) if rows else None):
                self.misfit = Misfit(
                    self.seq, "It is there twice, or was altered during this walk."
                )
            elif fitting := self._fitting(rows):
                yield fitting
            if read <= CHUNK:
                return

    def _is_last(self, row: Row | None) -> bool:
        return row is not None and (row[0], row[-1]) == (self.seq, self.digest)

    def _fitting(self, rows: list[Row]) -> list[Row]:
        for number, row in enumerate(rows):
            if reason := self._why_not(row):
                twice = row[0] == self.seq
                self.misfit = Misfit(self.seq if twice else self.seq + 1, reason)
                return rows[:number]
            self.seq, self._at, self.digest = row[0], row[2], row[-1]
        return rows

    def _why_not(self, row: Row) -> str | None:
        if row[0] == self.seq:
            return "It is there twice."
        if row[0] != self.seq + 1:
            return f"It is missing: entry {row[0]} follows entry {self.seq}."
        if row[17] != self.digest:
            return "It does not continue the entry before it."
        if row[1] != VERSION:
            return f"Its form {row[1]} is not known to this panel."
        if not self._sealed:
            return None if _is_entry(row) else "It is not stored as an entry is."
        seal = self._seals.get(row[16])
        if seal is None:
            return f"Its key {row[16]} is not in AUDIT_KEYS."
        return None if _is_sealed(row, seal) else "Its digest does not fit what it says."


def wrong_audit_keys() -> list[str]:
    """Why the newest entries cannot have been made with AUDIT_KEYS, a sentence each.

    One altered entry is for a walk along the chain to find, its key's name included; a key
    under which none of the last ten verifies is a wrong key. Empty before the table is there,
    and when the database does not answer: those are told elsewhere.
    """
    seals, wrong = _seals(), []
    newest = [row for row in _newest() if not _names_another_key(row, seals)]
    for key_id in dict.fromkeys(row[16] for row in newest):
        rows = [row for row in newest if row[16] == key_id]
        if key_id not in seals:
            wrong.append(f"AUDIT_KEYS is missing key {key_id}, which the ledger was written with.")
        elif not any(_is_sealed(row, seals[key_id]) for row in rows):
            wrong.append(
                f"AUDIT_KEYS: key {key_id} is not the one that the ledger was written with."
            )
    return wrong


def log_altered_keys() -> None:
    """Logs which of the newest entries name another key than the one that sealed them."""
    seals = _seals()
    if altered := [row[0] for row in _newest() if _names_another_key(row, seals)]:
        log.error("entries name a wrong key: run manage.py verify_audit", entries=altered)


def _newest() -> list[Row]:
    try:
        return _rows("TRUE ORDER BY seq DESC LIMIT 10", [])
    except DatabaseError:
        return []


def _names_another_key(row: Row, seals: Mapping[str, hmac.HMAC]) -> bool:
    """Whether it fits once it names another one of our keys: nothing else of it was altered."""
    others = [key_id for key_id in seals if key_id != row[16]]
    return any(_is_sealed((*row[:16], key_id, *row[17:]), seals[key_id]) for key_id in others)


def digest_of(columns: tuple[Any, ...], key: bytes) -> str:
    """The digest of an entry's columns, in the order of the model, as 64 hex digits."""
    return _digest(_as_row(columns), _seal(key))


def sealer() -> Callable[[bytes, str], str | None]:
    """What makes the digest of an entry that is at hand as it is digested, by the id of its key.

    None: that key is none of ours.
    """
    seals = _seals()

    def sealed(data: bytes, key_id: str) -> str | None:
        if key_id not in seals:
            return None
        seal = seals[key_id].copy()
        seal.update(data)
        return seal.hexdigest()

    return sealed


def writing_key() -> tuple[str, bytes]:
    """The key that new entries are sealed with, after its id."""
    return next(keys())


def _as_row(columns: tuple[Any, ...]) -> Row:
    """Columns as Python has them, as the texts that are digested."""
    at, ids = columns[2], columns[4:7]
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    hexes = (value.hex if isinstance(value, UUID) else None for value in ids)
    return (*columns[:2], moment, columns[3], *hexes, *columns[7:])


def _is_sealed(row: Row, seal: hmac.HMAC) -> bool:
    try:
        return bool(_digest(row, seal) == row[-1])
    except (TypeError, UnicodeEncodeError):
        # SQLite keeps in a column anything that is put there: bytes, or what is no UTF-8.
        return False


def _is_entry(row: Row) -> bool:
    """Whether it can be sealed at all, whatever its seal is."""
    try:
        covered(row)
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def _digest(row: Row, seal: hmac.HMAC) -> str:
    # A copy: setting a key up takes longer than an entry does.
    sealed = seal.copy()
    sealed.update(covered(row))
    return sealed.hexdigest()


def covered(row: Row) -> bytes:
    """What a row's digest covers. Raises TypeError or UnicodeEncodeError where it is no entry."""
    return f"{row[1]}|{row[0]}|{row[17]}|{_covered(row)}".encode()


def _covered(row: Row) -> str:
    """The same text as `canonical_json` writes, put together by hand, which is much faster."""
    (_, _, at, kind, change, form, batch, actor_id, actor_name, company) = row[:10]
    (pool_id, pool_name, action, outcome, reason, facts, key_id) = row[10:17]
    return (
        f'{{"action":{_quoted(action)},"actor_id":{_quoted(actor_id)},'
        f'"actor_name":{_quoted(actor_name)},"at":{_quoted(at)},'
        f'"batch":{"null" if batch is None else _quoted(batch)},'
        f'"change":{"null" if change is None else _quoted(change)},'
        f'"company":{_quoted(company)},"facts":{_quoted(facts)},'
        f'"form":{"null" if form is None else _quoted(form)},'
        f'"key_id":{_quoted(key_id)},"kind":{_quoted(kind)},'
        f'"outcome":{_quoted(outcome)},"pool_id":{_quoted(pool_id)},'
        f'"pool_name":{_quoted(pool_name)},"reason":{_quoted(reason)}}}'
    )


def rows_between(first: int, last: int) -> list[Row]:
    """The entries with these numbers, and those between, in order; whatever is in them."""
    return _rows("seq BETWEEN %s AND %s ORDER BY seq", [first, last])


def rows_at(numbers: Iterable[int]) -> list[Row]:
    """The entries with these numbers, in order; whatever is in them."""
    return _rows(_WITH_NUMBERS[connection.vendor], [json.dumps(list(numbers))])


def entries_of(changes: Iterable[str]) -> list[Row]:
    """The entries of these changes, which are named as they are digested, in order."""
    return _rows(_OF_CHANGES[connection.vendor], [json.dumps(list(changes))])


def as_one_text(vendor: str) -> str:
    """What selects an entry with its seal as one text, for a query that asks it beside others."""
    words = (_AS_WORD[vendor].format(column) for column in _columns(vendor))
    return " || ' ' || ".join(words)


def sealed_in(text: str) -> Row | None:
    """The entry that was selected so; None where it does not fit its seal, by our keys."""
    words = text.split(" ")
    try:
        said = [None if word == "-" else bytes.fromhex(word).decode() for word in words]
        row: Row = (int(said[0] or 0), int(said[1] or 0), *said[2:])
    except ValueError:
        return None
    if len(row) != len(COLUMNS) or row[1] != VERSION:
        return None
    seal = _seals().get(row[16])
    return row if seal is not None and _is_sealed(row, seal) else None


def _columns(vendor: str) -> list[str]:
    texts = _AS_TEXT[vendor]
    return [texts.get(name, name) for name in COLUMNS]


def _rows(condition: str, parameters: list[Any]) -> list[Row]:
    columns = ", ".join(_columns(connection.vendor))
    # Nothing from outside is put into the text.
    query = f"SELECT {columns} FROM pools_entry WHERE {condition}"  # noqa: S608  # nosec B608
    return fetched(query, parameters)


def _escaped(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def fetched(
    query: str, parameters: list[Any], damaged: Callable[[bytes], str | bytes] = _escaped
) -> list[Row]:
    """The rows that answer a query, even where SQLite keeps text that isn't text.

    `damaged` reads all texts where one of them is no UTF-8.
    """
    if connection.vendor != "sqlite":
        return _fetched(query, parameters)
    connection.ensure_connection()
    usual = connection.connection.text_factory
    try:
        # The fastest; most ledgers are whole.
        connection.connection.text_factory = str
        return _fetched(query, parameters)
    except OperationalError as error:
        if "decode" not in str(error):
            raise
        # Text that is no UTF-8, which only an altered entry has.
        connection.connection.text_factory = damaged
        return _fetched(query, parameters)
    finally:
        connection.connection.text_factory = usual


def _fetched(query: str, parameters: list[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[Row] = cursor.fetchall()
        return rows


def _seals() -> dict[str, hmac.HMAC]:
    return {key_id: _seal(key) for key_id, key in keys()}


def _seal(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


def keys() -> Iterator[tuple[str, bytes]]:
    """The keys of AUDIT_KEYS after their ids, the one for new entries first."""
    return raw_keys(settings.AUDIT_KEYS)


def raw_keys(pairs: Iterable[tuple[str, Secret]]) -> Iterator[tuple[str, bytes]]:
    """The keys of a setting, as their bytes, after their ids."""
    for key_id, secret in pairs:
        yield key_id, base64.b64decode(secret.reveal())
