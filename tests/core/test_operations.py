"""What each operation puts on the wire, and what it makes of a good answer."""

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from uuid import UUID

import pytest

from pools.core import (
    BearerToken,
    CoreClient,
    CoreLimits,
    CredentialExpired,
    NotSent,
    Page,
    Pool,
    PoolChanges,
    PoolFields,
    PoolQuery,
    Reason,
    Sort,
)
from pools.secret import Secret
from tests.core.conftest import KEY, LIMITS, TOKEN, MakeClient
from tests.core.operations import OPERATIONS, POOL, good_core
from tests.core.raw_server import RawServer, always, json_answer, raw_answer

Serve = Callable[..., RawServer]

ORDERS = Pool(
    id=7,
    name="orders",
    limit=5,
    timeout=None,
    created_at=datetime(2026, 5, 1, 10, tzinfo=UTC),
    updated_at=datetime(2026, 5, 2, 10, tzinfo=UTC),
    connectors=None,
    unreadable=frozenset(),
    raw=POOL,
)


@pytest.mark.parametrize(
    ("name", "line", "body"),
    [
        (
            "list",
            "GET /api/v1/connection-pools?include=connectors.system&page=1&per_page=25",
            b"",
        ),
        ("get", "GET /api/v1/connection-pools/7?include=connectors.system", b""),
        (
            "create",
            "POST /api/v1/connection-pools",
            b'{"name": "orders", "limit": 5, "timeout": null}',
        ),
        ("update", "PUT /api/v1/connection-pools/7", b'{"limit": 5}'),
        ("delete", "DELETE /api/v1/connection-pools/7", b""),
        ("clear", "POST /api/v1/connection-pools/7/clear", b""),
    ],
)
def test_request_is_exactly_this(
    serve: Serve, client: MakeClient, name: str, line: str, body: bytes
) -> None:
    server = serve(good_core)
    OPERATIONS[name](client(server.url))
    [request] = server.received
    assert (f"{request.method} {request.target}", request.body) == (line, body)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_request_says_who_asks_and_wants_json(
    serve: Serve, client: MakeClient, name: str
) -> None:
    server = serve(good_core)
    OPERATIONS[name](client(server.url))
    headers = dict(server.received[0].headers)
    UUID(headers.pop("x-request-id"))
    headers.pop("content-length", None)
    assert headers == {
        "host": f"127.0.0.1:{server.port}",
        "authorization": TOKEN,
        "accept": "application/json",
        "accept-encoding": "gzip, identity",
        "content-type": "application/json",
        "user-agent": "pools-panel",
    }


def test_bearer_token_is_sent_as_bearer(serve: Serve, client: MakeClient) -> None:
    server = serve(good_core)
    client(server.url, BearerToken(Secret(TOKEN))).get_pool(7)
    assert server.received[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_base_url_may_have_a_path(serve: Serve, client: MakeClient) -> None:
    server = serve(good_core)
    client(f"{server.url}/core-main/").delete_pool(7)
    assert server.received[0].target == "/core-main/api/v1/connection-pools/7"


def test_question_is_quoted(serve: Serve, client: MakeClient) -> None:
    server = serve(good_core)
    query = PoolQuery(search="a,b &=ä#", sort=Sort.LIMIT_DESCENDING, page=3, per_page=100)
    client(server.url).list_pools(query)
    assert server.received[0].target == (
        "/api/v1/connection-pools?include=connectors.system&page=3&per_page=100"
        "&sort=-limit&filter%5Bname%5D=a%2Cb%20%26%3D%C3%A4%23"
    )


def test_list_gives_a_page(serve: Serve, client: MakeClient) -> None:
    assert client(serve(good_core).url).list_pools(PoolQuery()) == Page(
        (ORDERS,), 1, 25, 1, 1, None
    )


@pytest.mark.parametrize("name", ["get", "create", "update"])
def test_operation_gives_the_pool(serve: Serve, client: MakeClient, name: str) -> None:
    assert OPERATIONS[name](client(serve(good_core).url)) == ORDERS


def test_new_pool_may_be_answered_by_201(serve: Serve, client: MakeClient) -> None:
    server = serve(always(json_answer({"data": POOL}, 201)))
    assert client(server.url).create_pool(PoolFields("orders", 5, None)) == ORDERS


def test_delete_gives_cores_message(serve: Serve, client: MakeClient) -> None:
    assert client(serve(good_core).url).delete_pool(7) == "Deleted."


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b'{"message": "Cleared."}'])
def test_clear_takes_what_laravel_answers(serve: Serve, client: MakeClient, body: bytes) -> None:
    client(serve(always(raw_answer(body))).url).clear_pool(7)


@pytest.mark.parametrize("name", ["delete", "clear"])
def test_no_content_is_done(serve: Serve, client: MakeClient, name: str) -> None:
    server = serve(always(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert OPERATIONS[name](client(server.url)) in {"", None}


def test_edit_sends_null_where_a_timeout_is_taken_away(serve: Serve, client: MakeClient) -> None:
    server = serve(good_core)
    client(server.url).update_pool(7, PoolChanges(timeout=None))
    assert json.loads(server.received[0].body) == {"timeout": None}


def test_name_comes_back_trimmed(serve: Serve, client: MakeClient) -> None:
    server = serve(good_core)
    client(server.url).update_pool(7, PoolChanges(name=" orders\u200b "))
    assert json.loads(server.received[0].body) == {"name": " orders\u200b "}


def test_request_id_is_the_callers(serve: Serve) -> None:
    server = serve(good_core)
    CoreClient(server.url, KEY, LIMITS, "change-1").for_request("change-2").get_pool(7)
    assert server.received[0].headers["x-request-id"] == "change-2"


@pytest.mark.parametrize("request_id", ["a\r\nX: 1", "ä", "a b", "x" * 129])
def test_request_id_that_breaks_a_header_is_refused(request_id: str) -> None:
    with pytest.raises(ValueError, match="A request id holds"):
        CoreClient("https://core.example", KEY, CoreLimits(), request_id)


def test_exchange_tells_about_the_latest_call(serve: Serve) -> None:
    core = CoreClient(serve(always(json_answer({}, 404))).url, KEY, LIMITS, "r1")
    with pytest.raises(Exception):  # noqa: B017 - what it is does not matter here
        core.get_pool(7)
    assert core.last_exchange is not None
    assert (core.last_exchange.request_id, core.last_exchange.status) == ("r1", 404)


@pytest.mark.parametrize(
    "changed",
    [
        PoolChanges(),
        PoolChanges(name=""),
        PoolChanges(name=" \t"),
        PoolChanges(name="x" * 256),
        PoolChanges(name="a\0b"),
        PoolChanges(name="a\ud800b"),
        PoolChanges(limit=0),
        PoolChanges(limit=-1),
        PoolChanges(limit=2**63),
        PoolChanges(limit=True),
        PoolChanges(limit=1.5),  # type: ignore[arg-type]
        PoolChanges(limit="5"),  # type: ignore[arg-type]
        PoolChanges(timeout=0),
    ],
)
def test_values_that_core_cannot_take_are_not_sent(
    serve: Serve, client: MakeClient, changed: PoolChanges
) -> None:
    server = serve(good_core)
    with pytest.raises(NotSent) as caught:
        client(server.url).update_pool(7, changed)
    assert (caught.value.reason, server.received) == (Reason.OWN_CHECK, [])


@pytest.mark.parametrize(
    "query",
    [
        PoolQuery(page=0),
        PoolQuery(page=2**31),
        PoolQuery(per_page=0),
        PoolQuery(per_page=101),
        PoolQuery(search="x" * 1001),
        PoolQuery(search="\0"),
        PoolQuery(search="\ud800"),
    ],
)
def test_questions_that_core_cannot_answer_are_not_sent(
    serve: Serve, client: MakeClient, query: PoolQuery
) -> None:
    server = serve(good_core)
    with pytest.raises(NotSent):
        client(server.url).list_pools(query)
    assert server.received == []


def test_expired_token_is_not_sent(serve: Serve, client: MakeClient) -> None:
    server = serve(good_core)
    token = BearerToken(Secret(TOKEN), datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(CredentialExpired):
        client(server.url, token).get_pool(7)
    assert server.received == []


@pytest.mark.parametrize("pool_id", ["..", "1/../2", "%2e%2e", "7", -7, 10**30, True, 7.0, None])
def test_what_is_no_id_reaches_no_path(serve: Serve, client: MakeClient, pool_id: int) -> None:
    server = serve(good_core)
    for operation in (CoreClient.get_pool, CoreClient.delete_pool, CoreClient.clear_pool):
        with pytest.raises(NotSent):
            operation(client(server.url), pool_id)
    assert server.received == []


@pytest.mark.parametrize("url", ["http://core.example", "https://u:p@core.example", "ftp://x", ""])
def test_address_that_is_not_allowed_is_not_called(client: MakeClient, url: str) -> None:
    with pytest.raises(NotSent) as caught:
        client(url).get_pool(7)
    assert caught.value.reason == Reason.ADDRESS


def lead_to(monkeypatch: pytest.MonkeyPatch, found: str, port: int = 443) -> None:
    """Every name leads to this address."""
    family = socket.AF_INET6 if ":" in found else socket.AF_INET
    answer = [(family, socket.SOCK_STREAM, 0, "", (found, port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: answer)


@pytest.mark.parametrize(
    "found",
    [
        *("169.254.169.254", "fe80::1", "0.0.0.0", "::169.254.169.254", "64:ff9b:1::1"),
        *("fd20:ce::254", "10.1.2.3", "fd12::1", "::ffff:10.1.2.3"),
    ],
)
def test_name_that_leads_to_a_special_address_is_not_called(
    client: MakeClient, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    lead_to(monkeypatch, found)
    with pytest.raises(NotSent) as caught:
        client("https://core.example").clear_pool(7)
    assert caught.value.reason == Reason.ADDRESS


def test_private_network_is_called_where_the_settings_say_so() -> None:
    inside, elsewhere = ip_address("10.1.2.3"), ip_address("10.2.2.3")
    network = replace(LIMITS, private_networks=(ip_network("10.1.0.0/16"),))
    host = replace(LIMITS, plain_http_hosts=frozenset({"core.example"}))
    assert not LIMITS.allow("core.example", inside)
    assert network.allow("core.example", inside)
    assert not network.allow("core.example", elsewhere)
    assert host.allow("core.example", inside)
    assert not host.allow("other.example", inside)
    assert not host.allow("core.example", ip_address("169.254.169.254"))


def test_name_that_nobody_knows_is_not_called(client: MakeClient) -> None:
    with pytest.raises(NotSent) as caught:
        client("https://core.invalid").clear_pool(7)
    assert caught.value.reason == Reason.DNS
