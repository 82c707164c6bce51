"""Rows of a model by a query that is a text: what every page asks isn't put together for each.

Putting a query together takes Django several times as long as the database takes to answer it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import ForeignKey, Model

_Row = TypeVar("_Row", bound=Model)
_Read = Callable[[Any], Any]


def _moment(stored: datetime) -> datetime:
    return stored.replace(tzinfo=UTC)


# What each database's driver leaves to be read, by the type of a field.
_READ: Final[Mapping[str, Mapping[str, _Read]]] = {
    "sqlite": {"DateTimeField": _moment, "UUIDField": UUID, "JSONField": json.loads},
    "postgresql": {"JSONField": json.loads},
}


class Columns(Generic[_Row]):
    """Columns of a model: as a query selects them, and as values from what it gives.

    All of them, unless some are named.
    """

    def __init__(self, model: type[_Row], names: Sequence[str] = ()) -> None:
        meta = model._meta  # noqa: SLF001  (Django documents it)
        known = {field.name: field for field in meta.concrete_fields}
        fields = [known[name] for name in names or known]
        self.sql = ", ".join(f'{meta.db_table}."{field.column}"' for field in fields)
        self.count = len(fields)
        self._model = model
        self._names = [field.attname for field in fields]
        types = [_type_of(field) for field in fields]
        self._read = {
            vendor: [(i, read[name]) for i, name in enumerate(types) if name in read]
            for vendor, read in _READ.items()
        }

    def values(self, rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
        """The columns of each row, in their order, as a model has them."""
        reading = self._read[connection.vendor]
        for row in rows:
            values = list(row)
            for place, read in reading:
                if values[place] is not None:
                    values[place] = read(values[place])
            yield values

    def row(self, row: Sequence[Any]) -> _Row:
        """The same of one row, as a row of the model; of all of its columns."""
        (values,) = self.values([row])
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, values)


def _type_of(field: Any) -> str:
    while isinstance(field, ForeignKey):
        field = field.target_field
    return str(field.get_internal_type())
