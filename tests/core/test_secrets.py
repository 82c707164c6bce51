"""A token shows in no exception, no traceback, no log and no repr, whatever goes wrong."""

import gc
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import requests

from pools.core import CoreError, CoreLimits, sign_in
from pools.secret import Secret
from tests.core.conftest import LIMITS, TOKEN, MakeClient
from tests.core.operations import OPERATIONS, good_core
from tests.core.raw_server import (
    Connection,
    Handler,
    RawServer,
    Received,
    always,
    json_answer,
    raw_answer,
    then_close,
)

Serve = Callable[..., RawServer]


def hang(request: Received, connection: Connection) -> None:
    connection.hang()


def reset(request: Received, connection: Connection) -> None:
    connection.reset()


def echo_everything(request: Received, connection: Connection) -> bytes:
    """As Laravel's debug pages do."""
    value = {"message": repr(request), "errors": {"name": [repr(request.headers)]}}
    return json_answer(value, 422, ("Location", f"/?{request.headers.get('authorization')}"))


def echo_in_a_redirect(request: Received, connection: Connection) -> bytes:
    location = f"https://x.example/?{request.headers.get('authorization')}"
    return raw_answer(b"", 302, (("Location", location),))


FAULTS: dict[str, Handler] = {
    "hang": hang,
    "reset": reset,
    "closed": then_close(b""),
    "cut in headers": then_close(b"HTTP/1.1 200 OK\r\nX"),
    "cut in body": then_close(raw_answer(b"{", length=9)),
    "not http": then_close(b"SSH-2.0-OpenSSH\r\n"),
    "401": always(json_answer({"message": "Unauthenticated."}, 401)),
    "404": always(json_answer({"message": "No."}, 404)),
    "429": always(json_answer({"message": "No."}, 429)),
    "500": always(raw_answer(b"<html>", 500)),
    "web page": always(raw_answer(b"<html>")),
    "wrong shape": always(json_answer("x")),
    "deep": always(raw_answer(b"[" * 50_000)),
    "bad gzip": always(raw_answer(b"x", 200, (("Content-Encoding", "gzip"),))),
    "echo": echo_everything,
    "echo in a redirect": echo_in_a_redirect,
}


def everything_shown(error: BaseException) -> str:
    """All that a log, an error page or a debugger's dump could show of an exception."""
    shown = [repr(error), str(error), repr(vars(error))]
    shown += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "pools/core" in frame.f_code.co_filename:
            shown += [repr(value) for value in frame.f_locals.values()]
    return "\n".join(shown)


def raised_by(operation: Callable[[], Any]) -> CoreError:
    with pytest.raises(CoreError) as caught:
        operation()
    return caught.value


@pytest.mark.parametrize("name", ["list", "create", "clear"])
@pytest.mark.parametrize("fault", FAULTS)
def test_error_shows_no_token(
    serve: Serve,
    client: MakeClient,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    name: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    core = client(serve(FAULTS[fault]).url, deadline_seconds=0.4, read_retries=0)
    error = raised_by(lambda: OPERATIONS[name](core))
    assert TOKEN not in everything_shown(error)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("fault", FAULTS)
def test_error_of_signing_in_shows_no_password(
    serve: Serve, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(FAULTS[fault])
    limits = CoreLimits(deadline_seconds=0.4)
    error = raised_by(lambda: sign_in(server.url, "a@b.example", Secret(TOKEN), limits))
    assert TOKEN not in everything_shown(error)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("fault", FAULTS)
def test_no_other_exception_hangs_on_the_error(
    serve: Serve, client: MakeClient, fault: str
) -> None:
    core = client(serve(FAULTS[fault]).url, deadline_seconds=0.4, read_retries=0)
    error = raised_by(lambda: core.clear_pool(7))
    assert (error.__context__, error.__cause__) == (None, None)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "http://127.0.0.1:1", "https://none.invalid", "http://a.example"]
)
def test_error_before_anything_is_sent_shows_no_token(client: MakeClient, url: str) -> None:
    core = client(url, connect_timeout_seconds=1, read_retries=0)
    error = raised_by(lambda: core.clear_pool(7))
    assert TOKEN not in everything_shown(error)
    assert (error.__context__, error.__cause__) == (None, None)


def test_no_request_outlives_its_call(serve: Serve, client: MakeClient) -> None:
    core = client(serve(reset).url, read_retries=0)
    # Tests of another room, in the same process, may hold some of their own.
    before = requests_alive()
    error = raised_by(lambda: core.get_pool(7))
    assert error.sent
    assert len(requests_alive()) == len(before)


def requests_alive() -> list[requests.PreparedRequest]:
    gc.collect()
    return [found for found in gc.get_objects() if type(found) is requests.PreparedRequest]


def test_client_and_limits_show_no_token(serve: Serve, client: MakeClient) -> None:
    core = client(serve(good_core).url)
    core.get_pool(7)
    assert TOKEN not in repr(vars(core))


def test_logs_of_a_good_call_hold_no_token(
    serve: Serve, client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(good_core)
    for operation in OPERATIONS.values():
        operation(client(server.url))
    sign_in_server = serve(always(json_answer({"token": "token-token"})))
    sign_in(sign_in_server.url, "a@b.example", Secret(TOKEN), LIMITS)
    assert TOKEN not in caplog.text
