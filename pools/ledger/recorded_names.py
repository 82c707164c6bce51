"""The names that are recorded: of people, with who it was, and of companies.

Entries name people and companies by text alone. So a name that was recorded for one is not
given to another: their entries would look like those of one. Names are compared as people
see them. Those of entries that are in an archive stay recorded.
"""

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from django.db import connection

from pools.core.comparing import picture
from pools.ledger import archived
from pools.models.index_term import folded

# Each pair, and each company, is found by a seek of its own: entries are many, these are few.
_PEOPLE: Final = f"""
WITH RECURSIVE names(name) AS (
  SELECT MIN(actor_name) FROM pools_entry
  UNION ALL
  SELECT (SELECT MIN(actor_name) FROM pools_entry WHERE actor_name > names.name)
  FROM names WHERE name IS NOT NULL
),
people(name, id) AS (
  SELECT name, (SELECT MIN(actor_id) FROM pools_entry WHERE actor_name = names.name)
  FROM names WHERE name <> ''
  UNION ALL
  SELECT name, (
    SELECT MIN(actor_id) FROM pools_entry
    WHERE actor_name = people.name AND actor_id > people.id
  )
  FROM people WHERE id IS NOT NULL
)
SELECT name, id FROM people WHERE id IS NOT NULL
UNION ALL
SELECT facts, NULL FROM ({archived.NEWEST_FACTS}) AS archived
"""  # noqa: S608  # nosec B608
# Whoever is made, renamed or removed here is named by one of these.
_EVENTS: Final = """
SELECT facts FROM pools_entry WHERE kind = 'event' AND action IN
  ('person_added', 'superuser_made', 'person_deleted', 'user_added', 'user_changed', 'user_removed')
"""
_COMPANIES: Final = f"""
WITH RECURSIVE companies(slug) AS (
  SELECT MIN(company) FROM pools_entry
  UNION ALL
  SELECT (SELECT MIN(company) FROM pools_entry WHERE company > companies.slug)
  FROM companies WHERE slug IS NOT NULL
)
SELECT slug, 0 FROM companies WHERE slug <> ''
UNION ALL
SELECT facts, 1 FROM ({archived.NEWEST_FACTS}) AS archived
"""  # noqa: S608  # nosec B608


class RecordedName(NamedTuple):
    """A name that entries have, and the id of the person they are by; 0 is the panel itself."""

    name: str
    person_id: str


def as_seen(name: str) -> str:
    """A name in the form in which names are compared: without case, width and what has no ink."""
    return folded(picture(name))


def recorded_names() -> list[RecordedName]:
    """Each name that anybody was recorded under, with each person it was; by one query."""
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE)
        # SQLite keeps any kind of value there.
        rows = [row for row in cursor if isinstance(row[0], str)]
    found = {RecordedName(*row) for row in rows if isinstance(row[1], str)}
    for facts in [row[0] for row in rows if row[1] is None]:
        gone = archived.read(facts)
        found |= {RecordedName(*pair) for pair in gone.people} if gone else set()
    return sorted(found)


def named_people() -> set[RecordedName]:
    """Everybody whose name is recorded, also of those who have never done anything."""
    return {*recorded_names(), *_named_in_events()}


def recorded_companies() -> set[str]:
    """The short names of the companies that entries are about."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPANIES)
        rows = [row for row in cursor if isinstance(row[0], str)]
    found = {text for text, is_facts in rows if not is_facts}
    for facts in [text for text, is_facts in rows if is_facts]:
        gone = archived.read(facts)
        found |= set(gone.companies) if gone else set()
    return found


def recorded_under(name: str) -> list[RecordedName]:
    """The recorded names that look like this one."""
    return [each for each in recorded_names() if as_seen(each.name) == as_seen(name)]


def _named_in_events() -> Iterator[RecordedName]:
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS)
        rows = [facts for (facts,) in cursor]
    for facts in rows:
        try:
            about = json.loads(facts)
            person = about.get("person") or about["id"]
            yield RecordedName(str(about["name"]), str(person))
        except (ValueError, LookupError, TypeError):
            continue  # not as we write entries: verify_audit reports it


def company_is_recorded(slug: str) -> bool:
    """Whether entries are about a company of this name, whatever the case of its letters."""
    return any(as_seen(each) == as_seen(slug) for each in recorded_companies())
