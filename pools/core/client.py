"""The six operations on connection pools, and signing in to Patchworks."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from pools.core.addresses import POOLS_PATH, check_base_url, pool_path
from pools.core.answers import Answer, AnswerReader, SentFields
from pools.core.credentials import BearerToken, Credential
from pools.core.errors import CoreError, CredentialExpired, Invalid, NotSent, Reason
from pools.core.limits import CoreLimits
from pools.core.observing import observed
from pools.core.schema import (
    LARGEST_NUMBER,
    LEAVE,
    LONGEST_NAME,
    Page,
    Pool,
    PoolChanges,
    PoolFields,
    PoolQuery,
)
from pools.core.transport import Call, Exchange, exchange
from pools.secret import Secret

INCLUDE: Final = "connectors.system"
LARGEST_PER_PAGE: Final = 100
LONGEST_SEARCH: Final = 1000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_UNFIT_TEXT = re.compile("[\x00\ud800-\udfff]")

_Result = TypeVar("_Result")


class CoreClient:
    """Core's connection pools, as one company's credential sees them.

    Cheap to make; one object for one thread, never shared. Every method raises a
    CoreError and nothing else. `last_exchange` tells about the latest call.
    """

    def __init__(
        self, base_url: str, credential: Credential, limits: CoreLimits, request_id: str = ""
    ) -> None:
        """ValueError for a request id that does not fit into a header."""
        self._base_url = base_url
        self._credential = credential
        self._limits = limits
        self._reader = AnswerReader(limits, credential.secret)
        self._request_id = request_id or uuid4().hex
        if not _REQUEST_ID.fullmatch(self._request_id):
            raise ValueError("A request id holds 1 to 128 letters, digits and . _ - only.")
        self.last_exchange: Exchange | None = None

    def for_request(self, request_id: str) -> "CoreClient":
        """The same credential at the same Core, under another request id."""
        return CoreClient(self._base_url, self._credential, self._limits, request_id)

    @observed("list_pools")
    def list_pools(self, query: PoolQuery) -> Page:
        """One page of pools with their connectors. GET /api/v1/connection-pools"""
        answer = self._call("GET", POOLS_PATH, parameters=_parameters_of(query))
        return _or_raise(self._reader.page(answer, query))

    @observed("get_pool")
    def get_pool(self, pool_id: int) -> Pool:
        """One pool with its connectors. GET /api/v1/connection-pools/{connection_pool}"""
        answer = self._call("GET", _path_of(pool_id), parameters={"include": INCLUDE})
        return _or_raise(self._reader.pool(answer, pool_id))

    @observed("create_pool")
    def create_pool(self, fields: PoolFields) -> Pool:
        """A new pool. POST /api/v1/connection-pools

        Unexpected unless Core answers with an id and every field as sent.
        """
        sent = _checked({"name": fields.name, "limit": fields.limit, "timeout": fields.timeout})
        answer = self._call("POST", POOLS_PATH, fields=sent)
        return _or_raise(self._reader.written_pool(answer, sent))

    @observed("update_pool")
    def update_pool(self, pool_id: int, changed: PoolChanges) -> Pool:
        """Send what changed and nothing else. PUT /api/v1/connection-pools/{connection_pool}

        Unexpected unless Core answers with this pool and every changed field as sent.
        """
        given = {"name": changed.name, "limit": changed.limit, "timeout": changed.timeout}
        sent = _checked({name: value for name, value in given.items() if value is not LEAVE})
        answer = self._call("PUT", _path_of(pool_id), fields=sent)
        return _or_raise(self._reader.written_pool(answer, sent, pool_id))

    @observed("delete_pool")
    def delete_pool(self, pool_id: int) -> str:
        """Delete for good; Core's message. DELETE /api/v1/connection-pools/{connection_pool}"""
        answer = self._call("DELETE", _path_of(pool_id))
        return _or_raise(self._reader.deleted(answer))

    @observed("clear_pool")
    def clear_pool(self, pool_id: int) -> None:
        """Drop all pending requests. POST /api/v1/connection-pools/{connection_pool}/clear"""
        answer = self._call("POST", f"{_path_of(pool_id)}/clear")
        _or_raise(self._reader.cleared(answer))

    def _call(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        fields: SentFields | None = None,
    ) -> Answer:
        self.last_exchange = None
        expires_at = self._credential.expires_at
        if expires_at is not None and datetime.now(UTC) >= expires_at:
            raise CredentialExpired(Reason.EXPIRED)
        base_url = _or_raise(_allowed_url(self._base_url, self._limits))
        query = "?" + urlencode(parameters, quote_via=quote, safe="") if parameters else ""
        call = Call(
            method=method,
            url=f"{base_url}{path}{query}",
            is_read=method == "GET",
            request_id=self._request_id,
            body=None if fields is None else json.dumps(fields).encode(),
            credential=self._credential,
        )
        result, self.last_exchange = exchange(call, self._limits)
        return _or_raise(result)


@observed("sign_in")
def sign_in(sign_in_url: str, email: str, password: Secret, limits: CoreLimits) -> BearerToken:
    """A bearer token for a person, from POST /fabric/api/login (or the same elsewhere).

    Sends `email` and `password`; where the service answers that it wants a `username`,
    once more under that name. Raises a CoreError.
    """
    result = _try_signing_in(sign_in_url, "email", email, password, limits)
    if isinstance(result, Invalid) and "username" in result.fields:
        result = _try_signing_in(sign_in_url, "username", email, password, limits)
    return _or_raise(result)


def _try_signing_in(
    sign_in_url: str, field: str, name: str, password: Secret, limits: CoreLimits
) -> BearerToken | CoreError:
    url = _allowed_url(sign_in_url, limits)
    if isinstance(url, CoreError):
        return url
    if not name or _UNFIT_TEXT.search(name) or _UNFIT_TEXT.search(password.reveal()):
        return NotSent(Reason.OWN_CHECK)
    call = Call(
        method="POST",
        url=url,
        is_read=False,
        request_id=uuid4().hex,
        body=json.dumps({field: name, "password": password.reveal()}).encode(),
    )
    answer, _ = exchange(call, limits)
    if isinstance(answer, CoreError):
        return answer
    # A short password may well be part of a token: there, nothing is to be replaced.
    hidden = () if answer.status == 200 else (password,)
    return AnswerReader(limits, *hidden).token(answer)


def _allowed_url(url: str, limits: CoreLimits) -> str | CoreError:
    """The address again at the moment of use: what is allowed may have changed since."""
    try:
        return check_base_url(url, limits.plain_http_hosts)
    except ValueError:
        return NotSent(Reason.ADDRESS)


def _or_raise(result: _Result | CoreError) -> _Result:
    """Raises outside any `except`, so that no other exception becomes the error's context."""
    if isinstance(result, CoreError):
        raise result
    return result


def _path_of(pool_id: int) -> str:
    try:
        path = pool_path(pool_id)
    except ValueError:
        path = ""
    if not path:
        raise NotSent(Reason.OWN_CHECK)
    return path


def _parameters_of(query: PoolQuery) -> dict[str, str]:
    """The question as Core takes it; NotSent for what Core could not answer."""
    page_fits = 1 <= query.page <= LARGEST_NUMBER and 1 <= query.per_page <= LARGEST_PER_PAGE
    if not page_fits or not _is_fit(query.search, LONGEST_SEARCH):
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


def _checked(fields: dict[str, Any]) -> SentFields:
    """The fields, where Core could accept them at all; NotSent otherwise.

    Core answers some of these with a 500, which would leave the outcome unknown.
    """
    if not fields or not all(_is_acceptable(name, given) for name, given in fields.items()):
        raise NotSent(Reason.OWN_CHECK)
    return fields


def _is_acceptable(name: str, given: object) -> bool:
    if name == "name":
        return isinstance(given, str) and bool(given.strip()) and _is_fit(given, LONGEST_NAME)
    if name == "timeout" and given is None:
        return True
    return type(given) is int and 1 <= given <= LARGEST_NUMBER


def _is_fit(text: str, longest: int) -> bool:
    return len(text) <= longest and not _UNFIT_TEXT.search(text)
