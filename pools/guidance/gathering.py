"""All that is kept for whoever decides about a pool, brought along by the query for a token.

Each page of a company asks for its person's token first; what decides is asked for with it, as
one text of JSON, so that no page pays a query for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from django.db import connection

from pools.catalogue import connectors
from pools.core import Pool
from pools.guidance.allowance_sums import AlikePools, Allowed, Share, shares, shares_without
from pools.guidance.notes import PINNED, REMOVED
from pools.ledger import archived
from pools.ledger.archived import Archived
from pools.models.reference import FIRST_ORIGIN
from pools.models.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Note:
    """A pinned note as it is read. `entry` is the ledger's that says so."""

    text: str
    by: str
    at: datetime
    entry: int


@dataclass(frozen=True, slots=True)
class NoteWritten:
    """What somebody did to a pool's note, as the ledger has it; an empty text: there was none."""

    by: str
    at: datetime
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a company and of one of its pools; without one, of them all.

    `notes` are by the pool's id, the company's own is by None. `written` is what became of the
    pool's note so far, newest first.
    `allowed` are the company's allowances, by the key of their system, and `own` the keys of the
    systems that the pool was last seen to have a connector of. `others` are the company's other
    pools with a connector of a system with an allowance; `whole`: that is all of them, as of
    `as_of`. `read_at` is when all pools were last read, whatever they told. `archived` is
    what is no longer in the ledger; it is asked for with a pool alone.
    """

    notes: Mapping[int | None, Note] = field(default_factory=lambda: MappingProxyType({}))
    written: tuple[NoteWritten, ...] = ()
    allowed: Mapping[str, Allowed] = field(default_factory=lambda: MappingProxyType({}))
    own: frozenset[str] = frozenset()
    others: tuple[AlikePools, ...] = ()
    whole: bool = False
    as_of: datetime | None = None
    read_at: datetime | None = None
    archived: Archived | None = None

    def shares_of_company(self) -> list[Share]:
        """What its pools take of each of its allowances; a new pool takes nothing yet."""
        return shares_without(self.allowed, self.others, whole=self.whole)

    def shares(self, pool: Pool | None, limit: int | None) -> list[Share]:
        """What the company's pools take of the allowances of this one's systems.

        `limit` is its own. Where Core has not just said which connectors it has, they are those
        that it had last.
        """
        told = None if pool is None else pool.connectors
        keys = self.own if told is None else connectors.systems(told).keys()
        return shares(keys, limit, self.allowed, self.others, whole=self.whole)


NOTHING: Final = Kept()

# In the query for a token, which has the company beside it. Columns of ours alone are put in.
_NOTES: Final = """(
  SELECT ALL_OF(ROW_OF(pool_id, text, written_by, written_at, entry)) FROM pools_pinnednote
  WHERE company_id = pools_company.id
  AND (pool_id IS NULL OR origin = pools_company.origin)
)"""
_NOTES_OF_POOL: Final = _NOTES.replace(
    "pools_company.origin)", "pools_company.origin AND pool_id = %s)"
)
# SQLite keeps what is no text, and could not put it into JSON.
_WRITTEN: Final = f"""(
  SELECT ALL_OF(ROW_OF(RAW_OF(actor_name), RAW_OF(CAST(at AS TEXT)), RAW_OF(facts))) FROM (
    SELECT actor_name, at, facts FROM pools_entry
    WHERE company = pools_company.slug AND kind = '{Kind.EVENT}'
    AND action IN ('{PINNED}', '{REMOVED}')
    AND pool_id = CASE WHEN pools_company.origin = {FIRST_ORIGIN} THEN ''
      ELSE CAST(pools_company.origin AS TEXT) || ':' END || CAST(%s AS TEXT)
    ORDER BY seq DESC LIMIT 20
  ) AS written
)"""  # noqa: S608  # nosec B608
_ALLOWED: Final = """(
  SELECT ALL_OF(ROW_OF(key, system, number)) FROM pools_allowance
  WHERE company_id = pools_company.id
)"""
_OTHERS: Final = """(
  SELECT ALL_OF(ROW_OF(alike.key, alike.most, alike.pools)) FROM (
    SELECT seen.key AS key, pool."limit" AS most, COUNT(*) AS pools
    FROM pools_allowance AS kept
    JOIN pools_seensystem AS seen ON seen.key = kept.key
    JOIN pools_seenpool AS pool ON pool.id = seen.pool_id
    WHERE kept.company_id = pools_company.id AND pool.company_id = pools_company.id
    AND pool.origin = pools_company.origin AND pool.pool_id <> %s
    GROUP BY seen.key, pool."limit"
  ) AS alike
)"""
# Of how many pools Core did not say what connectors they have; when all were read, and the
# oldest look at one of them.
_READ: Final = """(
  SELECT ROW_OF(SUM(CASE WHEN connectors = '' THEN 1 ELSE 0 END), MIN(seen_at), (
    SELECT MAX(ended_at) FROM pools_reading
    WHERE company_id = pools_company.id AND origin = pools_company.origin
  )) FROM pools_seenpool
  WHERE company_id = pools_company.id AND origin = pools_company.origin AND pool_id <> %s
)"""
# The same of a company, where it has an allowance at all.
_READ_OF_COMPANY: Final = _READ.replace(
    "WHERE company_id = pools_company.id AND origin = pools_company.origin AND pool_id <> %s",
    """WHERE company_id = (
    SELECT company_id FROM pools_allowance WHERE company_id = pools_company.id LIMIT 1
  ) AND origin = pools_company.origin AND pool_id <> %s""",
)
_OWN: Final = """(
  SELECT ALL_OF(seen.key) FROM pools_seenpool AS pool
  JOIN pools_seensystem AS seen ON seen.pool_id = pool.id
  WHERE pool.company_id = pools_company.id AND pool.origin = pools_company.origin
  AND pool.pool_id = %s
)"""
_ARCHIVED: Final = f"(SELECT ALL_OF(RAW_OF(facts)) FROM ({archived.NEWEST_FACTS}) AS gone)"  # noqa: S608  # nosec B608
_PARTS: Final = (_NOTES_OF_POOL, _ALLOWED, _OTHERS, _READ, _OWN, _WRITTEN, _ARCHIVED)
_PARTS_OF_COMPANY: Final = (_NOTES, _ALLOWED, _OTHERS, _READ_OF_COMPANY)
# No pool has it.
_NO_ID: Final = -1
# How each database says these words: an array of rows, one of values, one inside of another.
_WORDS: Final = {
    "sqlite": {
        "ALL_OF": "json_group_array",
        "ROW_OF": "json_array",
        "IN_IT": "json",
        "RAW_OF": "hex",
        "AS_TEXT": "",
    },
    "postgresql": {
        "ALL_OF": "json_agg",
        "ROW_OF": "json_build_array",
        "IN_IT": "",
        "RAW_OF": "",
        "AS_TEXT": "::text",
    },
}


def kept_beside(pool_id: int | None) -> tuple[str, list[Any]]:
    """What a query for a token brings along for `kept_in`; without a pool: of the company.

    As a part of the query, and what goes into it.
    """
    sql = _beside(connection.vendor, of_pool=pool_id is not None)
    given = _NO_ID if pool_id is None else pool_id
    return sql, [given] * sql.count("%s")


@cache
def _beside(vendor: str, *, of_pool: bool) -> str:
    parts = _PARTS if of_pool else _PARTS_OF_COMPANY
    sql = f"ROW_OF({', '.join(f'IN_IT({part})' for part in parts)})AS_TEXT"
    for word, said in _WORDS[vendor].items():
        sql = sql.replace(word, said)
    return sql


def kept_in(text: str | None) -> Kept:
    """What a query has brought along."""
    if text is None:
        return NOTHING
    parts: list[Any] = json.loads(text)
    parts.extend([None] * (len(_PARTS) - len(parts)))
    notes, allowed, others, read, own, written, gone = parts
    untold, oldest, ended = read or [0, None, None]
    as_of = ended or oldest
    return Kept(
        notes={
            pool_id: Note(said, by, _moment(at), entry)
            for pool_id, said, by, at, entry in notes or ()
        },
        written=tuple(each for row in written or () if (each := _written(*row))),
        allowed={key: Allowed(system, number) for key, system, number in allowed or ()},
        own=frozenset(own or ()),
        others=tuple(AlikePools(*each) for each in others or ()),
        whole=ended is not None and not untold,
        as_of=None if as_of is None else _moment(as_of),
        read_at=None if ended is None else _moment(ended),
        archived=_archived(*gone) if gone else None,
    )


def _written(*row: str) -> NoteWritten | None:
    """None where the entry can't be read."""
    try:
        by, at, facts = map(_stored, row)
        before, after = json.loads(facts)["changed"]["note"]
        return NoteWritten(by, _moment(at), str(before or ""), str(after or ""))
    except (ValueError, TypeError, LookupError):
        return None


def _archived(facts: str) -> Archived | None:
    try:
        return archived.read(_stored(facts))
    except ValueError:
        return None  # no text: a walk along the ledger reports it


def _stored(raw: str) -> str:
    return bytes.fromhex(raw).decode() if connection.vendor == "sqlite" else raw


def _moment(written: str) -> datetime:
    """As either database writes one into JSON."""
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
