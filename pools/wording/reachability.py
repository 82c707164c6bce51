"""Whether Core answers at a company's address, in words for who sets companies up."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from pools.core import (
    ApiKey,
    CoreClient,
    CoreError,
    Forbidden,
    NotFound,
    PoolQuery,
    Unauthenticated,
    check_base_url,
)
from pools.presentation import cause_of
from pools.secret import Secret

# No token of anybody: Core shows that it is Core by refusing it properly.
_NOBODY: Final = ApiKey(Secret("connection-test"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at an address, as a sentence."""

    good: bool
    sentence: str


def try_address(base_url: str) -> Finding:
    """Asks for a list of pools with a token that opens nothing. One short call."""
    limits = settings.CORE_LIMITS
    try:
        core = CoreClient(check_base_url(base_url, limits.plain_http_hosts), _NOBODY, limits)
    except ValueError as refused:
        return Finding(False, str(refused))
    try:
        core.list_pools(PoolQuery(per_page=1))
    except (Unauthenticated, Forbidden):
        return Finding(True, "Core answers at this address, and asks for a token as it should.")
    except NotFound:
        return Finding(False, "Something answers, but has no pools there: is the path right?")
    except CoreError as error:
        sentence = cause_of(error) or f"Core answered with the status {error.status}."
        return Finding(False, f"{sentence} ({error.detail})" if error.detail else sentence)
    return Finding(False, "Pools were shown without a valid token: this cannot be Core.")
