"""Requests whose address or headers are too large to be read: refused in the panel's look.

gunicorn finds it out before the panel sees a request. The worker then asks the panel for
the page, with a request of its own, so that it has the headers, the log line and the
request id that every answer has.
"""

import io
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

# No request from outside can set it: what comes in a header has a name with HTTP_.
STATUS_KEY: Final = "panel.too_large"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def whole_answer(application: Application, status: HTTPStatus, address: str) -> bytes:
    """The refusal as it goes over the wire, after which the connection is closed."""
    head: list[str] = []

    def start_response(line: str, headers: list[tuple[str, str]], *_: Any) -> None:
        head[:] = [f"HTTP/1.1 {line}", *(f"{name}: {value}" for name, value in headers)]

    body = b"".join(application(_environ(status, address), start_response))
    ends = [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join([*head, *ends]).encode("latin-1") + body


def _environ(status: HTTPStatus, address: str) -> dict[str, Any]:
    return {
        STATUS_KEY: status,
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "REMOTE_ADDR": address,
        "SERVER_NAME": "",
        "SERVER_PORT": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        # The refusal is no reason to lead anybody to HTTPS.
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
