"""What is missing or malformed: no start, and one sentence that says what to do."""

import os
import runpy
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings

from adminpanel.checks import reasons_not_to_start
from adminpanel.database import sqlite_journal
from pools.ledger.signed_notes import COSIGNATURE, public_key
from tests.fixtures.nursery import Ended, Nursery
from tests.fixtures.panel_process import database_url
from tests.fixtures.sampling import every, paired
from tests.fixtures.signing import OTHER
from tests.house.conftest import ROOT, a_key
from tests.house.processes import ALL_IS_WELL

# What the checks look at, beside the parts and the database.
CHECKED: Final = (
    "ALLOWED_HOSTS",
    "CHECKPOINT_FILE",
    "CORE_LIMITS",
    "DEBUG",
    "SETTLE_READS_APART_SECONDS",
    "SIGNING_KEYS",
    "SINGLE_SIGN_ON",
    "WITNESS_KEYS",
)
SECRET: Final = "hush-hush"
KEY: Final = "A" * 43 + "="
WRONG: Final = {
    "no SECRET_KEY": (
        {"SECRET_KEY": ""},
        "SECRET_KEY is not set. Run `manage.py newkeys` to make one.",
    ),
    "a short SECRET_KEY": (
        {"SECRET_KEY": SECRET},
        "SECRET_KEY must be at least 50 random characters. Run `manage.py newkeys` to make one.",
    ),
    "a dull SECRET_KEY": (
        {"SECRET_KEY": "a" * 60},
        "SECRET_KEY must be at least 50 random characters. Run `manage.py newkeys` to make one.",
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
        "ALLOWED_HOSTS is not set. Name the host that people type, such as panel.example.com.",
    ),
    "any host": (
        {"ALLOWED_HOSTS": "*"},
        (
            "ALLOWED_HOSTS must list exact host names, such as panel.example.com, separated by "
            "commas: '*' is not one."
        ),
    ),
    "a host with a scheme": (
        {"ALLOWED_HOSTS": "https://panel.example"},
        "ALLOWED_HOSTS must list exact host names",
    ),
    "a host with a port": (
        {"ALLOWED_HOSTS": "panel.example:8000"},
        "ALLOWED_HOSTS must list exact host names",
    ),
    "every host below one": (
        {"ALLOWED_HOSTS": ".panel.example"},
        "ALLOWED_HOSTS must list exact host names",
    ),
    "an empty host": (
        {"ALLOWED_HOSTS": "panel.example,"},
        "ALLOWED_HOSTS has an empty item: check its commas.",
    ),
    "no DATABASE_URL": (
        {"DATABASE_URL": ""},
        "DATABASE_URL is not set. For example sqlite:////data/panel.sqlite3.",
    ),
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
        "This one names a database that is not stored.",
    ),
    "a database in memory": (
        {"DATABASE_URL": "sqlite://:memory:"},
        "This one names a database that is not stored.",
    ),
    "no TOKEN_KEYS": (
        {"TOKEN_KEYS": ""},
        "TOKEN_KEYS is not set. Run `manage.py newkeys` to make some.",
    ),
    "a short key in SIGNING_KEYS": (
        {"SIGNING_KEYS": "one:c2hvcnQ="},
        "SIGNING_KEYS: key one is not 32 bytes in base64.",
    ),
    "a LEDGER_ORIGIN that is no name of a key": (
        {"LEDGER_ORIGIN": "panel.example.com/a+b"},
        (
            "LEDGER_ORIGIN must be a name such as panel.example.com/ledger, without spaces and +, "
            "not 'panel.example.com/a+b'."
        ),
    ),
    "a CHECKPOINT_URL without TLS": (
        {"CHECKPOINT_URL": "http://witness.example.com/"},
        (
            "CHECKPOINT_URL must be an address such as https://witness.example.com/checkpoints, "
            "without a user and without #."
        ),
    ),
    "a CHECKPOINT_FILE where nothing is signed": (
        {"CHECKPOINT_FILE": "checkpoints"},
        "CHECKPOINT_FILE is set, but SIGNING_KEYS is not: there is no signed checkpoint to copy. ",
    ),
    "a panel's key in WITNESS_KEYS": (
        {"WITNESS_KEYS": str(public_key(OTHER, "panel.example.com/ledger"))},
        "WITNESS_KEYS has something that is no public key of a witness. Take what ",
    ),
    "half a key in WITNESS_KEYS": (
        {"WITNESS_KEYS": str(public_key(OTHER, "witness.example.com/w1", COSIGNATURE))[:-9]},
        "WITNESS_KEYS has something that is no public key of a witness. Take what ",
    ),
    "no AUDIT_KEYS": (
        {"AUDIT_KEYS": ""},
        "AUDIT_KEYS is not set. Run `manage.py newkeys` to make some.",
    ),
    "a key without an id": (
        {"TOKEN_KEYS": KEY},
        (
            "TOKEN_KEYS has a key without a valid id "
            "(1 to 32 characters of a-z, 0-9 and -, then a colon)."
        ),
    ),
    "a key with an odd id": (
        {"TOKEN_KEYS": f"One!:{KEY}"},
        (
            "TOKEN_KEYS has a key without a valid id "
            "(1 to 32 characters of a-z, 0-9 and -, then a colon)."
        ),
    ),
    "a short key": (
        {"TOKEN_KEYS": f"one:{KEY[:20]}"},
        "TOKEN_KEYS: key one is not 32 bytes in base64.",
    ),
    "a key that is no base64": (
        {"AUDIT_KEYS": f"one:{SECRET}!"},
        "AUDIT_KEYS: key one is not 32 bytes in base64.",
    ),
    "a key id twice": (
        {"AUDIT_KEYS": f"one:{KEY},one:{KEY}"},
        "AUDIT_KEYS has two keys with the same id.",
    ),
    "a comma too many": (
        {"AUDIT_KEYS": f"one:{KEY},"},
        "AUDIT_KEYS has an empty item: check its commas.",
    ),
    "HTTPS misspelt": ({"HTTPS": "ture"}, "HTTPS must be true or false, not 'ture'."),
    "DEBUG misspelt": ({"DEBUG": "maybe"}, "DEBUG must be true or false, not 'maybe'."),
    "DEBUG beyond loopback": (
        {"DEBUG": "true"},
        (
            "DEBUG shows secrets to visitors. Turn it off, or let ALLOWED_HOSTS name only "
            "loopback hosts."
        ),
    ),
    "a public address without a scheme": (
        {"PUBLIC_URL": "panel.example"},
        (
            "PUBLIC_URL must be a scheme and a host, such as https://panel.example.com, not "
            "'panel.example'."
        ),
    ),
    "a public address with a path": (
        {"PUBLIC_URL": "https://panel.example/panel"},
        (
            "PUBLIC_URL must be a scheme and a host, such as https://panel.example.com, not "
            "'https://panel.example/panel'."
        ),
    ),
    "a public address in clear": (
        {"PUBLIC_URL": "http://panel.example"},
        "PUBLIC_URL must start with https://, as HTTPS is true.",
    ),
    "a public address over HTTPS, without it": (
        {"PUBLIC_URL": "https://panel.example", "HTTPS": "false"},
        "PUBLIC_URL must start with http://, as HTTPS is false.",
    ),
    "a number of proxies in words": (
        {"TRUSTED_PROXY_COUNT": "one"},
        "TRUSTED_PROXY_COUNT must be a whole number from 0 to 10, not 'one'.",
    ),
    "too few threads": (
        {"WEB_THREADS": "2"},
        "WEB_THREADS must be a whole number from 3 to 128, not '2'.",
    ),
    "a deadline beyond the stop": (
        {"CORE_DEADLINE_SECONDS": "31"},
        "CORE_DEADLINE_SECONDS must be a number from 1 to 25, not '31'.",
    ),
    "a deadline that is no number": (
        {"CORE_DEADLINE_SECONDS": "nan"},
        "CORE_DEADLINE_SECONDS must be a number from 1 to 25, not 'nan'.",
    ),
    "checking again that outlasts a stop": (
        {"CORE_DEADLINE_SECONDS": "15", "SETTLE_READS_APART_SECONDS": "14.5"},
        (
            "CORE_DEADLINE_SECONDS and SETTLE_READS_APART_SECONDS together must be below 29.5, so "
            "that *Check again* is answered within gunicorn's graceful timeout."
        ),
    ),
    "a quiet time no longer than a change": (
        {"CORE_DEADLINE_SECONDS": "15", "SETTLE_QUIET_SECONDS": "15"},
        "SETTLE_QUIET_SECONDS must be a number from 16 to 3600, not '15'.",
    ),
    "an unknown log format": (
        {"LOG_FORMAT": "xml"},
        "LOG_FORMAT must be one of json, text, not 'xml'.",
    ),
    "an unknown log level": ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of DEBUG, INFO,"),
    "an unknown zone": (
        {"TIME_ZONE": "Mars/Olympus"},
        "TIME_ZONE must be a time zone such as Europe/London, not 'Mars/Olympus'.",
    ),
    "certificates that are not there": (
        {"CORE_CA_FILE": "/nowhere/ca.pem"},
        "CORE_CA_FILE names /nowhere/ca.pem, but no certificates can be read from it",
    ),
    "certificates that are none": (
        {"CORE_CA_FILE": "/dev/null"},
        "CORE_CA_FILE names /dev/null, but no certificates can be read from it",
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
        "EMAIL_FROM is not set. EMAIL_URL needs an address for mails to come from.",
    ),
    "single sign-on without its rest": (
        {"OIDC_SERVER_URL": "https://id.example"},
        "OIDC_CLIENT_ID is not set. Single sign-on (OIDC_SERVER_URL) needs it.",
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
        "OIDC_ROLE_MAP names King, which isn't a role.",
    ),
    "a ticket pattern that is none": (
        {"TICKET_PATTERN": "(", "TICKET_URL": "https://t.example/{ticket}"},
        "TICKET_PATTERN",
    ),
}


def assert_refused(answer: Ended, sentence: str) -> None:
    said = answer.stdout + answer.stderr
    assert answer.returncode == 1
    assert sentence in said
    assert "Traceback" not in said
    assert SECRET not in said


def reasons_against(environment: dict[str, str]) -> str:
    """What a panel with this environment would say when it is started; "" if it would start."""
    with patch.dict(os.environ, environment, clear=True):
        try:
            found = runpy.run_path(str(ROOT / "adminpanel/settings.py"))
        except ImproperlyConfigured as error:
            return str(error)
    with override_settings(**{name: found[name] for name in CHECKED}):
        return " ".join(reasons_not_to_start())


def test_nothing_is_said_against_the_right_settings(ready: dict[str, str]) -> None:
    assert reasons_against(ready) == ""


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_refused_in_one_sentence(ready: dict[str, str], name: str) -> None:
    changes, sentence = WRONG[name]
    said = reasons_against(ready | changes)
    assert sentence in said
    assert SECRET not in said
    assert "\n" not in said


# What the settings refuse, with a secret in it; what the checks refuse.
@pytest.mark.parametrize(
    ("name", "way"),
    paired(["a database of another make", "DEBUG beyond loopback"], ["wsgi", "manage.py"]),
)
def test_whichever_way_it_is_started_it_ends_with_the_sentence_alone(
    nursery: Nursery, ready: dict[str, str], name: str, way: str
) -> None:
    changes, sentence = WRONG[name]
    command = ("wsgi",) if way == "wsgi" else ("manage.py", "check")
    answer = nursery.run(*command, environment=ready | changes)
    assert_refused(answer, sentence)
    lines = [line for line in answer.stderr.splitlines() if line]
    # Django's own checks head theirs with two lines and end with one.
    assert len(lines) == (4 if lines[0].startswith("SystemCheckError") else 1)


def test_all_is_well_with_the_right_settings(nursery: Nursery, ready: dict[str, str]) -> None:
    check = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert nursery.run("wsgi", environment=ready) == Ended(0, "", "")
    assert nursery.run(*check, environment=ready) == Ended(0, ALL_IS_WELL, "")


@pytest.mark.parametrize("way", every(2, ["wsgi", "manage.py"]))
def test_an_old_part_is_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path, way: str
) -> None:
    (tmp_path / "urllib3-1.26.0.dist-info").mkdir()
    (tmp_path / "urllib3-1.26.0.dist-info/METADATA").write_text("Name: urllib3\nVersion: 1.26.0\n")
    command = ("wsgi",) if way == "wsgi" else ("manage.py", "check")
    answer = nursery.run(*command, environment=ready, path=tmp_path)
    assert_refused(answer, "urllib3 1.26.0 is installed; 2.8 or newer is needed.")


@pytest.mark.parametrize("way", every(2, ["manage.py", "wsgi"]))
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


@pytest.mark.parametrize("command", every(2, [("manage.py", "check", "--deploy"), ("wsgi",)]))
def test_missing_migrations_are_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "empty.sqlite3").touch()
    empty = {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"}
    answer = nursery.run(*command, environment=ready | empty)
    assert_refused(answer, "migrations. Run `manage.py migrate` first.")


@pytest.mark.parametrize("command", every(2, [("wsgi",), ("manage.py", "check", "--deploy")]))
def test_a_ledger_that_can_be_altered_is_refused(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "panel.sqlite3"
    shutil.copy(ready["DATABASE_URL"].removeprefix("sqlite:///"), file)
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TRIGGER pools_entry_no_delete")
    altered = {"DATABASE_URL": f"sqlite:///{file}"}
    answer = nursery.run(*command, environment=ready | altered)
    assert_refused(
        answer, "the database lacks pools_entry_no_delete, or has it switched off or altered."
    )


def test_a_folder_that_is_not_there_is_refused(nursery: Nursery, ready: dict[str, str]) -> None:
    nowhere = {"DATABASE_URL": "sqlite:////nowhere/panel.sqlite3"}
    answer = nursery.run("wsgi", environment=ready | nowhere)
    assert_refused(answer, "The folder /nowhere does not exist. Create it, or change DATABASE_URL.")


@pytest.mark.parametrize("command", [("wsgi",), ("manage.py", "settle")])
def test_a_file_that_is_not_there_is_refused_and_not_made(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "panel.sqlite3"
    answer = nursery.run(*command, environment=ready | {"DATABASE_URL": f"sqlite:///{file}"})
    assert answer.returncode == 1
    assert "run `manage.py migrate`" in answer.stderr.replace("Run", "run")
    assert not file.exists()


def test_a_server_that_does_not_answer_is_refused(nursery: Nursery, ready: dict[str, str]) -> None:
    # Bound and not listening: nobody else can take it meanwhile.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        gone = {"DATABASE_URL": f"postgres://u:{SECRET}@127.0.0.1:{port}/panel"}
        answer = nursery.run("wsgi", environment=ready | gone)
    assert_refused(answer, "The database cannot be used: connection failed")


def test_migrate_says_in_a_sentence_that_there_is_no_folder(
    nursery: Nursery, ready: dict[str, str]
) -> None:
    nowhere = {"DATABASE_URL": "sqlite:////nowhere/panel.sqlite3"}
    refused = nursery.run("manage.py", "migrate", environment=ready | nowhere)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    # It said to run `manage.py migrate`.
    assert refused.stderr == (
        "The panel does not start: The folder /nowhere does not exist. Create it, or change "
        "DATABASE_URL.\n"
    )


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
            "The panel does not start: The user that the panel runs as cannot write to "
            f"{tmp_path}. Change its owner or its permissions.\n"
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
    assert_refused(answer, "database is locked. Close every other program that has it open.")


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
        ("WEB_WORKERS", "WEB_WORKERS must be a whole number from 1 to 64, not 'many'."),
        ("TOKEN_KEYS", "TOKEN_KEYS: key many is not 32 bytes in base64."),
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
        ("DATABASE", "default_transaction_read_only = on", "The database is read-only"),
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
    started = nursery.run("wsgi", environment=on_postgresql | {"TOKEN_KEYS": a_key()})
    assert started == Ended(0, "", "")
