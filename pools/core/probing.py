"""Whether Core, and its sign-in service, answer at an address: asked without anybody's secrets."""

from typing import Final
from uuid import uuid4

from pools.core.answers import AnswerReader
from pools.core.budget import Budget
from pools.core.client import CoreClient
from pools.core.credentials import ApiKey
from pools.core.errors import CoreError
from pools.core.limits import CoreLimits
from pools.core.schema import PoolQuery
from pools.core.transport import Call, exchange
from pools.secret import Secret

# No token of anybody: Core shows that it is Core by refusing it properly.
_NOBODY: Final = ApiKey(Secret("connection-test"))


def probe(base_url: str, limits: CoreLimits, budget: Budget | None = None) -> CoreError | None:
    """The error that a list of pools comes to; None where pools are shown without a token.

    Within one deadline. ValueError with a sentence for an address that may not be called.
    """
    core = CoreClient(limits.checked_url(base_url), _NOBODY, limits).within(budget)
    try:
        core.list_pools(PoolQuery(per_page=1))
    except CoreError as error:
        return error
    return None


def probe_sign_in(
    sign_in_url: str, limits: CoreLimits, budget: Budget | None = None
) -> CoreError | None:
    """The error that signing in without a name comes to; None where that gives a token.

    Nobody is named, so nobody's sign-in is counted as failed. Else as `probe`.
    """
    call = Call(
        method="POST",
        url=limits.checked_url(sign_in_url),
        is_read=False,
        request_id=uuid4().hex,
        body=b"{}",
    )
    answer, _ = exchange(call, limits, budget or Budget(limits))
    if isinstance(answer, CoreError):
        return answer
    told = AnswerReader(limits).token(answer)
    return told if isinstance(told, CoreError) else None
