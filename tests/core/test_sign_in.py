"""Signing in to Patchworks: a password goes out once, and a token comes back."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pools.core import (
    BearerToken,
    CoreError,
    Invalid,
    NotSent,
    Reason,
    Unanswered,
    Unauthenticated,
    Unexpected,
    sign_in,
)
from pools.secret import Secret
from tests.core.conftest import LIMITS, jwt
from tests.core.raw_server import (
    Connection,
    Handler,
    RawServer,
    Received,
    always,
    in_turn,
    json_answer,
    raw_answer,
)

Serve = Callable[..., RawServer]

PASSWORD = Secret("correct horse")
GOOD = always(json_answer({"message": "Hi", "token": "token-token", "expires_in": 86400}))
REFUSED = always(json_answer({"message": "No such person."}, 401))
WANTS_USERNAME = always(
    json_answer({"message": "No.", "errors": {"username": ["The username is required."]}}, 422)
)


def enter(server: RawServer, password: Secret = PASSWORD) -> BearerToken:
    return sign_in(f"{server.url}/fabric/api/login", "a@b.example", password, LIMITS)


def test_password_is_posted_as_json(serve: Serve) -> None:
    server = serve(GOOD)
    enter(server)
    [request] = server.received
    assert (request.method, request.target) == ("POST", "/fabric/api/login")
    assert json.loads(request.body) == {"email": "a@b.example", "password": "correct horse"}


def test_token_comes_back_with_its_end(serve: Serve) -> None:
    before = datetime.now(UTC)
    token = enter(serve(GOOD))
    assert token.secret == Secret("token-token")
    assert token.expires_at is not None
    assert timedelta(0) <= token.expires_at - before - timedelta(days=1) < timedelta(minutes=1)


def test_tokens_own_end_counts_where_it_is_earlier(serve: Serve) -> None:
    token = jwt({"exp": 1_800_000_000})
    server = serve(always(json_answer({"token": token, "expires_in": 10**9})))
    assert enter(server).expires_at == datetime.fromtimestamp(1_800_000_000, UTC)


def test_a_refused_email_is_tried_as_a_user_name(serve: Serve) -> None:
    server = serve(in_turn(REFUSED, GOOD))
    assert enter(server).secret == Secret("token-token")
    assert [json.loads(request.body) for request in server.received] == [
        {"email": "a@b.example", "password": "correct horse"},
        {"username": "a@b.example", "password": "correct horse"},
    ]


def test_both_tries_share_one_deadline(serve: Serve) -> None:
    def slowly(request: Received, connection: Connection) -> bytes | None:
        connection.stopped.wait(0.6)
        return (
            REFUSED(request, connection) if b"email" in request.body else GOOD(request, connection)
        )

    limits = replace(LIMITS, deadline_seconds=1.0)
    with pytest.raises((Unanswered, NotSent)) as raised:
        sign_in(serve(slowly).url, "a@b.example", PASSWORD, limits)
    assert raised.value.reason is Reason.DEADLINE


def test_a_password_that_is_refused_twice_is_refused(serve: Serve) -> None:
    server = serve(REFUSED)
    with pytest.raises(Unauthenticated) as caught:
        enter(server)
    assert (caught.value.detail, len(server.received)) == ("No such person.", 2)


def test_a_service_without_user_names_has_refused_the_email(serve: Serve) -> None:
    wants_email = always(
        json_answer({"message": "No.", "errors": {"email": ["The email is required."]}}, 422)
    )
    with pytest.raises(Unauthenticated) as caught:
        enter(serve(in_turn(REFUSED, wants_email)))
    assert caught.value.detail == "No such person."


def test_service_that_wants_a_username_gets_one(serve: Serve) -> None:
    server = serve(in_turn(WANTS_USERNAME, GOOD))
    enter(server)
    assert [sorted(json.loads(request.body)) for request in server.received] == [
        ["email", "password"],
        ["password", "username"],
    ]


def test_two_posts_are_the_most(serve: Serve) -> None:
    server = serve(WANTS_USERNAME)
    with pytest.raises(Invalid):
        enter(server)
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (always(json_answer({"message": "No.", "errors": {"email": ["No."]}}, 422)), Invalid),
        (always(json_answer({"message": "Server Error"}, 500)), Unanswered),
        (always(json_answer({"message": "Hi"})), Unexpected),
        (always(json_answer({"token": 5})), Unexpected),
        (always(json_answer({"token": "with space and\nline"})), Unexpected),
        (always(json_answer({"token": "short"})), Unexpected),
        (always(json_answer([])), Unexpected),
        (always(raw_answer(b"<html>")), Unexpected),
        (always(raw_answer(b"", 302, (("Location", "/login"),))), Unexpected),
    ],
)
def test_anything_else_is_an_error_after_one_post(
    serve: Serve, handler: Handler, kind: type[CoreError]
) -> None:
    server = serve(handler)
    with pytest.raises(CoreError) as caught:
        enter(server)
    assert type(caught.value) is kind
    assert len(server.received) == 1


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_text_that_json_cannot_carry_is_not_sent(serve: Serve, text: str) -> None:
    server = serve(GOOD)
    with pytest.raises(NotSent):
        enter(server, Secret(text))
    with pytest.raises(NotSent):
        sign_in(server.url, text, PASSWORD, LIMITS)
    assert server.received == []


def test_address_that_is_not_allowed_is_not_called() -> None:
    with pytest.raises(NotSent) as caught:
        sign_in("http://app.example/fabric/api/login", "a@b.example", PASSWORD, LIMITS)
    assert caught.value.reason == Reason.ADDRESS


@pytest.mark.parametrize("password", ["t", "token"])
def test_short_password_does_not_spoil_a_token_that_holds_it(serve: Serve, password: str) -> None:
    assert enter(serve(GOOD), Secret(password)).secret == Secret("token-token")


def test_password_that_the_service_echoes_is_not_passed_on(serve: Serve) -> None:
    value = {"message": "correct horse is wrong", "errors": {"email": ["correct horse"]}}
    with pytest.raises(Invalid) as caught:
        enter(serve(always(json_answer(value, 422))))
    assert (caught.value.detail, caught.value.fields) == (
        "«secret» is wrong",
        {"email": ("«secret»",)},
    )
