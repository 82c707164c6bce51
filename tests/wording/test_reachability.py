"""*Test connection* tells in words what stands at an address."""

import socket
from collections.abc import Callable, Iterator

import pytest

from pools.forms.companies import try_address, try_sign_in
from pools.wording.reachability import Finding
from sandbox.running import RunningSandbox, running_sandbox
from tests.core.raw_server import RawServer, always, json_answer
from tests.fixtures.panel import json_of


@pytest.fixture
def core() -> Iterator[RunningSandbox]:
    with running_sandbox() as core:
        yield core


@pytest.mark.parametrize("fault", [None, "status=401", "status=401,empty"])
def test_core_is_recognised_by_its_refusal(core: RunningSandbox, fault: str | None) -> None:
    core.set_fault(fault)
    found = try_address(core.url)
    assert (found.good, found.sentence) == (
        True,
        "The Core API answers here, and asks for a token as it should.",
    )


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("status=200,html", "A web page answered. Is the company's address right?"),
        ("redirect", "The company's address redirects somewhere else. Is it right?"),
        ("status=403", "It refused us, and didn't ask for a token"),
        ("status=403,empty", "It refused us, and didn't ask for a token"),
        ("status=404", "Something answers here, but has no pools. Is the path right?"),
        ("status=500", "Patchworks had an error"),
        ("reset", "The connection to Patchworks broke."),
    ],
)
def test_what_is_wrong_is_said(core: RunningSandbox, fault: str, sentence: str) -> None:
    core.set_fault(fault)
    found = try_address(core.url)
    assert not found.good
    assert found.sentence.partition(" (")[0] == sentence


def test_a_closed_port_is_said() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Bound and not listening: nobody else can take it meanwhile.
        found = try_address(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert found.sentence == "Patchworks' host refused the connection."


def test_tls_spoken_to_a_plain_port_is_said(core: RunningSandbox) -> None:
    found = try_address(core.url.replace("http://", "https://"))
    assert found.sentence.startswith(
        "Patchworks' host didn't make a secure connection. Does https belong there? ("
    )


@pytest.mark.parametrize(
    "address",
    [
        "ftp://core.example", "http://core.example", "https://user:pw@core.example",
        "https://core.example/?q", "https://core.example/#f", "https://169.254.169.254",
        "http://169.254.169.254/latest", "https://core.example\n.evil.example", "core.example", "",
    ],
)  # fmt: skip
def test_an_address_that_may_not_be_called_is_not_called(address: str) -> None:
    found = try_address(address)
    assert not found.good
    assert found.sentence.endswith(".")


@pytest.mark.parametrize(
    ("found_at", "answer", "sentence"),
    [
        (try_address, {"data": [], "meta": {}}, "It showed pools to a token that nobody has."),
        (try_sign_in, {"token": "string-0815"}, "It gave a token to nobody in particular."),
    ],
)
def test_a_server_that_refuses_nobody_may_be_a_test_server(
    found_at: Callable[[str], Finding], answer: object, sentence: str
) -> None:
    server = RawServer(always(json_answer(answer)))
    found = found_at(server.url)
    server.stop()
    assert (found.good, found.sentence) == (
        False,
        f"{sentence} Patchworks refuses that: this may be a test server.",
    )


@pytest.mark.parametrize("field", ["username", "email", "either"])
def test_a_sign_in_service_is_recognised_without_naming_anybody(
    core: RunningSandbox, field: str
) -> None:
    core.switch(sign_in_field=field)
    found = try_sign_in(core.sign_in_url)
    assert (found.good, found.sentence) == (True, "Patchworks signs people in here.")
    assert [json_of(each) for each in core.journal] == [{}]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("status=200,html", "A web page answered. Is the company's sign-in address right?"),
        ("status=404", "Something answers here, but signs nobody in. Is the path right?"),
        ("status=500", "Patchworks had an error"),
    ],
)
def test_what_is_wrong_with_a_sign_in_address_is_said(
    core: RunningSandbox, fault: str, sentence: str
) -> None:
    core.set_fault(fault)
    found = try_sign_in(core.sign_in_url)
    assert (found.good, found.sentence.partition(" (")[0]) == (False, sentence)
