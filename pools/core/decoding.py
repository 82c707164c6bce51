"""From bytes to what they mean. No input or output: every odd answer is a two-line test."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from pools.core.bounds import LARGEST_POOL_ID
from pools.core.credentials import BearerToken, expiry_in_token, is_token_text
from pools.core.errors import Reason
from pools.core.limits import CoreLimits
from pools.core.numbers import LONGEST_NUMBER, count, whole_number
from pools.core.paging import placed
from pools.core.schema import Connector, Page, Pool, PoolQuery, System
from pools.secret import REDACTED, Secret

_CONTAINER_WEIGHT: Final = 4  # what an empty object takes in memory, counted in numbers
_EARLIEST_YEAR, _LATEST_YEAR = 1900, 9000  # room for a shift into any time zone
_PLACE = re.compile("0|[1-9][0-9]{0,8}")
_UNFIT_TEXT = re.compile("[\x00\ud800-\udfff]")
# What stands for NUL, for half of a character, or for one that a secret may have.
_HIDING_ESCAPE = re.compile(rb"\\u(?:00[0-7]|[dD][89a-fA-F])")
_PLAIN = re.compile(r"[ !#-\[\]-~]*")
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER: Final = b"0" * LONGEST_NUMBER
_CONTAINERS: Final = frozenset({dict, list})
_BARE_POOL: Final = frozenset({"id", "name"})  # without an envelope, what makes it a pool
_LONGEST_LIFE_SECONDS: Final = 10**9


class MalformedJson(ValueError):
    """Not JSON, or JSON that breaks one of our rules; `reason` says which."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def decode_json(body: bytes, limits: CoreLimits, hidden: Iterable[Secret] = ()) -> Any:
    """The JSON value in `body`, cleaned; MalformedJson for everything else.

    Refused: other encodings than UTF-8, NaN and infinities, duplicate keys, nesting or
    counts beyond the limits. Numbers of more than 40 digits stay text. In every text,
    NUL and lone surrogates become U+FFFD, and a `hidden` secret that Core echoes becomes
    a placeholder.
    """
    containers = body.count(b"[") + body.count(b"{")
    if body.count(b",") + _CONTAINER_WEIGHT * containers > limits.max_json_values:
        raise MalformedJson(Reason.TOO_LARGE)
    secrets = tuple(secret for secret in hidden if secret)
    unclean = _may_be_unclean(body, secrets)
    value, problem = _parsed(body, secrets if unclean else None)
    if problem is not None:
        raise MalformedJson(problem)
    _check_depth(value, limits.max_json_depth)
    return _cleaned(value, secrets) if unclean else value


def clean_text(text: str, hidden: Iterable[Secret] = ()) -> str:
    """Text that any database and any page can hold, without the secrets that it may echo."""
    for secret in hidden:
        if secret:
            text = text.replace(secret.reveal(), REDACTED)
    return _UNFIT_TEXT.sub("\ufffd", text) if _UNFIT_TEXT.search(text) else text


def read_page(value: Any, query: PoolQuery) -> Page | Reason:
    """A page of the list, or why the answer is none.

    A bare list is one as well, and so is Laravel's own paginator inside `data`.
    """
    if isinstance(value, dict) and isinstance(value.get("data"), dict) and "data" in value["data"]:
        value = value["data"]
    given = value.get("data") if isinstance(value, dict) else value
    rows = _listed(given)
    if rows is None:
        return Reason.SHAPE
    if any(_is_wrapped(row) for row in rows):
        return Reason.JSON_API
    pools = tuple(read_pool(row) for row in rows)
    if pools and all(pool.id is None for pool in pools):
        if any(_has_other_id(pool) for pool in pools):
            return Reason.IDS
        if all(pool.name is None for pool in pools):
            return Reason.NOTHING_TOLD
    page = placed(pools, value if isinstance(value, dict) else {}, query)
    if given == {} and page.total is None:
        return Reason.SHAPE  # of PHP's empty list, the answer says how many there are
    return Reason.NONE_LISTED if not pools and page.total and query.page == 1 else page


def read_single_pool(value: Any) -> Pool | Reason:
    """The pool inside `data`, or that is all of the answer; or why there is none.

    One without an id is none.
    """
    row = value.get("data", value) if isinstance(value, dict) else None
    if not isinstance(row, dict) or (row is value and not row.keys() >= _BARE_POOL):
        return Reason.SHAPE
    if _is_wrapped(row):
        return Reason.JSON_API
    pool = read_pool(row)
    if pool.id is not None:
        return pool
    return Reason.IDS if _has_other_id(pool) else Reason.SHAPE


def _has_other_id(pool: Pool) -> bool:
    """Whether it has an id of a kind that we do not read: a UUID, say."""
    given = pool.raw.get("id")
    return isinstance(given, str) and bool(re.search("[A-Za-z_-]", given))


def _is_wrapped(row: Any) -> bool:
    """Whether it is a JSON:API resource, which some of Core's other answers are."""
    return (
        isinstance(row, dict)
        and isinstance(row.get("type"), str)
        and isinstance(row.get("attributes"), dict)
        and "name" not in row
    )


def read_pool(row: Any) -> Pool:
    """One pool. A field of the wrong type costs that field: it is None and in `unreadable`."""
    if not isinstance(row, dict):
        fields = frozenset({"id", "name", "limit", "timeout", "created_at", "updated_at"})
        return Pool(None, None, None, None, None, None, None, fields, {"value": row})
    cells: list[Any] = []
    unreadable: list[str] = []
    for field, reader in _READERS:
        given = row.get(field)
        read = None if given is None else reader(given)
        lost = read is None and given is not None
        if lost and not (field == "timeout" and is_no_timeout(given)):
            unreadable.append(field)
        cells.append(read)
    id_, name, limit, timeout, created_at, updated_at, connectors = cells
    fields = frozenset(unreadable)
    return Pool(id_, name, limit, timeout, created_at, updated_at, connectors, fields, row)


def is_no_timeout(given: Any) -> bool:
    """Whether it stands for none: PHP writes null so where something made a text or a yes of it."""
    return given is None or given is False or (isinstance(given, str) and not given.strip())


def read_token(value: Any, received_at: datetime) -> BearerToken | None:
    """The token of a sign-in, good until the earlier of what it and the answer say.

    It may be called as in OAuth 2, and be wrapped as a pool is.
    """
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("data"), dict):
        value = {**value, **value["data"]}
    token = value.get("token") or value.get("access_token")
    if not isinstance(token, str) or not is_token_text(token):
        return None
    seconds = count(value.get("expires_in"), 0)
    expiries = [expiry_in_token(token)]
    if seconds is not None and seconds <= _LONGEST_LIFE_SECONDS:
        expiries.append(received_at + timedelta(seconds=seconds))
    stated = [expiry for expiry in expiries if expiry is not None]
    return BearerToken(Secret(token), min(stated, default=None))


def read_time(given: Any) -> datetime | None:
    """An ISO 8601 time as an aware datetime in UTC; without a zone it counts as UTC."""
    if not isinstance(given, str) or len(given) > LONGEST_NUMBER:
        return None
    try:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is not UTC:
            zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = zoned.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR else None


def _may_be_unclean(body: bytes, hidden: tuple[Secret, ...]) -> bool:
    """Whether a text in this JSON may have to be cleaned: mostly none has to be, nor is looked at.

    A secret of plain characters stands there as it is, but for slashes, which PHP escapes.
    """
    if _HIDING_ESCAPE.search(body):
        return True
    written = body.replace(b"\\/", b"/")
    secrets = [secret.reveal() for secret in hidden]
    return any(not _PLAIN.fullmatch(each) or each.encode() in written for each in secrets)


def _parsed(body: bytes, hidden: tuple[Secret, ...] | None) -> tuple[Any, Reason | None]:
    """The value, or why there is none. The parser's own exceptions hold the whole text.

    Keys are cleaned, unless `hidden` is None: none has to be.
    """

    def unique_cleaned(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return _unique([(clean_text(key, hidden or ()), value) for key, value in pairs])

    try:
        value = json.loads(
            # A byte order mark says nothing; some editors leave one in a file of PHP.
            body.removeprefix(BOM_UTF8).decode("utf-8"),
            object_pairs_hook=_unique if hidden is None else unique_cleaned,
            parse_constant=_refuse_constant,
            parse_int=_read_integer if _has_long_number(body) else None,
            parse_float=_read_float,
        )
    except (MalformedJson, RecursionError):
        return None, Reason.MALFORMED
    except UnicodeDecodeError:
        return None, Reason.NOT_UTF8
    except json.JSONDecodeError as error:
        behind = error.msg == "Extra data" and error.doc.lstrip()[0] in "{["
        return None, Reason.APPENDED if behind else Reason.NOT_JSON
    except ValueError:
        return None, Reason.NOT_JSON
    return value, None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson(Reason.MALFORMED)
    return found


def _has_long_number(body: bytes) -> bool:
    """Whether there may be one: an answer without is read by the parser's own hand alone."""
    return _LONG_NUMBER in body.translate(_DIGITS)


def _refuse_constant(_: str) -> NoReturn:
    raise MalformedJson(Reason.MALFORMED)


def _read_integer(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_NUMBER else text


def _read_float(text: str) -> float | str:
    number = float(text)
    return number if abs(number) < float("inf") else text


def _check_depth(value: Any, most: int) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _CONTAINERS
        ]
    if level:
        raise MalformedJson(Reason.MALFORMED)


def _cleaned(value: Any, hidden: tuple[Secret, ...]) -> Any:
    """The value with clean texts, changed in place: a copy would double a large answer."""
    if isinstance(value, str):
        return clean_text(value, hidden)
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            value[key] = _cleaned(item, hidden)
    return value


def _read_id(given: Any) -> int | None:
    # Most are what they should be.
    if type(given) is int and 0 <= given <= LARGEST_POOL_ID:
        return given
    # Nought is none of a database's, and what a mock of the contract answers with.
    number = count(given, 0)
    return number if number is not None and number <= LARGEST_POOL_ID else None


def _read_text(given: Any) -> str | None:
    """A text; also one of digits alone, which PHP may write as a number."""
    if type(given) is str:
        return given
    return str(given) if type(given) is int else None


def _listed(given: Any) -> list[Any] | None:
    """A list; also as PHP writes one as an object: {"0": …, "2": …}, and {} of an empty one."""
    if isinstance(given, dict) and all(_PLACE.fullmatch(key) for key in given):
        return list(given.values())
    return given if isinstance(given, list) else None


def _read_connectors(given: Any) -> tuple[Connector, ...] | None:
    connectors = _listed(_unwrapped(given))
    return None if connectors is None else tuple(map(_read_connector, connectors))


def _read_connector(item: Any) -> Connector:
    if not isinstance(item, dict):
        return Connector(None, None, None, {"value": item})
    system = item.get("system")
    return Connector(
        _read_id(item.get("id")),
        _read_text(item.get("name")),
        None if system is None else _read_system(system),
        item,
    )


def _unwrapped(given: Any) -> Any:
    """What is inside `data`, where a Core wraps what it includes as it wraps its answers."""
    wraps = type(given) is dict and len(given) == 1 and "data" in given
    return given["data"] if wraps else given


def _read_system(given: Any) -> System | None:
    given = _unwrapped(given)
    if isinstance(given, str) and given.strip():
        return System(None, given)
    if not isinstance(given, dict):
        return None
    # Where it has both, `name` is what programs call it, and `label` what people do.
    name = _read_text(given.get("label")) or _read_text(given.get("name"))
    return System(_read_id(given.get("id")), name)


# The cells of a pool, in the order in which it has them, and what reads each.
_READERS: Final[Sequence[tuple[str, Callable[[Any], Any]]]] = (
    ("id", _read_id),
    ("name", _read_text),
    ("limit", whole_number),
    ("timeout", whole_number),
    ("created_at", read_time),
    ("updated_at", read_time),
    ("connectors", _read_connectors),
)
