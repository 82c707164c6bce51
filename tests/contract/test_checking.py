"""The check itself: a check that lets everything pass proves nothing."""

import json
from typing import Any

import pytest

from .checking import NotInContract, validate_request

POOLS = "/api/v1/connection-pools"
JSON = [("Accept", "application/json"), ("Content-Type", "application/json")]
HEADERS = [*JSON, ("Authorization", "a-key-of-some-length")]


def check(
    method: str, url: str, body: Any = None, headers: list[tuple[str, str]] = HEADERS
) -> None:
    """Validate a request with a JSON body."""
    validate_request(method, url, headers, b"" if body is None else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", POOLS, None),
        ("GET", f"{POOLS}?page=2&per_page=100&sort=-name&include=connectors.system", None),
        ("GET", f"https://core.example/core-main{POOLS}?filter%5Bname%5D=a%2Cb", None),
        ("GET", f"{POOLS}/5?include=connectors.system", None),
        ("POST", POOLS, {"name": "n", "limit": 1}),
        ("POST", POOLS, {"name": "n", "limit": 1, "timeout": None}),
        ("PUT", f"{POOLS}/5", {"timeout": 30}),
        ("DELETE", f"{POOLS}/5", None),
        ("POST", f"{POOLS}/5/clear", None),
    ],
)
def test_request_of_the_contract_passes(method: str, url: str, body: Any) -> None:
    check(method, url, body)


@pytest.mark.parametrize("name", ["username", "email"])
def test_sign_in_passes_under_both_names(name: str) -> None:
    check("POST", "/fabric/api/login", {name: "a@b.example", "password": "x"}, JSON)


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("PATCH", f"{POOLS}/5", {"limit": 1}),
        ("GET", "/api/v1/other", None),
        ("GET", f"{POOLS}/../x", None),
        ("DELETE", f"{POOLS}/", None),
        ("GET", f"{POOLS}/word", None),
        ("GET", f"{POOLS}?page=0", None),
        ("GET", f"{POOLS}?page=x", None),
        ("GET", f"{POOLS}?per_page=101", None),
        ("GET", f"{POOLS}?sort=timeout", None),
        ("GET", f"{POOLS}?include=connectors", None),
        ("GET", f"{POOLS}?colour=red", None),
        ("GET", f"{POOLS}?page=1&page=2", None),
        ("GET", f"{POOLS}/5?filter[name]=x", None),
        ("POST", POOLS, {"name": "n"}),
        ("POST", POOLS, {"name": "  ", "limit": 1}),
        ("POST", POOLS, {"name": "n" * 256, "limit": 1}),
        ("POST", POOLS, {"name": "n", "limit": "1"}),
        ("POST", POOLS, {"name": "n", "limit": 0}),
        ("POST", POOLS, {"name": "n", "limit": 2**63}),
        ("POST", POOLS, {"name": "n", "limit": 1, "colour": "red"}),
        ("POST", POOLS, None),
        ("PUT", f"{POOLS}/5", {}),
        ("PUT", f"{POOLS}/5", {"name": None}),
        ("DELETE", f"{POOLS}/5", {}),
        ("POST", f"{POOLS}/5/clear", {}),
        ("POST", "/fabric/api/login", {"username": "a", "email": "a", "password": "x"}),
    ],
)
def test_request_outside_the_contract_does_not_pass(method: str, url: str, body: Any) -> None:
    with pytest.raises(NotInContract):
        check(method, url, body)


@pytest.mark.parametrize(
    "headers",
    [
        JSON,
        HEADERS[1:],
        [("Accept", "*/*"), *HEADERS[1:]],
        [HEADERS[0], HEADERS[2]],
        [*JSON, ("Authorization", "Basic dXNlcjpwYXNz")],
        [*JSON, ("Authorization", "with\ta-tab-inside")],
        [*HEADERS, ("Authorization", "a-second-key")],
        [*HEADERS, ("Cookie", "session=x")],
    ],
)
def test_headers_outside_the_contract_do_not_pass(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(NotInContract):
        check("GET", POOLS, None, headers)


def test_sign_in_with_a_credential_does_not_pass() -> None:
    with pytest.raises(NotInContract):
        check("POST", "/fabric/api/login", {"email": "a", "password": "x"})
