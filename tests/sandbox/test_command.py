"""The program as people start it."""

import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sandbox.behaviour import Behaviour
from sandbox.command import main
from sandbox.faults import KINDS
from sandbox.running import running_sandbox

ROOT = Path(__file__).parents[2]


@dataclass
class Ended:
    """What one command did."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str) -> Ended:
    """One command to its end, in this process: starting another is most of its time."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
    return Ended(status, out.getvalue(), err.getvalue())


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, list[str]]]:
    """The address of a sandbox while it runs, and the lines it printed before it was ready."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = []
        while not (line := process.stdout.readline()).startswith("ready "):
            assert line, "it ended before it was ready"
            lines.append(line)
        yield line.split()[1], lines
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_it_takes_a_socket_that_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fd, port = listener.fileno(), listener.getsockname()[1]
        command = [sys.executable, "-m", "sandbox", "serve", "--fd", str(fd)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, pass_fds=(fd,))
    try:
        # Whoever comes before it is ready waits.
        with pytest.raises(HTTPError) as refused:
            call(f"http://127.0.0.1:{port}", "no key")
        with refused.value as answer:
            assert answer.code == 401
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_what_is_no_socket_is_one_sentence() -> None:
    ended = run("serve", "--fd", "9999")
    assert (ended.returncode, ended.stderr) == (
        1,
        "sandbox: cannot listen on the open file 9999: Bad file descriptor\n",
    )


def call(address: str, key: str, method: str = "GET", fields: Any = None) -> Any:
    """The JSON of an answer."""
    request = Request(
        f"{address}/api/v1/connection-pools",
        method=method,
        data=json.dumps(fields).encode() if fields else None,
        headers={
            "Authorization": key,
            "Accept": "application/json",
            "Content-Type": "application/json",
        },
    )
    with urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def key_of(file: Path, company: str) -> str:
    """A company's full key as the program lists it."""
    key: str = json.loads(run("keys", "--data", str(file), "--json").stdout)["keys"][company][
        "full"
    ]
    return key


def test_help_names_every_command() -> None:
    answer = run("--help")
    assert answer.returncode == 0
    assert all(command in answer.stdout for command in ("serve", "seed", "keys", "faults"))


def test_serve_in_memory_prints_its_keys() -> None:
    with served("--prefix", "/core-main") as (address, lines):
        [key] = [line.split()[2] for line in lines if line.startswith("northwind  full")]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/core-main", address)
        assert call(address, key)["meta"]["total"] == 3


def test_state_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "core.sqlite3"
    with served("--data", str(file)) as (address, _):
        key = key_of(file, "blank")
        created = call(address, key, "POST", {"name": "Kept", "limit": 1})["data"]
    with served("--data", str(file)) as (address, _):
        assert call(address, key)["data"] == [created]


def test_state_survives_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "core.sqlite3"
    assert run("seed", "--data", str(file), "--password", "x").returncode == 0
    key = key_of(file, "blank")
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--data", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().split()[1]
        created = call(address, key, "POST", {"name": "Kept", "limit": 1})["data"]
        process.kill()
    with served("--data", str(file)) as (address, _):
        assert call(address, key)["data"] == [created]


def test_data_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "core.sqlite3"
    file.touch(0o644)
    run("seed", "--data", str(file), "--password", "x")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keys_lists_what_opens_what(tmp_path: Path) -> None:
    file = tmp_path / "core.sqlite3"
    run("seed", "--data", str(file), "--password", "x")
    listed = json.loads(run("keys", "--data", str(file), "--json").stdout)
    assert {company: set(keys) for company, keys in listed["keys"].items()} == {
        company: {"full", "read_only"} for company in ("acme", "northwind", "blank")
    }
    manager = {"company": "acme", "role": "manager", "email": "manager@acme.example"}
    assert manager in listed["people"]
    assert f"acme       full          {listed['keys']['acme']['full']}" in (
        run("keys", "--data", str(file)).stdout
    )


def test_seeding_again_keeps_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "core.sqlite3"
    run("seed", "--data", str(file), "--password", "x")
    key = key_of(file, "acme")
    answer = run("seed", "--data", str(file), "--password", "y")
    assert (answer.returncode, key_of(file, "acme")) == (0, key)
    assert answer.stdout == "The file already has data. Use --start-over to replace it.\n"


def test_starting_over_makes_other_keys(tmp_path: Path) -> None:
    file = tmp_path / "core.sqlite3"
    run("seed", "--data", str(file), "--password", "x")
    key = key_of(file, "acme")
    run("seed", "--data", str(file), "--password", "x", "--start-over")
    assert key_of(file, "acme") != key


def test_seed_without_password_prints_one_that_works(tmp_path: Path) -> None:
    file = tmp_path / "core.sqlite3"
    said = re.search(r"password (\S+)", run("seed", "--data", str(file)).stdout)
    assert said
    with running_sandbox(file) as core:
        fields = {"username": "manager@acme.example", "password": said[1]}
        request = Request(
            core.sign_in_url,
            json.dumps(fields).encode(),
            {"Content-Type": "application/json", "Accept": "application/json"},
        )
        with urlopen(request, timeout=10) as answer:
            assert answer.status == 200


def test_keys_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    answer = run("keys", "--data", str(tmp_path / "none"))
    assert (answer.returncode, answer.stderr) == (
        1,
        f"sandbox: there is no file {tmp_path}/none. Run `seed` first.\n",
    )


def test_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with running_sandbox() as core:
        answer = run("serve", "--port", str(core.server.port))
    assert answer.returncode == 1
    assert answer.stderr == (
        f"sandbox: cannot listen on 127.0.0.1 port {core.server.port}: Address already in use\n"
    )


def test_switches_and_faults_of_a_run() -> None:
    options = ("--create-status", "201", "--fault", "status=418;only=list")
    with served(*options) as (address, lines):
        key = lines[0].split()[2]
        with pytest.raises(HTTPError, match="418"):
            call(address, key)


def test_unknown_fault_does_not_start() -> None:
    answer = run("serve", "--fault", "nonsense")
    assert answer.returncode == 2
    assert "There is no fault 'nonsense'." in answer.stderr


def test_faults_are_listed() -> None:
    lines = run("faults").stdout.splitlines()
    assert "gzip-bomb[=MEGABYTES]            gzip that unpacks to so much (default: 300)" in lines


def test_nothing_but_the_standard_library_is_imported() -> None:
    code = (
        "import sandbox.command, sandbox.running, sys;"
        "roots = {name.partition('.')[0] for name in sys.modules};"
        "print(sorted(roots - sys.stdlib_module_names))"
    )
    environment = {"PATH": os.environ["PATH"]}
    answer = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert answer.stdout == "['__main__', 'sandbox']\n"


def test_documentation_names_every_fault_and_every_switch() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text()
    names = [kind.written(name) for name, kind in KINDS.items()]
    names += [f"--{switch.name.replace('_', '-')}" for switch in fields(Behaviour)]
    assert [name for name in names if f"`{name.replace('|', chr(92) + '|')}`" not in text] == []
