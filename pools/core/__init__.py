"""The service module: the only way to the Core API. Knows nothing of the panel."""

from pools.core.budget import Budget
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
from pools.core.observing import WAITS, Observer, observe, outcome_name
from pools.core.probing import probe, probe_sign_in
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
from pools.core.transport import Exchange, load_certificates
from pools.core.whole_lists import Ending, WholeReading, ending_with

__all__ = [
    "LEAVE",
    "WAITS",
    "ApiKey",
    "BearerToken",
    "Budget",
    "Busy",
    "Connector",
    "CoreClient",
    "CoreError",
    "CoreLimits",
    "Credential",
    "CredentialExpired",
    "Ending",
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
    "WholeReading",
    "check_token_text",
    "ending_with",
    "expiry_in_token",
    "load_certificates",
    "observe",
    "outcome_name",
    "probe",
    "probe_sign_in",
    "sign_in",
]
