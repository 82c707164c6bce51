"""Several queries whose rows are alike, asked by one statement: each way there costs time."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from django.db.models import QuerySet

from pools.ledger.chain import fetched
from pools.models.stored import text_or_bytes

# A moment, a number and a word, as they are stored.
Row: TypeAlias = Sequence[Any]

# SQLite joins 500 queries at most: of more companies than this, not each is asked.
MOST_ASKED_EACH: Final = 100
_LINES: Final = "SELECT {0}, q{0}.* FROM ({1}) AS q{0}"
_NAMES: Final = "SELECT DISTINCT {0}, CAST(NULL AS text), 0, q{0}.actor_name FROM ({1}) AS q{0}"


class Asked(NamedTuple):
    """A query as SQL, what goes into it, and whether it asks for names."""

    sql: str
    given: tuple[Any, ...]
    named: bool

    @classmethod
    def of(cls, query: QuerySet[Any]) -> "Asked":
        sql, given = query.query.sql_with_params()
        return cls(sql, given, "actor_name" in query.query.values_select)


def asked_together(queries: Sequence[Sequence[Asked]]) -> list[list[Row]]:
    """The rows of each query, as they are stored. Of names, each is there once."""
    selects: list[str] = []
    facts: list[Any] = []
    for number, query in enumerate(each for queries_of_one in queries for each in queries_of_one):
        selects.append((_NAMES if query.named else _LINES).format(number, query.sql))
        facts += query.given
    answers: list[list[Row]] = [[] for _ in selects]
    for number, *row in fetched(" UNION ALL ".join(selects), facts, damaged=text_or_bytes):
        answers[number].append(row)
    return answers
