"""The six operations, where nothing goes wrong."""

import socket

from sandbox.running import RunningSandbox
from sandbox.store import StoredPool

from .calls import POOLS, Caller, raw_exchange


def test_list_shows_the_pools_of_the_company(stranger: Caller) -> None:
    answer = stranger.list()
    assert answer.status == 200
    assert answer.names == ["Shopify orders", "NetSuite", "Returns desk"]


def test_get_shows_one_pool_without_connectors(acme: Caller, pool: StoredPool) -> None:
    answer = acme.get(pool.id)
    assert answer.status == 200
    assert answer.document == {
        "data": {
            "id": pool.id,
            "name": "A pool",
            "limit": 5,
            "timeout": 60,
            "created_at": pool.created_at,
            "updated_at": pool.updated_at,
        }
    }


def test_include_adds_connectors_with_their_systems(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    system = {"id": 1, "name": "NetSuite"}
    connector_id = core.company("acme").add_connector(pool.id, name="NetSuite live", system=system)
    answer = acme.get(pool.id, include="connectors.system")
    assert answer.document["data"]["connectors"] == [
        {"id": connector_id, "name": "NetSuite live", "system": system}
    ]


def test_include_shows_an_empty_list_where_there_are_no_connectors(
    acme: Caller, pool: StoredPool
) -> None:
    answer = acme.get(pool.id, include="connectors.system")
    assert answer.document["data"]["connectors"] == []


def test_create_answers_the_new_pool(core: RunningSandbox, acme: Caller) -> None:
    answer = acme.create(name="New", limit=3, timeout=30)
    created = answer.document["data"]
    assert answer.status == 200
    assert (created["name"], created["limit"], created["timeout"]) == ("New", 3, 30)
    assert core.company("acme").pool(created["id"]).name == "New"


def test_create_without_timeout_answers_null(acme: Caller) -> None:
    assert acme.create(name="New", limit=3).document["data"]["timeout"] is None


def test_update_changes_what_was_sent_and_nothing_else(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    answer = acme.update(pool.id, limit=10)
    now = core.company("acme").pool(pool.id)
    assert answer.status == 200
    assert answer.document["data"]["limit"] == 10
    assert (now.name, now.limit, now.timeout) == ("A pool", 10, 60)


def test_update_takes_the_timeout_away(acme: Caller, pool: StoredPool) -> None:
    assert acme.update(pool.id, timeout=None).document["data"]["timeout"] is None


def test_update_moves_updated_at(core: RunningSandbox, acme: Caller) -> None:
    old = core.company("acme").pools()[0]
    assert acme.update(old.id, limit=old.limit + 1).document["data"]["updated_at"] > old.updated_at


def test_update_without_a_difference_leaves_updated_at(core: RunningSandbox, acme: Caller) -> None:
    old = core.company("acme").pools()[0]
    answer = acme.update(old.id, name=old.name, limit=old.limit)
    assert answer.status == 200
    assert answer.document["data"]["updated_at"] == old.updated_at


def test_delete_removes_the_pool(core: RunningSandbox, acme: Caller, pool: StoredPool) -> None:
    answer = acme.delete(pool.id)
    assert (answer.status, set(answer.document)) == (200, {"message"})
    assert not core.company("acme").has(pool.id)


def test_clear_drops_pending_requests_and_nothing_else(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    answer = acme.clear(pool.id)
    now = core.company("acme").pool(pool.id)
    assert (answer.status, answer.body) == (200, b"{}")
    assert (now.pending, now.name, now.updated_at) == (0, pool.name, pool.updated_at)


def test_head_answers_the_headers_of_get_alone(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    path = f"/api/v1/connection-pools/{pool.id}"
    key = core.keys["acme"]["full"]
    lines = (f"HEAD {path} HTTP/1.1", "Host: x", f"Authorization: {key}", "Connection: close")
    request = "\r\n".join((*lines, "", ""))
    head, _, body = raw_exchange(core, request.encode()).partition(b"\r\n\r\n")
    assert body == b""
    assert b"\r\nContent-Length: %d\r\n" % len(acme.get(pool.id).body) in head


def test_applied_changes_are_recorded_with_before_and_after(
    core: RunningSandbox, acme: Caller, pool: StoredPool
) -> None:
    path = f"/api/v1/connection-pools/{pool.id}"
    acme.send("PUT", path, {"limit": 6}, {"X-Request-ID": "change-1"})
    [change] = core.applied
    assert (change.action, change.company, change.pool_id) == ("update", "acme", pool.id)
    assert change.before is not None
    assert change.after is not None
    assert (change.before["limit"], change.after["limit"]) == (5, 6)
    assert change.request_id == "change-1"


def test_requests_are_journaled_as_they_were_sent(core: RunningSandbox, acme: Caller) -> None:
    acme.send("POST", "/api/v1/connection-pools", b'{"name": 1}', {"X-Request-ID": "abc"}, a="/")
    [received] = core.journal
    assert (received.method, received.target) == ("POST", "/api/v1/connection-pools?a=%2F")
    assert (received.body, received.request_id) == (b'{"name": 1}', "abc")
    assert received.header("authorization") == core.keys["acme"]["full"]
    assert received.status == 422


def test_a_request_cut_within_its_head_is_not_carried_out(
    core: RunningSandbox, pool: StoredPool
) -> None:
    key = core.keys["acme"]["full"]
    head = f"DELETE {POOLS}/{pool.id} HTTP/1.1\r\nHost: core\r\nAuthorization: {key}\r\n\r\n"
    for length in range(len(head) - 1):
        with socket.create_connection(("127.0.0.1", core.server.port), timeout=5) as connection:
            connection.sendall(head[:length].encode())
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)
    assert (core.journal, core.applied) == ([], [])
