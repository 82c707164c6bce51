"""The service module: the only door to the Core API. Knows nothing of the panel."""

from pools.core.addresses import check_base_url
from pools.core.client import CoreClient, sign_in
from pools.core.credentials import (
    ApiKey,
    BearerToken,
    Credential,
    InvalidCredential,
    check_token_text,
    expiry_in_token,
)
from pools.core.errors import (
    Busy,
    CoreError,
    CredentialExpired,
    Forbidden,
    Invalid,
    NotFound,
    NotSent,
    RateLimited,
    Reason,
    Refused,
    Unanswered,
    Unauthenticated,
    Unexpected,
)
from pools.core.limits import CoreLimits
from pools.core.observing import Observer, observe, outcome_name
from pools.core.schema import (
    LEAVE,
    Connector,
    Leave,
    Page,
    Pool,
    PoolChanges,
    PoolFields,
    PoolQuery,
    Sort,
    System,
)
from pools.core.transport import Exchange, close_kept_connections

__all__ = [
    "LEAVE",
    "ApiKey",
    "BearerToken",
    "Busy",
    "Connector",
    "CoreClient",
    "CoreError",
    "CoreLimits",
    "Credential",
    "CredentialExpired",
    "Exchange",
    "Forbidden",
    "Invalid",
    "InvalidCredential",
    "Leave",
    "NotFound",
    "NotSent",
    "Observer",
    "Page",
    "Pool",
    "PoolChanges",
    "PoolFields",
    "PoolQuery",
    "RateLimited",
    "Reason",
    "Refused",
    "Sort",
    "System",
    "Unanswered",
    "Unauthenticated",
    "Unexpected",
    "check_base_url",
    "check_token_text",
    "close_kept_connections",
    "expiry_in_token",
    "observe",
    "outcome_name",
    "sign_in",
]
