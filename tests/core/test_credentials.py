"""What can be a token, and when it says that it expires."""

import base64
from datetime import UTC, datetime

import pytest

from pools.core import ApiKey, BearerToken, InvalidCredential, check_token_text, expiry_in_token
from pools.secret import Secret
from tests.core.conftest import jwt


@pytest.mark.parametrize("text", ["!" * 8, "~" * 4096, "abc|DEF.123-_=+/", "12345678"])
def test_visible_ascii_can_be_a_token(text: str) -> None:
    check_token_text(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "at least 8 characters"),
        ("short77", "at least 8 characters"),
        ("x" * 4097, "at most 4096 characters"),
        ("x" * 5000, "at most 4096 characters"),
        ("canary canary", "can't contain spaces or line breaks"),
        (" canarycanary", "can't contain spaces or line breaks"),
        ("canarycanary\n", "can't contain spaces or line breaks"),
        ("canary\r\nX-Evil: 1", "can't contain spaces or line breaks"),
        ("canary\u2028canary", "can't contain spaces or line breaks"),
        ("canary\x00canary", "letters, digits and ASCII punctuation"),
        ("canary\x7fcanary", "letters, digits and ASCII punctuation"),
        ("canary\x1bcanary", "letters, digits and ASCII punctuation"),
        ("canaryécanary", "letters, digits and ASCII punctuation"),
        ("canary\u200bcanary", "letters, digits and ASCII punctuation"),
        ("canary\ud800canary", "letters, digits and ASCII punctuation"),
    ],
)
@pytest.mark.parametrize("make", [check_token_text, lambda text: ApiKey(Secret(text))])
def test_anything_else_cannot(make: object, text: str, sentence: str) -> None:
    with pytest.raises(InvalidCredential, match=sentence) as caught:
        make(text)  # type: ignore[operator]
    assert "canary" not in str(caught.value)


def test_bearer_token_is_checked_too() -> None:
    with pytest.raises(InvalidCredential):
        BearerToken(Secret("canary\ncanary"))


def test_key_does_not_expire() -> None:
    assert ApiKey(Secret("canary-canary")).expires_at is None


@pytest.mark.parametrize("credential", [ApiKey, BearerToken])
def test_repr_shows_no_token(credential: type[ApiKey] | type[BearerToken]) -> None:
    assert "canary" not in repr(credential(Secret("canary-canary")))


@pytest.mark.parametrize("expiry", [1_800_000_000, 1_800_000_000.0])
def test_expiry_is_read_from_the_token(expiry: float) -> None:
    token = jwt({"exp": expiry})
    assert expiry_in_token(token) == datetime.fromtimestamp(1_800_000_000, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "no-jwt-at-all",
        "a.b",
        "a.b.c.d",
        "..",
        "a.!!!!.c",
        jwt([]),
        jwt("exp"),
        jwt({}),
        jwt({"exp": None}),
        jwt({"exp": "soon"}),
        jwt({"exp": True}),
        jwt({"exp": 10**30}),
        jwt({"exp": -(10**30)}),
        jwt({"exp": float("nan")}),
        jwt({"exp": float("inf")}),
        "a." + base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".c",
        "a." + base64.urlsafe_b64encode(b'{"exp":' + b"9" * 5000 + b"}").decode() + ".c",
        "a." + base64.urlsafe_b64encode(b"\xff\xfe").decode() + ".c",
    ],
)
def test_token_that_does_not_say_has_no_known_expiry(text: str) -> None:
    assert expiry_in_token(text) is None
