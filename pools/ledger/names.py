"""The names that are recorded: of people, with who it was, and of companies.

Entries name people and companies by text alone. So a name that was recorded for one is not
given to another: their entries would look like those of one. Names are compared as people
see them.
"""

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from django.db import connection

from pools.core.comparing import picture
from pools.models.index_term import folded

# Each pair, and each company, is found by a seek of its own: entries are many, these are few.
_PEOPLE: Final = """
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
"""
# Whoever is made, renamed or removed here is named by one of these.
_EVENTS: Final = """
SELECT facts FROM pools_entry WHERE kind = 'event' AND action IN
  ('person_added', 'superuser_made', 'person_deleted', 'user_added', 'user_changed', 'user_removed')
"""
_COMPANIES: Final = """
WITH RECURSIVE companies(slug) AS (
  SELECT MIN(company) FROM pools_entry
  UNION ALL
  SELECT (SELECT MIN(company) FROM pools_entry WHERE company > companies.slug)
  FROM companies WHERE slug IS NOT NULL
)
SELECT slug FROM companies WHERE slug <> ''
"""


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
        texts = [row for row in cursor if all(isinstance(each, str) for each in row)]
    return sorted(RecordedName(*row) for row in texts)


def recorded_under(name: str) -> list[RecordedName]:
    """The recorded names that look like this one."""
    return [each for each in recorded_names() if as_seen(each.name) == as_seen(name)]


def named_in_events(name: str) -> Iterator[RecordedName]:
    """Who was called like this in what was done to them: they may never have done anything."""
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS)
        rows = [facts for (facts,) in cursor]
    for facts in rows:
        try:
            about = json.loads(facts)
            recorded = RecordedName(about["name"], about.get("person") or about["id"])
        except (ValueError, LookupError, TypeError):
            continue  # not as we write entries: verify_audit reports it
        if as_seen(str(recorded.name)) == as_seen(name):
            yield recorded


def company_is_recorded(slug: str) -> bool:
    """Whether entries are about a company of this name, whatever the case of its letters."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPANIES)
        recorded = [each for (each,) in cursor if isinstance(each, str)]
    return any(as_seen(each) == as_seen(slug) for each in recorded)
