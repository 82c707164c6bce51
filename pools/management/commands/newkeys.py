"""Makes what a new panel keeps secret. Runs before anything is configured: see manage.py."""

import base64
import os
import secrets
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from adminpanel.environment import KEY_ID

# Letters, digits and .,:/+=_- alone: read the same by docker, compose, systemd and a shell.
SETTINGS: Final = """\
# The panel's settings, made on {day}. Anyone who reads this file can decrypt every stored token:
# let only the panel's user read it, and keep a copy apart from the database's backups.

# --- Made for you ---------------------------------------------------------------------------
# Signs sessions and forms. If you lose it, everyone has to sign in again.
SECRET_KEY={secret_key}
# Encrypts people's Patchworks tokens. If you lose it, everyone has to add theirs again.
# Put a newer key in front, with a comma in between.
TOKEN_KEYS={token_keys}
# Seals the record of changes. If you lose it, the record can no longer be checked.
AUDIT_KEYS={audit_keys}
# Signs checkpoints of the record, for whoever verifies it without the key above. If you lose it,
# put a new one in its place: what it signed can still be verified.
SIGNING_KEYS={signing_keys}

# --- To fill in: without these the panel does not start ---------------------------------------
# The host name that people type, without https:// and port. Separate several with commas.
ALLOWED_HOSTS={host}
# postgres://user:password@host/name, postgres:////run/postgresql/name for the server on the
# same host without a password, or sqlite:////var/lib/pools-panel/panel.sqlite3.
DATABASE_URL={database}

# --- To check ---------------------------------------------------------------------------------
# How many of your proxies are in front, each adding to X-Forwarded-For. One speaks HTTPS.
TRUSTED_PROXY_COUNT=1
# The time zone of the times shown, such as Europe/London.
TIME_ZONE=UTC
"""

# Beside the files of secrets: compose.yaml sets what follows from its own services.
SETTINGS_FOR_COMPOSE: Final = """\
# The panel's settings for compose.yaml, made on {day}. docs/configuration.md lists all there are.

# --- To fill in: without it the panel does not start ------------------------------------------
# The host name that people type, without https:// and port.
ALLOWED_HOSTS={host}

# --- To check ---------------------------------------------------------------------------------
# The first administrator. The first password is in the file admin_password.
PANEL_ADMIN_NAME=admin
# The time zone of the times shown, such as Europe/London.
TIME_ZONE=UTC
"""


class Command(BaseCommand):
    """Exit 0: printed, or every file written. Exit 1: nothing was written, and why."""

    help = (
        "Prints settings for a new panel, with fresh keys, as an environment file. "
        "With --key-id, prints one fresh key alone, for TOKEN_KEYS, AUDIT_KEYS or SIGNING_KEYS. "
        "With --secrets, writes each secret as a file for compose.yaml, and prints the rest."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="", help="the host name that people will type")
        parser.add_argument("--database", default="", metavar="URL", help="the database to use")
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--key-id", metavar="ID", help="the new key's id (a-z, 0-9, -)")
        either.add_argument(
            "--secrets",
            dest="folder",
            type=Path,
            metavar="DIR",
            help="write one file a secret into DIR, readable by you alone; none is overwritten",
        )

    def handle(
        self,
        *,
        host: str,
        database: str,
        folder: Path | None,
        key_id: str | None = None,
        **options: Any,
    ) -> None:
        if key_id is not None:
            if not KEY_ID.fullmatch(key_id):
                raise CommandError("A key's id must be 1 to 32 characters of a-z, 0-9 and -.")
            self.stdout.write(f"{key_id}:{_key()}")
            return
        today = datetime.now(UTC).date().isoformat()
        keys = new_keys(today)
        if folder is None:
            self.stdout.write(
                SETTINGS.format(day=today, host=host, database=database, **keys), ending=""
            )
            return
        made = {**keys, **new_passwords()}
        try:
            write_secrets(folder, made)
        except FileExistsError as error:
            raise CommandError(
                f"{error.filename} already exists, so nothing was written: what is encrypted "
                "with old keys can't be read with new ones. Name an empty folder."
            ) from None
        except OSError as error:
            raise CommandError(
                f"{error.filename} cannot be written: {error.strerror}. "
                "Name a folder that you can write to."
            ) from None
        self.stdout.write(SETTINGS_FOR_COMPOSE.format(day=today, host=host), ending="")
        self.stderr.write(f"Wrote these files to {folder}: {', '.join(sorted(made))}.")


def new_keys(day: str) -> dict[str, str]:
    """The four secrets of every panel; the keys' ids say when they were made."""
    return {
        "secret_key": secrets.token_urlsafe(50),
        "token_keys": f"{day}:{_key()}",
        "audit_keys": f"{day}:{_key()}",
        "signing_keys": f"{day}:{_key()}",
    }


def new_passwords() -> dict[str, str]:
    """What compose.yaml needs besides: the passwords of two database roles, and of a person."""
    owner, panel = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    return {
        "owner_password": owner,
        "owner_url": f"postgres://owner:{owner}@database/panel",
        "panel_password": panel,
        "panel_url": f"postgres://panel:{panel}@database/panel",
        "admin_password": secrets.token_urlsafe(12),
    }


def write_secrets(folder: Path, contents: Mapping[str, str]) -> None:
    """All of them, or none where one is there already. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in contents:
        if os.path.lexists(folder / name):
            raise FileExistsError(0, "is there already", str(folder / name))
    for name, content in contents.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{content}\n")


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
