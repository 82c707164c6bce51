"""`python -m adminpanel.demo`: the panel, with a sandbox Core, on this machine alone.

`make demo` runs it. PANEL_PORT and SANDBOX_PORT move the two (0: any free port), DEMO_DIR
says where their data is kept, DEMO_DATABASE_URL names another database than SQLite.
Everything it starts ends with it, however it ends: children are told by the kernel when
it is killed, and it ends with whoever started it (unless hangups are ignored, as under
nohup). It loads nothing of Django itself.
"""

import base64
import contextlib
import ctypes
import errno
import fcntl
import http.client
import math
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60
# Longer than gunicorn's graceful stop, so that a change under way gets its outcome written.
STOP_SECONDS: Final = 40
STEP_SECONDS: Final = 0.05
SAME_WISH_SECONDS: Final = 1
LINES_OF_A_LOG: Final = 15
PR_SET_PDEATHSIG: Final = 1
SANDBOX_PASSWORD: Final = "pools-demo"  # noqa: S105  (of a Core that holds nothing real)


class CannotGoOn(Exception):
    """Why the demo ends, as a sentence for the person who started it."""


class Stopped(Exception):
    """Somebody asked the demo to end: Ctrl-C, a signal, or the end of who started it."""


@dataclass(frozen=True, slots=True)
class Child:
    """A program that was started, in a process group of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-LINES_OF_A_LOG:]
        return "\n".join(f"  {line}" for line in lines)


@dataclass
class Demo:
    """What is running, and the signals that came in."""

    folder: Path
    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list)
    signals: int = 0
    last_signal: float = -math.inf
    started_by: int = field(default_factory=os.getppid)

    def listen_to_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            ignored = signal.getsignal(number) is signal.SIG_IGN
            if ignored and number == signal.SIGHUP:
                self.started_by = 0
                continue
            # A shell starts what runs in its background with SIGINT ignored: not so here.
            signal.signal(number, self._note_signal)

    def _note_signal(self, number: int, frame: Any) -> None:
        # Only noted: an exception out of a handler could lose a child just being started.
        # `make` passes on a signal that the whole group has got: twice the same wish.
        if time.monotonic() - self.last_signal > SAME_WISH_SECONDS:
            self.signals += 1
        self.last_signal = time.monotonic()

    def start(
        self,
        name: str,
        *command: str,
        pass_fds: tuple[int, ...] = (),
        python: str = sys.executable,
    ) -> Child:
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  (our own commands, no shell)
                [python, *command],
                cwd=ROOT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
                start_new_session=True,
                preexec_fn=_end_with(os.getpid()),
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def run(self, name: str, *command: str) -> str:
        """Runs a command to its end and returns its output."""
        child = self.start(name, *command)
        while child.process.poll() is None:
            self.watch(besides=child)
        self.children.remove(child)
        if child.process.returncode:
            raise CannotGoOn(f"{name} failed:\n{child.last_lines()}")
        output = child.log.read_text()
        child.log.unlink()
        return output

    def wait_for(self, child: Child, port: int, path: str) -> None:
        """Until the child answers at an address, whatever it answers below 500."""
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port, path):
            if time.monotonic() > deadline:
                raise CannotGoOn(
                    f"The {child.name} isn't answering. Its last lines were:\n{child.last_lines()}"
                )
            self.watch()

    def watch(self, besides: Child | None = None) -> None:
        """A short pause. Raises when it is time to end, or when a child has ended."""
        time.sleep(STEP_SECONDS)
        if self.signals:
            raise Stopped
        if self.started_by and os.getppid() != self.started_by:
            raise Stopped
        for child in self.children:
            if child is not besides and child.process.poll() is not None:
                code = child.process.returncode
                raise CannotGoOn(
                    f"The {child.name} stopped unexpectedly (exit code {code}), so all of it "
                    f"stops. Its last lines were:\n{child.last_lines()}"
                )

    def end(self) -> None:
        """Ends every child, the last started first; a second signal ends them at once."""
        signals = self.signals
        deadline = time.monotonic() + STOP_SECONDS
        for child in reversed(self.children):
            child.process.terminate()
            while child.process.poll() is None:
                if time.monotonic() > deadline or self.signals > signals:
                    break
                time.sleep(STEP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self.children.clear()


def main() -> int:
    folder = Path(os.environ.get("DEMO_DIR") or ROOT / ".demo").absolute()
    # Keys, tokens and logs: nothing that is made here is anybody else's to read.
    os.umask(0o077)
    return until_the_end(Demo(folder, {}), serve)


def until_the_end(demo: Demo, work: Callable[[Demo], None]) -> int:
    """Does the work and ends every child, however the work ends. Returns the exit status."""
    demo.listen_to_signals()
    try:
        work(demo)
    except Stopped:
        return 0
    except (CannotGoOn, OSError) as reason:
        print(reason, file=sys.stderr, flush=True)
        return 1
    finally:
        if demo.children:
            print("\nStopping …", flush=True)
        demo.end()
    return 0


def serve(demo: Demo) -> None:
    """Starts everything, fills the database, says how to get in, and stays until the end."""
    with listening("PANEL_PORT", 8000) as panel, listening("SANDBOX_PORT", 9100) as sandbox:
        demo.folder.mkdir(parents=True, exist_ok=True)
        demo.folder.chmod(0o700)
        with only_one(demo.folder):
            demo.environment = environment(demo.folder)
            port, core_port = panel.getsockname()[1], sandbox.getsockname()[1]
            people = prepare(demo, sandbox)
            say("Starting the panel …")
            web = demo.start(
                "panel",
                *("-m", "gunicorn", "--config", "adminpanel/gunicorn_conf.py"),
                *("--bind", f"fd://{panel.fileno()}", "adminpanel.wsgi:application"),
                pass_fds=(panel.fileno(),),
            )
            panel.close()
            demo.start("tend", "manage.py", "tend")
            demo.wait_for(web, port, "/accounts/login/")
            say(f"\nThe panel is ready: http://{HOST}:{port}\n\n{people}")
            say(f"The sandbox Core, where you can try faults: http://{HOST}:{core_port}/_sandbox/")
            say(f"Data and logs are in {demo.folder}. Press Ctrl-C to stop everything.")
            while True:
                demo.watch()


def prepare(demo: Demo, listener: socket.socket) -> str:
    """Starts the sandbox on a socket and fills the panel's database; returns who can sign in."""
    say("Starting the sandbox Core …")
    data, core_port = str(demo.folder / "sandbox.sqlite3"), listener.getsockname()[1]
    # The socket itself, as the panel gets one: a port that is only named could be taken first.
    core = demo.start(
        "sandbox",
        *("-m", "sandbox", "serve", "--fd", str(listener.fileno()), "--data", data),
        *("--password", SANDBOX_PASSWORD),
        pass_fds=(listener.fileno(),),
    )
    listener.close()
    say("Preparing the database and the static files …")
    demo.run("migrate", "manage.py", "migrate", "--no-input")
    collect_static_files(demo)
    demo.wait_for(core, core_port, "/api/v1/connection-pools")
    say("Adding companies, people and tokens …")
    keys = demo.folder / "keys.json"
    write_private(keys, demo.run("keys", "-m", "sandbox", "keys", "--json", "--data", data))
    return demo.run(
        "seed_demo",
        *("manage.py", "seed_demo", "--core", f"http://{HOST}:{core_port}", "--keys", str(keys)),
    )


def collect_static_files(demo: Demo) -> None:
    """Compressing them takes ten seconds, so only when they or the pinned packages changed.

    Or the templates, which are compiled with them.
    """
    files = [
        *(ROOT / "requirements.txt", ROOT / "pools/pages/template_functions.py"),
        *sorted((ROOT / "static").rglob("*")),
        *sorted((ROOT / "templates").rglob("*")),
    ]
    state = [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
    made_from = demo.folder / "static" / ".made-from"
    if made_from.exists() and made_from.read_text() == "\n".join(state):
        return
    demo.run("collectstatic", "manage.py", "collectstatic", "--no-input")
    made_from.write_text("\n".join(state))


def say(text: str) -> None:
    print(text, flush=True)


@contextlib.contextmanager
def listening(name: str, default: int) -> Iterator[socket.socket]:
    """A socket that listens on loopback, at the port that the variable `name` says."""
    text = os.environ.get(name) or str(default)
    is_number = text.isascii() and text.isdecimal() and len(text) <= 5
    if not is_number or int(text) > 65535:
        raise CannotGoOn(f"{name} must be a whole number from 0 to 65535, not {text!r}.")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, int(text)))
            listener.listen(128)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            why = "already in use" if error.errno == errno.EADDRINUSE else "reserved for root"
            raise CannotGoOn(f"Port {text} is {why}. Set {name} to another one.") from None
        yield listener


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds the folder: two demos on the same data would move each other's addresses."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotGoOn(
                f"Another demo is using {folder}. Stop it first, or set DEMO_DIR to another folder."
            ) from None
        yield


def environment(folder: Path) -> dict[str, str]:
    """The panel's settings for the demo, over what the person's own environment says."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "adminpanel.settings",
        "DATABASE_URL": os.environ.get("DEMO_DATABASE_URL") or f"sqlite:///{folder}/panel.sqlite3",
        "STATIC_ROOT": str(folder / "static"),
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "PUBLIC_URL": "",
        "TRUSTED_PROXY_COUNT": "0",
        "DEBUG": "false",
        "HTTPS": "false",
        "LOG_FORMAT": "text",
        "PANEL_DEMO": "1",
        "PYTHONUNBUFFERED": "1",
    }
    settings = _kept(folder / "env", settings)
    own = {
        name: value
        for name, value in os.environ.items()
        if name != "GUNICORN_CMD_ARGS" and name.removesuffix("_FILE") not in settings
    }
    return own | settings


def _kept(file: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings with the demo's secrets, made at its first run: its tokens need them.

    All of them are kept, quoted for a shell, so that commands there work on the demo's data.
    """
    kept = file.read_text().splitlines() if file.exists() else []
    made = {name: _unquoted(value) for name, value in (line.split("=", 1) for line in kept)}
    made |= settings
    made.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    for name in ("TOKEN_KEYS", "AUDIT_KEYS", "SIGNING_KEYS"):
        made.setdefault(name, f"demo:{base64.b64encode(secrets.token_bytes(32)).decode()}")
    lines = [f"{name}={shlex.quote(value)}" for name, value in made.items()]
    if lines != kept:
        write_private(file, "\n".join(lines))
    return made


def _unquoted(value: str) -> str:
    return shlex.split(value)[0] if value.startswith("'") else value


def write_private(file: Path, text: str) -> None:
    """Whole or not at all, and readable by its owner alone."""
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(file)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path, headers={"Accept": "application/json, text/html"})
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it runs: asks to be ended when this process is killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)  # killed before the question was asked

    return ask


if __name__ == "__main__":
    sys.exit(main())
