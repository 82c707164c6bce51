"""What Core is shown to say who is asking: an API key or a bearer token."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pools.secret import Secret

SHORTEST_TOKEN: Final = 8
LONGEST_TOKEN: Final = 4096

_TOKEN_TEXT = re.compile(rf"[\x21-\x7e]{{{SHORTEST_TOKEN},{LONGEST_TOKEN}}}")


class InvalidCredential(ValueError):
    """The text cannot be a token. The message says why and never repeats the text."""


def check_token_text(text: str) -> None:
    """Raises InvalidCredential unless `text` is visible ASCII characters, as many as a token has.

    Anything else could break out of the header that carries it.
    """
    problem = _problem_of(text)
    del text  # a traceback shows the locals of its frames
    if problem:
        raise InvalidCredential(problem)


def is_token_text(text: str) -> bool:
    """Whether `check_token_text` has nothing against it."""
    return not _problem_of(text)


def _problem_of(text: str) -> str:
    if _TOKEN_TEXT.fullmatch(text):
        return ""
    if len(text) < SHORTEST_TOKEN:
        return f"A token has at least {SHORTEST_TOKEN} characters."
    if len(text) > LONGEST_TOKEN:
        return f"A token has at most {LONGEST_TOKEN} characters."
    if any(character.isspace() for character in text):
        return "A token can't contain spaces or line breaks."
    return "A token can only contain letters, digits and ASCII punctuation."


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A company's key: sent raw, does not expire."""

    secret: Secret

    def __post_init__(self) -> None:
        check_token_text(self.secret.reveal())

    @property
    def expires_at(self) -> None:
        return None

    def authorization(self) -> str:
        """The value of the Authorization header."""
        return self.secret.reveal()


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A person's own token from signing in to Patchworks. `expires_at` None: not known."""

    secret: Secret
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        check_token_text(self.secret.reveal())

    def authorization(self) -> str:
        """The value of the Authorization header."""
        return f"Bearer {self.secret.reveal()}"


Credential = ApiKey | BearerToken


def expiry_in_token(text: str) -> datetime | None:
    """When a JWT says that it expires (its `exp`), or None where it does not say.

    The signature is not looked at: this saves a call with a token that is known to be
    stale, it grants nothing.
    """
    parts = text.split(".")
    if len(parts) != 3:
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        expiry = claims["exp"]
        if isinstance(expiry, bool) or not isinstance(expiry, int | float):
            return None
        return datetime.fromtimestamp(expiry, UTC)
    except (
        binascii.Error,
        ValueError,
        TypeError,
        KeyError,
        OverflowError,
        OSError,
        RecursionError,
    ):
        return None
