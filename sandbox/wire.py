"""Answers as bytes on a connection, well or badly behaved."""

import contextlib
import select
import socket
import ssl
import struct
import time
from email.utils import formatdate
from typing import Final

from sandbox.faults import LONGEST_SECONDS, Faults
from sandbox.http_messages import Answer, reason_phrase

HINTS: Final = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PIECE: Final = 64 * 1024


def wait(stop: socket.socket, seconds: float) -> bool:
    """Wait; False if the server stopped before that."""
    return not select.select([stop], [], [], seconds)[0]


class Wire:
    """One connection of the server's, with the ways to mistreat it.

    Every wait ends when the server stops, which `stop` (a socket that becomes readable) tells.
    """

    def __init__(self, connection: socket.socket, stop: socket.socket) -> None:
        self.connection = connection
        self._stop = stop

    def send(self, part: bytes) -> None:
        """Send all of it."""
        self.connection.sendall(part)

    def pause(self, seconds: float) -> bool:
        """Wait; False if the server stopped before that."""
        return wait(self._stop, seconds)

    def hold(self, seconds: float) -> None:
        """Wait until the time is over, the client has gone or the server stops."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            readable, _, _ = select.select([self._stop, self.connection], [], [], left)
            if self._stop in readable or not readable or self._gone():
                return
            if not self.pause(min(left, 0.05)):
                return

    def _gone(self) -> bool:
        if isinstance(self.connection, ssl.SSLSocket):
            return False
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def reset(self) -> None:
        """Close so that the other side gets a reset rather than an end."""
        # What was sent is read before the reset arrives, as with a process that dies later.
        self.pause(0.02)
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def half_close(self) -> None:
        """End our side, leave theirs open."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)

    def drip(self, part: bytes, interval: float) -> bool:
        """Send byte by byte; False if time was up or the server stopped before the end."""
        ends = time.monotonic() + LONGEST_SECONDS
        for at in range(len(part)):
            self.send(part[at : at + 1])
            if not self.pause(interval) or time.monotonic() > ends:
                return False
        return True

    def flood(self, piece: bytes) -> None:
        """Send the same for ever: until time is up, the client goes or the server stops."""
        ends = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < ends and self.pause(0):
            self.send(piece)


def head_of(answer: Answer, *, close: bool, length: int | None, chunked: bool = False) -> bytes:
    """Status line and headers, blank line included; `length` None leaves it out."""
    lines = [f"HTTP/1.1 {answer.status} {reason_phrase(answer.status)}", "Server: nginx"]
    lines.append(f"Date: {formatdate(usegmt=True)}")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif length is not None:
        lines.append(f"Content-Length: {length}")
    lines.append(f"Connection: {'close' if close else 'keep-alive'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def send_answer(wire: Wire, answer: Answer, *, head_only: bool, close: bool) -> bool:
    """Send an answer well; whether the connection can be used again."""
    bodiless = answer.status < 200 or answer.status in (204, 304)
    close = close or answer.status < 200
    length = None if bodiless else len(answer.body)
    head = head_of(answer, close=close, length=length)
    wire.send(head if head_only or bodiless else head + answer.body)
    return not close


def misbehave(wire: Wire, answer: Answer, faults: Faults) -> bool:
    """Send an answer as badly as a fault wants; False if none of them concerns the wire.

    Whatever was done, the connection is of no further use.
    """
    if "early-hints" in faults:
        wire.send(HINTS)
    return (
        _stop_within(wire, answer, faults)
        or _drip(wire, answer, faults)
        or _wrong_length(wire, answer, faults)
        or _in_chunks(wire, answer, faults)
        or _endless(wire, answer, faults)
    )


def _stop_within(wire: Wire, answer: Answer, faults: Faults) -> bool:
    head = head_of(answer, close=False, length=len(answer.body))
    whole = head + answer.body
    places = {
        "before": 0,
        "in": len(head) // 2,
        "after": len(head),
        "body": len(head) + len(answer.body) // 2,
    }
    for name in ("hang", "reset", "half-close"):
        if name not in faults:
            continue
        wire.send(whole[: places[faults[name].position]])
        if name == "reset":
            wire.reset()
            return True
        if name == "half-close":
            wire.half_close()
        wire.hold(faults[name].seconds)
        return True
    hangs_up = "apply-then-fail" in faults or "apply-after-read" in faults
    if "cut" in faults or (hangs_up and not faults.replaces):
        wire.send(whole[: faults.get("cut", 0)])
        return True
    return False


def _drip(wire: Wire, answer: Answer, faults: Faults) -> bool:
    head = head_of(answer, close=True, length=len(answer.body))
    if "drip-headers" in faults and wire.drip(head, faults["drip-headers"]):
        wire.send(answer.body)
    elif "drip-body" in faults:
        wire.send(head)
        wire.drip(answer.body, faults["drip-body"])
    return "drip-headers" in faults or "drip-body" in faults


def _wrong_length(wire: Wire, answer: Answer, faults: Faults) -> bool:
    for name, sign in (("short-length", -1), ("long-length", 1)):
        if name in faults:
            length = max(len(answer.body) + sign * faults[name], 0)
            wire.send(head_of(answer, close=False, length=length) + answer.body)
            return True
    return False


def _in_chunks(wire: Wire, answer: Answer, faults: Faults) -> bool:
    if "chunked" not in faults and "cut-chunk" not in faults:
        return False
    wire.send(head_of(answer, close=True, length=None, chunked=True))
    half = len(answer.body) // 2
    for part in filter(None, (answer.body[:half], answer.body[half:])):
        wire.send(b"%x\r\n%b\r\n" % (len(part), part))
        if "cut-chunk" in faults:
            rest = answer.body[half:] or b" "
            wire.send(b"%x\r\n%b" % (len(rest) + 1, rest))
            return True
    wire.send(b"0\r\n\r\n")
    return True


def _endless(wire: Wire, answer: Answer, faults: Faults) -> bool:
    if "endless-body" in faults:
        wire.send(head_of(answer, close=True, length=None, chunked=True))
        first = b'{"data":['
        wire.send(b"%x\r\n%b\r\n" % (len(first), first))
        wire.flood(b"%x\r\n%b\r\n" % (PIECE, b" " * PIECE))
        return True
    if "endless-header" in faults:
        wire.send(head_of(answer, close=True, length=len(answer.body))[:-2] + b"X-Endless: ")
        wire.flood(b"a" * PIECE)
        return True
    return False
