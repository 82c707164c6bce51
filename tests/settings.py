"""The panel's own settings, with throwaway keys and a database of its own."""

import base64
import os
import tempfile
from pathlib import Path

_folder = Path(tempfile.gettempdir()) / f"pools-panel-tests-{os.getuid()}"
_folder.mkdir(mode=0o700, exist_ok=True)
(_folder / "static").mkdir(exist_ok=True)
_throwaway = base64.b64encode(os.urandom(32)).decode()

for _name, _value in {
    "SECRET_KEY": base64.b64encode(os.urandom(40)).decode(),
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "DATABASE_URL": f"sqlite:///{_folder}/unused.sqlite3",
    "TOKEN_KEYS": f"first:{_throwaway}",
    "AUDIT_KEYS": f"first:{_throwaway}",
    "STATIC_ROOT": str(_folder / "static"),
    "HTTPS": "false",
    "LOG_LEVEL": "WARNING",
    "CORE_DEADLINE_SECONDS": "3",
    "CORE_CONNECT_TIMEOUT_SECONDS": "1",
    "CORE_READ_TIMEOUT_SECONDS": "2",
}.items():
    os.environ.setdefault(_name, _value)

from adminpanel.settings import *  # noqa: E402, F403
from adminpanel.settings import DATABASES, STORAGES  # noqa: E402

# Argon2 or PBKDF2 at full cost would be most of the run.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads and processes of a test must meet in one database.
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / f"test-{os.getpid()}.sqlite3")}
# Far less than in production: the sandbox applies at once what it is not told to delay.
SETTLE_QUIET_SECONDS = float(os.environ.get("TEST_SETTLE_QUIET_SECONDS", "0.2"))
SETTLE_READS_APART_SECONDS = float(os.environ.get("TEST_SETTLE_READS_APART_SECONDS", "0.05"))
# A list in the thread of its request, which sees what a test has not committed; what is tested of
# several at once sets it.
BATCH_CALLS_AT_ONCE = 1
# A page whole, however busy the machine is; tests/pages/test_waiting.py and the browser's tests
# begin them.
PAGE_PATIENCE_SECONDS = None
