"""How gunicorn serves the panel. What a deployment may change comes from the environment.

The deadlines nest, each ending inside the next: one call to Core (15 s), gunicorn's
graceful stop (30 s), the supervisor's patience before it kills (45 s or more). Past
`graceful_timeout` a thread is cut without its `finally`: the outcome of a change that was
under way would go unwritten.
"""

import contextlib
import ctypes
import gc
import os
import sys
import tempfile
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from gunicorn.http import message

from adminpanel import worker_metrics
from adminpanel.environment import listening_address, log_format, whole_number

# mallopt's number for "how many heaps there may be" (malloc.h).
_M_ARENA_MAX: Final = -8
# After how many new objects Python looks for cycles that nobody needs, among the newest, and
# after how many times among the older ones, and among all. A page makes some thousand, and
# drops nearly all of them by itself.
_LOOK_FOR_CYCLES: Final = (5_000, 20, 50)

# A request here mostly waits for Core, which a thread does at no cost. Two processes,
# because one holds Python's lock while it renders.
worker_class = "adminpanel.worker.PromptWorker"
try:
    bind = listening_address("WEB_BIND", "127.0.0.1:8000")
    threads = whole_number("WEB_THREADS", 16, least=3, most=128)
    workers = whole_number("WEB_WORKERS", 2, least=1, most=64)
    log_format()
except ImproperlyConfigured as error:
    sys.exit(f"The panel does not start: {error}")

# A panel that refuses to start says so once and ends; loaded by the workers, the
# sentence would come once per worker, and again at every try. It also means that SIGHUP
# replaces the workers but loads no new code and no new settings: see docs/operations.md.
preload_app = True

# Only notices a process whose main loop is stuck: a hanging thread is not its business.
timeout = 30
graceful_timeout = 30
# One request a connection. A connection that is kept can be closed here while the proxy
# sends the next request on it: a change that is cut before anybody saw it. And what is
# hidden behind a request on the same connection is never read.
keepalive = 0

# The longest honest request line is a search of 1,000 characters inside the `next` of an
# address, 12 bytes a character and 20 inside another address; a header that names the page
# (Referer, HX-Current-URL) has it too. Cookies of the domain above come with every request.
limit_request_line = 2**15
limit_request_fields = 64
limit_request_field_size = 2**15
# gunicorn's own ceiling is 8,190 bytes, or else none at all.
message.MAX_REQUEST_LINE = limit_request_line
# The parser that the tests know, even where a faster one happens to be installed.
http_parser = "python"

# No header sets the scheme, the path or the prefix here: what a proxy says is the panel's
# to judge, by TRUSTED_PROXY_COUNT alone.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

# The heartbeat file is touched every second: on a disk that can block the worker, and
# a container's root may be read-only.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # nosec B108

# The same place for what the workers count: see adminpanel/worker_metrics.py.
raw_env = [f"{worker_metrics.VARIABLE}={worker_tmp_dir or tempfile.gettempdir()}"]

# Otherwise a socket in the home folder accepts commands, such as to reload or to stop.
control_socket_disable = True

# Its own lines quote requests that it refuses: they are escaped like all others.
logger_class = "adminpanel.gunicorn_log.PanelLogger"

# The panel writes a line per request itself, with its id. For those who turn this one on
# (`--access-logfile -`): without the query string and the referrer, which hold what
# people search for, and with the same id.
accesslog = None
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms %({x-request-id}o)s'


def pre_fork(server: Any, worker: Any) -> None:
    """Closes what loading the panel has opened: two processes must not share a connection."""
    from django.db import connections

    connections.close_all()
    worker_metrics.number_worker(worker, server.WORKERS.values())


def post_fork(server: Any, worker: Any) -> None:
    worker_metrics.become(worker)
    gc.set_threshold(*_LOOK_FOR_CYCLES)
    # glibc gives each thread a heap of its own, with room that no other can use. Under
    # Python's lock they hardly ever want memory at once. Other C libraries lack the function.
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def when_ready(server: Any) -> None:
    """Notes the ledger's head in the log at every start; see `pools.ledger.logged_checkpoints`.

    It also logs leases that no open change explains, open changes without a lease, and entries
    that name another key than their own.
    """
    _log_checkpoint()
    from django.apps import apps

    if apps.ready:
        from pools.ledger.chain import log_altered_keys
        from pools.ledger.leases import log_unfit

        log_unfit()
        log_altered_keys()


def on_exit(server: Any) -> None:
    """Notes the head at every stop, once no worker can write."""
    _log_checkpoint()


def _log_checkpoint() -> None:
    from django.apps import apps

    # Not where the panel did not load: the reason has been said.
    if apps.ready:
        from pools.ledger.logged_checkpoints import log_checkpoint

        log_checkpoint()
