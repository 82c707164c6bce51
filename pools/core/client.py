"""The six operations on connection pools, and signing in to Patchworks."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from pools.core.addresses import POOLS_PATH, pool_path
from pools.core.answers import Answer, AnswerReader, SentFields, names_pool
from pools.core.bounds import LIMIT, NAME, PAGE, PER_PAGE, SEARCH, TIMEOUT, NumberBounds
from pools.core.budget import Budget
from pools.core.credentials import BearerToken, Credential
from pools.core.errors import (
    CoreError,
    CredentialExpired,
    Invalid,
    NotFound,
    NotSent,
    Reason,
    Refused,
    Unauthenticated,
    reasons_in,
)
from pools.core.limits import CoreLimits
from pools.core.numbers import LARGEST_INTEGER
from pools.core.observing import observed
from pools.core.schema import LEAVE, Page, Pool, PoolChanges, PoolFields, PoolQuery
from pools.core.transport import Call, Exchange, exchange
from pools.secret import Secret

INCLUDE: Final = "connectors.system"
# What a question can do without, and how a refusal of it reads.
_SPARED: Final = {
    "include": re.compile("include"),
    "sort": re.compile("sort"),
    "filter[name]": re.compile("filter"),
    "per_page": re.compile("per.?page"),
}
# How long a Core that refused one of these is not asked for it again: at first, it may have been
# for once; and where it refused it the next time as well.
FIRST_REFUSED_SECONDS: Final = 60.0
REFUSED_SECONDS: Final = 600.0
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_UNFIT_TEXT = re.compile("[\x00\ud800-\udfff]")

_Result = TypeVar("_Result")
_Shown = TypeVar("_Shown", Pool, Page)


class _Lately:
    """What a Core refused in a question, learnt in this process and not long ago."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str, str], float] = {}

    def add(self, base_url: str, name: str, value: str) -> None:
        again = (base_url, name, value) in self._until
        seconds = REFUSED_SECONDS if again else FIRST_REFUSED_SECONDS
        self._until[base_url, name, value] = monotonic() + seconds

    def accepted(self, base_url: str, asked: Mapping[str, str]) -> None:
        for name, value in asked.items():
            self._until.pop((base_url, name, value), None)

    def has(self, base_url: str, name: str, value: str) -> bool:
        return monotonic() < self._until.get((base_url, name, value), 0)


# Asked again now and then: Core may be brought up to date.
_refused_lately: Final = _Lately()


@dataclass(slots=True)
class _Trace:
    """The latest call of a client, and of those that were made from it."""

    latest: Exchange | None = None


class CoreClient:
    """Core's connection pools, as one company's credential sees them.

    Cheap to make; one object for one thread, never shared. Every method raises a
    CoreError and nothing else. `last_exchange` tells about the latest call.
    """

    def __init__(
        self,
        base_url: str,
        credential: Credential,
        limits: CoreLimits,
        request_id: str = "",
        budget: Budget | None = None,
        trace: "_Trace | None" = None,
    ) -> None:
        """`budget` is what its calls share; without one, each call has one of its own.

        ValueError for a request id that does not fit into a header.
        """
        self.budget = budget
        self._base_url = base_url
        self._credential = credential
        self._limits = limits
        self._reader = AnswerReader(limits, credential.secret)
        self._request_id = request_id or uuid4().hex
        if not _REQUEST_ID.fullmatch(self._request_id):
            raise ValueError("A request id holds 1 to 128 letters, digits and . _ - only.")
        self._trace = trace or _Trace()

    def for_request(self, request_id: str) -> "CoreClient":
        """The same credential at the same Core, under another request id."""
        return self._copy(request_id, self.budget)

    def within(self, budget: Budget | None = None) -> "CoreClient":
        """The same, with calls that share a budget: a new one, unless it is given."""
        return self._copy(self._request_id, budget or Budget(self._limits))

    @property
    def last_exchange(self) -> Exchange | None:
        """About the latest call, also of those that were made from this one or made it."""
        return self._trace.latest

    def _copy(self, request_id: str, budget: Budget | None) -> "CoreClient":
        return CoreClient(
            self._base_url, self._credential, self._limits, request_id, budget, self._trace
        )

    @observed("list_pools")
    def list_pools(self, query: PoolQuery) -> Page:
        """One page of pools with their connectors. GET /api/v1/connection-pools"""
        parameters = _parameters_of(query)
        return _or_raise(
            self._read(
                POOLS_PATH,
                parameters,
                lambda answer, asked: self._reader.page(answer, _as_asked(query, asked)),
            )
        )

    @observed("get_pool")
    def get_pool(self, pool_id: int) -> Pool:
        """One pool with its connectors. GET /api/v1/connection-pools/{connection_pool}

        NotFound only where that is about the pool: a gateway that has lost its way to Core
        answers 404 to whatever it is asked.
        """
        path = _path_of(pool_id)
        found = self._read(path, {}, lambda answer, _: self._reader.pool(answer, pool_id))
        if isinstance(found, NotFound) and not names_pool(found, pool_id):
            return _or_raise(self._lost_way() or found)
        return _or_raise(found)

    @observed("create_pool")
    def create_pool(self, fields: PoolFields) -> Pool:
        """A new pool. POST /api/v1/connection-pools

        Unexpected unless Core answers with an id and every field as sent.
        """
        sent = _checked({"name": fields.name, "limit": fields.limit, "timeout": fields.timeout})
        answer = self._call("POST", POOLS_PATH, fields=sent)
        return _or_raise(self._reader.written_pool(answer, sent)).unincluded()

    @observed("update_pool")
    def update_pool(self, pool_id: int, changed: PoolChanges) -> Pool:
        """Send what changed and nothing else. PUT /api/v1/connection-pools/{connection_pool}

        Unexpected unless Core answers with this pool and every changed field as sent.
        """
        given = {"name": changed.name, "limit": changed.limit, "timeout": changed.timeout}
        sent = _checked({name: value for name, value in given.items() if value is not LEAVE})
        answer = self._call("PUT", _path_of(pool_id), fields=sent)
        return _or_raise(self._reader.written_pool(answer, sent, pool_id)).unincluded()

    @observed("delete_pool")
    def delete_pool(self, pool_id: int) -> str:
        """Delete for good; Core's message. DELETE /api/v1/connection-pools/{connection_pool}"""
        answer = self._call("DELETE", _path_of(pool_id))
        return _or_raise(self._reader.deleted(answer))

    @observed("clear_pool")
    def clear_pool(self, pool_id: int) -> str:
        """Drop all pending requests; Core's message, if it has one.

        POST /api/v1/connection-pools/{connection_pool}/clear
        """
        answer = self._call("POST", f"{_path_of(pool_id)}/clear")
        return _or_raise(self._reader.cleared(answer))

    def _lost_way(self) -> CoreError | None:
        """Why a 404 says nothing about a pool: Core does not list any pools either."""
        query = PoolQuery(per_page=1)
        listed = self._read(
            POOLS_PATH, _parameters_of(query), lambda answer, _: self._reader.page(answer, query)
        )
        if isinstance(listed, NotFound):
            return Refused(listed.reason, status=listed.status, detail=listed.detail)
        return listed if isinstance(listed, CoreError) else None

    def _read(
        self,
        path: str,
        parameters: Mapping[str, str],
        reader: Callable[[Answer, Mapping[str, str]], _Shown | CoreError],
    ) -> _Shown | CoreError:
        """With the connectors, and all else that this Core does not refuse.

        `reader` gets the answer and what was really asked.
        """
        asked = {
            name: value
            for name, value in {"include": INCLUDE, **parameters}.items()
            if not _refused_lately.has(self._base_url, name, value)
        }
        refused = {}
        while True:
            result = reader(self._call("GET", path, parameters=asked), asked)
            spared = _spared(result, asked)
            if spared is None:
                break
            refused[spared] = asked.pop(spared)
        if isinstance(result, CoreError):
            return result
        for name, value in refused.items():
            _refused_lately.add(self._base_url, name, value)
        _refused_lately.accepted(self._base_url, asked)
        return result if "include" in asked else result.unincluded()

    def _call(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        fields: SentFields | None = None,
    ) -> Answer:
        self._trace.latest = None
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
        budget = self.budget or Budget(self._limits)
        result, self._trace.latest = exchange(call, self._limits, budget)
        return _or_raise(result)


@observed("sign_in")
def sign_in(
    sign_in_url: str,
    email: str,
    password: Secret,
    limits: CoreLimits,
    budget: Budget | None = None,
) -> BearerToken:
    """A bearer token for a person, from POST /fabric/api/login (or the same elsewhere).

    Sends `email` and `password`; where the service refuses these, or answers that it wants
    a `username`, once more under that name. `email` may be a user name. Both share the
    budget. Raises a CoreError.
    """
    budget = budget or Budget(limits)
    first = _try_signing_in(sign_in_url, "email", email, password, limits, budget)
    refused = isinstance(first, Unauthenticated)
    if not refused and not (isinstance(first, Invalid) and "username" in first.fields):
        return _or_raise(first)
    second = _try_signing_in(sign_in_url, "username", email, password, limits, budget)
    # A service that does not know `username` says nothing about the person by refusing it.
    return _or_raise(first if refused and isinstance(second, Invalid) else second)


def _try_signing_in(
    sign_in_url: str,
    field: str,
    name: str,
    password: Secret,
    limits: CoreLimits,
    budget: Budget,
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
    answer, _ = exchange(call, limits, budget)
    if isinstance(answer, CoreError):
        return answer
    # A short password may well be part of a token: there, nothing is to be replaced.
    token = AnswerReader(limits).token(answer)
    return AnswerReader(limits, password).token(answer) if isinstance(token, CoreError) else token


def _spared(result: object, asked: Mapping[str, str]) -> str | None:
    """What Core refused a question for, as far as it says why, and can be left out of it."""
    if not isinstance(result, Invalid):
        return None
    said = " ".join([result.detail, *result.fields, *reasons_in(result.fields)]).lower()
    silent = result.status == HTTPStatus.BAD_REQUEST and not said.strip()
    return next(
        (
            name
            for name, text in _SPARED.items()
            if name in asked and (text.search(said) or (silent and name != "per_page"))
        ),
        None,
    )


def _allowed_url(url: str, limits: CoreLimits) -> str | CoreError:
    """The address again at the moment of use: what is allowed may have changed since."""
    try:
        return limits.checked_url(url)
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
    """The question as Core accepts it; NotSent for what Core could not answer."""
    page_fits = _is_within(query.page, PAGE) and _is_within(query.per_page, PER_PAGE)
    if not page_fits or not _is_fit(query.search, SEARCH.longest):
        raise NotSent(Reason.OWN_CHECK)
    parameters = {
        "page": str(query.page),
        "per_page": str(query.per_page),
    }
    if query.sort is not None:
        parameters["sort"] = query.sort.value
    if query.search:
        parameters["filter[name]"] = query.search
    return parameters


def _as_asked(query: PoolQuery, asked: Mapping[str, str]) -> PoolQuery:
    """The question without the order and the search, where Core refused them."""
    sort = query.sort if "sort" in asked else None
    return replace(query, sort=sort, search=query.search if "filter[name]" in asked else "")


def _checked(fields: dict[str, Any]) -> SentFields:
    """The fields, where Core could accept them at all; NotSent otherwise.

    Core answers some of these with a 500, which would leave the outcome unknown.
    """
    if not fields or not all(_is_acceptable(name, given) for name, given in fields.items()):
        raise NotSent(Reason.OWN_CHECK)
    return fields


def _is_acceptable(name: str, given: object) -> bool:
    if name == "name":
        return isinstance(given, str) and bool(given.strip()) and _is_fit(given, NAME.longest)
    # A revert puts back what Core itself has shown, be it more than anybody may type.
    bounds = replace(LIMIT if name == "limit" else TIMEOUT, largest=LARGEST_INTEGER)
    return _is_within(given, bounds)


def _is_within(given: object, bounds: NumberBounds) -> bool:
    if given is None:
        return bounds.nullable
    return type(given) is int and bounds.least <= given <= bounds.largest


def _is_fit(text: str, longest: int) -> bool:
    return len(text) <= longest and not _UNFIT_TEXT.search(text)
