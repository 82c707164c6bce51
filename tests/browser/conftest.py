"""A real browser before the real demo: gunicorn, the sandbox Core, and what make demo seeds."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "pools-demo"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def panel_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo on ports of its own, for the length of the run."""
    folder = tmp_path_factory.mktemp("demo")
    environment = os.environ | {
        "PANEL_PORT": "0",
        "SANDBOX_PORT": "0",
        "DEMO_DIR": str(folder),
        "DEMO_DATABASE_URL": _database_url(),
        "CORE_DEADLINE_SECONDS": "5",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "adminpanel.demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if ready := re.search(r"The panel is ready: (\S+)", line):
            yield ready.group(1)
            break
    else:
        pytest.fail(f"the demo did not start:\n{said}")
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    process.stdout.close()
    process.wait()


def _database_url() -> str:
    """A fresh database beside the tests' own where they run on PostgreSQL; else nothing."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        return ""
    import psycopg

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"panel_browser_{worker}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{url.rsplit('/', 1)[0]}/{name}"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    return browser_type_launch_args | {
        "executable_path": os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        "args": [*quiet, "--disable-sync", "--no-first-run"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], panel_url: str) -> dict[str, Any]:
    return browser_context_args | {
        "base_url": panel_url,
        "viewport": {"width": 1440, "height": 900},
    }


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """What the browser complains about (refused scripts and styles, errors): nothing."""
    found: list[str] = []
    context.on(
        "console",
        lambda message: (
            found.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    context.on("weberror", lambda error: found.append(str(error.error)))
    yield found
    # A form that comes back with 4xx is an answer, and Chromium logs it as an error.
    assert [text for text in found if "the server responded with a status of 4" not in text] == []


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username or email").or_(page.get_by_label("Login")).fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


@pytest.fixture
def manager(page: Page, complaints: list[str]) -> Page:
    """A manager at work, with JavaScript."""
    sign_in(page, "manager")
    return page


@pytest.fixture
def plain(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A manager at work, with JavaScript off."""
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "manager")
    yield page
    context.close()
