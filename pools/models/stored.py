"""Columns that can be read whatever is stored in them.

SQLite keeps in a column what is put there, and PostgreSQL knows moments that Python does not.
Django would end the whole query over such a value: one damaged row, and none of a list is
shown. Here it costs that value alone, and stays what it is where it is asked for again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

# A moment as each database gives it as a text, in UTC: in the one way in which it is written.
_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:\+00(?::00)?)?", re.ASCII
)
# What selects a column as it is stored. SQLite's driver would read it by its declared type.
AS_STORED: Final[Mapping[str, str]] = {"sqlite": "+{}", "postgresql": "({})::text"}
_FAR_YEAR: Final = re.compile("[0-9]{5}")
# In the order in which SQLite sorts values of different kinds; and PostgreSQL moments.
_BEFORE, _NUMBERS, _TEXTS, _AFTER, _BYTES = range(5)
_ID: Final = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class GarbledMoment:
    """What is stored where a moment should be: a text, bytes or a number."""

    raw: Any

    def __str__(self) -> str:
        return "not readable"


class GarbledText(str):
    """What can be read of something that is no text, where one should be."""

    __slots__ = ()

    def __new__(cls, raw: object) -> "GarbledText":
        return super().__new__(cls, raw.decode(errors="replace") if isinstance(raw, bytes) else raw)


class GarbledId(UUID):
    """Stands for what is stored where an id should be; equal for what is stored alike."""

    raw: Any

    def __init__(self, raw: object) -> None:
        super().__init__(int=uuid5(NAMESPACE_OID, repr(raw)).int)
        # UUIDs refuse to be altered.
        object.__setattr__(self, "raw", raw)


class MomentField(models.DateTimeField):  # type: ignore[type-arg]  # only in the stubs
    """A moment; a GarbledMoment where what is stored isn't one, or isn't of the years 2 to 9998."""

    def get_internal_type(self) -> str:
        # No backend's own reading.
        return "MomentField"

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return models.DateTimeField().db_type(connection)

    def deconstruct(self) -> Any:
        return _as("django.db.models.DateTimeField", super().deconstruct())

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return AS_STORED[compiler.connection.vendor].format(sql), params

    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> datetime | GarbledMoment | None:
        return None if value is None else read_moment(value)

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, GarbledMoment) else super().to_python(value)

    def get_prep_value(self, value: Any) -> Any:
        return value if isinstance(value, GarbledMoment) else super().get_prep_value(value)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        if isinstance(value, GarbledMoment):
            return value.raw
        return super().get_db_prep_value(value, connection, prepared)


class IdField(models.UUIDField):  # type: ignore[type-arg]  # only in the stubs
    """An id; a GarbledId where what is stored isn't one."""

    def get_internal_type(self) -> str:
        return "IdField"

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return models.UUIDField().db_type(connection)

    def deconstruct(self) -> Any:
        return _as("django.db.models.UUIDField", super().deconstruct())

    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> UUID | None:
        return None if value is None else read_id(value)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        if isinstance(value, GarbledId):
            return value.raw
        return super().get_db_prep_value(value, connection, prepared)


def read_moment(value: Any) -> datetime | GarbledMoment:
    """What is stored as a moment, as a query that selects it gives it."""
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    try:
        moment = datetime.fromisoformat(f"{match[1]}+00:00") if match else None
    except ValueError:
        moment = None
    # At the ends of its years, no zone's time can be told from UTC's.
    if moment is None or not 1 < moment.year < MAXYEAR:
        return GarbledMoment(value)
    return moment


def read_id(value: Any) -> UUID:
    """The same of an id."""
    if isinstance(value, UUID):
        return value
    readable = isinstance(value, str) and _ID.fullmatch(value)
    return UUID(int=int(value, 16)) if readable else GarbledId(value)


def read_text(value: Any) -> str:
    """The same of a text."""
    return value if type(value) is str else GarbledText(value)


class StoredText(models.TextField):  # type: ignore[type-arg]  # only in the stubs
    """A text; a GarbledText where what is stored isn't one."""

    def deconstruct(self) -> Any:
        return _as("django.db.models.TextField", super().deconstruct())

    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> str | None:
        return None if value is None else read_text(value)


class StoredWord(models.CharField):  # type: ignore[type-arg]  # only in the stubs
    """A short text; a GarbledText where what is stored isn't one."""

    def deconstruct(self) -> Any:
        return _as("django.db.models.CharField", super().deconstruct())

    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> str | None:
        return None if value is None else read_text(value)


def order_of(moment: datetime | GarbledMoment) -> tuple[int, Any]:
    """What moments are sorted by as the database sorts them, whatever is stored as one."""
    if isinstance(moment, datetime):
        return _TEXTS, moment.astimezone(UTC).isoformat(" ").removesuffix("+00:00")
    raw = moment.raw
    if isinstance(raw, bytes):
        return _BYTES, raw
    if not isinstance(raw, str):
        return _NUMBERS, raw
    # As PostgreSQL writes those beyond Python's: "0044-03-15 12:00:00+00 BC".
    if raw == "-infinity" or raw.endswith("BC"):
        return _BEFORE, raw
    if raw == "infinity" or _FAR_YEAR.match(raw):
        return _AFTER, raw
    return _TEXTS, raw


def read_every_text(connection: BaseDatabaseWrapper, **signal: Any) -> None:
    """Has SQLite give text that is no UTF-8 as its bytes, where it would end the query."""
    if connection.vendor == "sqlite":
        connection.connection.text_factory = text_or_bytes


def text_or_bytes(raw: bytes) -> str | bytes:
    """A text; the bytes of what is no UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _as(path: str, deconstructed: Any) -> Any:
    """As the database and the migrations know it: they have never heard of these fields."""
    name, _, args, kwargs = deconstructed
    return name, path, args, kwargs
