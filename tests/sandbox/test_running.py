"""The sandbox as tests start it."""

import http.client
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from sandbox.store import StoredPool

from .calls import POOLS, Caller, with_key


@pytest.mark.parametrize(
    "fault",
    ["hang=before", "hang=body", "half-close=after", "drip-body=1", "drip-headers=1",
     "endless-body", "endless-header", "latency=60", "apply-late=60", "apply-late=60;status=504"],
)  # fmt: skip
def test_end_of_the_sandbox_ends_every_fault(fault: str) -> None:
    before = set(threading.enumerate())
    with (
        running_sandbox(fault=fault) as core,
        socket.create_connection(("127.0.0.1", core.server.port), timeout=5) as connection,
    ):
        key = core.keys["acme"]["full"]
        connection.sendall(
            f"GET {POOLS} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode()
        )
        while not core.journal:
            threading.Event().wait(0.01)
    # A thread of an earlier test may have ended by now: of this one, none is left.
    assert set(threading.enumerate()) <= before


def test_end_of_the_sandbox_drops_what_was_to_be_applied_late(tmp_path: Path) -> None:
    file = tmp_path / "core.sqlite3"
    with running_sandbox(file, fault="apply-late=60;status=504") as core:
        pool = core.company("acme").pools()[0]
        assert with_key(core).delete(pool.id).status == 504
    with running_sandbox(file) as core:
        assert core.company("acme").has(pool.id)


def test_end_of_the_sandbox_closes_kept_connections() -> None:
    with running_sandbox() as core:
        connection = http.client.HTTPConnection("127.0.0.1", core.server.port, timeout=5)
        connection.request("GET", "/login")
        connection.getresponse().read()
    assert connection.sock.recv(1) == b""
    connection.close()


def test_data_is_the_same_every_time() -> None:
    with running_sandbox() as first, running_sandbox(password="other") as second:
        assert first.company("acme").pools() == second.company("acme").pools()


def test_names_are_awkward_on_purpose(core: RunningSandbox) -> None:
    names = [pool.name for pool in core.company("acme").pools()]
    assert sorted(map(len, names))[-2:] == [255, 255]
    assert {"<b>Bold</b> orders", "Orders, refunds, returns", "🚚 Deliveries 📦", "0"} < {*names}
    assert any("\u0600" <= character <= "\u06ff" for name in names for character in name)


def test_names_are_valid_for_core_itself(core: RunningSandbox) -> None:
    for pool in core.company("acme").pools():
        assert 1 <= len(pool.name) <= 255
        assert pool.name == pool.name.strip()


def test_unseeded_sandbox_is_empty() -> None:
    with running_sandbox(seed=False) as core:
        assert (dict(core.keys), core.people) == ({}, [])


def test_company_is_reached_past_http(core: RunningSandbox) -> None:
    company = core.company("northwind")
    pool = company.add_pool("Direct", 3)
    company.change_pool(pool.id, limit=4)
    assert company.pool(pool.id).limit == 4
    company.delete_pool(pool.id)
    assert not company.has(pool.id)
    assert (core.journal, core.applied) == ([], [])


def test_pool_of_another_company_is_not_reached(core: RunningSandbox, pool: StoredPool) -> None:
    with pytest.raises(KeyError):
        core.company("northwind").pool(pool.id)


def test_reset_forgets_journal_and_faults(core: RunningSandbox, acme: Caller) -> None:
    core.set_fault("status=503")
    acme.create(name="n", limit=1)
    core.reset()
    assert (core.journal, core.applied) == ([], [])
    assert acme.list().status == 200


def test_starting_over_puts_back_pools_keys_and_switches(core: RunningSandbox) -> None:
    company, keys = core.company("acme"), core.keys
    pools = company.pools()
    company.delete_pool(pools[0].id)
    added = company.add_pool("New").id
    company.revoke_key()
    core.add_company("another")
    core.switch(rate_limit_per_minute=1)
    core.start_over()
    assert (company.pools(), core.keys) == (pools, keys)
    assert core.behaviour.rate_limit_per_minute is None
    assert company.add_pool("New").id == added
    assert [with_key(core).list().status for _ in "ab"] == [200, 200]


@pytest.mark.parametrize(
    "fault",
    ["apply-late=60;status=504", "apply-after-read;status=504", "apply-late=60", "latency=60"],
)
def test_starting_over_drops_what_was_still_to_be_applied(core: RunningSandbox, fault: str) -> None:
    company = core.company("acme")
    pool = company.pools()[0]
    core.set_fault(fault)
    key = core.keys["acme"]["full"]
    request = f"DELETE {POOLS}/{pool.id} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}"
    with socket.create_connection(("127.0.0.1", core.server.port), timeout=5) as connection:
        connection.sendall(f"{request}\r\n\r\n".encode())
        while not core.journal or ("status" in fault and core.journal[0].status is None):
            threading.Event().wait(0.01)
        core.start_over()
        assert core.server.connections == 0
    with_key(core).get(pool.id)
    with_key(core).list()
    assert (company.has(pool.id), core.applied) == (True, [])


def test_many_callers_at_once_never_mix(core: RunningSandbox) -> None:
    wrong: list[int] = []

    def call(company: str, total: int) -> None:
        caller = with_key(core, company)
        seen = [caller.list().document["meta"]["total"] for _ in range(20)]
        wrong.extend(found for found in seen if found != total)

    threads = [
        threading.Thread(target=call, args=case)
        for case in (("acme", 257), ("northwind", 3), ("blank", 0), ("acme", 257))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_tls(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-days", "1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with running_sandbox(tls=context) as core:
        assert core.url.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(certificate))
        connection = http.client.HTTPSConnection(
            "localhost", core.server.port, timeout=5, context=trusting
        )
        connection.request("GET", "/login")
        assert connection.getresponse().status == 200
        connection.close()
