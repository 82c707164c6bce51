"""The first administrator: by environment, or by createsuperuser; both recorded."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from pools.people import acts
from tests.fixtures.people import events, sign_in, signed_in

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-first-password"


def ensure() -> str:
    told = StringIO()
    call_command("ensure_admin", stdout=told)
    return told.getvalue().strip()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("PANEL_ADMIN_NAME", "root")
    monkeypatch.setenv("PANEL_ADMIN_PASSWORD", PASSWORD)
    return monkeypatch


def test_it_is_made_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    assert ensure() == "Created the administrator root."
    assert acts.roles_of(User.objects.get()) == ["Administrator"]
    assert signed_in(sign_in("root", PASSWORD))
    assert json.loads(events("person_added")[0].facts)["name"] == "root"


def test_the_password_may_be_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a-password-in-a-file\n")
    environment.delenv("PANEL_ADMIN_PASSWORD")
    environment.setenv("PANEL_ADMIN_PASSWORD_FILE", str(tmp_path / "secret"))
    ensure()
    assert signed_in(sign_in("root", "a-password-in-a-file"))


def test_the_password_is_taken_as_it_stands(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PANEL_ADMIN_PASSWORD", " $HOME is a-long-password ")
    ensure()
    assert User.objects.get().check_password(" $HOME is a-long-password ")


def test_a_second_run_touches_nothing(environment: pytest.MonkeyPatch) -> None:
    ensure()
    person = User.objects.get()
    person.set_password("changed-meanwhile-1")
    person.is_active = False
    person.save()
    assert ensure() == "root already exists. Nothing was changed."
    person.refresh_from_db()
    assert person.check_password("changed-meanwhile-1")
    assert (person.is_active, len(events("person_added"))) == (False, 1)


@pytest.mark.parametrize("password", ["short", "password123", "root-root", "12345678901"])
def test_a_weak_password_makes_nobody(environment: pytest.MonkeyPatch, password: str) -> None:
    environment.setenv("PANEL_ADMIN_PASSWORD", password)
    with pytest.raises(CommandError, match="No administrator was created"):
        ensure()
    assert not User.objects.exists()


def test_without_a_name_it_says_so(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("PANEL_ADMIN_NAME")
    with pytest.raises(ImproperlyConfigured, match="PANEL_ADMIN_NAME is not set"):
        ensure()


def test_createsuperuser_is_recorded(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--no-input", username="boss", email="", stdout=StringIO())
    assert json.loads(events("superuser_made")[0].facts)["name"] == "boss"


def test_a_superuser_who_cannot_be_recorded_is_not_kept(environment: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE pools_entry RENAME TO pools_entry_gone")
    with pytest.raises(CommandError, match="No superuser was created: the ledger can't be written"):
        call_command("createsuperuser", "--no-input", username="boss", email="", stdout=StringIO())
    assert not User.objects.exists()
