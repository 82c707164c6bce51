"""Copies of the newest signed checkpoint, out of this machine's reach: a file, and an address.

It is `tend`'s work, and waits in nobody's way. What could not be copied is tried again, and is
seen at `/readyz`, at `/metrics` and by auditors. A checkpoint covers all those before it: only
the newest is copied.
"""

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings

from pools.ledger import standing
from pools.ledger.signed_checkpoints import SignedCheckpoint, latest_checkpoint
from pools.ledger.standing import ADDRESS, FILE

# For the whole of it, but for looking the name up: `tend` does nothing else in that time.
DEADLINE_SECONDS: Final = 10.0
# Of an answer, no more than its first line counts.
PORT: Final = 443
log = structlog.get_logger("panel.ledger")


class NotCopied(Exception):
    """Why a checkpoint could not be copied, as a sentence."""


def wanted() -> Mapping[str, Callable[[SignedCheckpoint], None]]:
    """Where copies go, by settings."""
    to = {FILE: (settings.CHECKPOINT_FILE, _write), ADDRESS: (settings.CHECKPOINT_URL, _send)}
    return {name: copy for name, (place, copy) in to.items() if place}


def due() -> list[str]:
    """Where the newest checkpoint is not yet, as far as is known. Two short queries."""
    places = wanted()
    newest = latest_checkpoint() if places else None
    if newest is None:
        return []
    known = standing.read()
    return [name for name in places if name not in known or known[name].size != newest.size]


def copy_to(name: str) -> bool:
    """Copies the newest checkpoint to one of these places; whether it is there now.

    Several processes may copy the same one: whoever keeps it has it twice then.
    """
    newest = latest_checkpoint()
    if newest is None:
        return False
    try:
        wanted()[name](newest)
    except NotCopied as reason:
        why = str(reason)
    else:
        if standing.note_success(name, newest.size):
            log.warning("checkpoints are copied again", to=name)
        return True
    if standing.note_failure(name, why):
        log.warning("a checkpoint is not copied", to=name, reason=why)
    return False


def copy_again(checkpoint: SignedCheckpoint) -> list[str]:
    """Copies one that was signed by somebody else, too; why not, where it could not be.

    Nobody tries again by itself.
    """
    failed = []
    for name, copy in wanted().items():
        try:
            copy(checkpoint)
        except NotCopied as reason:
            failed.append(f"{name}: {reason}")
    return failed


def _write(checkpoint: SignedCheckpoint) -> None:
    """Behind those that are there, with an empty line after it; on the disk when this returns."""
    try:
        with Path(settings.CHECKPOINT_FILE).open("a", encoding="utf-8") as file:
            file.write(f"{checkpoint.text}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NotCopied(f"The file cannot be written: {error.strerror or error}.") from None


def _send(checkpoint: SignedCheckpoint) -> None:
    """By HTTPS, as the body of a POST. Any answer but a 2xx means that it did not arrive."""
    try:
        status = _status_of(settings.CHECKPOINT_URL, checkpoint.text.encode())
    except ssl.SSLError as error:
        raise NotCopied(f"Its certificate is not accepted: {error.reason}.") from None
    except TimeoutError:
        raise NotCopied(f"No answer in {DEADLINE_SECONDS:g} seconds.") from None
    except (OSError, HTTPException, ValueError) as error:
        # The class alone: a text of theirs may quote what somebody else wrote.
        raise NotCopied(f"It cannot be reached, or gives no answer: {_kind(error)}.") from None
    if 300 <= status < 400:
        raise NotCopied(f"It leads elsewhere ({status}): CHECKPOINT_URL is not the right address.")
    if not 200 <= status < 300:
        raise NotCopied(f"It answered {status}.")


def _kind(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _status_of(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORT
    plain = socket.create_connection((host, port), timeout=DEADLINE_SECONDS)
    with (
        plain,
        ssl.create_default_context().wrap_socket(
            plain, server_hostname=host, do_handshake_on_connect=False
        ) as secured,
        _cut_in_time(secured) as was_cut,
    ):
        try:
            secured.do_handshake()
            connection = HTTPSConnection(host, port)
            connection.sock = secured
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            headers = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
        except (OSError, HTTPException, ValueError) as error:
            if was_cut():
                raise TimeoutError from error
            raise


@contextmanager
def _cut_in_time(connected: ssl.SSLSocket) -> Iterator[Callable[[], bool]]:
    """Ends the connection at the deadline: a time limit of reads alone is one for each of them."""
    cut = False

    def end() -> None:
        nonlocal cut
        cut = True
        with suppress(OSError):
            # The plain one's: TLS would say goodbye first, and may wait for an answer.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = Timer(DEADLINE_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield lambda: cut
    finally:
        timer.cancel()
