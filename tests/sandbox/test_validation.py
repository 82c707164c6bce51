"""What Laravel takes for a name, a limit and a timeout, and what it says otherwise."""

import json
from typing import Any

import pytest

from sandbox.running import RunningSandbox
from sandbox.store import StoredPool

from .calls import POOLS, Caller

NOT_INTEGER = "The limit field must be an integer."
TOO_SMALL = "The limit field must be at least 1."
REQUIRED = "The limit field is required."


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ('"5"', 5),
        ("5.0", 5),
        ("1e2", 100),
        ("true", 1),
        ('" 7 "', 7),
        ('"+8"', 8),
        ("2147483647", 2147483647),
    ],
)
def test_limit_is_taken_as_php_takes_integers(acme: Caller, written: str, limit: int) -> None:
    answer = acme.send("POST", POOLS, f'{{"name": "n", "limit": {written}}}'.encode())
    assert answer.status == 200
    assert answer.document["data"]["limit"] == limit


@pytest.mark.parametrize(
    ("limit", "messages"),
    [
        (0, [TOO_SMALL]),
        (-1, [TOO_SMALL]),
        (1.5, [NOT_INTEGER]),
        (-1.5, [NOT_INTEGER, TOO_SMALL]),
        ("ten", [NOT_INTEGER]),
        ("0x1A", [NOT_INTEGER]),
        ("1e2", [NOT_INTEGER]),
        (False, [NOT_INTEGER, TOO_SMALL]),
        ([1], [NOT_INTEGER]),
        ([], [REQUIRED]),
        ({}, [REQUIRED]),
        (None, [REQUIRED]),
        ("", [REQUIRED]),
        ("   ", [REQUIRED]),
    ],
)
def test_limit_is_refused_with_every_message(acme: Caller, limit: Any, messages: list[str]) -> None:
    answer = acme.create(name="n", limit=limit)
    assert answer.status == 422
    assert answer.errors == {"limit": messages}


@pytest.mark.parametrize("limit", [2**31, 2**63, 10**20, 1e20, "99999999999999999999"])
def test_integer_beyond_the_column_is_a_server_error(acme: Caller, limit: Any) -> None:
    answer = acme.create(name="n", limit=limit)
    assert (answer.status, answer.document) == (500, {"message": "Server Error"})


def test_integer_of_thousands_of_digits_is_a_server_error(acme: Caller) -> None:
    answer = acme.send("POST", POOLS, b'{"name": "n", "limit": ' + b"9" * 5000 + b"}")
    assert answer.status == 500


def test_server_error_applies_nothing(core: RunningSandbox, acme: Caller, pool: StoredPool) -> None:
    assert acme.update(pool.id, limit=10**20, name="Renamed").status == 500
    assert core.company("acme").pool(pool.id) == pool


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "The name field is required."),
        (" \u200b\t", "The name field is required."),
        (None, "The name field is required."),
        ("x" * 256, "The name field must not be greater than 255 characters."),
        (5, "The name field must be a string."),
        (["a"], "The name field must be a string."),
    ],
)
def test_name_is_refused(acme: Caller, name: Any, message: str) -> None:
    answer = acme.create(name=name, limit=1)
    assert answer.status == 422
    assert answer.errors == {"name": [message]}


@pytest.mark.parametrize("name", ["x" * 255, "Ω" * 255, "<b>", "🚚", "0", "a,b"])
def test_name_of_up_to_255_characters_is_kept(acme: Caller, name: str) -> None:
    assert acme.create(name=name, limit=1).document["data"]["name"] == name


def test_name_comes_back_without_outer_spaces(acme: Caller) -> None:
    created = acme.create(name=" \u00a0 two  words \u200b\n", limit=1).document["data"]
    assert created["name"] == "two  words"


def test_create_without_anything_names_both_fields(acme: Caller) -> None:
    answer = acme.create()
    assert answer.status == 422
    assert answer.errors == {"name": ["The name field is required."], "limit": [REQUIRED]}


@pytest.mark.parametrize("timeout", ["", None, "  "])
def test_empty_timeout_is_null(acme: Caller, timeout: Any) -> None:
    assert acme.create(name="n", limit=1, timeout=timeout).document["data"]["timeout"] is None


def test_timeout_of_nought_is_refused(acme: Caller, pool: StoredPool) -> None:
    answer = acme.update(pool.id, timeout=0)
    assert answer.errors == {"timeout": ["The timeout field must be at least 1."]}


@pytest.mark.parametrize("field", ["name", "limit"])
def test_update_to_null_is_refused(acme: Caller, pool: StoredPool, field: str) -> None:
    answer = acme.update(pool.id, **{field: None})
    assert answer.errors == {field: [f"The {field} field is required."]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{broken",
        b"[1, 2]",
        b'"text"',
        b'{"colour": "red", "id": 1}',
        b'{"limit": NaN}',
        b'{"name": "\\ud800"}',
        b'{"name": "\xff"}',
        b'{"limit": 9, "deep": ' + b"[" * 600 + b"]" * 600 + b"}",
    ],
)
def test_update_with_nothing_readable_changes_nothing(
    core: RunningSandbox, acme: Caller, pool: StoredPool, body: bytes
) -> None:
    answer = acme.send("PUT", f"{POOLS}/{pool.id}", body)
    assert answer.status == 200
    assert core.company("acme").pool(pool.id) == pool
    assert core.applied == []


def test_body_that_is_not_declared_json_is_not_read(acme: Caller, pool: StoredPool) -> None:
    body = json.dumps({"limit": 9}).encode()
    answer = acme.send("PUT", f"{POOLS}/{pool.id}", body, {"Content-Type": "text/plain"})
    assert answer.document["data"]["limit"] == 5


def test_form_is_read(acme: Caller, pool: StoredPool) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = acme.send("PUT", f"{POOLS}/{pool.id}", b"limit=9", form)
    assert answer.document["data"]["limit"] == 9


def test_chunked_body_is_read(core: RunningSandbox, acme: Caller, pool: StoredPool) -> None:
    chunks = b'5\r\n{"lim\r\n7;x=y\r\nit": 9}\r\n0\r\n\r\n'
    headers = {"Transfer-Encoding": "chunked"}
    answer = acme.send("PUT", f"{POOLS}/{pool.id}", chunks, headers)
    assert answer.document["data"]["limit"] == 9
    assert core.journal[0].body == b'{"limit": 9}'
