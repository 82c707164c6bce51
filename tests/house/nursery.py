"""Commands of the panel as processes of their own, begun where what takes long is loaded."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[2]
# Runs each command in a fork of itself. None of the panel's settings is read before.
FORKING: Final = """
import gc, json, os, runpy, sys, tempfile
import cryptography.hazmat.primitives.ciphers.aead, cryptography.hazmat.primitives.serialization
import cryptography.x509, django.contrib.admin, django.contrib.auth.hashers, django.views.i18n
import django.template.backends.jinja2, fido2.server, jinja2.ext, jwt
import django.contrib.staticfiles.storage, django.core.management, psycopg
import django.db.backends.sqlite3.base, django.db.migrations.loader, requests, whitenoise.storage
import adminpanel.database, adminpanel.logs, adminpanel.mail, adminpanel.single_sign_on
import pools.core.limits
gc.freeze()
for line in sys.stdin:
    asked = json.loads(line)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        if not (child := os.fork()):
            os.dup2(out.fileno(), 1), os.dup2(err.fileno(), 2)
            os.environ.clear()
            os.environ.update(asked["environment"])
            sys.path[:0] = [os.getcwd(), *asked["path"]]
            if asked["command"][0] == "wsgi":
                import adminpanel.wsgi
            else:
                sys.argv = asked["command"]
                runpy.run_path(sys.argv[0], run_name="__main__")
            sys.exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = [file.seek(0) or file.read() for file in (out, err)]
    print(json.dumps([status, *said]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Nursery:
    asks: IO[str]
    answers: IO[str]

    def run(self, *command: str, environment: dict[str, str], path: Path | None = None) -> Ended:
        """`wsgi`, or `manage.py` and its arguments, with this environment alone."""
        asked = {
            "command": command,
            "environment": environment,
            "path": [str(path)] if path else [],
        }
        self.asks.write(json.dumps(asked) + "\n")
        self.asks.flush()
        return Ended(*json.loads(self.answers.readline()))


@contextmanager
def open_nursery() -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, "-c", FORKING],
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
