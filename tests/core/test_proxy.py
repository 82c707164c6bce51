"""A proxy is used where the settings name one, and only then."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pools.core import CoreLimits, NotSent, Reason
from tests.core.certificates import Authority
from tests.core.conftest import TOKEN, MakeClient
from tests.core.operations import OPERATIONS, good_core
from tests.core.proxy_server import ProxyServer
from tests.core.raw_server import RawServer, nobody_listening

Serve = Callable[..., RawServer]


@pytest.fixture
def proxy() -> Iterator[ProxyServer]:
    server = ProxyServer()
    yield server
    server.stop()


@pytest.fixture
def refusing_proxy() -> Iterator[ProxyServer]:
    server = ProxyServer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    yield server
    server.stop()


@pytest.mark.parametrize("name", OPERATIONS)
def test_plain_call_goes_through_the_proxy(
    serve: Serve, client: MakeClient, proxy: ProxyServer, name: str
) -> None:
    server = serve(good_core)
    OPERATIONS[name](client(server.url, proxy_url=proxy.url))
    assert len(server.received) == len(proxy.received) == 1
    assert proxy.received[0].target.startswith(f"{server.url}/api/v1/connection-pools")


@pytest.mark.parametrize("name", OPERATIONS)
def test_proxy_sees_nothing_of_a_call_under_tls(
    serve: Serve, client: MakeClient, proxy: ProxyServer, tmp_path: Path, name: str
) -> None:
    authority = Authority(tmp_path)
    server = serve(good_core, tls=authority.server())
    core = client(
        server.url,
        ca_file=authority.ca_file,
        proxy_url=proxy.url.replace("//", "//user:password@"),
    )
    OPERATIONS[name](core)
    [connect] = proxy.received
    assert (connect.method, connect.target) == ("CONNECT", f"127.0.0.1:{server.port}")
    assert connect.headers["proxy-authorization"] == "Basic dXNlcjpwYXNzd29yZA=="
    assert TOKEN not in repr(connect)
    assert "proxy-authorization" not in server.received[0].headers


def test_certificate_is_checked_through_the_proxy_too(
    serve: Serve, client: MakeClient, proxy: ProxyServer, tmp_path: Path
) -> None:
    server = serve(good_core, tls=Authority(tmp_path).server())
    with pytest.raises(NotSent) as caught:
        client(server.url, proxy_url=proxy.url).clear_pool(7)
    assert (caught.value.reason, server.received) == (Reason.CERTIFICATE, [])


def test_proxy_that_refuses_means_not_sent(
    serve: Serve, client: MakeClient, refusing_proxy: ProxyServer
) -> None:
    server = serve(good_core)
    url = server.url.replace("http://", "https://")
    with pytest.raises(NotSent) as caught:
        client(url, proxy_url=refusing_proxy.url).clear_pool(7)
    assert (caught.value.reason, caught.value.detail) == (
        Reason.PROXY,
        "Tunnel connection failed: 403 Forbidden",
    )
    assert (len(refusing_proxy.received), server.connections) == (1, 0)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_not_there_means_not_sent(
    serve: Serve, client: MakeClient, scheme: str
) -> None:
    server = serve(good_core)
    with nobody_listening() as proxy, pytest.raises(NotSent) as caught:
        client(server.url.replace("http", scheme), proxy_url=proxy).clear_pool(7)
    assert (caught.value.reason, caught.value.detail) == (Reason.PROXY, "connection refused")
    assert server.connections == 0


def test_proxy_password_is_not_shown() -> None:
    assert "hunter2" not in repr(CoreLimits(proxy_url="http://user:hunter2@proxy:3128"))


@pytest.mark.parametrize("url", ["socks5://proxy:1080", "proxy:3128", "http://u:hunter2@proxy/x"])
def test_what_is_no_proxy_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="proxy's address") as caught:
        CoreLimits(proxy_url=url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_limit_that_limits_nothing_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="deadline_seconds"):
        CoreLimits(deadline_seconds=seconds)
