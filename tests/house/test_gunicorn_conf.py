"""How the panel is served, as gunicorn itself understands the configuration file."""

import re
from pathlib import Path

import pytest
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from adminpanel.checks import GRACEFUL_SECONDS
from pools.core.limits import CoreLimits
from tests.fixtures.nursery import Nursery

ROOT = Path(__file__).resolve().parents[2]
# Says what a worker would begin with.
LOADED = """
import gc, sys
import adminpanel.wsgi
from pools.core import transport
exempt = gc.get_freeze_count() > 10 * len(gc.get_objects())
trusted = transport._tls_context.cache_info().currsize
print(gc.isenabled(), exempt, "pools.urls" in sys.modules, trusted)
"""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Config:
    return as_read(monkeypatch)


def as_read(monkeypatch: pytest.MonkeyPatch) -> Config:
    """gunicorn's own reading of the file; it stops at a name or a value it does not know."""
    file = ROOT / "adminpanel/gunicorn_conf.py"
    monkeypatch.setattr("sys.argv", ["gunicorn", "--config", str(file), "adminpanel.wsgi"])
    config: Config = WSGIApplication("%(prog)s").cfg
    return config


def test_a_stop_waits_twice_as_long_as_a_call_to_core_may_take(served: Config) -> None:
    assert (CoreLimits().deadline_seconds, served.graceful_timeout) == (15, 30)


def test_what_anybody_waits_for_ends_before_a_stop_does_and_before_the_proxy_gives_up(
    served: Config,
) -> None:
    """The start is refused with settings that could need GRACEFUL_SECONDS: see test_refusals."""
    proxy = (ROOT / "docs/deployment/Caddyfile").read_text()
    (patience,) = re.findall(r"response_header_timeout (\d+)s", proxy)
    assert served.graceful_timeout == GRACEFUL_SECONDS < int(patience)


def test_a_worker_looks_for_cycles_once_a_few_pages(
    served: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's usual 700 objects are a fraction of a page."""
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr("gc.set_threshold", lambda *given: asked.append(given))
    monkeypatch.setattr("adminpanel.worker_metrics.become", lambda worker: None)
    monkeypatch.setattr("ctypes.CDLL", lambda name: None)
    served.post_fork(None, None)
    ((newest, _, _),) = asked
    assert newest > 3_000


def test_threads_and_processes(served: Config) -> None:
    assert issubclass(served.worker_class, ThreadWorker)
    assert (served.threads, served.workers) == (16, 2)


def test_threads_and_processes_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_THREADS", "5")
    monkeypatch.setenv("WEB_WORKERS", "3")
    served = as_read(monkeypatch)
    assert (served.threads, served.workers) == (5, 3)


def test_all_is_loaded_before_workers_are_made_and_never_looked_through_for_garbage(
    nursery: Nursery, ready: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "loaded.py").write_text(LOADED)
    ended = nursery.run(str(tmp_path / "loaded.py"), environment=ready)
    assert (ended.stdout, ended.stderr) == ("True True True 1\n", "")


@pytest.mark.parametrize("value", ["0", "65", "two", "2.5", "1_0"])
def test_a_nonsensical_number_of_processes_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("WEB_WORKERS", value)
    with pytest.raises(SystemExit, match="The panel does not start: WEB_WORKERS must be a whole "):
        as_read(monkeypatch)


def test_a_connection_takes_one_request(served: Config) -> None:
    assert served.keepalive == 0


def test_no_header_changes_the_scheme_or_the_path(served: Config) -> None:
    assert (served.secure_scheme_headers, served.forwarder_headers) == ({}, [])


def test_no_socket_takes_commands(served: Config) -> None:
    assert served.control_socket_disable is True


def test_listens_on_loopback_unless_told_otherwise(served: Config) -> None:
    assert served.address == [("127.0.0.1", 8000)]


def test_the_access_log_would_leave_out_what_people_search_for(served: Config) -> None:
    assert served.accesslog is None
    assert not {"%(r)s", "%(q)s", "%(f)s"} & set(served.access_log_format.split())
