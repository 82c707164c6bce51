"""Whether Core answers at an address, asked without anybody's token."""

from typing import Final

from pools.core.client import CoreClient
from pools.core.credentials import ApiKey
from pools.core.errors import CoreError
from pools.core.limits import CoreLimits
from pools.core.schema import PoolQuery
from pools.secret import Secret

# No token of anybody: Core shows that it is Core by refusing it properly.
_NOBODY: Final = ApiKey(Secret("connection-test"))


def probe(base_url: str, limits: CoreLimits) -> CoreError | None:
    """The error that a list of pools comes to; None where pools are shown without a token.

    Within one deadline. ValueError with a sentence for an address that may not be called.
    """
    core = CoreClient(limits.checked_url(base_url), _NOBODY, limits).within()
    try:
        core.list_pools(PoolQuery(per_page=1))
    except CoreError as error:
        return error
    return None
