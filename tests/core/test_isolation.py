"""Nothing of one person's call reaches another's, and nothing comes from the environment."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pools.core import (
    ApiKey,
    BearerToken,
    NotSent,
    PoolQuery,
    Reason,
    Unexpected,
    sign_in,
)
from pools.secret import Secret
from tests.core.conftest import LIMITS, TOKEN, MakeClient
from tests.core.operations import GOOD, OPERATIONS, good_core, operation_of
from tests.core.raw_server import Connection, RawServer, Received, json_answer, raw_answer
from tests.core.two_people import THREADS, calls_of_two_people
from tests.fixtures.kept_connections import close_kept_connections
from tests.fixtures.sampling import paired

Serve = Callable[..., RawServer]

PROXY_NAMES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def setting_cookies(request: Received, connection: Connection) -> bytes:
    owner = request.headers["authorization"]
    cookies = (("Set-Cookie", f"session={owner}; Path=/"), ("Set-Cookie", "XSRF-TOKEN=x; Path=/"))
    return json_answer(GOOD[operation_of(request)], 200, *cookies)


@pytest.mark.parametrize("name", OPERATIONS)
def test_cookie_is_never_sent_back(serve: Serve, client: MakeClient, name: str) -> None:
    server = serve(setting_cookies)
    for owner in ("owner-one", "owner-two", "owner-one"):
        OPERATIONS[name](client(server.url, ApiKey(Secret(owner))))
    assert [request.headers.get("cookie") for request in server.received] == [None] * 3


def test_two_people_on_one_kept_connection_each_send_their_own_token(
    serve: Serve, client: MakeClient
) -> None:
    server = serve(good_core)
    client(server.url, ApiKey(Secret("owner-one"))).get_pool(7)
    client(server.url, BearerToken(Secret("owner-two"))).get_pool(7)
    sent = [request.headers["authorization"] for request in server.received]
    assert (server.connections, sent) == (1, ["owner-one", "Bearer owner-two"])


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "machine 127.0.0.1 login intruder password from-netrc\ndefault login d password d\n"
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize("name", OPERATIONS)
def test_netrc_replaces_no_token(serve: Serve, client: MakeClient, name: str) -> None:
    server = serve(good_core)
    OPERATIONS[name](client(server.url))
    assert server.received[0].headers["authorization"] == TOKEN


@pytest.mark.usefixtures("netrc")
def test_netrc_adds_nothing_to_signing_in(serve: Serve) -> None:
    server = serve(lambda request, connection: json_answer({"token": "token-token"}))
    sign_in(f"{server.url}/fabric/api/login", "a@b.example", Secret("password"), LIMITS)
    assert "authorization" not in server.received[0].headers


@pytest.mark.parametrize("variable", PROXY_NAMES)
@pytest.mark.parametrize("name", ["get", "clear"])
def test_proxy_variable_diverts_nothing(
    serve: Serve, client: MakeClient, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    proxy, core = serve(good_core), serve(good_core)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(variable, proxy.url)
    OPERATIONS[name](client(core.url))
    assert (proxy.connections, len(core.received)) == (0, 1)


@pytest.mark.parametrize("variable", PROXY_NAMES)
def test_proxy_variable_diverts_no_tls_either(
    serve: Serve, client: MakeClient, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    proxy, core = serve(good_core), serve(good_core)
    monkeypatch.setenv(variable, proxy.url)
    core_url = core.url.replace("http://", "https://")
    with pytest.raises(NotSent) as caught:
        client(core_url, connect_timeout_seconds=0.3).clear_pool(7)
    assert caught.value.reason != Reason.PROXY
    assert (proxy.connections, core.connections) == (0, 1)


STATUSES = [301, 302, 303, 307, 308]
PLACES = ["same", "other port", "other host", "other scheme"]


# Five and four: in twenty, each status is met at each place.
@pytest.mark.parametrize(
    ("status", "place", "name"), paired(STATUSES * 4, PLACES * 5, [*OPERATIONS] * 3)
)
def test_redirect_is_not_followed(
    serve: Serve, client: MakeClient, status: int, name: str, place: str
) -> None:
    other = serve(good_core)
    locations = {
        "same": "/api/v1/connection-pools/8",
        "other port": f"{other.url}/api/v1/connection-pools/7",
        "other host": f"http://localhost:{other.port}/login",
        "other scheme": f"https://127.0.0.1:{other.port}/login",
    }
    answer = raw_answer(b"", status, (("Location", locations[place]),))
    server = serve(lambda request, connection: answer)
    with pytest.raises(Unexpected) as caught:
        OPERATIONS[name](client(server.url))
    assert (caught.value.reason, caught.value.status) == (Reason.REDIRECT, status)
    assert (len(server.received), other.connections) == (1, 0)


def test_many_calls_of_two_people_are_never_mixed_up() -> None:
    """`make proof` makes ten thousand."""
    assert calls_of_two_people(50) == ([], THREADS * 50, THREADS)


def test_list_keeps_its_own_connection_in_each_thread(serve: Serve, client: MakeClient) -> None:
    server = serve(good_core)

    def work(_: int) -> None:
        client(server.url).list_pools(PoolQuery())
        close_kept_connections()

    for number in range(2):
        thread = threading.Thread(target=work, args=(number,))
        thread.start()
        thread.join()
    assert server.connections == 2
