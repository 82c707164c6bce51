"""The page for demonstrations, and who may use it."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from sandbox.api import Api
from sandbox.behaviour import Behaviour
from sandbox.control import ControlPage
from sandbox.faults import RunFaults
from sandbox.http_messages import Request
from sandbox.journal import Journal
from sandbox.running import RunningSandbox, running_sandbox
from sandbox.store import Store

from .calls import POOLS, Caller, Reply

PAGE = "/_sandbox/"


def show(core: RunningSandbox, **headers: str) -> Reply:
    """The page as a browser gets it."""
    return Caller(core).send_target("GET", PAGE, None, headers)


def submit(core: RunningSandbox, faults: str, word: str | None = None, **headers: str) -> Reply:
    """Its form, as a browser sends it."""
    found = re.search(rb'name="word" value="([^"]+)"', show(core).body)
    assert found
    fields = {"word": found[1].decode() if word is None else word, "faults": faults}
    sent = {"Content-Type": "application/x-www-form-urlencoded"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return Caller(core).send_target("POST", PAGE, urlencode(fields).encode(), sent)


def test_form_sets_the_faults_of_the_run(core: RunningSandbox, acme: Caller) -> None:
    answer = submit(core, "status=503;only=list", Origin=core.server.url)
    assert (answer.status, answer.headers["Location"]) == (303, PAGE)
    assert acme.list().status == 503
    assert b"<code>status=503;only=list</code>" in show(core).body


def test_form_takes_them_back(core: RunningSandbox, acme: Caller) -> None:
    core.set_fault("status=503")
    submit(core, "")
    assert acme.list().status == 200


def test_unknown_fault_is_said_on_the_page(core: RunningSandbox) -> None:
    answer = submit(core, "<i>nonsense</i>")
    assert answer.status == 422
    assert b"There is no fault &#x27;&lt;i&gt;nonsense&lt;/i&gt;&#x27;." in answer.body
    assert b'value="&lt;i&gt;nonsense&lt;/i&gt;"' in answer.body


@pytest.mark.parametrize(
    ("word", "headers"),
    [
        ("wrong", {}),
        ("", {}),
        (None, {"Origin": "http://elsewhere.example"}),
        (None, {"Origin": "null"}),
        (None, {"Sec_Fetch_Site": "cross-site"}),
        (None, {"Sec_Fetch_Site": "same-site"}),
    ],
)
def test_form_from_elsewhere_is_refused(
    core: RunningSandbox, acme: Caller, word: str | None, headers: dict[str, str]
) -> None:
    assert submit(core, "status=503", word, **headers).status == 403
    assert acme.list().status == 200


def test_page_under_another_name_is_refused(core: RunningSandbox) -> None:
    assert show(core, Host="rebound.example").status == 403


def test_page_cannot_be_framed_and_runs_no_script(core: RunningSandbox) -> None:
    headers = show(core).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def test_page_shows_requests_escaped_and_without_credentials(
    core: RunningSandbox, acme: Caller
) -> None:
    acme.send_target("GET", f"{POOLS}?x=<script>", None, {"X-Request-ID": "<id>"})
    body = show(core).body.decode()
    assert f"<td>{POOLS}?x=&lt;script&gt;<td>200<td>&lt;id&gt;</tr>" in body
    assert core.keys["acme"]["full"] not in body


def test_page_is_no_part_of_the_journal(core: RunningSandbox) -> None:
    show(core)
    assert core.journal == []


@pytest.mark.parametrize(
    ("method", "target", "status"), [("GET", "/_sandbox/x", 404), ("PUT", PAGE, 405)]
)
def test_nothing_else_is_there(core: RunningSandbox, method: str, target: str, status: int) -> None:
    assert Caller(core).send_target(method, target).status == status


@pytest.fixture
def page() -> Iterator[ControlPage]:
    """A page without a server."""
    store = Store()
    yield ControlPage(Api(store, Journal(), Behaviour(), ""), RunFaults())
    store.close()


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:9100", 200), ("localhost", 200), ("[::1]:1", 200), ("", 403), ("10.0.0.1", 403)],
)
def test_page_answers_under_loopback_names_alone(page: ControlPage, host: str, status: int) -> None:
    assert page.answer(Request("GET", PAGE, (("Host", host),))).status == status


def test_faults_of_the_run_do_not_touch_the_page() -> None:
    with running_sandbox(fault="reset=before") as core:
        assert show(core).status == 200
