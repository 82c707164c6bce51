"""Moving a whole panel out of a SQLite file into the database that it is set up with.

Everything or nothing: one transaction, which ends only when the ledger has been walked at
its new place and ends in the same digest. Rows keep their ids, so that tokens open, links
lead where they led, and everybody stays signed in.
"""

# ruff: noqa: SLF001  (`_meta` and `_base_manager` are documented ways to look at any model)

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management.color import no_style
from django.db import DatabaseError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Field, Model

from pools.database_faults import long_statements
from pools.ledger.appending import lock
from pools.ledger.chain import Chain
from pools.ledger.guarding import ONLY_NEXT, lifted
from pools.models.entry import Entry
from pools.tokens.vault import wrong_token_keys
from pools.wording.numbers import counted

SOURCE: Final = "source"
CHUNK: Final = 2000
# What `migrate` itself puts into a new database; it gives way to the source's.
MADE_BY_MIGRATIONS: Final = frozenset(
    {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
)


class CannotMove(Exception):
    """Why nothing was copied, as a sentence or two for the person who runs it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows a table has at its new place."""

    table: str
    rows: int


def move_from(file: Path) -> Iterator[Moved]:
    """Copies every table, in one transaction that ends with the iteration. Raises CannotMove.

    The file is locked against writing during that time, and not changed.
    """
    source = _opened(file)
    try:
        with transaction.atomic(using=SOURCE):
            _must_be_alike(source)
            with long_statements(None, durable=True):
                yield from _moved()
                _must_be_proven()
    except DatabaseError as error:
        text = str(error).strip()
        if "locked" in text:
            raise CannotMove(f"{file} is in use. Stop the panel first.") from None
        raise CannotMove(f"Nothing was copied. A database refused: {text}") from None
    finally:
        source.close()
        del connections[SOURCE]


def _opened(file: Path) -> BaseDatabaseWrapper:
    if not file.is_file():
        raise CannotMove(f"There is no file {file}.")
    settings = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 1},
    }
    filled_in = connections.configure_settings(
        {"default": connection.settings_dict, SOURCE: settings}
    )
    connections.settings[SOURCE] = filled_in[SOURCE]
    return connections[SOURCE]


def _must_be_alike(source: BaseDatabaseWrapper) -> None:
    """Both of the version that is installed: tables and columns are then the same."""
    wanted = MigrationLoader(None).graph.nodes.keys()
    for name, database in (("the file", source), ("this database", connection)):
        applied = MigrationRecorder(database).applied_migrations().keys()
        if missing := wanted - applied:
            raise CannotMove(
                f"{name.capitalize()} lacks {counted(len(missing), 'migration')}. "
                "Run `manage.py migrate` on it, with the version that is installed here."
            )
        if applied - wanted:
            raise CannotMove(f"A newer version of the panel than this one has used {name}.")


def _moved() -> Iterator[Moved]:
    # Nobody appends from here on; a panel that runs on this database already waits.
    lock()
    models = apps.get_models(include_auto_created=True)
    filled = [model for model in models if _table(model) not in MADE_BY_MIGRATIONS]
    if taken := [_table(model) for model in filled if model._base_manager.exists()]:
        raise CannotMove(f"This database is not empty: it has rows in {', '.join(taken)}.")
    with connection.cursor() as cursor:
        for table in MADE_BY_MIGRATIONS:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608  # nosec B608
    for model in models:
        yield Moved(_table(model), _copy(model))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models)):
            cursor.execute(statement)


def _copy(model: type[Model]) -> int:
    """Every row of a table, in the order of its key."""
    fields = [field for field in model._meta.concrete_fields if field.column]
    names = [field.attname for field in fields]
    stored = model._base_manager.using(SOURCE).order_by("pk").values_list(*names)
    count = 0
    for rows in _chunks(stored.iterator(CHUNK)):
        if model is Entry and count == 0 and rows[0][0] > 1:
            _insert_first(fields, rows.pop(0))
            count += 1
        _insert(_table(model), fields, rows)
        count += len(rows)
    return count


def _insert_first(fields: Sequence["Field[Any, Any]"], row: Any) -> None:
    """An entry that is not the ledger's first: those before it are in an archive, or the proof
    at the end says that they are missing.
    """
    with lifted(ONLY_NEXT):
        _insert(_table(Entry), fields, [row])


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _insert(table: str, fields: Sequence["Field[Any, Any]"], rows: Sequence[Any]) -> None:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    prepared = (
        [
            field.get_db_prep_save(value, connection)
            for field, value in zip(fields, row, strict=True)
        ]
        for row in rows
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Ten times as fast as INSERT, and its triggers fire all the same.
            copying = cursor.copy(f"COPY {quote(table)} ({columns}) FROM STDIN")
            with connection.wrap_database_errors, copying as copy:
                for row in prepared:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(fields))
        cursor.executemany(
            f"INSERT INTO {quote(table)} ({columns}) VALUES ({marks})",  # noqa: S608  # nosec B608
            list(prepared),
        )


def _must_be_proven() -> None:
    """The ledger fits where it is now, to the same last digest; the keys open what was copied."""
    chain = Chain()
    for _ in chain.chunks():
        pass
    if chain.misfit is not None:
        raise CannotMove(
            f"Entry {chain.misfit.seq} of the ledger does not fit. {chain.misfit.reason} "
            "Nothing was copied. Run `manage.py verify_audit` on the file."
        )
    last = Entry.objects.using(SOURCE).order_by("-seq").values_list("seq", "digest").first()
    if last is not None and last != (chain.head.seq, chain.head.digest):
        raise CannotMove("The ledger does not end as it does in the file. Nothing was copied.")
    if reasons := wrong_token_keys():
        raise CannotMove(f"{' '.join(reasons)} Nothing was copied.")


def _table(model: type[Model]) -> str:
    return model._meta.db_table
