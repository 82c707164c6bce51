"""A person's token through every kind of failure: it comes out nowhere."""

import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail, serializers
from django.core.signals import got_request_exception
from django.db import DatabaseError
from django.test import Client
from django.views.debug import ExceptionReporter

from pools.models import Entry, Token
from pools.tokens import keeping
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn
from tests.fixtures.people import prove
from tests.fixtures.sampling import every
from tests.views.addresses import MATRIX, address_of
from tests.views.changing import NEW, ONE_POOL, check, edit, open_form, revert_of, unknown_edit

# What is looked for is what left the panel, over HTTP and into its log.
pytestmark = pytest.mark.any_database
FAULTS = [
    "status=400", "status=401", "status=403", "status=404", "status=405", "status=409",
    "status=413,empty", "status=422", "status=429", "status=500", "status=502,html",
    "status=503,empty", "redirect", "redirect=301,http://127.0.0.1:9/", "early-hints",
    "reset", "reset=in", "half-close", "cut=20", "cut=300", "long-length", "cut-chunk",
    "gzip-bomb=20", "chained-encodings", "endless-body", "deep-json", "huge-integers", "nan",
    "duplicate-keys", "list-for-object", "text-for-number", "null", "missing", "extra-fields",
    "set-cookie", "apply-then-fail", "do-nothing",
]  # fmt: skip
# Addresses that ask Core nothing, and show nothing of its answers.
WITHOUT_CORE = ("accounts/", "admin/", "people/", "join/", "help/", "healthz", "readyz", "audit/")


class Witness:
    """Everything that a run leaves behind, as text."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog = caplog
        self.tracebacks: list[str] = []

    def note_exception(self, **kwargs: Any) -> None:
        reporter = ExceptionReporter(kwargs.get("request"), *sys.exc_info())
        self.tracebacks += [reporter.get_traceback_text(), reporter.get_traceback_html()]

    def all_of(self, *answers: Any) -> str:
        rows = [*Token.objects.all(), *Entry.objects.all()]
        return "\n".join(
            [
                *(f"{answer.headers}\n{answer.content.decode()}" for answer in answers),
                serializers.serialize("json", rows),
                self.caplog.text,
                *(repr(record.__dict__) for record in self.caplog.records),
                *self.tracebacks,
                *(message.message().as_string() for message in mail.outbox),
            ]
        )


@pytest.fixture
def witness(caplog: pytest.LogCaptureFixture) -> Iterator[Witness]:
    caplog.set_level(logging.DEBUG)
    seen = Witness(caplog)
    got_request_exception.connect(seen.note_exception)
    yield seen
    got_request_exception.disconnect(seen.note_exception)


@pytest.fixture
def careless(manager: Client) -> Client:
    """A client to which the panel's own crash is a page, as it is to a person."""
    manager.raise_request_exception = False
    return manager


@pytest.mark.parametrize("fault", every(2, FAULTS))
def test_reading_under_a_fault(
    careless: Client, core: RunningSandbox, witness: Witness, fault: str
) -> None:
    core.set_fault(fault)
    answers = [careless.get("/c/acme/pools/"), careless.get("/c/acme/pools/3/")]
    assert core.keys["acme"]["full"] not in witness.all_of(*answers)


@pytest.mark.parametrize("fault", every(2, [*FAULTS[1:], FAULTS[0]]))
def test_changing_under_a_fault(
    careless: Client, core: RunningSandbox, witness: Witness, fault: str
) -> None:
    form = open_form(careless, NEW, name="Leaky", limit="1")
    core.set_fault(f"{fault};only=writes")
    answer = careless.post(NEW, form, follow=True)
    assert core.keys["acme"]["full"] not in witness.all_of(answer)


@pytest.mark.parametrize("fault", ["status=401", "status=500,html", "reset", "redirect", "nan"])
def test_adding_under_a_fault(
    sign_in_as: SignIn, core: RunningSandbox, witness: Witness, fault: str
) -> None:
    client = sign_in_as("Manager", token=None)
    client.raise_request_exception = False
    core.set_fault(fault)
    key = core.keys["acme"]["full"]
    answer = client.post("/tokens/add/", {"company": "acme", "kind": "api_key", "token": key})
    assert key not in witness.all_of(answer)


@pytest.mark.parametrize("fault", every(2, FAULTS[::3]))
def test_settling_under_a_fault(
    careless: Client, core: RunningSandbox, witness: Witness, fault: str
) -> None:
    change = unknown_edit(careless, core, ONE_POOL)
    core.set_fault(fault)
    answers = [check(careless, change), careless.get("/c/acme/changes/")]
    assert core.keys["acme"]["full"] not in witness.all_of(*answers)


@pytest.mark.parametrize("fault", every(2, FAULTS[1::6]))
def test_reverting_under_a_fault(
    careless: Client, core: RunningSandbox, witness: Witness, fault: str
) -> None:
    revert = revert_of(edit(careless, ONE_POOL, limit="77"))
    form = open_form(careless, revert)
    core.set_fault(fault)
    answers = [careless.post(revert, form, follow=True), careless.get(revert)]
    assert core.keys["acme"]["full"] not in witness.all_of(*answers)


@pytest.mark.parametrize("fault", ["", "status=401", "status=500", "nan"])
def test_every_address(
    sign_in_as: SignIn, core: RunningSandbox, witness: Witness, fault: str
) -> None:
    """Under a fault those that Core may be asked for, or that show what became of a token."""
    client = sign_in_as("Administrator")
    client.raise_request_exception = False
    prove(client)
    core.set_fault(fault)
    for route in MATRIX:
        alone = route.startswith(WITHOUT_CORE)
        if "logout" in route or (alone and fault):
            continue
        asked = len(core.journal)
        answer = client.get(address_of(route))
        content = getattr(answer, "content", b"").decode()
        assert core.keys["acme"]["full"] not in f"{answer.headers}{content}", route
        assert not alone or len(core.journal) == asked, route
    assert core.keys["acme"]["full"] not in witness.all_of()


CRASHES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the service module": lambda patch: patch.setattr(
        "pools.core.client.CoreClient.list_pools", _raise(RuntimeError)
    ),
    "the database": lambda patch: patch.setattr(
        "pools.changes.drift_on_lists.record_of", _raise(DatabaseError)
    ),
    "a template": lambda patch: patch.setattr("pools.views.pools.show", _raise(ValueError)),
    "opening the token": lambda patch: patch.setattr(
        "pools.tokens.keeping.CoreClient", _raise(TypeError)
    ),
}


def _raise(error: type[Exception]) -> Callable[..., Any]:
    def failing(*args: Any, **kwargs: Any) -> Any:
        raise error("forced")

    return failing


@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_of_the_panel_itself(
    careless: Client,
    core: RunningSandbox,
    witness: Witness,
    monkeypatch: pytest.MonkeyPatch,
    crash: str,
) -> None:
    CRASHES[crash](monkeypatch)
    answer = careless.get("/c/acme/pools/")
    assert answer.status_code == 500
    assert witness.tracebacks
    assert core.keys["acme"]["full"] not in witness.all_of(answer)


@pytest.mark.parametrize(
    "page", ["/admin/", "/admin/pools/token/", "/admin/pools/entry/", "/companies/"]
)
def test_the_administration(
    sign_in_as: SignIn, core: RunningSandbox, witness: Witness, page: str
) -> None:
    answer = sign_in_as("Administrator").get(page)
    assert answer.status_code == 200
    assert core.keys["acme"]["full"] not in witness.all_of(answer)


def test_the_witness_would_see_it(
    careless: Client,
    core: RunningSandbox,
    witness: Witness,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def leak(token: Token, request_id: str = "", budget: object = None) -> Any:
        raise RuntimeError(core.keys["acme"]["full"])

    monkeypatch.setattr(keeping, "open_core", leak)
    answer = careless.get("/c/acme/pools/")
    assert core.keys["acme"]["full"] in witness.all_of(answer)
