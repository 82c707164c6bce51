"""Laravel's manners: which refusal comes first, and in which dress."""

import http.client
import json

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from sandbox.store import StoredPool

from .calls import POOLS, Caller, raw_exchange, with_key


def test_unauthenticated_comes_before_not_found(core: RunningSandbox) -> None:
    assert Caller(core).get(999_999).status == 401


def test_missing_pool_comes_before_missing_right(reader: Caller) -> None:
    assert reader.delete(999_999).status == 404


def test_missing_right_comes_before_invalid_body(reader: Caller, pool: StoredPool) -> None:
    assert reader.update(pool.id, limit="ten").status == 403


def test_invalid_page_comes_before_unknown_sort(acme: Caller) -> None:
    assert acme.list(page=0, sort="timeout").status == 422


def test_wrong_method_comes_before_unauthenticated(core: RunningSandbox) -> None:
    assert Caller(core).send("PATCH", POOLS).status == 405


@pytest.mark.parametrize(
    ("method", "path", "route", "supported"),
    [
        ("PUT", POOLS, "api/v1/connection-pools", "GET, HEAD, POST"),
        ("PATCH", f"{POOLS}/1", "api/v1/connection-pools/1", "DELETE, GET, HEAD, PUT"),
        ("GET", f"{POOLS}/1/clear", "api/v1/connection-pools/1/clear", "POST"),
        ("GET", "/fabric/api/login", "fabric/api/login", "POST"),
    ],
)
def test_wrong_method_is_refused(
    acme: Caller, method: str, path: str, route: str, supported: str
) -> None:
    answer = acme.send(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, supported)
    assert answer.message == (
        f"The {method} method is not supported for route {route}. Supported methods: {supported}."
    )


def test_unknown_route_is_not_found(acme: Caller) -> None:
    answer = acme.send("GET", "/api/v1/nothing")
    assert (answer.status, answer.message) == (
        404,
        "The route api/v1/nothing could not be found.",
    )


@pytest.mark.parametrize("target", [f"{POOLS}/..", f"{POOLS}/%2e%2e", f"{POOLS}/1/../2", "/../x"])
def test_dots_in_a_path_are_not_resolved(core: RunningSandbox, acme: Caller, target: str) -> None:
    assert acme.send_target("DELETE", target).status == 404
    assert core.journal[0].target == target
    assert core.applied == []


def test_body_of_8_megabytes_is_taken(acme: Caller, pool: StoredPool) -> None:
    body = b'{"limit": 7}'.ljust(8 * 2**20)
    assert acme.send("PUT", f"{POOLS}/{pool.id}", body).status == 200


@pytest.mark.parametrize("size", [8 * 2**20 + 1, 24 * 2**20])
def test_larger_body_is_refused_with_an_empty_message(
    acme: Caller, pool: StoredPool, size: int
) -> None:
    answer = acme.send("PUT", f"{POOLS}/{pool.id}", b'{"limit": 7}'.ljust(size))
    assert (answer.status, answer.document) == (413, {"message": ""})


def test_json_escapes_slashes_and_everything_beyond_ascii(acme: Caller) -> None:
    answer = acme.create(name="a/b é 🚚", limit=1)
    assert rb'"name":"a\/b \u00e9 \ud83d\ude9a"' in answer.body


def test_timestamps_have_six_decimals(acme: Caller) -> None:
    first = acme.list(per_page=1).document["data"][0]
    assert first["created_at"] == "2024-02-05T08:15:00.000000Z"


@pytest.mark.parametrize("accept", ["text/html", "*/*", "", "text/html, application/json"])
def test_unauthenticated_without_json_is_a_redirect_to_the_login_page(
    core: RunningSandbox, accept: str
) -> None:
    answer = Caller(core).send("GET", POOLS, headers={"Accept": accept})
    assert answer.status == 302
    assert answer.headers["Location"] == f"{core.url}/login"
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"


@pytest.mark.parametrize(
    "accept",
    ["application/json", "application/vnd.api+json", "text/html;q=0.5, application/json;q=0.9"],
)
def test_json_as_the_first_type_is_answered_with_json(core: RunningSandbox, accept: str) -> None:
    assert Caller(core).send("GET", POOLS, headers={"Accept": accept}).status == 401


def test_login_page_is_a_web_page(core: RunningSandbox) -> None:
    answer = Caller(core).send("GET", "/login")
    assert (answer.status, answer.body[:15]) == (200, b"<!DOCTYPE html>")


def test_invalid_without_json_is_a_redirect_back(acme: Caller) -> None:
    headers = {"Accept": "text/html", "Referer": "http://elsewhere.example/form"}
    answer = acme.send("POST", POOLS, {"name": ""}, headers)
    assert (answer.status, answer.headers["Location"]) == (302, headers["Referer"])


def test_other_refusals_without_json_are_pages(acme: Caller) -> None:
    answer = acme.send("GET", f"{POOLS}/999999", headers={"Accept": "*/*"})
    assert (answer.status, answer.body[:15]) == (404, b"<!DOCTYPE html>")


def test_success_without_json_is_json_all_the_same(acme: Caller) -> None:
    answer = acme.send("GET", POOLS, headers={"Accept": "text/html"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


def test_connection_is_kept_for_further_requests(core: RunningSandbox) -> None:
    key = core.keys["northwind"]["full"]
    connection = http.client.HTTPConnection("127.0.0.1", core.server.port, timeout=5)
    for _ in range(3):
        headers = {"Authorization": key, "Accept": "application/json"}
        connection.request("GET", POOLS, headers=headers)
        assert json.loads(connection.getresponse().read())["meta"]["total"] == 3
    assert core.server.connections == 1
    connection.close()


def test_idle_connection_is_closed_in_the_end() -> None:
    with running_sandbox(keep_alive_seconds=0.1) as core:
        answer = raw_exchange(core, b"GET /login HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_prefix_is_stripped_before_routing() -> None:
    with running_sandbox(prefix="/core-main") as core:
        assert core.url.endswith("/core-main")
        caller = with_key(core)
        assert caller.list().status == 200
        outside = caller.send_target("GET", POOLS)
        assert (outside.status, b"nginx" in outside.body) == (404, True)


def test_sign_in_lies_outside_the_prefix() -> None:
    with running_sandbox(prefix="/core-main") as core:
        fields = {"username": "user@acme.example", "password": core.password}
        assert Caller(core).send_target("POST", "/fabric/api/login", fields).status == 200


def test_whole_address_as_the_target_is_understood(core: RunningSandbox, acme: Caller) -> None:
    assert acme.send_target("GET", f"http://core.example{POOLS}").status == 200


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (b"Content-Length: x", b""),
        (b"Content-Length: -1", b""),
        (b"Content-Length: 1_0", b"0123456789"),
        (b"Transfer-Encoding: chunked", b"zz\r\n"),
        (b"Transfer-Encoding: chunked", b"-5\r\n"),
        (b"Transfer-Encoding: chunked", b"2\r\nabc\r\n"),
    ],
)
def test_unreadable_body_is_a_bad_request(core: RunningSandbox, header: bytes, body: bytes) -> None:
    request = b"POST /login HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n" + body
    assert raw_exchange(core, request).startswith(b"HTTP/1.1 400 ")
    assert core.journal == []
