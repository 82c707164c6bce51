"""Copies of signed checkpoints: to a file, and to an address that may do anything."""

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from adminpanel import readiness
from pools.ledger import publishing, standing
from pools.ledger.publishing import copy_to, due
from pools.ledger.signed_checkpoints import latest_checkpoint, sign_checkpoint
from pools.ledger.signed_notes import read_notes
from pools.ledger.standing import ADDRESS, FILE, SIGNED
from pools.models import CheckpointStanding
from pools.secret import Secret
from pools.upkeep.tending import EVERY, LONGEST_DELAY_SECONDS, Job, Tending
from tests.core.certificates import Authority
from tests.core.raw_server import (
    Connection,
    Handler,
    RawServer,
    Received,
    always,
    nobody_listening,
    raw_answer,
)
from tests.fixtures.deployment import METRICS_TOKEN, samples_of
from tests.fixtures.ledger import append_events
from tests.fixtures.panel import make_person
from tests.fixtures.signing import SIGNING_KEYS

THERE = always(raw_answer())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def signed(db: None, settings: Any, authority: Authority, monkeypatch: Any) -> str:
    """A checkpoint. The test's authority is among those that the system trusts."""
    settings.SIGNING_KEYS = SIGNING_KEYS
    monkeypatch.setenv("SSL_CERT_FILE", authority.ca_file)
    append_events(2)
    return sign_checkpoint()


@pytest.fixture
def auditor(db: None, client: Client) -> Client:
    client.force_login(make_person("olga", "Auditor"))
    return client


@contextlib.contextmanager
def witness(
    settings: Any, authority: Authority, handler: Handler, **certificate: Any
) -> Iterator[RawServer]:
    server = RawServer(handler, authority.server(**certificate))
    settings.CHECKPOINT_URL = f"{server.url}/keep?for=ever"
    try:
        yield server
    finally:
        server.stop()


def test_it_is_sent_once_as_it_was_signed(settings: Any, authority: Authority, signed: str) -> None:
    with witness(settings, authority, THERE) as server:
        assert due() == [ADDRESS]
        assert copy_to(ADDRESS)
        assert due() == []
        append_events(1)
        later = sign_checkpoint()
        assert due() == [ADDRESS]
        assert copy_to(ADDRESS)
    (first, second) = server.received
    assert (first.method, first.target) == ("POST", "/keep?for=ever")
    assert first.headers["content-type"] == "text/plain; charset=utf-8"
    assert (first.body.decode(), second.body.decode()) == (signed, later)


def hang(request: Received, connection: Connection) -> None:
    connection.hang()


def drip(request: Received, connection: Connection) -> None:
    connection.drip(b"HTTP/1.1 200 OK\r\n" + b"x" * 500, 0.05)


def reset(request: Received, connection: Connection) -> None:
    connection.reset()


REFUSED: dict[str, tuple[Handler, dict[str, Any], str]] = {
    "an error": (always(raw_answer(status=500)), {}, "It answered 500."),
    "a refusal": (always(raw_answer(status=403)), {}, "It answered 403."),
    "a redirect": (
        always(raw_answer(status=302, headers=(("Location", "https://127.0.0.1:1/"),))),
        {},
        "It leads elsewhere (302): CHECKPOINT_URL is not the right address.",
    ),
    "no HTTP": (always(b"hello\r\n\r\n"), {}, "It cannot be reached, or gives no answer: "),
    "a reset": (reset, {}, "It cannot be reached, or gives no answer: "),
    "silence": (hang, {}, "No answer in 0.4 seconds."),
    "a drip": (drip, {}, "No answer in 0.4 seconds."),
    "a stranger's certificate": (THERE, {"self_signed": True}, "Its certificate is not accepted: "),
    "an expired certificate": (THERE, {"expired": True}, "Its certificate is not accepted: "),
    "another host's": (THERE, {"host": "127.0.0.2"}, "Its certificate is not accepted: "),
}


@pytest.mark.parametrize(("handler", "certificate", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_whatever_an_address_does_it_is_noted_and_ends_in_time(
    settings: Any, authority: Authority, monkeypatch: Any, handler: Handler,
    certificate: dict[str, Any], why: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(publishing, "DEADLINE_SECONDS", 0.4)
    with witness(settings, authority, handler, **certificate) as server:
        began = time.monotonic()
        assert not copy_to(ADDRESS)
        assert time.monotonic() - began < 3
        assert len(server.received) <= 1
    noted = standing.read()[ADDRESS]
    assert noted.reason.startswith(why)
    assert (noted.size, noted.at) == (0, None)
    assert noted.failing_since is not None
    assert due() == [ADDRESS]


def test_nobody_there(settings: Any) -> None:
    with nobody_listening() as url:
        settings.CHECKPOINT_URL = url.replace("http:", "https:")
        assert not copy_to(ADDRESS)
    assert standing.read()[ADDRESS].reason == (
        "It cannot be reached, or gives no answer: Connection refused."
    )


def test_the_file_has_one_behind_the_other(settings: Any, tmp_path: Path, signed: str) -> None:
    settings.CHECKPOINT_FILE = str(tmp_path / "checkpoints")
    assert due() == [FILE]
    assert copy_to(FILE)
    append_events(1)
    later = sign_checkpoint()
    assert copy_to(FILE)
    text = Path(settings.CHECKPOINT_FILE).read_text()
    assert text == f"{signed}\n{later}\n"
    assert [str(each) for each in read_notes(text.splitlines())] == [signed, later]


def test_a_file_that_cannot_be_written_is_noted(settings: Any, tmp_path: Path) -> None:
    settings.CHECKPOINT_FILE = str(tmp_path / "nowhere" / "checkpoints")
    assert not copy_to(FILE)
    reason = standing.read()[FILE].reason
    assert reason == "The file cannot be written: No such file or directory."


def test_a_failure_is_told_everywhere_and_logged_once(
    settings: Any, authority: Authority, auditor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    settings.METRICS_TOKEN = Secret(METRICS_TOKEN)
    with witness(settings, authority, always(raw_answer(status=500))):
        for _ in range(3):
            copy_to(ADDRESS)
        assert caplog.text.count("a checkpoint is not copied") == 1
        CheckpointStanding.objects.filter(name=ADDRESS).update(
            failing_since=timezone.now() - timedelta(minutes=30)
        )
        readiness.forget()
        ready = Client().get("/readyz")
        told = ready.json()["checkpoints"]
        assert (ready.status_code, list(told)) == (200, [SIGNED, ADDRESS])
        assert (told[SIGNED]["size"], told[SIGNED]["failing_since"]) == (3, None)
        assert (told[ADDRESS]["size"], told[ADDRESS]["at"]) == (0, None)
        assert told[ADDRESS]["failing_since"]
        counted = scrape()
        assert counted['panel_checkpoint_size{copy="signed"}'] == 3
        assert counted['panel_checkpoint_failing_seconds{copy="signed"}'] == 0
        assert 1_790 < counted['panel_checkpoint_failing_seconds{copy="address"}'] < 1_900
        page = auditor.get("/changes/").content.decode()
        assert "Entries 1 to 3 signed seconds ago." in page
        why = "Checkpoints can&#39;t be sent to the address: It answered 500."
        assert f"{why} This began 30 min ago." in page
    with witness(settings, authority, THERE):
        assert copy_to(ADDRESS)
    assert "checkpoints are copied again" in caplog.text
    page = auditor.get("/changes/").content.decode()
    assert "Entries 1 to 3 signed and sent to the address seconds ago." in page
    append_events(1)
    sign_checkpoint()
    page = auditor.get("/changes/").content.decode()
    assert "Entries 1 to 4 signed seconds ago." in page
    assert "Entries 1 to 3 sent to the address seconds ago." in page
    settings.CHECKPOINT_FILE = "somewhere"
    page = auditor.get("/changes/").content.decode()
    assert "No checkpoint was copied to the file yet." in page


def test_nothing_is_told_as_later_than_it_was() -> None:
    at = datetime(2026, 5, 12, 12, 30, 0, 700_000, tzinfo=UTC)
    CheckpointStanding.objects.create(name=FILE, at=at, failing_since=at)
    known = standing.read()[FILE]
    assert known.at == known.failing_since == at.replace(microsecond=0)


def scrape() -> dict[str, float]:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    return samples_of(answer.content.decode())


def test_without_keys_nothing_is_said_of_checkpoints(settings: Any, auditor: Client) -> None:
    settings.SIGNING_KEYS = ()
    readiness.forget()
    assert Client().get("/readyz").json()["checkpoints"] == {}
    assert not re.search(r" to \d+ signed ", auditor.get("/changes/").content.decode())


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_address_that_fails_for_a_day_is_asked_ever_less_often_and_holds_nothing_up(
    settings: Any, authority: Authority, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr("pools.upkeep.tending.close_old_connections", lambda: None)
    monkeypatch.setattr("pools.ledger.verifying.is_due", lambda every: False)
    settings.CHECKPOINT_FILE = str(tmp_path / "checkpoints")
    asked: list[str] = []
    monkeypatch.setattr(publishing, "_send", lambda checkpoint: fail(asked))
    settings.CHECKPOINT_URL = "https://127.0.0.1:1/"
    clock = Seconds()
    tending = Tending(clock)
    for _ in range(600):
        tending.round()
        clock.now += 24 * 3600 / 600
    assert len(asked) < 24 * 3600 / LONGEST_DELAY_SECONDS + 8
    assert len(asked) > 200
    assert standing.read()[FILE].size == 3
    append_events(1)
    # What is new goes to the file all the same, and to the address once it answers.
    newest = sign_checkpoint()
    clock.now += LONGEST_DELAY_SECONDS + EVERY[Job.SIGNING]
    monkeypatch.setattr(publishing, "_send", lambda checkpoint: asked.append(checkpoint.text))
    tending.round()
    assert asked[-1] == newest
    assert {name: each.size for name, each in standing.read().items()} == {
        SIGNED: 4, FILE: 4, ADDRESS: 4,
    }  # fmt: skip
    assert due() == []


def fail(asked: list[str]) -> None:
    asked.append("")
    raise publishing.NotCopied("It answered 500.")


def test_public_keys_are_open_to_everybody_and_may_be_kept(client: Client) -> None:
    answer = client.get("/audit/keys")
    last = latest_checkpoint()
    assert last is not None
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=300"
    (key,) = answer.content.decode().splitlines()
    assert key.startswith("testserver/ledger+")
    assert client.post("/audit/keys").status_code == 405
