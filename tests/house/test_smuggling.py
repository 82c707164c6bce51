"""Requests in disguise at the real gunicorn: at most one is ever seen on a connection."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.house.gunicorn_panel import Panel, gunicorn_panel

HOST: Final = b"Host: panel.example\r\n"
HIDDEN: Final = b"GET /smuggled/ HTTP/1.1\r\n" + HOST + b"\r\n"
FORM: Final = b"Content-Type: application/x-www-form-urlencoded\r\n"
LENGTH: Final = str(len(HIDDEN)).encode()
IN_A_CHUNK: Final = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)


def post(*headers: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    lines = b"".join(line + b"\r\n" for line in headers)
    return b"POST /accounts/login/ HTTP/" + version + b"\r\n" + HOST + FORM + lines + b"\r\n" + body


def get(*headers: bytes, target: bytes = b"/first/", body: bytes = b"") -> bytes:
    lines = b"".join(line + b"\r\n" for line in headers)
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + lines + b"\r\n" + body


# Refused before the panel sees anything: two readers could take it for different requests.
REFUSED: Final = {
    "CL.TE": post(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN),
    "TE.CL": post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=IN_A_CHUNK),
    "TE.TE": post(
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n" + HIDDEN
    ),
    "TE twice": post(
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN
    ),
    "TE chunked, chunked": post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n" + HIDDEN),
    "TE xchunked": post(b"Transfer-Encoding: xchunked", body=HIDDEN),
    "TE chunked with a tab": post(b"Transfer-Encoding:\tchunked\x0b", body=b"0\r\n\r\n" + HIDDEN),
    "TE with a space before the colon": post(
        b"Transfer-Encoding : chunked", b"Content-Length: 3", body=HIDDEN
    ),
    "TE on HTTP/1.0": post(
        b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN, version=b"1.0"
    ),
    "two lengths": post(b"Content-Length: 0", b"Content-Length: " + LENGTH, body=HIDDEN),
    "the same length twice": post(b"Content-Length: 3", b"Content-Length: 3", body=b"abc" + HIDDEN),
    "lengths in a list": post(b"Content-Length: 0, " + LENGTH, body=HIDDEN),
    "a length with a plus": post(b"Content-Length: +3", body=b"abc" + HIDDEN),
    "a negative length": post(b"Content-Length: -1", body=HIDDEN),
    "a hexadecimal length": post(b"Content-Length: 0x3", body=b"abc" + HIDDEN),
    "a length with an underscore": post(b"Content-Length: 1_0", body=b"0123456789" + HIDDEN),
    "an empty length": post(b"Content-Length: ", body=HIDDEN),
    "a length in Arabic digits": post("Content-Length: ٣".encode(), body=b"abc" + HIDDEN),
    "a folded header": post(
        b"X-One: a\r\n Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n" + HIDDEN
    ),
    "a folded length": post(b"Content-Length:\r\n 3", body=b"abc" + HIDDEN),
    "a bare CR in a header": get(b"X-One: a\rX-Two: b", body=HIDDEN),
    "a bare LF in a header": get(b"X-One: a\nContent-Length: 90", body=HIDDEN),
    "bare LF line ends": b"GET /first/ HTTP/1.1\nHost: panel.example\n\n"
    + HIDDEN.replace(b"\r", b""),
    "NUL in a name": get(b"X-\x00One: a", body=HIDDEN),
    "NUL in a value": get(b"X-One: a\x00b", body=HIDDEN),
    "NUL in the target": get(target=b"/first/\x00", body=HIDDEN),
    "a header without a colon": get(b"X-One", body=HIDDEN),
    "a header without a name": get(b": a", body=HIDDEN),
    "a space at the first header": b"GET /first/ HTTP/1.1\r\n X-One: a\r\n"
    + HOST
    + b"\r\n"
    + HIDDEN,
    "two hosts": get(b"Host: elsewhere.example", body=HIDDEN),
    "HTTP/0.9": b"GET /first/\r\n\r\n" + HIDDEN,
    "HTTP/2.0": b"GET /first/ HTTP/2.0\r\n" + HOST + b"\r\n" + HIDDEN,
    "HTTP/1.1 with a tab": b"GET\t/first/\tHTTP/1.1\r\n" + HOST + b"\r\n" + HIDDEN,
    "HTTP/2 in clear": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "a lower-case method": b"get /first/ HTTP/1.1\r\n" + HOST + b"\r\n" + HIDDEN,
}
# Their head is in order, and the body cannot be read: one request, and it is refused.
BROKEN: Final = {
    "a chunk with a sign": post(
        b"Transfer-Encoding: chunked", body=b"+3\r\nabc\r\n0\r\n\r\n" + HIDDEN
    ),
    "a chunk with 0x": post(
        b"Transfer-Encoding: chunked", body=b"0x3\r\nabc\r\n0\r\n\r\n" + HIDDEN
    ),
    "a chunk with a bare LF in its extension": post(
        b"Transfer-Encoding: chunked", body=b"3;a\nb\r\nabc\r\n0\r\n\r\n" + HIDDEN
    ),
    "a chunk that ends late": post(
        b"Transfer-Encoding: chunked", body=b"3\r\nabcdef\r\n0\r\n\r\n" + HIDDEN
    ),
    "a chunk with a bare LF": post(b"Transfer-Encoding: chunked", body=b"3\nabc\n0\n\n" + HIDDEN),
    "a chunk of nonsense": post(
        b"Transfer-Encoding: chunked", body=b"zz\r\nabc\r\n0\r\n\r\n" + HIDDEN
    ),
    "a trailer that sets a length": post(
        b"Transfer-Encoding: chunked", body=b"0\r\nContent-Length: 90\r\n\r\n" + HIDDEN
    ),
}
# Each is one honest request, whatever comes behind it on the connection.
ONE: Final = {
    "pipelined": get(body=HIDDEN),
    "pipelined, wanting to be kept": get(b"Connection: keep-alive", body=HIDDEN),
    "pipelined behind a body": post(b"Content-Length: 3", body=b"abc" + HIDDEN),
    "pipelined behind chunks": post(
        b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n" + HIDDEN
    ),
    "a GET with a body": get(b"Content-Length: " + LENGTH, body=HIDDEN),
    "a length of nothing": post(b"Content-Length: 0", body=HIDDEN),
    "a chunk with an extension": post(
        b"Transfer-Encoding: chunked", body=b"3;a=b\r\nabc\r\n0\r\n\r\n" + HIDDEN
    ),
    "HTTP/1.0 to be kept": b"GET /first/ HTTP/1.0\r\n"
    + HOST
    + b"Connection: keep-alive\r\n\r\n"
    + HIDDEN,
    "an upgrade to HTTP/2": get(
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAAQAAP__",
        body=HIDDEN,
    ),
    "an upgrade to a WebSocket": get(b"Connection: Upgrade", b"Upgrade: websocket", body=HIDDEN),
    "100-continue": post(b"Expect: 100-continue", b"Content-Length: 3", body=b"abc" + HIDDEN),
    "the whole address": get(target=b"http://elsewhere.example/first/", body=HIDDEN),
    "the whole address, of the panel": get(target=b"http://panel.example/first/", body=HIDDEN),
    "a method in a header": get(b"X-HTTP-Method-Override: DELETE", body=HIDDEN),
    "a length with an underscore in its name": get(b"Content_Length: " + LENGTH, body=HIDDEN),
    "CONNECT": b"CONNECT panel.example:443 HTTP/1.1\r\n" + HOST + b"\r\n" + HIDDEN,
    "a line end before the request": b"\r\n" + get(body=HIDDEN),
}


@pytest.fixture(scope="module")
def panel(ready: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    # Plain HTTP: a redirect to HTTPS would answer before a body is read.
    settings = {"LOG_LEVEL": "INFO", "HTTPS": "false", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with gunicorn_panel(ready | settings, tmp_path_factory.mktemp("smuggling")) as found:
        yield found


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_can_be_read_in_two_ways_is_seen_by_nobody(panel: Panel, name: str) -> None:
    before = panel.seen()
    (status,) = panel.send(REFUSED[name])
    assert 400 <= int(status) <= 501
    assert panel.seen() == before


@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_cannot_be_read_is_refused(panel: Panel, name: str) -> None:
    before = panel.seen()
    assert panel.send(BROKEN[name]) == [b"403"]
    assert panel.seen() == [*before, "/accounts/login/"]


@pytest.mark.parametrize("name", ONE)
def test_what_comes_behind_a_request_is_never_read(panel: Panel, name: str) -> None:
    before = panel.seen()
    answers = [status for status in panel.send(ONE[name]) if status != b"100"]
    assert (len(answers), len(panel.seen())) == (1, len(before) + 1)
    assert "/smuggled/" not in panel.seen()
