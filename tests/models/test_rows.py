"""Rows that are read by a text are those that Django reads."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from pools.catalogue.keeping import keep
from pools.core import Pool
from pools.models import Company, SeenPool, Token
from pools.models.rows import Columns
from sandbox.running import RunningSandbox
from tests.fixtures.panel import give_token, make_person


def columns_of(row: Model) -> list[tuple[type, Any]]:
    values = [getattr(row, field.attname) for field in row._meta.concrete_fields]
    return [(type(value), value) for value in values]


@pytest.mark.parametrize("model", [User, Company, Token, SeenPool])
def test_a_row_is_as_django_reads_it(
    acme: Company, core: RunningSandbox, model: type[Model]
) -> None:
    ana = make_person("ana", "Manager")
    ana.last_login = timezone.now()
    ana.save()
    give_token(ana, acme, core.keys["acme"]["full"])
    keep(acme, [Pool(1, "Orders", 5, None, timezone.now(), None, (), frozenset(), {})])
    acme.archived_at, acme.reason_required_for = timezone.now(), ["edit", "clear"]
    acme.save()

    columns = Columns(model)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns.sql} FROM {model._meta.db_table}")
        rows = [columns.row(row) for row in cursor.fetchall()]
    known = list(model._default_manager.order_by("pk"))
    assert len(known) > 0
    rows.sort(key=lambda row: row.pk)
    assert list(map(columns_of, rows)) == list(map(columns_of, known))
    assert {row._state.adding for row in rows} == {False}


def test_some_columns_come_in_the_order_of_their_names(acme: Company) -> None:
    columns = Columns(Company, ("slug", "archived_at", "reason_required_for", "name"))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns.sql} FROM pools_company")
        (values,) = columns.values(cursor.fetchall())
    assert values == ["acme", None, [], acme.name]
