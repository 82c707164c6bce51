"""Installs and runs the certified `oidc-provider`; and walks through its pages."""

import fcntl
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests

HERE: Final = Path(__file__).parent
CACHE: Final = HERE.parents[2] / ".cache" / "oidc"
CLIENT_SECRET: Final = "the-secret-of-the-panel-at-the-provider"
CALLBACK: Final = "http://localhost/accounts/oidc/sso/login/callback/"


class CannotRun(Exception):
    """No node or npm here, or the package could not be fetched."""


class RunningProvider:
    """The provider, and what it says of each person: claims by the name they sign in with."""

    def __init__(self, address: str, people_file: Path) -> None:
        self.address = address
        self._file = people_file

    def knows(self, **people: dict[str, Any]) -> None:
        self._file.write_text(json.dumps(people))

    def walk(self, start: str, name: str) -> str:
        """Signs `name` in at the provider, from where the panel sends them; where it leads back."""
        browser = requests.Session()
        browser.trust_env = False
        answer = browser.get(start, allow_redirects=False, timeout=10)
        for _ in range(12):
            if location := answer.headers.get("Location"):
                if location.startswith(CALLBACK):
                    return location
                answer = browser.get(
                    urljoin(answer.url, location),
                    allow_redirects=False,
                    timeout=10,
                )
                continue
            page = answer.text
            form = {"prompt": _prompt(page), "login": name, "password": "any"}
            target = urljoin(answer.url, _action(page))
            answer = browser.post(target, data=form, allow_redirects=False, timeout=10)
        raise AssertionError(f"no way back from {urlsplit(answer.url).path}: {answer.text[:500]}")


@contextmanager
def running_provider(folder: Path) -> Iterator[RunningProvider]:
    """Raises CannotRun. The package is installed once, in `.cache/oidc` of the checkout."""
    node = _install()
    people_file = folder / "people.json"
    people_file.write_text("{}")
    process = subprocess.Popen(
        [node, "provider.mjs", CLIENT_SECRET, str(people_file), CALLBACK],
        cwd=CACHE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        address = process.stdout.readline().strip()
        if not address:
            raise CannotRun("the provider did not start")
        yield RunningProvider(address, people_file)
    finally:
        process.kill()
        process.communicate()


def _install() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise CannotRun("there is no node or npm here")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (HERE / "package.json").read_text()
        done = CACHE / "installed.json"
        if not done.exists() or done.read_text() != wanted:
            (CACHE / "package.json").write_text(wanted)
            _fetch(npm)
            done.write_text(wanted)
        shutil.copy(HERE / "provider.mjs", CACHE)
    return node


def _fetch(npm: str) -> None:
    command = [npm, "install", "--no-package-lock", "--no-fund", "--no-audit", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=CACHE, check=True, capture_output=True, timeout=100)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise CannotRun("oidc-provider could not be installed") from error


def _prompt(page: str) -> str:
    found = re.search(r'name="prompt" value="(\w+)"', page)
    assert found, page[:500]
    return found.group(1)


def _action(page: str) -> str:
    found = re.search(r'<form[^>]*action="([^"]+)"', page)
    assert found, page[:500]
    return found.group(1)
