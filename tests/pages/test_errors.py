"""Error pages: in the panel's look, as a page and in place, with the number to ask about."""

import uuid
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from pools.views import people_facts
from tests.fixtures.people import sign_in

pytestmark = pytest.mark.django_db
Provoke = Callable[[dict[str, str]], Any]


def malformed(headers: dict[str, str]) -> Any:
    return Client().get("/accounts/login/", headers=headers, HTTP_HOST="evil.example")


def forbidden(headers: dict[str, str]) -> Any:
    return sign_in("olga").get("/people/", headers=headers)


def stale_form(headers: dict[str, str]) -> Any:
    return Client(enforce_csrf_checks=True).post("/accounts/login/", {}, headers=headers)


def missing(headers: dict[str, str]) -> Any:
    return sign_in("olga").get("/no/such/page/", headers=headers)


def opened_by_hand(headers: dict[str, str]) -> Any:
    return sign_in("olga").get("/keys/", headers=headers)


def too_large(headers: dict[str, str]) -> Any:
    return Client().post("/join/", {"code": "x" * (2**20 + 1)}, headers=headers,
                         content_type="application/x-www-form-urlencoded")  # fmt: skip


def too_many(headers: dict[str, str]) -> Any:
    client = Client()
    for _ in range(20):
        client.post("/join/", {"code": "guess"})
    return client.post("/join/", {"code": "guess"}, headers=headers)


def failing(headers: dict[str, str]) -> Any:
    client = sign_in("ada", client=Client(raise_request_exception=False))
    return client.get("/people/", headers=headers)


CASES = [
    (malformed, 400, "We couldn't understand this request."),
    (forbidden, 403, "let you manage people"),
    (stale_form, 403, "This form has expired."),
    (missing, 404, "Page not found."),
    (opened_by_hand, 405, "There is no page here."),
    (too_large, 413, "This is too large to send."),
    (too_many, 429, "Too many attempts."),
    (failing, 500, "The panel had an error."),
]


@pytest.fixture(autouse=True)
def cast(operator: User, administrator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(people_facts, "everyone", fail)


@pytest.mark.parametrize(("provoke", "status", "sentence"), CASES)
def test_the_page_says_what_happened_and_its_number(
    provoke: Provoke, status: int, sentence: str
) -> None:
    answer = provoke({})
    page = unescape(answer.content.decode())
    assert answer.status_code == status
    assert sentence in page
    assert "<html" in page
    assert answer["X-Request-ID"] in page
    assert "a secret of the inside" not in page


@pytest.mark.parametrize(("provoke", "status", "sentence"), CASES)
def test_in_place_it_says_the_same(provoke: Provoke, status: int, sentence: str) -> None:
    answer = provoke({"HX-Request": "true", "HX-Target": "pool-table"})
    part = unescape(answer.content.decode())
    assert answer.status_code == status
    assert sentence in part
    assert "<html" not in part
    assert answer["X-Request-ID"] in part


def test_too_many_says_when_to_come_back() -> None:
    assert too_many({})["Retry-After"] == "60"


@pytest.mark.parametrize(
    "address",
    [
        *("changes/verify/", "changes/export/", "tokens/acme/verify/", "tokens/acme/discard/"),
        *("theme/", "keys/", "zone/", "c/acme/allowances/remove/"),
        *(f"c/acme/batches/{uuid.UUID(int=7)}/{deed}/" for deed in ("stop", "retry")),
        f"c/acme/changes/{uuid.UUID(int=7)}/check/",
    ],
)
def test_an_address_that_a_button_sends_to_says_so(administrator: User, address: str) -> None:
    client = sign_in("ada")
    for method in (client.get, client.head):
        answer = method(f"/{address}")
        assert (answer.status_code, answer["Allow"]) == (405, "POST"), address
    page = client.get(f"/{address}").text
    assert "A button sends to this address. Nothing was done" in page
    assert 'href="/">Home' in page
