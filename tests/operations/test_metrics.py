"""`/metrics`: who may read it, and what is counted of each thing that happens."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Semaphore, Timer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from adminpanel import VERSION, readiness
from pools.changes import OutcomeUnwritten
from pools.core import (
    WAITS,
    ApiKey,
    Budget,
    CoreClient,
    CoreError,
    CoreLimits,
    PoolQuery,
    observe,
    observing,
)
from pools.core import sign_in as sign_in_at_core
from pools.ledger.appending import Actor, record_event
from pools.models import Company, Lease, Token
from pools.models.vocabulary import Action
from pools.secret import Secret
from sandbox.running import RunningSandbox, running_sandbox
from tests.fixtures.deployment import METRICS_TOKEN, ROOT, samples_of
from tests.fixtures.place import Place, make_place

BEARER = {"Authorization": f"Bearer {METRICS_TOKEN}"}
NOW = timezone.now()


@pytest.fixture(scope="module")
def shared_core() -> Iterator[RunningSandbox]:
    with running_sandbox() as core:
        yield core


@pytest.fixture
def core(shared_core: RunningSandbox) -> RunningSandbox:
    shared_core.reset()
    return shared_core


@pytest.fixture
def place(core: RunningSandbox, db: None) -> Place:
    return make_place(core)


@pytest.fixture(autouse=True)
def with_a_token(settings: Any) -> None:
    settings.METRICS_TOKEN = Secret(METRICS_TOKEN)


def scrape() -> dict[str, float]:
    readiness.forget()
    answer = Client().get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    return samples_of(answer.content.decode())


@contextmanager
def counted(metric: str) -> Iterator[dict[str, float]]:
    """What the samples of a metric have gained at the end of the block, by their labels."""
    before = scrape()
    gained: dict[str, float] = {}
    yield gained
    for name, value in scrape().items():
        if name.startswith(f"{metric}{{") and value > before.get(name, 0):
            gained[name.removeprefix(metric)] = value - before.get(name, 0)


# --- Who may read it


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer wrong", f"Basic {METRICS_TOKEN}", METRICS_TOKEN, "Bearer é"],
)
def test_without_the_token_it_is_refused(header: str | None) -> None:
    answer = Client().get("/metrics", headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert b"panel_" not in answer.content


def test_without_the_setting_there_is_no_such_address(settings: Any) -> None:
    settings.METRICS_TOKEN = None
    assert Client().get("/metrics", headers=BEARER).status_code == 404


@pytest.mark.django_db
def test_signing_in_does_not_replace_the_token() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    assert client.get("/metrics").status_code == 401


# --- Calls to Core


def client_of(core: RunningSandbox, **limits: Any) -> CoreClient:
    key = ApiKey(Secret(core.keys["acme"]["full"]))
    return CoreClient(core.url, key, CoreLimits(**({"read_retries": 0} | limits)))


def unreachable(core: RunningSandbox) -> object:
    return CoreClient("http://127.0.0.1:1", ApiKey(Secret("key-of-nobody")), CoreLimits()).get_pool(
        1
    )


# fault, call, and how it is counted: operation, outcome, reason
CALLS: dict[str, tuple[str, Callable[[RunningSandbox], object], tuple[str, str, str]]] = {
    "done": ("", lambda core: client_of(core).get_pool(1), ("get_pool", "ok", "")),
    "limited": (
        "status=429",
        lambda core: client_of(core).clear_pool(1),
        ("clear_pool", "rate_limited", "refused by core"),
    ),
    "not found": (
        "status=404",
        lambda core: client_of(core).delete_pool(1),
        ("delete_pool", "not_found", "refused by core"),
    ),
    "failing": (
        "status=500",
        lambda core: client_of(core).list_pools(PoolQuery()),
        ("list_pools", "unanswered", "server error"),
    ),
    "elsewhere": ("", unreachable, ("get_pool", "not_sent", "connection refused")),
    "our own check": (
        "",
        lambda core: client_of(core).get_pool(-1),
        ("get_pool", "not_sent", "own check"),
    ),
    "signing in": (
        "status=401",
        lambda core: sign_in_at_core(core.sign_in_url, "ada", Secret("wrong"), CoreLimits()),
        ("sign_in", "unauthenticated", "refused by core"),
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("how", CALLS)
def test_a_call_to_core_is_counted_by_operation_and_outcome(core: RunningSandbox, how: str) -> None:
    fault, call, (operation, outcome, reason) = CALLS[how]
    core.set_fault(fault)
    with counted("panel_core_calls_total") as gained:
        try:
            call(core)
        except CoreError:
            assert how != "done"
    labels = f'{{operation="{operation}",outcome="{outcome}",reason="{reason}"}}'
    assert gained == {labels: 1}


@pytest.mark.django_db
def test_a_429_that_a_read_was_tried_again_after_is_counted(core: RunningSandbox) -> None:
    core.set_fault("rate-limit=1;times=1")
    with counted("panel_core_answers_total") as gained:
        client_of(core, read_retries=1).get_pool(1)
    assert gained == {'{status="2xx"}': 1, '{status="429"}': 1}


@pytest.mark.django_db
def test_the_time_that_core_took_is_in_the_histogram(core: RunningSandbox) -> None:
    core.set_fault("latency=0.3")
    with counted("panel_core_call_seconds_bucket") as gained:
        client_of(core).get_pool(1)
    assert '{le="0.25",operation="get_pool"}' not in gained
    assert gained['{le="15.0",operation="get_pool"}'] == 1


def held_for(seconds: float, limits: CoreLimits, turns: Semaphore | None = None) -> None:
    """The one place, or the one turn, is somebody else's for a while."""
    if turns is not None:
        turns.acquire()
        Timer(seconds, turns.release).start()
        return
    place = Budget(limits).place()
    place.__enter__()
    Timer(seconds, place.__exit__, (None, None, None)).start()


@pytest.mark.django_db
@pytest.mark.parametrize("what_for", WAITS)
def test_a_wait_here_is_no_time_of_cores(core: RunningSandbox, what_for: str) -> None:
    """A third of a second for a place, for a turn; a whole one where Core asks for it."""
    limits = CoreLimits(calls_at_once=1, waiting_at_once=1, place_wait_seconds=5, read_retries=1)
    turns = Semaphore() if what_for == "turn" else None
    key = ApiKey(Secret(core.keys["acme"]["full"]))
    with (
        counted("panel_core_call_seconds_bucket") as took,
        counted("panel_core_wait_seconds_bucket") as waited,
    ):
        if what_for == "retry":
            core.set_fault("rate-limit=1;times=1")
        else:
            held_for(0.35, limits, turns)
        CoreClient(core.url, key, limits, budget=Budget(limits, turns)).get_pool(1)
    assert took['{le="0.25",operation="get_pool"}'] == 1
    quickly, ever = (f'{{for="{what_for}",le="{le}"}}' for le in ("0.25", "+Inf"))
    # Who held the place had not waited for it.
    assert waited[ever] - waited.get(quickly, 0) == 1


@pytest.mark.django_db
def test_what_was_not_tried_has_no_time(core: RunningSandbox) -> None:
    with counted("panel_core_call_seconds_count") as gained, pytest.raises(CoreError):
        client_of(core).get_pool(-1)
    assert gained == {}


def test_a_call_is_not_hurt_by_who_counts_it(
    core: RunningSandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def call_ended(self, *facts: object) -> None:
            raise RuntimeError("cannot count")

        answered = waited = call_ended

    monkeypatch.setattr(observing, "_observers", [])
    observe(Broken())
    assert client_of(core).get_pool(1).id == 1
    assert "a call to Core was not counted" in caplog.text


# --- Changes, requests, sign-ins


@pytest.mark.parametrize(
    ("action", "fault", "outcome"),
    [
        (Action.EDIT, "", "done"),
        (Action.CREATE, "status=422;only=writes", "refused"),
        (Action.CLEAR, "status=500;only=writes", "unknown"),
    ],
)
def test_a_change_is_counted_by_action_and_outcome(
    place: Place, action: Action, fault: str, outcome: str
) -> None:
    place.sandbox.set_fault(fault)
    with counted("panel_changes_total") as gained:
        place.make(action)
    assert gained == {f'{{action="{action}",outcome="{outcome}"}}': 1}


def test_an_outcome_that_could_not_be_written_is_counted_as_that(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(intent: Any, outcome: Any, **facts: Any) -> None:
        raise OutcomeUnwritten(intent.change_id, outcome)

    monkeypatch.setattr("pools.changes.sending.record_outcome", fails)
    with counted("panel_changes_total") as gained, pytest.raises(OutcomeUnwritten):
        place.make(Action.EDIT)
    assert gained == {'{action="edit",outcome="unwritten"}': 1}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("/healthz", 'status="2xx",view="healthz"'),
        ("/accounts/login/", 'status="2xx",view="account_login"'),
        ("/changes/?search=secret", 'status="3xx",view="pools:change_list"'),
        ("/changes/5b0b8c1e-0000-4000-8000-000000000000/", 'status="3xx",view="pools:change"'),
        ("/no/such/page", 'status="4xx",view="none"'),
        ("/static/no-such-file.js", 'status="4xx",view="static"'),
    ],
)
def test_a_request_is_counted_by_view_and_status(path: str, labels: str) -> None:
    with counted("panel_requests_total") as gained:
        Client().get(path)
    # The scrape that looked first.
    del gained['{status="2xx",view="metrics"}']
    assert gained == {f"{{{labels}}}": 1}


@pytest.mark.django_db
def test_sign_ins_and_failed_ones_are_counted() -> None:
    cache.clear()
    User.objects.create_user("ada", password="correct-horse-42")
    with counted("panel_sign_ins_total") as gained:
        for password in ("wrong", "correct-horse-42"):
            Client().post("/accounts/login/", {"login": "ada", "password": password})
    assert gained == {'{event="sign_in_failed"}': 1, '{event="signed_in"}': 1}


# --- What the database knows


@pytest.mark.django_db
def test_open_changes_and_the_age_of_the_oldest() -> None:
    assert scrape()["panel_changes_open_oldest_seconds"] == 0
    for minutes in (1, 15):
        Lease.objects.create(
            company="acme",
            pool_key=str(minutes),
            change=f"5b0b8c1e-0000-4000-8000-0000000000{minutes:02}",
            held_since=timezone.now() - timedelta(minutes=minutes),
        )
    figures = scrape()
    assert figures["panel_changes_open"] == 2
    assert 900 <= figures["panel_changes_open_oldest_seconds"] < 930


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "ready"),
        ({"expires_at": NOW + timedelta(hours=48)}, "ready"),
        ({"expires_at": NOW + timedelta(hours=20)}, "expiring"),
        ({"expires_at": NOW - timedelta(hours=1), "refused_at": NOW}, "expired"),
        ({"refused_at": NOW}, "refused"),
        ({"confirmed_at": None}, "unconfirmed"),
    ],
)
def test_a_token_is_in_one_state(facts: dict[str, Any], state: str) -> None:
    store_token(User.objects.create(username="ada"), **facts)
    counts = {name: value for name, value in scrape().items() if name.startswith("panel_tokens")}
    assert {name for name, value in counts.items() if value} == {f'panel_tokens{{state="{state}"}}'}


@pytest.mark.django_db
def test_tokens_of_the_disabled_do_not_count() -> None:
    store_token(User.objects.create(username="gone", is_active=False))
    assert scrape()['panel_tokens{state="ready"}'] == 0


def store_token(user: User, **facts: Any) -> None:
    company = Company.objects.create(name="Acme", slug="acme", base_url="https://core.example")
    usual = {"created_at": NOW, "confirmed_at": NOW, "kind": Token.Kind.BEARER}
    Token.objects.create(user=user, company=company, **(usual | facts))


@pytest.mark.django_db
def test_the_height_of_the_ledger_and_what_runs() -> None:
    assert scrape()["panel_ledger_height"] == 0
    record_event("tested", Actor(1, "ada"))
    figures = scrape()
    assert figures["panel_ledger_height"] == 1
    assert any(f'version="{VERSION}"' in name for name in figures)
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


# --- The scrape itself


@pytest.mark.django_db
def test_a_scrape_asks_no_core_and_the_database_a_few_short_questions(
    core: RunningSandbox,
) -> None:
    scrape()
    with CaptureQueriesContext(connection) as queries:
        Client().get("/metrics", headers=BEARER)
    assert core.journal == []
    assert len(queries) == 4


@pytest.mark.django_db
def test_a_failing_database_leaves_the_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("pools.metrics._tokens", fails)
    figures = scrape()
    assert 'panel_core_answers_total{status="429"}' in figures
    assert "panel_ledger_height" not in figures


@pytest.mark.django_db
def test_no_label_holds_what_a_person_or_core_has_chosen(place: Place) -> None:
    place.make(Action.EDIT)
    Client().get("/c/made-up-by-a-visitor/pools/", headers={"Host": "testserver"})
    text = Client().get("/metrics", headers=BEARER).content.decode()
    for chosen in ("Orders", place.company.slug, "made-up-by-a-visitor", "Ada", "192.0.2.7"):
        assert chosen not in text
