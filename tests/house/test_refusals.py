"""What is missing or malformed: no start, and one sentence that says what to do."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import pytest
from django.db import connection

from adminpanel.database import sqlite_journal
from tests.house.conftest import ROOT, a_key
from tests.panel_process import database_url

# Has loaded what takes long, and then runs each command in a fork of itself.
NURSERY: Final = """
import json, os, runpy, sys
import csp.constants, django.contrib.staticfiles.storage, django.core.management, psycopg
import django.db.backends.sqlite3.base, django.db.migrations.loader, requests, whitenoise.storage
import adminpanel.database, adminpanel.logs, adminpanel.mail, adminpanel.single_sign_on
import pools.core.limits
for line in sys.stdin:
    asked = json.loads(line)
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.dup2(writer, 1), os.dup2(writer, 2), os.close(reader)
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.path[:0] = [os.getcwd(), *asked["path"]]
        if asked["command"][0] == "wsgi":
            import adminpanel.wsgi
        else:
            sys.argv = asked["command"]
            runpy.run_path(sys.argv[0], run_name="__main__")
        sys.exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([status, text]), flush=True)
"""
SECRET: Final = "hush-hush"
KEY: Final = "A" * 43 + "="
WRONG: Final = {
    "no SECRET_KEY": ({"SECRET_KEY": ""}, "SECRET_KEY is not set; `manage.py newkeys` makes one."),
    "a short SECRET_KEY": (
        {"SECRET_KEY": SECRET},
        "SECRET_KEY must be 50 or more random characters",
    ),
    "a dull SECRET_KEY": (
        {"SECRET_KEY": "a" * 60},
        "SECRET_KEY must be 50 or more random characters",
    ),
    "SECRET_KEY_FILE is not there": (
        {"SECRET_KEY_FILE": "/nowhere/key"},
        "SECRET_KEY_FILE names /nowhere/key, which cannot be read: No such file or directory.",
    ),
    "SECRET_KEY_FILE is a folder": (
        {"SECRET_KEY_FILE": "/"},
        "SECRET_KEY_FILE names /, which cannot be read: Is a directory.",
    ),
    "no ALLOWED_HOSTS": (
        {"ALLOWED_HOSTS": " "},
        "ALLOWED_HOSTS is not set; name the host that people type.",
    ),
    "any host": (
        {"ALLOWED_HOSTS": "*"},
        "ALLOWED_HOSTS must name exact hosts, such as panel.example.com: '*' is none.",
    ),
    "a host with a scheme": (
        {"ALLOWED_HOSTS": "https://panel.example"},
        "ALLOWED_HOSTS must name exact hosts",
    ),
    "a host with a port": (
        {"ALLOWED_HOSTS": "panel.example:8000"},
        "ALLOWED_HOSTS must name exact hosts",
    ),
    "every host below one": (
        {"ALLOWED_HOSTS": ".panel.example"},
        "ALLOWED_HOSTS must name exact hosts",
    ),
    "an empty host": ({"ALLOWED_HOSTS": "panel.example,"}, "ALLOWED_HOSTS must name exact hosts"),
    "no DATABASE_URL": ({"DATABASE_URL": ""}, "DATABASE_URL is not set; for instance"),
    "a database of another make": (
        {"DATABASE_URL": f"mysql://u:{SECRET}@db/panel"},
        "DATABASE_URL must be sqlite:////folder/file or postgres://",
    ),
    "a database without a scheme": (
        {"DATABASE_URL": "panel.sqlite3"},
        "DATABASE_URL must be sqlite:////folder/file or postgres://",
    ),
    "a database with a nonsensical port": (
        {"DATABASE_URL": f"postgres://u:{SECRET}@db:port/panel"},
        "DATABASE_URL must be sqlite:////folder/file or postgres://",
    ),
    "a database without a name": (
        {"DATABASE_URL": f"postgres://u:{SECRET}@db"},
        "it names no database that outlives a process.",
    ),
    "a database in memory": (
        {"DATABASE_URL": "sqlite://:memory:"},
        "it names no database that outlives a process.",
    ),
    "no TOKEN_KEYS": ({"TOKEN_KEYS": ""}, "TOKEN_KEYS is not set; `manage.py newkeys` makes some."),
    "no AUDIT_KEYS": ({"AUDIT_KEYS": ""}, "AUDIT_KEYS is not set; `manage.py newkeys` makes some."),
    "a key without an id": ({"TOKEN_KEYS": KEY}, "TOKEN_KEYS holds a key without a proper id"),
    "a key with an odd id": (
        {"TOKEN_KEYS": f"One!:{KEY}"},
        "TOKEN_KEYS holds a key without a proper id",
    ),
    "a short key": (
        {"TOKEN_KEYS": f"one:{KEY[:20]}"},
        "TOKEN_KEYS: the key one is not base64 of 32 bytes.",
    ),
    "a key that is no base64": (
        {"AUDIT_KEYS": f"one:{SECRET}!"},
        "AUDIT_KEYS: the key one is not base64 of 32 bytes.",
    ),
    "a key id twice": (
        {"AUDIT_KEYS": f"one:{KEY},one:{KEY}"},
        "AUDIT_KEYS names the same key id twice.",
    ),
    "a comma too many": (
        {"AUDIT_KEYS": f"one:{KEY},"},
        "AUDIT_KEYS holds a key without a proper id",
    ),
    "HTTPS misspelt": ({"HTTPS": "ture"}, "HTTPS must be true or false, not 'ture'."),
    "DEBUG misspelt": ({"DEBUG": "maybe"}, "DEBUG must be true or false, not 'maybe'."),
    "DEBUG beyond loopback": (
        {"DEBUG": "true"},
        "DEBUG shows secrets to visitors: allowed with loopback hosts only.",
    ),
    "an origin without a scheme": (
        {"CSRF_TRUSTED_ORIGINS": "panel.example"},
        "CSRF_TRUSTED_ORIGINS must name origins such as",
    ),
    "a number of proxies in words": (
        {"TRUSTED_PROXY_COUNT": "one"},
        "TRUSTED_PROXY_COUNT is not a number: 'one'.",
    ),
    "too few threads": ({"WEB_THREADS": "2"}, "WEB_THREADS is 2; it must be from 3 to 128."),
    "a deadline beyond the stop": (
        {"CORE_DEADLINE_SECONDS": "31"},
        "CORE_DEADLINE_SECONDS is 31; it must be from 1 to 25.",
    ),
    "a deadline that is no number": (
        {"CORE_DEADLINE_SECONDS": "nan"},
        "CORE_DEADLINE_SECONDS is nan; it must be from 1 to 25.",
    ),
    "an unknown log format": (
        {"LOG_FORMAT": "xml"},
        "LOG_FORMAT must be one of json, text, not 'xml'.",
    ),
    "an unknown log level": ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of DEBUG, INFO,"),
    "an unknown zone": (
        {"TIME_ZONE": "Mars/Olympus"},
        "TIME_ZONE must be a zone such as Europe/London, not 'Mars/Olympus'.",
    ),
    "certificates that are not there": (
        {"CORE_CA_FILE": "/nowhere/ca.pem"},
        "CORE_CA_FILE names /nowhere/ca.pem, which holds no certificates that can be read",
    ),
    "certificates that are none": (
        {"CORE_CA_FILE": "/dev/null"},
        "CORE_CA_FILE names /dev/null, which holds no certificates that can be read",
    ),
    "a proxy without a scheme": (
        {"CORE_PROXY_URL": f"u:{SECRET}@proxy:3128"},
        "CORE_PROXY_URL must look like http://proxy.example:3128.",
    ),
    "a mail server without a scheme": (
        {"EMAIL_URL": f"u:{SECRET}@mail.example"},
        "EMAIL_URL must look like smtp+tls://",
    ),
    "mail without a sender": (
        {"EMAIL_URL": f"smtp://u:{SECRET}@mail.example"},
        "EMAIL_FROM is not set",
    ),
    "single sign-on without its rest": (
        {"OIDC_SERVER_URL": "https://id.example"},
        "OIDC_CLIENT_ID is not set",
    ),
    "single sign-on in clear": (
        {
            "OIDC_SERVER_URL": "http://id.example",
            "OIDC_CLIENT_ID": "a",
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_ROLE_MAP": "{}",
        },
        "OIDC_SERVER_URL must be an https address",
    ),
    "single sign-on with an unknown role": (
        {
            "OIDC_SERVER_URL": "https://id.example",
            "OIDC_CLIENT_ID": "a",
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_ROLE_MAP": '{"g": "King"}',
        },
        "OIDC_ROLE_MAP names King, which is no role.",
    ),
    "a ticket pattern that is none": (
        {"TICKET_PATTERN": "(", "TICKET_URL": "https://t.example/{ticket}"},
        "TICKET_PATTERN",
    ),
}


@dataclass(frozen=True)
class Nursery:
    asks: IO[str]
    answers: IO[str]

    def run(
        self, *command: str, environment: dict[str, str], path: Path | None = None
    ) -> tuple[int, str]:
        """Exit status, and what was said."""
        asked = {
            "command": command,
            "environment": environment,
            "path": [str(path)] if path else [],
        }
        self.asks.write(json.dumps(asked) + "\n")
        self.asks.flush()
        status, said = json.loads(self.answers.readline())
        return status, said


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    with process:
        yield Nursery(process.stdin, process.stdout)


def assert_refused(answer: tuple[int, str], sentence: str) -> None:
    status, said = answer
    assert status == 1
    assert sentence in said
    assert "Traceback" not in said
    assert SECRET not in said


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("way", ["wsgi", "manage.py"])
def test_a_wrong_setting_is_refused_in_one_sentence(
    nursery: Nursery, ready: dict[str, str], name: str, way: str
) -> None:
    changes, sentence = WRONG[name]
    command = ("wsgi",) if way == "wsgi" else ("manage.py", "check")
    answer = nursery.run(*command, environment=ready | changes)
    assert_refused(answer, sentence)
    lines = [line for line in answer[1].splitlines() if line]
    # Django's own checks head theirs with two lines and end with one.
    assert len(lines) == (4 if lines[0].startswith("SystemCheckError") else 1)


def test_all_is_well_with_the_right_settings(nursery: Nursery, ready: dict[str, str]) -> None:
    assert nursery.run("wsgi", environment=ready) == (0, "")
    assert nursery.run(
        "manage.py", "check", "--deploy", "--fail-level", "WARNING", environment=ready
    ) == (0, "System check identified no issues (0 silenced).\n")


@pytest.mark.parametrize("way", ["wsgi", "manage.py"])
def test_an_old_part_is_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path, way: str
) -> None:
    (tmp_path / "urllib3-1.26.0.dist-info").mkdir()
    (tmp_path / "urllib3-1.26.0.dist-info/METADATA").write_text("Name: urllib3\nVersion: 1.26.0\n")
    command = ("wsgi",) if way == "wsgi" else ("manage.py", "check")
    answer = nursery.run(*command, environment=ready, path=tmp_path)
    assert_refused(answer, "urllib3 1.26.0 is installed; 2.8 or newer is needed.")


@pytest.mark.parametrize("way", ["wsgi", "manage.py"])
def test_one_transaction_a_request_is_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path, way: str
) -> None:
    (tmp_path / "hasty.py").write_text(
        "from adminpanel.settings import *\nDATABASES['default']['ATOMIC_REQUESTS'] = True\n"
    )
    command = ("wsgi",) if way == "wsgi" else ("manage.py", "check")
    answer = nursery.run(
        *command, environment=ready | {"DJANGO_SETTINGS_MODULE": "hasty"}, path=tmp_path
    )
    assert_refused(answer, "ATOMIC_REQUESTS must be off for the database default")


# --- The database: what mends it must run, so the panel and `check --deploy` refuse ----------


@pytest.mark.parametrize("command", [("wsgi",), ("manage.py", "check", "--deploy")])
def test_missing_migrations_are_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    empty = {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"}
    answer = nursery.run(*command, environment=ready | empty)
    assert_refused(answer, "migrations: run `manage.py migrate` first.")


@pytest.mark.parametrize("command", [("wsgi",), ("manage.py", "check", "--deploy")])
def test_a_ledger_that_can_be_altered_is_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "panel.sqlite3"
    shutil.copy(ready["DATABASE_URL"].removeprefix("sqlite:///"), file)
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TRIGGER pools_entry_no_delete")
    altered = {"DATABASE_URL": f"sqlite:///{file}"}
    answer = nursery.run(*command, environment=ready | altered)
    assert_refused(answer, "the database lacks pools_entry_no_delete, or has it switched off;")


def test_a_folder_that_is_not_there_is_refused(nursery: Nursery, ready: dict[str, str]) -> None:
    nowhere = {"DATABASE_URL": "sqlite:////nowhere/panel.sqlite3"}
    answer = nursery.run("wsgi", environment=ready | nowhere)
    assert_refused(answer, "The folder /nowhere does not exist: make it, or change DATABASE_URL.")


def test_a_server_that_does_not_answer_is_refused(nursery: Nursery, ready: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = {"DATABASE_URL": f"postgres://u:{SECRET}@127.0.0.1:{port}/panel"}
    answer = nursery.run("wsgi", environment=ready | gone)
    assert_refused(answer, "The database cannot be used: connection failed")


def test_migrate_says_in_a_sentence_that_there_is_no_database(
    nursery: Nursery, ready: dict[str, str]
) -> None:
    nowhere = {"DATABASE_URL": "sqlite:////nowhere/panel.sqlite3"}
    status, said = nursery.run("manage.py", "migrate", environment=ready | nowhere)
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith("The panel does not start: The database cannot be used: unable to open")


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root needs setpriv to be refused"
)
def test_a_folder_that_cannot_be_written_is_refused(ready: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(ready["DATABASE_URL"].removeprefix("sqlite:///"), tmp_path / "panel.sqlite3")
    tmp_path.chmod(0o500)
    as_others = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    refused = subprocess.run(
        [*as_others, sys.executable, "-c", "import adminpanel.wsgi"],
        cwd=ROOT,
        env=ready | {"DATABASE_URL": f"sqlite:///{tmp_path}/panel.sqlite3"},
        capture_output=True,
        text=True,
        check=False,
    )
    tmp_path.chmod(0o700)
    assert (refused.returncode, refused.stderr) == (
        1,
        (
            f"The panel does not start: {tmp_path} cannot be written by the user that the panel "
            "runs as: give it to it.\n"
        ),
    )


@pytest.mark.skipif(sqlite_journal() == "WAL", reason="this SQLite is safe in WAL mode")
def test_a_mode_in_which_a_commit_can_be_lost_is_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "panel.sqlite3"
    shutil.copy(ready["DATABASE_URL"].removeprefix("sqlite:///"), file)
    other = sqlite3.connect(file)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("SELECT * FROM django_migrations").fetchone()
    answer = nursery.run("wsgi", environment=ready | {"DATABASE_URL": f"sqlite:///{file}"})
    other.close()
    assert_refused(answer, "database is locked. End what else has it open.")


def test_missing_static_files_are_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path
) -> None:
    answer = nursery.run("wsgi", environment=ready | {"STATIC_ROOT": str(tmp_path)})
    assert_refused(
        answer,
        f"There are no static files in {tmp_path}: run `manage.py collectstatic --no-input` first.",
    )


# --- What gunicorn itself reads ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("WEB_BIND", "WEB_BIND must be an address and a port, such as 127.0.0.1:8000, not 'many'."),
        ("WEB_WORKERS", "WEB_WORKERS is not a number: 'many'."),
        ("TOKEN_KEYS", "TOKEN_KEYS: the key many is not base64 of 32 bytes."),
    ],
)
def test_gunicorn_ends_with_the_sentence(ready: dict[str, str], name: str, sentence: str) -> None:
    command = [sys.executable, "-m", "gunicorn", "--config", "adminpanel/gunicorn_conf.py"]
    refused = subprocess.run(
        [*command, "adminpanel.wsgi"],
        cwd=ROOT,
        env=ready | {name: "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr.strip() == f"The panel does not start: {sentence}"


# --- PostgreSQL, asked as it is ---------------------------------------------------------------


@pytest.fixture
def on_postgresql(ready: dict[str, str], transactional_db: None) -> Iterator[dict[str, str]]:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    yield ready | {"DATABASE_URL": database_url()}
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" RESET ALL')
        cursor.execute(f'ALTER ROLE CURRENT_USER IN DATABASE "{name}" RESET ALL')


@pytest.mark.parametrize(
    ("whose", "setting", "sentence"),
    [
        (
            "DATABASE",
            "default_transaction_isolation = 'repeatable read'",
            "default isolation is repeatable read, under which the record cannot be written",
        ),
        (
            "ROLE CURRENT_USER IN DATABASE",
            "default_transaction_isolation = serializable",
            "default isolation is serializable",
        ),
        ("DATABASE", "default_transaction_read_only = on", "The database takes no writes"),
    ],
)
def test_what_the_server_would_do_is_asked(
    nursery: Nursery, on_postgresql: dict[str, str], whose: str, setting: str, sentence: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER {whose} "{connection.settings_dict["NAME"]}" SET {setting}')
    for command in (["wsgi"], ["manage.py", "migrate"], ["manage.py", "tend"]):
        assert_refused(nursery.run(*command, environment=on_postgresql), sentence)


def test_a_postgresql_as_it_should_be_starts(
    nursery: Nursery, on_postgresql: dict[str, str]
) -> None:
    assert nursery.run("wsgi", environment=on_postgresql | {"TOKEN_KEYS": a_key()}) == (0, "")
