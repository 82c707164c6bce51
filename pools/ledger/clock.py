"""The database's clock: the one that decides what is due, whichever machine asks.

Processes on several machines send, settle and release the same changes. One whose own clock
was ahead would settle a change before its outcome.
"""

from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection
from django.db.models import DateTimeField
from django.db.models.expressions import RawSQL

# Not the beginning of a transaction, which may have waited for its turn.
SQL: Final[dict[str, str]] = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "clock_timestamp()",
}


def now() -> datetime:
    """By one short question. Raises django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SQL[connection.vendor]}")  # nosec B608
        (moment,) = cursor.fetchone()
    return read(moment)


def read(moment: Any) -> datetime:
    """A moment of that clock, as the driver gives it."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def moment() -> Any:
    """The same beside each row of a query, which then costs no question of its own."""
    sql = SQL[connection.vendor].replace("%", "%%")
    return RawSQL(sql, [], output_field=DateTimeField())  # noqa: S611  # nosec B611
