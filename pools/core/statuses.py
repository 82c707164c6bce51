"""What the status of an answer of Core means: a clear refusal, or no proof of anything."""

from collections.abc import Mapping
from typing import Final

from pools.core.errors import (
    CoreError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Refused,
    Unanswered,
    Unauthenticated,
    Unexpected,
)

# Which complete JSON answers are a clear refusal. Every other status is no proof that
# nothing was changed.
REFUSALS: Final[Mapping[int, type[CoreError]]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: Refused,
    409: Refused,
    410: Refused,
    413: Refused,
    415: Refused,
    422: Invalid,
    429: RateLimited,
}

# The contract gives these two no body: an empty one whose end was stated is that refusal.
REFUSALS_WITHOUT_BODY: Final = frozenset({401, 403})


def error_class_for(status: int) -> type[CoreError]:
    """The error of a complete JSON answer with this status (not of a success)."""
    if status >= 500:
        return Unanswered
    return REFUSALS.get(status, Unexpected)
