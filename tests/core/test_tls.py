"""TLS is never off: a server that cannot prove its name gets nothing."""

import http.client
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pools.core import NotSent, Reason, Unanswered, transport
from tests.core.certificates import Authority
from tests.core.conftest import MakeClient
from tests.core.operations import OPERATIONS, good_core
from tests.core.raw_server import Connection, RawServer, Received, chunked_answer
from tests.fixtures.kept_connections import close_kept_connections

Serve = Callable[..., RawServer]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("name", OPERATIONS)
def test_server_that_our_ca_file_vouches_for_is_asked(
    serve: Serve, client: MakeClient, authority: Authority, name: str
) -> None:
    server = serve(good_core, tls=authority.server())
    OPERATIONS[name](client(server.url, ca_file=authority.ca_file))
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        ({"self_signed": True}, "self-signed certificate"),
        ({"expired": True}, "certificate has expired"),
        ({"host": "127.0.0.2"}, "IP address mismatch"),
    ],
)
@pytest.mark.parametrize("name", ["get", "clear"])
def test_flawed_certificate_means_not_sent(
    serve: Serve,
    client: MakeClient,
    authority: Authority,
    flaw: dict[str, Any],
    words: str,
    name: str,
) -> None:
    server = serve(good_core, tls=authority.server(**flaw))
    with pytest.raises(NotSent) as caught:
        OPERATIONS[name](client(server.url, ca_file=authority.ca_file))
    assert caught.value.reason == Reason.CERTIFICATE
    assert words in caught.value.detail
    assert server.received == []


def test_authority_that_nobody_knows_means_not_sent(
    serve: Serve, client: MakeClient, authority: Authority
) -> None:
    server = serve(good_core, tls=authority.server())
    with pytest.raises(NotSent) as caught:
        client(server.url).clear_pool(7)
    assert (caught.value.reason, server.received) == (Reason.CERTIFICATE, [])


@pytest.mark.parametrize("name", ["get", "clear"])
def test_plain_port_shows_no_certificate(serve: Serve, client: MakeClient, name: str) -> None:
    server = serve(good_core)
    with pytest.raises(NotSent) as caught:
        OPERATIONS[name](client(server.url.replace("http://", "https://")))
    assert caught.value.reason == Reason.NO_TLS


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_environment_names_no_authority(
    serve: Serve,
    client: MakeClient,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, authority.ca_file)
    close_kept_connections()
    transport._tls_context.cache_clear()
    server = serve(good_core, tls=authority.server())
    with pytest.raises(NotSent):
        client(server.url).clear_pool(7)
    assert server.received == []


def test_environment_gets_no_session_keys(
    serve: Serve,
    client: MakeClient,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    own_ca = tmp_path / "ca.pem"
    own_ca.write_bytes(Path(authority.ca_file).read_bytes())
    server = serve(good_core, tls=authority.server())
    client(server.url, ca_file=str(own_ca)).clear_pool(7)
    assert list(tmp_path.iterdir()) == [own_ca]


def test_ca_file_that_is_not_there_means_not_sent(client: MakeClient, tmp_path: Path) -> None:
    with pytest.raises(NotSent) as caught:
        client("https://127.0.0.1:1", ca_file=str(tmp_path / "none")).clear_pool(7)
    assert caught.value.reason == Reason.CA_FILE


def test_ca_file_without_certificates_means_not_sent(client: MakeClient, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("nothing here")
    with pytest.raises(NotSent) as caught:
        client("https://127.0.0.1:1", ca_file=str(tmp_path / "empty")).clear_pool(7)
    assert caught.value.reason == Reason.CA_FILE


def test_server_without_tls_means_not_sent(serve: Serve, client: MakeClient) -> None:
    server = serve(lambda request, connection: b"", tls=None)
    with pytest.raises(NotSent):
        client(server.url.replace("http", "https"), connect_timeout_seconds=1).clear_pool(7)
    assert server.received == []


def test_answer_cut_under_tls_is_unknown(
    serve: Serve, client: MakeClient, authority: Authority
) -> None:
    """A connection that ends without TLS's own farewell looks like an ordinary end."""
    whole = chunked_answer(b"{}")

    def cut(request: Received, connection: Connection) -> None:
        connection.send(whole[: int(request.headers["x-request-id"])])
        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    core = client(serve(cut, tls=authority.server()).url, ca_file=authority.ca_file)
    for length in range(len(whole)):
        with pytest.raises(Unanswered):
            core.for_request(str(length)).clear_pool(7)


def test_debugging_http_prints_no_header(
    serve: Serve,
    client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    client(serve(good_core).url).get_pool(7)
    assert "canary" not in capsys.readouterr().out
