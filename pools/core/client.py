"""The six operations on connection pools, and signing in to Patchworks."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from pools.core.addresses import POOLS_PATH, check_base_url, pool_path
from pools.core.answers import Answer, done_from, object_from, page_from, pool_from
from pools.core.credentials import (
    BearerToken,
    Credential,
    InvalidCredential,
    check_token_text,
    expiry_in_token,
)
from pools.core.decoding import LARGEST_INTEGER
from pools.core.errors import (
    CoreError,
    CredentialExpired,
    Invalid,
    NotSent,
    Reason,
    Unexpected,
)
from pools.core.limits import CoreLimits
from pools.core.schema import LEAVE, Page, Pool, PoolChanges, PoolFields, PoolQuery
from pools.core.transport import Call, Exchange, exchange
from pools.secret import Secret

INCLUDE: Final = "connectors.system"
LARGEST_PAGE: Final = 2**31 - 1
LONGEST_NAME: Final = 255
LONGEST_SEARCH: Final = 1000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_UNFIT_TEXT = re.compile("[\x00\ud800-\udfff]")

_Result = TypeVar("_Result")
_Fields = Mapping[str, str | int | None]


class CoreClient:
    """Core's connection pools, as one company's credential sees them.

    Cheap to make; one object for one thread, never shared. Every method raises a
    CoreError and nothing else. `last_exchange` tells about the latest call.
    """

    def __init__(
        self, base_url: str, credential: Credential, limits: CoreLimits, request_id: str = ""
    ) -> None:
        """ValueError for a base URL that is not allowed or a request id that is no token."""
        self._base_url = check_base_url(base_url, limits.plain_http_hosts)
        self._credential = credential
        self._limits = limits
        self._request_id = request_id or uuid4().hex
        if not _REQUEST_ID.fullmatch(self._request_id):
            raise ValueError("A request id holds 1 to 128 letters, digits and . _ - only.")
        self.last_exchange: Exchange | None = None

    def for_request(self, request_id: str) -> "CoreClient":
        """The same credential at the same Core, under another request id."""
        return CoreClient(self._base_url, self._credential, self._limits, request_id)

    def list_pools(self, query: PoolQuery) -> Page:
        """One page of pools with their connectors. GET /api/v1/connection-pools"""
        answer = self._call("GET", POOLS_PATH, parameters=_parameters_of(query))
        return _or_raise(page_from(answer, query, self._limits, self._credential.secret))

    def get_pool(self, pool_id: int) -> Pool:
        """One pool with its connectors. GET /api/v1/connection-pools/{connection_pool}"""
        answer = self._call("GET", _path_of(pool_id), parameters={"include": INCLUDE})
        return _or_raise(pool_from(answer, self._limits, self._credential.secret, pool_id=pool_id))

    def create_pool(self, fields: PoolFields) -> Pool:
        """A new pool. POST /api/v1/connection-pools

        Unexpected unless Core answers with the pool's id and every field as sent.
        """
        body = _checked({"name": fields.name, "limit": fields.limit, "timeout": fields.timeout})
        answer = self._call("POST", POOLS_PATH, body=body)
        return _or_raise(
            pool_from(
                answer,
                self._limits,
                self._credential.secret,
                pool_id=None,
                statuses=frozenset({200, 201}),
                sent=body,
            )
        )

    def update_pool(self, pool_id: int, changed: PoolChanges) -> Pool:
        """Send what changed and nothing else. PUT /api/v1/connection-pools/{connection_pool}

        Unexpected unless Core answers with this pool and every changed field as sent.
        """
        body = _checked(_given_fields(changed))
        answer = self._call("PUT", _path_of(pool_id), body=body)
        return _or_raise(
            pool_from(
                answer,
                self._limits,
                self._credential.secret,
                pool_id=pool_id,
                statuses=frozenset({200, 201}),
                sent=body,
            )
        )

    def delete_pool(self, pool_id: int) -> str:
        """Delete for good; Core's message. DELETE /api/v1/connection-pools/{connection_pool}"""
        answer = self._call("DELETE", _path_of(pool_id))
        return _or_raise(
            done_from(answer, self._limits, self._credential.secret, tolerate_nothing=False)
        )

    def clear_pool(self, pool_id: int) -> None:
        """Drop all pending requests. POST /api/v1/connection-pools/{connection_pool}/clear"""
        answer = self._call("POST", f"{_path_of(pool_id)}/clear")
        _or_raise(done_from(answer, self._limits, self._credential.secret, tolerate_nothing=True))

    def _call(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: _Fields | None = None,
    ) -> Answer:
        expires_at = self._credential.expires_at
        if expires_at is not None and datetime.now(UTC) >= expires_at:
            raise CredentialExpired(Reason.EXPIRED)
        query = "?" + urlencode(parameters, quote_via=quote, safe="") if parameters else ""
        call = Call(
            method=method,
            url=f"{self._base_url}{path}{query}",
            is_read=method == "GET",
            request_id=self._request_id,
            body=None if body is None else json.dumps(body).encode(),
            credential=self._credential,
        )
        result, self.last_exchange = exchange(call, self._limits)
        return _or_raise(result)


def sign_in(sign_in_url: str, email: str, password: Secret, limits: CoreLimits) -> BearerToken:
    """A bearer token for a person, from POST /fabric/api/login (or the same elsewhere).

    Sends `email` and `password`; where the service answers that it wants a `username`,
    once more with that name. Raises a CoreError; ValueError for an address that is not
    allowed.
    """
    url = check_base_url(sign_in_url, limits.plain_http_hosts)
    result = _try_signing_in(url, "email", email, password, limits)
    if isinstance(result, Invalid) and "username" in result.fields:
        result = _try_signing_in(url, "username", email, password, limits)
    return _or_raise(result)


def _try_signing_in(
    url: str, field: str, name: str, password: Secret, limits: CoreLimits
) -> BearerToken | CoreError:
    if not name or _UNFIT_TEXT.search(name) or _UNFIT_TEXT.search(password.reveal()):
        return NotSent(Reason.OWN_CHECK)
    call = Call(
        method="POST",
        url=url,
        is_read=False,
        request_id=uuid4().hex,
        body=json.dumps({field: name, "password": password.reveal()}).encode(),
    )
    result, _ = exchange(call, limits)
    if isinstance(result, CoreError):
        return result
    value = object_from(result, limits, password)
    return value if isinstance(value, CoreError) else _token_in(value, result)


def _token_in(value: dict[str, Any], answer: Answer) -> BearerToken | CoreError:
    token, seconds = value.get("token"), value.get("expires_in")
    expiries = []
    if type(seconds) is int and 0 <= seconds <= LARGEST_PAGE:
        expiries.append(answer.received_at + timedelta(seconds=seconds))
    try:
        check_token_text(token if isinstance(token, str) else "")
    except InvalidCredential:
        return Unexpected(Reason.SHAPE, status=answer.status)
    own_expiry = expiry_in_token(str(token))
    if own_expiry is not None:
        expiries.append(own_expiry)
    return BearerToken(Secret(str(token)), min(expiries, default=None))


def _or_raise(result: _Result | CoreError) -> _Result:
    """Raises outside any `except`, so that no other exception becomes the error's context."""
    if isinstance(result, CoreError):
        raise result
    return result


def _path_of(pool_id: int) -> str:
    try:
        return pool_path(pool_id)
    except ValueError:
        path = ""
    if not path:
        raise NotSent(Reason.OWN_CHECK)
    return path


def _parameters_of(query: PoolQuery) -> dict[str, str]:
    if not (1 <= query.page <= LARGEST_PAGE and 1 <= query.per_page <= 100):
        raise NotSent(Reason.OWN_CHECK)
    if len(query.search) > LONGEST_SEARCH or _UNFIT_TEXT.search(query.search):
        raise NotSent(Reason.OWN_CHECK)
    parameters = {
        "include": INCLUDE,
        "page": str(query.page),
        "per_page": str(query.per_page),
    }
    if query.sort is not None:
        parameters["sort"] = query.sort.value
    if query.search:
        parameters["filter[name]"] = query.search
    return parameters


def _given_fields(changed: PoolChanges) -> _Fields:
    fields = {"name": changed.name, "limit": changed.limit, "timeout": changed.timeout}
    return {name: given for name, given in fields.items() if given is not LEAVE}  # type: ignore[misc]


def _checked(fields: _Fields) -> _Fields:
    """The fields, where Core could accept them at all; NotSent otherwise.

    Core answers some of these with a 500, which would leave the outcome unknown.
    """
    good = bool(fields)
    for name, given in fields.items():
        if name == "name":
            good &= isinstance(given, str) and bool(given.strip())
            good &= len(str(given)) <= LONGEST_NAME and not _UNFIT_TEXT.search(str(given))
        elif not (name == "timeout" and given is None):
            good &= type(given) is int and 1 <= given <= LARGEST_INTEGER
    if not good:
        raise NotSent(Reason.OWN_CHECK)
    return fields
