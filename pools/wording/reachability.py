"""What *Test connection* found at a company's two addresses, in words for who set them up.

They know the other side by its address and its API, and so it is called the Core API here.
"""

from dataclasses import dataclass
from typing import Final

from pools.core import CoreError, Forbidden, Invalid, NotFound, Unauthenticated
from pools.wording.core_error_reasons import cause_at_sign_in, cause_of

# A mock of the API's description checks nobody, and works: what it is stays open.
_NO_REFUSAL: Final = "Patchworks refuses that: this may be a test server."


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at an address, as a sentence."""

    good: bool
    sentence: str


def finding_for(answer: CoreError | None) -> Finding:
    """What the answer to an invalid token says about the address; None: pools were shown."""
    if answer is None:
        return Finding(False, f"It showed pools to a token that nobody has. {_NO_REFUSAL}")
    if isinstance(answer, Unauthenticated):
        return Finding(True, "The Core API answers here, and asks for a token as it should.")
    if isinstance(answer, Forbidden):
        # An invalid token is no token without a right: something else keeps us out.
        return _other(answer, "It refused us, and didn't ask for a token (403).")
    if isinstance(answer, NotFound):
        return Finding(False, "Something answers here, but has no pools. Is the path right?")
    return _other(answer, cause_of(answer))


def finding_for_sign_in(answer: CoreError | None) -> Finding:
    """What the answer to signing in without a name says; None: that gave a token."""
    if answer is None:
        return Finding(False, f"It gave a token to nobody in particular. {_NO_REFUSAL}")
    if isinstance(answer, (Unauthenticated, Invalid)):
        return Finding(True, "Patchworks signs people in here.")
    if isinstance(answer, NotFound):
        return Finding(False, "Something answers here, but signs nobody in. Is the path right?")
    return _other(answer, cause_at_sign_in(answer))


def _other(answer: CoreError, cause: str) -> Finding:
    sentence = cause or f"The answer had the status {answer.status}."
    return Finding(False, f"{sentence} ({answer.detail})" if answer.detail else sentence)
