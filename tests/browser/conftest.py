"""A real browser before the real demo: gunicorn, the sandbox Core, and what make demo seeds."""

import fcntl
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError

import adminpanel.demo
from tests.browser import quick_demo
from tests.fixtures.workers import BROWSER

ROOT = Path(__file__).resolve().parent.parent.parent
# Playwright leaves an event loop running in the process; Django would take every later
# test there for asynchronous code and refuse it the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "pools-demo"
# Chromium logs a page that comes back with 4xx or 5xx as an error, though it is an answer; htmx a
# request that was given up for a later one.
NO_COMPLAINT = re.compile("the server responded with a status of|^htmx:(afterRequest|sendAbort), ")
Fault = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(BROWSER):
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Demo:
    """Where the panel is, the page that switches the sandbox Core's faults, and the panel's
    database where that is a file.
    """

    url: str
    control_url: str
    database: Path


@pytest.fixture(scope="session")
def static_files(of_run: Path) -> Path:
    """Collected once for all workers of a run, which takes seconds.

    The compiled templates are beside the folder.
    """
    folder = of_run / "collected"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        making = adminpanel.demo.Demo(folder, quick_demo.environment(folder))
        adminpanel.demo.collect_static_files(making)
    return folder / "static"


@contextmanager
def running_demo(folder: Path, database: str = "") -> Iterator[Demo]:
    """The demo on ports of its own, with its data in this folder; `database`: or in this one."""
    environment = os.environ | {
        "PANEL_PORT": "0",
        "SANDBOX_PORT": "0",
        "DEMO_DIR": str(folder),
        "DEMO_DATABASE_URL": database,
        "CORE_DEADLINE_SECONDS": "5",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.quick_demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if control := re.search(r"http://\S+/_sandbox/", line):
            break
    else:
        raise RuntimeError(f"the demo did not start:\n{said}")
    panel = re.search(r"The panel is ready: (\S+)", said)
    assert panel
    try:
        yield Demo(panel.group(1), control.group(0), folder / "panel.sqlite3")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


@pytest.fixture(scope="session")
def demo(
    tmp_path_factory: pytest.TempPathFactory,
    demo_database: str,
    as_migrated: Path,
    static_files: Path,
) -> Iterator[Demo]:
    """The demo, for the length of the run: where a worker has migrated a database, on a copy."""
    folder = tmp_path_factory.mktemp("demo")
    for made in (static_files, Path(f"{static_files}-templates")):
        shutil.copytree(made, folder / made.name)
    if not demo_database and as_migrated.exists():
        shutil.copy(as_migrated, folder / "panel.sqlite3")
    with running_demo(folder, demo_database) as demo:
        yield demo


@pytest.fixture(scope="session")
def demo_database() -> Iterator[str]:
    """A database beside the tests' own where they run on PostgreSQL; else nothing: SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield ""
        return
    name = f"panel_browser_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"{url.rsplit('/', 1)[0]}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    # Pages of one context share a process, which is made in a tenth of a second.
    quiet += ["--renderer-process-limit=1"]
    return browser_type_launch_args | {
        "executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        "args": [*quiet, "--disable-sync", "--no-first-run"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], demo: Demo) -> dict[str, Any]:
    return browser_context_args | {
        "base_url": demo.url,
        "viewport": {"width": 1440, "height": 900},
    }


@pytest.fixture(scope="session")
def kept_context(
    browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[BrowserContext]:
    context = browser.new_context(**browser_context_args)
    # The process of its pages ends with the last of them: an empty one stays.
    context.new_page()
    yield context
    context.close()


@pytest.fixture
def context(kept_context: BrowserContext) -> Iterator[BrowserContext]:
    """A browser that knows nobody. Its process and its cache of files outlive a test."""
    yield kept_context
    for page in kept_context.pages[1:]:
        page.close()
    kept_context.clear_cookies()
    kept_context.clear_permissions()


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """What the browser complains about (refused scripts and styles, errors): nothing."""
    with no_complaints(context) as found:
        yield found


@contextmanager
def no_complaints(context: BrowserContext) -> Iterator[list[str]]:
    found: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            found.append(message.text)

    def failed(error: WebError) -> None:
        found.append(str(error.error))

    context.on("console", said)
    context.on("weberror", failed)
    yield found
    context.remove_listener("console", said)
    context.remove_listener("weberror", failed)
    assert [text for text in found if not NO_COMPLAINT.search(text)] == []


@pytest.fixture(scope="session")
def word_of_control(demo: Demo) -> str:
    """Which the form has that switches faults, for as long as the sandbox runs."""
    with urlopen(demo.control_url) as page:
        word = re.search(r'name="word" value="([^"]+)"', page.read().decode())
    assert word
    return word[1]


@pytest.fixture
def core_fault(demo: Demo, word_of_control: str) -> Iterator[Fault]:
    """Switches a fault of the sandbox Core on, for the length of the test."""
    on = ""

    def switch(faults: str) -> None:
        nonlocal on
        # As its form does, which test_whole_job.py fills in.
        address = urlsplit(demo.control_url)
        connection = http.client.HTTPConnection(address.netloc)
        with closing(connection):
            body = urlencode({"word": word_of_control, "faults": faults})
            connection.request("POST", address.path, body)
            answer = connection.getresponse()
            assert answer.status == 303, answer.read()
        on = faults

    yield switch
    if on:
        switch("")


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("User name or e-mail").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


# Who has signed in already, by address and name: the cookies that signing in set, and since when.
_sessions: dict[tuple[str, str], list[tuple[dict[str, Any], float]]] = defaultdict(list)
SIGNED_IN = ("session", "csrf", "device")
# Well within the time after which the password is asked for again.
SESSION_SECONDS = 300


@contextmanager
def let_in(context: BrowserContext, url: str, name: str) -> Iterator[None]:
    """Lets somebody in without showing the sign-in page: other tests look at that one.

    With the session that an earlier test has left, where it is as it was.
    """
    kept = _sessions[url, name]
    cookies, since = kept.pop() if kept else ({}, 0.0)
    if cookies and time.monotonic() - since < SESSION_SECONDS:
        context.add_cookies([*cookies.values()])
    else:
        since = time.monotonic()
        form = context.request.get("/accounts/login/").text()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token
        fields = {"csrfmiddlewaretoken": token[1], "login": name, "password": PASSWORD}
        answer = context.request.post("/accounts/login/", form=fields, max_redirects=0)
        assert answer.status == 302, answer.text()
        cookies = cookies_of(context)
    yield
    left = cookies_of(context)
    if all(name in left and left[name]["value"] == cookies[name]["value"] for name in cookies):
        kept.append((left, since))


def cookies_of(context: BrowserContext) -> dict[str, Any]:
    return {each["name"]: each for each in context.cookies() if each["name"] in SIGNED_IN}


@pytest.fixture
def manager(
    context: BrowserContext, page: Page, demo: Demo, complaints: list[str]
) -> Iterator[Page]:
    """A manager at work, with JavaScript."""
    with let_in(context, demo.url, "manager"):
        yield page


@pytest.fixture
def clocked(browser: Browser, browser_context_args: dict[str, Any], demo: Demo) -> Iterator[Page]:
    """A manager at work, with a clock that the test moves. A context keeps it to its end."""
    context = browser.new_context(**browser_context_args)
    context.clock.install()
    with no_complaints(context), let_in(context, demo.url, "manager"):
        yield context.new_page()
    context.close()


@pytest.fixture
def admin(context: BrowserContext, page: Page, demo: Demo, complaints: list[str]) -> Iterator[Page]:
    """An administrator at work, with JavaScript."""
    with let_in(context, demo.url, "admin"):
        yield page


@pytest.fixture
def plain(browser: Browser, browser_context_args: dict[str, Any], demo: Demo) -> Iterator[Page]:
    """A manager at work, with JavaScript off."""
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    with let_in(context, demo.url, "manager"):
        yield context.new_page()
    context.close()
