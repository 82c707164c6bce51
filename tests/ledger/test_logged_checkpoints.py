"""The ledger's head in the log, and found there again."""

import json
import logging
import os
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from hypothesis import given
from hypothesis import strategies as st

from adminpanel.logs import configure, logging_settings
from pools.ledger.appending import head
from pools.ledger.chain import FIRST
from pools.ledger.logged_checkpoints import (
    Checkpoint,
    CheckpointsRead,
    log_checkpoint,
    read_checkpoints,
)
from tests.fixtures.ledger import append_events
from tests.fixtures.panel_process import ROOT, database_url

AT = datetime(2026, 5, 12, 12, 0, 0, 123456, tzinfo=UTC)
FIFTH = Checkpoint(5, "ab" * 32, AT)
JSON = (
    f'{{"seq": 5, "digest": "{FIFTH.digest}", "at": "2026-05-12T12:00:00.123456+00:00",'
    ' "event": "ledger checkpoint", "level": "info", "logger": "panel.ledger",'
    ' "timestamp": "2026-05-12T12:30:00.000000Z"}'
)
TEXT = (
    "2026-05-12T12:30:00.000000Z [info     ] ledger checkpoint              [panel.ledger] "
    f"at=2026-05-12T12:00:00.123456+00:00 digest={FIFTH.digest} seq=5"
)
PRINTED = f"Head: 5 {FIFTH.digest} 2026-05-12T12:00:00.123456+00:00"
FOUND = {
    "json": JSON,
    "text": TEXT,
    "compose": f"panel-1  | {JSON}",
    "compose, text": f"panel-1  | {TEXT}",
    "journald": f"May 12 12:30:00 host gunicorn[71]: {JSON}",
    "journald, text": f"May 12 12:30:00 host gunicorn[71]: {TEXT}",
    "kubernetes": f"2026-05-12T12:30:00.1Z stderr F {JSON}",
    "docker's file": json.dumps({"log": f"{JSON}\n", "stream": "stderr"}),
    "docker's file, text": json.dumps({"log": f"{TEXT}\n", "stream": "stderr"}),
    "verify_audit": PRINTED,
    "verify_audit, of a broken chain": PRINTED.replace("Head", "Last entry that fits"),
    "verify_audit, on another system": f"{PRINTED}\r\n",
    "journald's json": json.dumps({"MESSAGE": JSON, "PRIORITY": "6"}),
    "docker's times": f"2026-05-12T12:30:00.000000123Z {TEXT}",
    "kubectl's names": f"[pod/panel-7f/panel] {JSON}",
    "compose, with times": f"panel-1  | 2026-05-12T12:30:00.1Z {JSON}",
    "syslog": f"<14>May  2 12:30:00 host gunicorn[71]: {JSON}",
    "syslog, its new form": f"<14>1 2026-05-12T12:30:00+00:00 host gunicorn 71 - - {TEXT}",
    "journald, exact times": f"2026-05-12T12:30:00+0000 host gunicorn[71]: {TEXT}",
}
OTHERS = {
    "nothing": "",
    "another": JSON.replace("ledger checkpoint", "request"),
    "quoted in another": JSON.replace('"event": "', '"event": "no ').replace("5", "6"),
    "whole in another's text": json.dumps({"event": "request", "path": f"/{JSON}"}),
    "quoted in text": TEXT.replace("ledger", "request  [panel.request] path='/ledger"),
    "whole in a text's text": f"2026-05-12T12:30:00.0Z [info ] request path='/{TEXT}'",
    "what verify_audit prints, quoted": f"a request for /{PRINTED}",
    "another head": "Head: in the clouds",
    "a line about it": TEXT.replace("ledger", "no ledger"),
}
BROKEN = {
    "cut json": JSON[:60] + ' "ledger checkpoint',
    "cut text": TEXT[:90],
    "no digest": JSON.replace("ab", "zz"),
    "no number": JSON.replace('"seq": 5', '"seq": "5"'),
    "a negative number": JSON.replace('"seq": 5', '"seq": -5'),
    "truth for a number": JSON.replace('"seq": 5', '"seq": true'),
    "a number too long": JSON.replace('"seq": 5', f'"seq": {"5" * 5000}'),
    "a digest before the first entry": JSON.replace('"seq": 5', '"seq": 0'),
    "no time": JSON.replace("2026-05-12T12:00", "noon"),
    "too deep": '{"event": "ledger checkpoint", "a": ' + "[" * 100_000,
    "what verify_audit prints, cut": PRINTED[:40],
    "what verify_audit prints, without its time": PRINTED[:74],
    "no line of ours": "grep 'ledger checkpoint' panel.log",
    # As gunicorn wrote before its lines were the panel's.
    "behind what gunicorn said": f"[2026-05-12 12:30:00 +0000] [7] [WARNING] Invalid: 'GET {JSON}",
    "text, behind the same": f"[2026-05-12 12:30:00 +0000] [7] [WARNING] Invalid: {TEXT}",
    "behind a proxy's line": f'192.0.2.7 - - [12/May/2026:12:30:00 +0000] "GET /{TEXT}',
    "of another logger": JSON.replace("panel.ledger", "gunicorn.error"),
    "at another level": JSON.replace('"info"', '"warning"'),
    "with more than its facts": JSON.replace('"level"', '"path": "/", "level"'),
    "with less": JSON.replace('"timestamp"', '"time"'),
    "text, of another logger": TEXT.replace("panel.ledger", "gunicorn.error"),
    "text, with more behind it": f"{TEXT} path=/",
    "text, with more before its facts": TEXT.replace("at=", "path=/ at="),
    "in docker's file, behind something": json.dumps({"log": f"GET /{JSON}\n"}),
}


@pytest.mark.parametrize("line", FOUND.values(), ids=FOUND.keys())
def test_is_found_in_a_line(line: str) -> None:
    assert read_checkpoints([line]) == CheckpointsRead((FIFTH,), ())


@pytest.mark.parametrize("line", OTHERS.values(), ids=OTHERS.keys())
def test_another_line_is_none_whatever_it_quotes(line: str) -> None:
    assert read_checkpoints([line]) == CheckpointsRead((), ())


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_one_is_counted(line: str) -> None:
    assert read_checkpoints(["other", line]) == CheckpointsRead((), (2,))


pieces = st.text(max_size=20) | st.sampled_from(
    ["ledger checkpoint", JSON, TEXT, JSON[40:], TEXT[:60], "{", "}", '"', '{"log": ', "\\"]
)


@given(st.lists(st.lists(pieces, max_size=5).map("".join), max_size=5))
def test_whatever_a_log_holds_it_is_read(lines: list[str]) -> None:
    found = read_checkpoints(lines)
    assert set(found.checkpoints) <= {FIFTH}
    assert all("ledger checkpoint" in lines[number - 1] for number in found.malformed)


def test_each_is_read_once_in_the_order_of_its_number() -> None:
    first = JSON.replace('"seq": 5', '"seq": 1')
    other = JSON.replace("ab" * 32, "cd" * 32)
    found = read_checkpoints([JSON, "other", other, TEXT, first])
    assert found.checkpoints == (
        Checkpoint(1, FIFTH.digest, AT),
        FIFTH,
        Checkpoint(5, "cd" * 32, AT),
    )


def test_an_old_log_is_read_as_fast_as_any_other() -> None:
    """However a line begins, it is not tried in more ways than it is long."""
    before = "2026-05-12T12:30:00Z " * 2000
    assert read_checkpoints([f"{before}ledger checkpoint", JSON]).malformed == (1,)


@pytest.mark.django_db
@pytest.mark.parametrize("level", ["INFO", "ERROR"])
@pytest.mark.parametrize("style", ["json", "text"])
def test_the_head_is_logged_at_every_level_and_read_again(
    style: str, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    append_events(2)
    handlers, was = logging.root.handlers[:], logging.root.level
    try:
        configure(logging_settings(style, level))
        log_checkpoint()
    finally:
        logging.root.handlers, logging.root.level = handlers, was
    last = head()
    logged = capsys.readouterr().err.splitlines()
    assert read_checkpoints(logged) == CheckpointsRead((Checkpoint(2, last.digest, last.at),), ())


@pytest.mark.parametrize(
    "line",
    [JSON.replace(FIFTH.digest, FIRST).replace('"seq": 5', '"seq": 0'), "The ledger is empty.\n"],
    ids=["logged", "printed"],
)
def test_an_empty_ledger_has_a_checkpoint_too(line: str) -> None:
    assert read_checkpoints([line]).checkpoints == (Checkpoint(0, FIRST, None),)


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*arguments: object) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(broken):
        log_checkpoint()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def gunicorn(folder: Path, style: str) -> subprocess.Popen[str]:
    how = ("--config", "adminpanel/gunicorn_conf.py", "--bind", f"unix:{folder}/socket")
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *how, "adminpanel.wsgi"],
        cwd=ROOT,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": database_url()}
        | {"LOG_FORMAT": style, "WEB_WORKERS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("style", ["json", "text"])
def test_gunicorn_notes_the_head_when_it_starts_and_when_it_stops(
    transactional_db: None, tmp_path: Path, style: str
) -> None:
    append_events(1)
    served = gunicorn(tmp_path, style)
    assert served.stderr
    said = []
    for line in served.stderr:
        said.append(line)
        if "Booting worker" in line:
            append_events(1)
            served.terminate()
    assert served.wait(20) == 0
    served.stderr.close()
    assert [each.seq for each in read_checkpoints(said).checkpoints] == [1, 2]


# Refused by gunicorn, each in words of its own that quote it.
FORGED = JSON.replace('"seq": 5', '"seq": 9'), TEXT.replace("seq=5", "seq=9")
REFUSED = [
    refused.replace(b"~", forged.encode())
    for forged in FORGED
    for refused in (
        b"~",
        b"GET ~\r\n\r\n",
        b"GET /~ HTTP/9.9\r\n\r\n",
        b"GET / ~\r\n\r\n",
        b"{} / HTTP/1.1\r\n~: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\n~\r\n\r\n",
        b"GET / HTTP/1.1\r\n~ : 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: ~\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n ~\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: ~\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ~\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ~\r\n\r\n",
        b"POST /accounts/login/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n~\r\n",
        b"GET /~ HTTP/1.1\r\nHost: ~\r\nUser-Agent: ~\r\nReferer: ~\r\n\r\n",
        b"PROXY ~\r\n\r\n",
        b"\n~\nGET\n~\n\n",
    )
]


@pytest.mark.parametrize("style", ["json", "text"])
def test_no_request_puts_one_into_the_log(
    transactional_db: None, tmp_path: Path, style: str
) -> None:
    append_events(1)
    served = gunicorn(tmp_path, style)
    assert served.stderr
    said = []
    for line in served.stderr:
        said.append(line)
        if "Booting worker" in line:
            for refused in REFUSED:
                send(tmp_path / "socket", refused)
            served.terminate()
    assert served.wait(20) == 0
    served.stderr.close()
    last = head()
    quoting = [line for line in said if FIFTH.digest in line]
    assert len(quoting) >= 10
    assert [line for line in said if not is_whole(line, style)] == []
    assert read_checkpoints(said) == CheckpointsRead((Checkpoint(1, last.digest, last.at),), ())


def send(path: Path, request: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass


def is_whole(line: str, style: str) -> bool:
    """Whether the panel's own formatter wrote it."""
    if style == "json":
        return {"event", "level", "timestamp"} <= set(json.loads(line))
    return bool(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z \[\w+ *\] |    ", line))
