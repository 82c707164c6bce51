"""Every fault that can be asked for, as a client meets it."""

import gzip
import http.client
import json
import socket
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.running import RunningSandbox
from sandbox.store import StoredPool

from .calls import POOLS, Caller, Reply, raw_exchange, with_key


def faulty(caller: Caller, fault: str, method: str = "GET", path: str = POOLS) -> Reply:
    """One call with a fault of its own."""
    return caller.send(method, path, None, {"X-Sandbox-Fault": fault})


def raw(core: RunningSandbox, fault: str, method: str = "GET", path: str = POOLS) -> bytes:
    """Everything that one call with a fault gets, until the connection ends."""
    lines = (
        f"{method} {path} HTTP/1.1",
        "Host: core",
        "Accept: application/json",
        "Connection: close",
        f"Authorization: {core.keys['acme']['full']}",
        f"X-Sandbox-Fault: {fault}",
    )
    return raw_exchange(core, ("\r\n".join(lines) + "\r\n\r\n").encode())


@pytest.fixture
def connection(core: RunningSandbox) -> Iterator[socket.socket]:
    """A bare connection to the sandbox."""
    with socket.create_connection(("127.0.0.1", core.server.port), timeout=5) as opened:
        yield opened


def ask(connection: socket.socket, core: RunningSandbox, fault: str) -> None:
    """Send a request for the list with a fault, and read nothing."""
    lines = f"GET {POOLS} HTTP/1.1\r\nHost: core\r\nAccept: application/json\r\n"
    key = f"Authorization: {core.keys['acme']['full']}\r\n"
    connection.sendall(f"{lines}{key}X-Sandbox-Fault: {fault}\r\n\r\n".encode())


def read_all(connection: socket.socket) -> tuple[bytes, str]:
    """What comes, and how it stopped: end, reset or silence."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        return received, "reset"
    except TimeoutError:
        return received, "silence"
    return received, "end"


# Other answers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 429, 500, 502, 503, 504])
def test_status_in_json(acme: Caller, status: int) -> None:
    answer = faulty(acme, f"status={status}")
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert isinstance(answer.message, str)


def test_status_in_nginx_html(acme: Caller) -> None:
    answer = faulty(acme, "status=502,html")
    assert answer.status == 502
    assert b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>" in answer.body


def test_status_with_an_empty_body(acme: Caller) -> None:
    answer = faulty(acme, "status=503,empty")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (503, b"", "0")


@pytest.mark.parametrize("status", [100, 101, 204, 304])
def test_status_without_a_body(core: RunningSandbox, status: int) -> None:
    answer = raw(core, f"status={status}")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer


def test_status_of_422_names_fields(acme: Caller) -> None:
    assert set(faulty(acme, "status=422").errors) == {"limit", "name"}


def test_status_carries_nothing_out(core: RunningSandbox, acme: Caller, pool: StoredPool) -> None:
    assert faulty(acme, "status=200", "DELETE", f"{POOLS}/{pool.id}").status == 200
    assert core.company("acme").has(pool.id)


def test_rate_limit(acme: Caller) -> None:
    answer = faulty(acme, "rate-limit=7")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert answer.document == {"message": "Too Many Attempts."}


def test_redirect_to_the_login_page(core: RunningSandbox, acme: Caller) -> None:
    answer = faulty(acme, "redirect")
    assert (answer.status, answer.headers["Location"]) == (302, f"{core.url}/login")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_to_elsewhere(acme: Caller, status: int) -> None:
    answer = faulty(acme, f"redirect={status},https://elsewhere.example/x?a=b")
    assert answer.status == status
    assert answer.headers["Location"] == "https://elsewhere.example/x?a=b"


def test_create_201(core: RunningSandbox, acme: Caller) -> None:
    core.set_fault("create-201")
    assert acme.create(name="n", limit=1).status == 201


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [("clear-list", 200, b"[]"), ("clear-nothing", 200, b""), ("clear-no-content", 204, b"")],
)
def test_clear_answers_otherwise(
    acme: Caller, pool: StoredPool, fault: str, status: int, body: bytes
) -> None:
    answer = faulty(acme, fault, "POST", f"{POOLS}/{pool.id}/clear")
    assert (answer.status, answer.body) == (status, body)


def test_set_cookie(acme: Caller) -> None:
    answer = faulty(acme, "set-cookie=session=abc")
    assert answer.headers["Set-Cookie"] == "session=abc; path=/; httponly"


def test_early_hints_come_before_the_answer(core: RunningSandbox) -> None:
    answer = raw(core, "early-hints")
    assert answer.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: ")
    assert b"\r\n\r\nHTTP/1.1 200 OK\r\n" in answer


# What becomes of the operation


def test_latency(acme: Caller) -> None:
    started = time.monotonic()
    assert faulty(acme, "latency=0.2").status == 200
    assert time.monotonic() - started >= 0.2


def test_apply_then_fail_hangs_up_after_applying(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        faulty(acme, "apply-then-fail", "DELETE", f"{POOLS}/{pool.id}")
    assert not core.company("acme").has(pool.id)


@pytest.mark.parametrize("status", ["500", "502,html"])
def test_apply_then_fail_with_a_status(
    core: RunningSandbox, acme: Caller, pool: StoredPool, status: str
) -> None:
    answer = faulty(acme, f"apply-then-fail;status={status}", "DELETE", f"{POOLS}/{pool.id}")
    assert answer.status == int(status[:3])
    assert not core.company("acme").has(pool.id)


def test_apply_then_fail_with_a_reset(core: RunningSandbox, acme: Caller, pool: StoredPool) -> None:
    with pytest.raises(ConnectionResetError):
        faulty(acme, "apply-then-fail;reset=before", "DELETE", f"{POOLS}/{pool.id}")
    assert not core.company("acme").has(pool.id)


def test_apply_late_applies_after_the_client_has_gone(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    acme.timeout = 0.1
    with pytest.raises(TimeoutError):
        faulty(acme, "apply-late=0.5", "DELETE", f"{POOLS}/{pool.id}")
    assert core.company("acme").has(pool.id)
    wait_until_gone(core, pool)


def test_apply_late_answers_who_waits(core: RunningSandbox, acme: Caller, pool: StoredPool) -> None:
    assert faulty(acme, "apply-late=0.1", "DELETE", f"{POOLS}/{pool.id}").status == 200
    assert not core.company("acme").has(pool.id)


def test_apply_late_after_another_answer(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    answer = faulty(acme, "apply-late=0.3;status=504,html", "DELETE", f"{POOLS}/{pool.id}")
    assert answer.status == 504
    assert core.company("acme").has(pool.id)
    wait_until_gone(core, pool)


def test_apply_after_read_applies_between_two_reads(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        faulty(acme, "apply-after-read", "DELETE", f"{POOLS}/{pool.id}")
    with_key(core, access="read_only").get(pool.id)
    assert [acme.get(pool.id).status for _ in range(2)] == [200, 404]


def test_apply_after_read_of_a_create_waits_for_the_list(
    core: RunningSandbox, blank: Caller
) -> None:
    body = {"name": "New", "limit": 5}
    with pytest.raises(http.client.RemoteDisconnected):
        blank.send("POST", POOLS, body, {"X-Sandbox-Fault": "apply-after-read"})
    assert [blank.list().names for _ in range(2)] == [[], ["New"]]


def wait_until_gone(core: RunningSandbox, pool: StoredPool) -> None:
    """Until the pool is deleted; fails after a while."""
    ends = time.monotonic() + 10
    while core.company("acme").has(pool.id):
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [("DELETE", "", None), ("POST", "/clear", None), ("PUT", "", {"limit": 99})],
)
def test_do_nothing_says_done_and_leaves_the_pool(
    core: RunningSandbox, acme: Caller, pool: StoredPool, method: str, suffix: str, body: Any
) -> None:
    core.set_fault("do-nothing")
    answer = acme.send(method, f"{POOLS}/{pool.id}{suffix}", body)
    assert answer.status == 200
    assert core.company("acme").pool(pool.id) == pool
    assert core.applied == []


def test_do_nothing_shows_a_pool_that_is_not_there(core: RunningSandbox, acme: Caller) -> None:
    assert len(acme.list(per_page=100, page=3).names) == 57
    core.set_fault("do-nothing;only=create")
    created = acme.create(name="n", limit=1).document["data"]
    assert created["name"] == "n"
    assert acme.get(created["id"]).status == 404
    assert len(acme.list(per_page=100, page=3).names) == 57


# Other bodies


def test_list_for_object(acme: Caller, pool: StoredPool) -> None:
    one = faulty(acme, "list-for-object", path=f"{POOLS}/{pool.id}").document
    assert [row["id"] for row in one["data"]] == [pool.id]
    assert isinstance(faulty(acme, "list-for-object").document["data"][0], list)


def test_list_for_the_object_of_a_clear(acme: Caller, pool: StoredPool) -> None:
    answer = faulty(acme, "list-for-object", "POST", f"{POOLS}/{pool.id}/clear")
    assert answer.document == [{}]


def test_text_for_every_number(acme: Caller, pool: StoredPool) -> None:
    shown = faulty(acme, "text-for-number", path=f"{POOLS}/{pool.id}").document["data"]
    assert (shown["id"], shown["limit"], shown["timeout"]) == ("many", "many", "many")


def test_text_for_one_number(acme: Caller, pool: StoredPool) -> None:
    shown = faulty(acme, "text-for-number=limit", path=f"{POOLS}/{pool.id}").document["data"]
    assert (shown["id"], shown["limit"], shown["timeout"]) == (pool.id, "many", 60)


def test_null_for_every_field(acme: Caller, pool: StoredPool) -> None:
    shown = faulty(acme, "null", path=f"{POOLS}/{pool.id}").document["data"]
    assert shown == dict.fromkeys(("id", "name", "limit", "timeout", "created_at", "updated_at"))


@pytest.mark.parametrize("field", ["data", "meta"])
def test_null_for_one_field(acme: Caller, field: str) -> None:
    assert faulty(acme, f"null={field}").document[field] is None


def test_missing_every_field(acme: Caller, pool: StoredPool) -> None:
    assert faulty(acme, "missing", path=f"{POOLS}/{pool.id}").document == {"data": {}}


def test_missing_one_field(acme: Caller) -> None:
    rows = faulty(acme, "missing=limit").document["data"]
    assert {frozenset(row) for row in rows} == {
        frozenset({"id", "name", "timeout", "created_at", "updated_at"})
    }


def test_extra_fields(acme: Caller, pool: StoredPool) -> None:
    answer = faulty(acme, "extra-fields", path=f"{POOLS}/{pool.id}").document
    for found in (answer, answer["data"]):
        assert next(iter(found)) == "sandbox_first"
        assert list(found)[-1] == "sandbox_last"


def test_huge_integers(acme: Caller, pool: StoredPool) -> None:
    body = faulty(acme, "huge-integers=5000", path=f"{POOLS}/{pool.id}").body
    assert b'"limit":' + b"9" * 5000 + b"," in body


def test_nan(acme: Caller, pool: StoredPool) -> None:
    body = faulty(acme, "nan", path=f"{POOLS}/{pool.id}").body
    assert body.startswith(b'{"data":{"id":NaN,"name":"A pool","limit":NaN,')


def test_duplicate_keys(acme: Caller, pool: StoredPool) -> None:
    body = faulty(acme, "duplicate-keys", path=f"{POOLS}/{pool.id}").body
    assert body.startswith(b'{"data":{"id":%d,' % pool.id)
    assert body.endswith(b',"id":null},"data":null}')


def test_duplicate_keys_in_an_empty_object(acme: Caller, pool: StoredPool) -> None:
    answer = faulty(acme, "duplicate-keys", "POST", f"{POOLS}/{pool.id}/clear")
    assert answer.body == b'{"key":1,"key":2}'


def test_deep_json(acme: Caller) -> None:
    body = faulty(acme, "deep-json=5000").body
    assert body == b'{"data":' + b"[" * 5000 + b"]" * 5000 + b"}"


def test_gzip_bomb(acme: Caller) -> None:
    answer = faulty(acme, "gzip-bomb=20")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.body) < 30_000
    assert len(gzip.decompress(answer.body)) == 20 * 2**20 + 11


def test_chained_encodings(acme: Caller, pool: StoredPool) -> None:
    answer = faulty(acme, "chained-encodings=3", path=f"{POOLS}/{pool.id}")
    assert answer.headers["Content-Encoding"] == "gzip, gzip, gzip"
    body = answer.body
    for _ in range(3):
        body = zlib.decompress(body, wbits=31)
    assert json.loads(body)["data"]["id"] == pool.id


# Other ways over the wire


@pytest.mark.parametrize(
    ("place", "end"), [("before", b""), ("after", b"\r\n\r\n")], ids=["before", "after"]
)
def test_hang_sends_so_much_and_holds(
    core: RunningSandbox, connection: socket.socket, place: str, end: bytes
) -> None:
    ask(connection, core, f"hang={place}")
    connection.settimeout(0.3)
    received, stopped = read_all(connection)
    assert stopped == "silence"
    assert received.endswith(end)
    assert (received == b"") == (place == "before")


def test_hang_in_the_headers(core: RunningSandbox) -> None:
    answer = raw(core, "hang=in,0.2")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in answer


def test_hang_in_the_body(core: RunningSandbox) -> None:
    head, _, body = raw(core, "hang=body,0.2").partition(b"\r\n\r\n")
    assert 0 < len(body) < declared_length(head)


def declared_length(head: bytes) -> int:
    """The Content-Length of a head."""
    [line] = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    return int(line.split()[1])


def test_hang_ends_by_itself(core: RunningSandbox) -> None:
    assert raw(core, "hang=before,0.2") == b""


def test_hang_before_the_answer_carries_nothing_out(core: RunningSandbox, pool: StoredPool) -> None:
    raw(core, "hang=before,0.1", "DELETE", f"{POOLS}/{pool.id}")
    assert core.company("acme").has(pool.id)


def test_hang_ends_when_the_client_goes(core: RunningSandbox, connection: socket.socket) -> None:
    ask(connection, core, "hang=before")
    wait_for_connections(core, 1)
    connection.close()
    wait_for_connections(core, 0)


def wait_for_connections(core: RunningSandbox, count: int) -> None:
    """Until so many connections are open; fails after a while."""
    ends = time.monotonic() + 10
    while core.server.connections != count:
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("place", "ending"), [("before", b""), ("in", b""), ("after", b"\r\n\r\n"), ("body", b"")]
)
def test_reset(core: RunningSandbox, connection: socket.socket, place: str, ending: bytes) -> None:
    ask(connection, core, f"reset={place}")
    received, stopped = read_all(connection)
    assert stopped == "reset"
    assert received.endswith(ending)
    assert (received == b"") == (place == "before")


def test_half_close_ends_sending_and_goes_on_reading(
    core: RunningSandbox, connection: socket.socket
) -> None:
    ask(connection, core, "half-close=after")
    received, stopped = read_all(connection)
    assert (received[-4:], stopped) == (b"\r\n\r\n", "end")
    connection.sendall(b"still listening")
    assert core.server.connections == 1


@pytest.mark.parametrize("count", [0, 1, 20, 300])
def test_cut_closes_after_so_many_bytes(core: RunningSandbox, count: int) -> None:
    assert len(raw(core, f"cut={count}")) == count


def test_cut_carries_the_operation_out(core: RunningSandbox, pool: StoredPool) -> None:
    assert raw(core, "cut=0", "DELETE", f"{POOLS}/{pool.id}") == b""
    assert not core.company("acme").has(pool.id)


def test_drip_headers(core: RunningSandbox, connection: socket.socket) -> None:
    ask(connection, core, "drip-headers=0.05")
    assert connection.recv(65536) == b"H"
    assert len(connection.recv(65536)) < 5


def test_drip_headers_to_the_end(core: RunningSandbox) -> None:
    head, _, body = raw(core, "drip-headers=0.001").partition(b"\r\n\r\n")
    assert len(body) == declared_length(head)


def test_drip_body(core: RunningSandbox, connection: socket.socket) -> None:
    ask(connection, core, "drip-body=0.05")
    head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(body) < 5
    assert len(connection.recv(65536)) < 5


def test_drip_body_to_the_end(core: RunningSandbox, pool: StoredPool) -> None:
    head, _, body = raw(core, "drip-body=0.001", path=f"{POOLS}/{pool.id}").partition(b"\r\n\r\n")
    assert len(body) == declared_length(head)


def test_short_length(core: RunningSandbox, pool: StoredPool) -> None:
    head, _, body = raw(core, "short-length=10", path=f"{POOLS}/{pool.id}").partition(b"\r\n\r\n")
    assert len(body) == declared_length(head) + 10


def test_long_length(acme: Caller) -> None:
    with pytest.raises(http.client.IncompleteRead):
        faulty(acme, "long-length=10")


def test_chunked(acme: Caller) -> None:
    answer = faulty(acme, "chunked")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert len(answer.names) == 15


def test_cut_chunk(acme: Caller) -> None:
    with pytest.raises(http.client.IncompleteRead):
        faulty(acme, "cut-chunk")


def test_cut_chunk_of_a_small_body(acme: Caller, pool: StoredPool) -> None:
    with pytest.raises(http.client.IncompleteRead):
        faulty(acme, "cut-chunk", "POST", f"{POOLS}/{pool.id}/clear")


def test_endless_body(core: RunningSandbox, connection: socket.socket) -> None:
    ask(connection, core, "endless-body")
    received = 0
    while received < 4 * 2**20:
        received += len(connection.recv(2**20)) or pytest.fail("the body ended")
    connection.close()
    wait_for_connections(core, 0)


def test_endless_header(core: RunningSandbox, connection: socket.socket) -> None:
    ask(connection, core, "endless-header")
    received = b""
    while len(received) < 2**20:
        received += connection.recv(2**20) or pytest.fail("the header ended")
    assert b"\r\n\r\n" not in received
    connection.close()
    wait_for_connections(core, 0)


# How they are asked for


def test_fault_of_a_run_is_met_by_every_request(core: RunningSandbox, acme: Caller) -> None:
    core.set_fault("status=503")
    assert (acme.list().status, acme.create().status) == (503, 503)


def test_fault_of_a_request_stands_before_that_of_the_run(
    core: RunningSandbox, acme: Caller
) -> None:
    core.set_fault("status=503")
    assert faulty(acme, "status=504").status == 504


def test_fault_is_taken_back(core: RunningSandbox, acme: Caller) -> None:
    core.set_fault("status=503")
    core.set_fault(None)
    assert acme.list().status == 200


@pytest.mark.parametrize(
    ("words", "faulty_ones"),
    [
        ("reads", ["list", "get"]),
        ("writes", ["update", "clear", "delete"]),
        ("clear,get", ["get", "clear"]),
        ("create", []),
    ],
)
def test_fault_for_some_operations_alone(
    core: RunningSandbox, acme: Caller, pool: StoredPool, words: str, faulty_ones: list[str]
) -> None:
    core.set_fault(f"status=418;only={words}")
    statuses = {
        "list": acme.list().status,
        "get": acme.get(pool.id).status,
        "update": acme.update(pool.id, limit=6).status,
        "clear": acme.clear(pool.id).status,
        "delete": acme.delete(pool.id).status,
    }
    assert [name for name, status in statuses.items() if status == 418] == faulty_ones


def test_fault_for_the_sign_in_alone(core: RunningSandbox, acme: Caller) -> None:
    core.set_fault("status=418;only=sign-in")
    assert acme.send_target("POST", "/fabric/api/login", {}).status == 418
    assert acme.list().status == 200


def test_fault_for_so_many_requests(core: RunningSandbox, acme: Caller) -> None:
    core.set_fault("status=503;skip=1;times=2")
    assert [acme.list().status for _ in range(4)] == [200, 503, 503, 200]


def test_login_page_has_no_faults(core: RunningSandbox, acme: Caller) -> None:
    core.set_fault("redirect")
    assert acme.send("GET", "/login").status == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "There is no fault 'nonsense'. `python -m sandbox faults` lists them all."),
        ("cut=x", "The fault 'cut' can't be 'x'. Use a number from 0 to 2147483648."),
        ("cut=1_0", "The fault 'cut' can't be '1_0'. Use a number from 0 to 2147483648."),
        ("latency=1e1", "The fault 'latency' can't be '1e1'. Use seconds from 0 to 60."),
        ("redirect=x", "The fault 'redirect' can't be 'x'. Use one of 301, 302, 303,"),
        ("cut=-1", "The fault 'cut' can't be '-1'. Use a number from 0 to 2147483648."),
        ("hang=never", "The fault 'hang' can't be 'never'. Use one of before, in, after, body."),
        ("hang=in,61", "The fault 'hang' can't be 'in,61'. Use seconds from 0 to 60."),
        ("status=600", "The fault 'status' can't be '600'. Use a number from 100 to 599."),
        ("status=500,pdf", "The fault 'status' can't be '500,pdf'. Use a status, then one of"),
        ("redirect=200", "The fault 'redirect' can't be '200'. Use one of 301, 302, 303,"),
        ("only=some", "The fault 'only' can't be 'some'. Use some of reads, writes,"),
        ("nan=1", "The fault 'nan' can't be '1'. Use no value."),
    ],
)
def test_fault_that_cannot_be_read_is_refused(
    core: RunningSandbox, acme: Caller, text: str, message: str
) -> None:
    with pytest.raises(ValueError, match="fault") as refusal:
        core.set_fault(text)
    assert str(refusal.value).startswith(message)
    assert faulty(acme, text).status == 400


def test_fault_header_that_cannot_be_read_carries_nothing_out(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    assert faulty(acme, "nonsense", "DELETE", f"{POOLS}/{pool.id}").status == 400
    assert core.company("acme").has(pool.id)
