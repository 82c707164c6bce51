"""Bytes to meaning: every odd answer costs as little as it can."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pools.core import Connector, CoreLimits, Page, Pool, PoolQuery, Reason, System
from pools.core.comparing import same_digits
from pools.core.decoding import (
    MalformedJson,
    decode_json,
    read_page,
    read_pool,
    read_single_pool,
    read_time,
    read_token,
)
from pools.core.rate_limits import read_retry_after
from pools.secret import REDACTED, Secret
from tests.core.conftest import jwt
from tests.core.operations import POOL

LIMITS = CoreLimits(max_json_depth=4, max_json_values=20)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _unescaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _as_php_does(text: str) -> str:
    return json.dumps(text).replace("/", "\\/")


def _all_escaped(text: str) -> str:
    units = text.encode("utf-16-be").hex()
    return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"<html>", Reason.NOT_JSON),
        (b'{"a":1', Reason.NOT_JSON),
        (b'{"a":1}}', Reason.APPENDED),
        (b'"\xff"', Reason.NOT_UTF8),
        ('"ä"'.encode("utf-16"), Reason.NOT_UTF8),
        (b'{"a":NaN}', Reason.MALFORMED),
        (b"[Infinity]", Reason.MALFORMED),
        (b"[-Infinity]", Reason.MALFORMED),
        (b'{"a":1,"a":2}', Reason.MALFORMED),
        (b'{"a":1,"\\u0061":2}', Reason.MALFORMED),
        (b'{"b":[{"a":1,"a":1}]}', Reason.MALFORMED),
        (b"[[[[[]]]]]", Reason.MALFORMED),
        (b"[" * 6, Reason.TOO_LARGE),
        (b"[" + b"1," * 17 + b"1]", Reason.TOO_LARGE),
    ],
)
def test_what_is_not_taken_for_json(body: bytes, reason: Reason) -> None:
    with pytest.raises(MalformedJson) as caught:
        decode_json(body, LIMITS)
    assert caught.value.reason == reason


def test_nesting_beyond_the_parsers_own_limit_is_malformed() -> None:
    limits = replace(LIMITS, max_json_values=10**6)
    with pytest.raises(MalformedJson) as caught:
        decode_json(b"[" * 100_000 + b"]" * 100_000, limits)
    assert caught.value.reason == Reason.MALFORMED


def test_failure_carries_none_of_the_text() -> None:
    with pytest.raises(MalformedJson) as caught:
        decode_json(b'{"token":"canary"', LIMITS)
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[[[[]]]]", [[[[]]]]),
        (b"9" * 40, int("9" * 40)),
        (b"9" * 5000, "9" * 5000),
        (b"-" + b"9" * 40, "-" + "9" * 40),
        (b"1e999", "1e999"),
        (b"1e2", 100.0),
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'"a\\ud800b"', "a\ufffdb"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'{"a\\u0000":"\\u0000"}', {"a\ufffd": "\ufffd"}),
        (b'["my secret-1 here","secret-2"]', ["my «secret» here", "«secret»"]),
        (b'{"s\\u0065cret-1":1}', {"«secret»": 1}),
    ],
)
def test_what_json_becomes(body: bytes, value: object) -> None:
    assert decode_json(body, LIMITS, [Secret("secret-1"), Secret("secret-2")]) == value


@pytest.mark.parametrize("secret", ["ab/cd=", 'a"b', "a\\b", "a\tb", "pässword", "a\x7fb", "👍"])
@pytest.mark.parametrize("write", [json.dumps, _as_php_does, _all_escaped, _unescaped])
def test_a_secret_is_hidden_however_it_is_written(write: Callable[[str], str], secret: str) -> None:
    body = f"{{{write(f'key {secret}')}:[{write(f'<{secret}>')}]}}".encode()
    hidden = {f"key {REDACTED}": [f"<{REDACTED}>"]}
    assert decode_json(body, LIMITS, [Secret(secret)]) == hidden


@pytest.mark.parametrize(
    "body", [b"[[[[[]]]]]", b'{"a":[{"b":{"c":{}}}]}', b'[1,[[[["\\u0000"]]]]]']
)
def test_what_is_nested_too_deep_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        decode_json(body, LIMITS)


def test_whole_pool() -> None:
    assert read_pool(POOL) == Pool(
        7,
        "orders",
        5,
        None,
        datetime(2026, 5, 1, 10, tzinfo=UTC),
        datetime(2026, 5, 2, 10, tzinfo=UTC),
        None,
        frozenset(),
        POOL,
    )


@pytest.mark.parametrize("field", ["id", "name", "limit", "timeout", "created_at", "updated_at"])
def test_missing_field_is_absent_and_not_unreadable(field: str) -> None:
    pool = read_pool({name: value for name, value in POOL.items() if name != field})
    assert (getattr(pool, field), pool.unreadable) == (None, frozenset())


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("id", -1),
        ("id", True),
        ("id", 2**63),
        ("id", 7.5),
        ("id", "07"),
        ("id", "+7"),
        ("id", "7 "),
        ("id", "９"),
        ("name", 7.5),
        ("name", True),
        ("name", ["a"]),
        ("limit", "ten"),
        ("limit", "5.5"),
        ("limit", "1e2"),
        ("limit", 2.0**53 + 2),
        ("limit", 5.5),
        ("limit", True),
        ("limit", 2**63),
        ("limit", {}),
        ("timeout", "none"),
        ("timeout", True),
        ("limit", False),
        ("limit", ""),
        ("created_at", 5),
        ("created_at", "yesterday"),
        ("updated_at", "2026-13-01T00:00:00Z"),
        ("updated_at", []),
        ("connectors", {"a": {}}),
        ("connectors", "none"),
    ],
)
def test_wrongly_typed_field_costs_that_field_alone(field: str, wrong: object) -> None:
    pool = read_pool({**POOL, field: wrong})
    nothing: dict[str, Any] = {field: None}
    assert pool == replace(read_pool(POOL), **nothing, unreadable=frozenset({field}))


@pytest.mark.parametrize("none", [None, "", " ", False])
def test_a_timeout_that_is_none_may_be_written_so(none: object) -> None:
    pool = read_pool({**POOL, "timeout": none})
    assert (pool.timeout, pool.unreadable) == (None, frozenset())


def test_row_that_is_no_object_is_unreadable_as_a_whole() -> None:
    pool = read_pool("oops")
    assert (pool.id, pool.raw) == (None, {"value": "oops"})
    assert pool.unreadable == {"id", "name", "limit", "timeout", "created_at", "updated_at"}


def test_a_byte_order_mark_says_nothing() -> None:
    assert decode_json(b'\xef\xbb\xbf{"a":1}', CoreLimits()) == {"a": 1}


@pytest.mark.parametrize("written", [7, 7.0, "7", "7.00", "7.0"])
def test_a_whole_number_may_be_written_in_other_ways(written: object) -> None:
    pool = read_pool({**POOL, "id": written, "limit": written, "timeout": written})
    assert (pool.id, pool.limit, pool.timeout, pool.unreadable) == (7, 7, 7, frozenset())


@pytest.mark.parametrize("written", ["7.50", "7.", ".0", "07", "7,0", "7.0 ", "1e2"])
def test_what_is_not_surely_a_whole_number_is_none(written: str) -> None:
    assert read_pool({**POOL, "limit": written}).unreadable == {"limit"}


UUID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.mark.parametrize("other", [UUID, ULID, "pool_7"])
def test_ids_of_another_kind_are_named_as_that(other: str) -> None:
    pool = {**POOL, "id": other}
    assert read_page({"data": [pool]}, PoolQuery()) is Reason.IDS
    assert read_single_pool({"data": pool}) is Reason.IDS


def test_one_id_of_another_kind_costs_that_row_its_id() -> None:
    page = read_page({"data": [POOL, {**POOL, "id": UUID}]}, PoolQuery())
    assert isinstance(page, Page)
    assert [pool.id for pool in page.pools] == [7, None]


def test_a_pool_without_an_envelope_is_one() -> None:
    assert read_single_pool(POOL) == read_single_pool({"data": POOL})


def test_a_list_without_an_envelope_is_one() -> None:
    page = read_page([POOL], PoolQuery())
    assert isinstance(page, Page)
    assert ([pool.id for pool in page.pools], page.total) == ([7], None)


def test_unknown_fields_stay() -> None:
    assert read_pool({**POOL, "colour": {"a": [1]}}).raw["colour"] == {"a": [1]}


def test_connectors_with_their_systems() -> None:
    connector = {"id": 3, "name": "Shop", "system": {"id": 2, "name": "Shopify", "x": 1}}
    assert read_pool({"connectors": [connector]}).connectors == (
        Connector(3, "Shop", System(2, "Shopify"), connector),
    )


@pytest.mark.parametrize("system", ["Shopify", {"name": "Shopify"}, {"data": {"name": "Shopify"}}])
@pytest.mark.parametrize("wrap", [list, lambda listed: {"data": listed}])
def test_connectors_and_systems_may_be_wrapped_or_named_alone(system: object, wrap: Any) -> None:
    connector = {"id": 3, "name": "Shop", "system": system}
    pool = read_pool({"connectors": wrap([connector])})
    assert pool.connectors == (Connector(3, "Shop", System(None, "Shopify"), connector),)
    assert pool.unreadable == frozenset()


def test_a_system_is_called_as_people_call_it() -> None:
    system = {"id": 2, "name": "netsuite", "label": "NetSuite"}
    (connector,) = read_pool({"connectors": [{"system": system}]}).connectors or ()
    assert connector.system == System(2, "NetSuite")


@pytest.mark.parametrize("odd", [None, 5, "x", [], {"id": "x", "name": 1.5, "system": 7}])
def test_odd_connectors_are_kept_without_what_cannot_be_read(odd: object) -> None:
    pool = read_pool({"connectors": [odd]})
    assert pool.connectors == (Connector(None, None, None, {}),)


@pytest.mark.parametrize("meta", [None, [], "x", {}, {"current_page": "x", "total": -1}])
def test_page_without_usable_meta_keeps_the_question(meta: object) -> None:
    page = read_page({"data": [], "meta": meta}, PoolQuery(page=4, per_page=10))
    assert page == Page((), 4, 10, 31, None, None)


def test_page_takes_numbers_as_text() -> None:
    meta = {"current_page": 2, "per_page": "50", "total": "257", "last_page": 6}
    assert read_page({"data": [], "meta": meta}, PoolQuery(page=2)) == Page((), 2, 50, 51, 257, 6)


def test_page_keeps_the_rows_it_can_read() -> None:
    page = read_page({"data": [POOL, None, {"id": 8}]}, PoolQuery())
    assert isinstance(page, Page)
    assert [pool.id for pool in page.pools] == [7, None, 8]


@pytest.mark.parametrize(
    "value", [None, 5, "x", {}, {"data": {}}, {"data": {}, "meta": {"a": 1}}, {"data": None}]
)
def test_no_list_no_page(value: object) -> None:
    assert read_page(value, PoolQuery()) is Reason.SHAPE


def test_a_list_with_gaps_is_a_list() -> None:
    """PHP writes one from which something was taken out as an object."""
    connectors = {"1": {"id": 3, "name": "Shop"}}
    page = read_page({"data": {"0": {**POOL, "connectors": connectors}, "2": POOL}}, PoolQuery())
    assert isinstance(page, Page)
    assert [pool.id for pool in page.pools] == [POOL["id"], POOL["id"]]
    assert [each.name for each in page.pools[0].connectors or ()] == ["Shop"]


def test_an_empty_object_is_an_empty_list() -> None:
    """As PHP writes one that is told to write objects alone."""
    pool = read_pool({**POOL, "connectors": {}})
    assert (pool.connectors, pool.unreadable) == ((), frozenset())
    page = read_page({"data": {}, "meta": {"current_page": 1, "total": 0}}, PoolQuery())
    assert isinstance(page, Page)
    assert (page.pools, page.total) == ((), 0)
    page = read_page({"data": {}, "meta": {"current_page": 1, "total": 4}}, PoolQuery())
    assert page is Reason.NONE_LISTED


def test_a_name_that_comes_as_a_whole_number_is_a_name() -> None:
    """As PHP writes one of digits alone that is told to check for numbers."""
    system = {"id": 3, "name": 365}
    pool = read_pool({**POOL, "name": 12, "connectors": [{"id": 1, "name": 7, "system": system}]})
    assert (pool.name, pool.unreadable) == ("12", frozenset())
    (connector,) = pool.connectors or ()
    assert (connector.name, connector.system and connector.system.name) == ("7", "365")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        *(("007", "7", True), ("+7", " 7", True), ("7", "8", False), ("7", "seven", False)),
        *(("-7", "7", False), ("7.0", "7", False), (None, "7", False), ("", "", False)),
    ],
)
def test_which_names_may_come_as_the_same_number(one: Any, other: str, same: bool) -> None:
    assert same_digits(one, other) is same


def test_the_range_is_what_core_says_that_it_gave() -> None:
    meta = {"current_page": 3, "per_page": 15, "from": 31, "to": 31, "total": 31}
    assert read_page({"data": [POOL], "meta": meta}, PoolQuery(page=3)) == Page(
        (read_pool(POOL),), 3, 15, 31, 31, None
    )


@pytest.mark.parametrize("rows", [[{}], [{}, None], [{"limit": 5}], ["x", 3]])
def test_rows_without_ids_and_names_tell_nothing(rows: list[object]) -> None:
    assert read_page({"data": rows}, PoolQuery()) is Reason.NOTHING_TOLD


WRAPPED = {"id": "7", "type": "connection-pools", "attributes": {"name": "orders"}}


def test_a_wrapped_pool_is_named_as_that() -> None:
    assert read_page({"data": [WRAPPED]}, PoolQuery()) is Reason.JSON_API
    assert read_single_pool({"data": WRAPPED}) is Reason.JSON_API


def test_a_pool_that_has_a_type_is_not_wrapped() -> None:
    pool = read_single_pool({"data": {**POOL, "type": "x", "attributes": {}}})
    assert isinstance(pool, Pool)


@pytest.mark.parametrize(
    "value", [None, [], [POOL], {}, {"data": []}, {"data": [POOL]}, {"id": 7}, {"message": "x"}]
)
def test_no_id_no_pool(value: object) -> None:
    assert read_single_pool(value) is Reason.SHAPE


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01T10:00:00.123456Z", datetime(2026, 5, 1, 10, 0, 0, 123456, UTC)),
        ("2026-05-01T10:00:00+02:00", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01 10:00:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59Z", None),
        ("2026-05-01T10:00:00Z" + " " * 40, None),
        ("", None),
        (None, None),
    ],
)
def test_times(text: object, moment: datetime | None) -> None:
    assert read_time(text) == moment


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        (" 30 ", 30),
        ("Fri, 01 May 2026 12:00:30 GMT", 30),
        ("Fri, 01 May 2026 11:00:00 GMT", 0),
        ("9" * 400, 2**63 - 1),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_retry_after(header: str, seconds: int | None) -> None:
    assert read_retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("expires_in", "claims", "expiry"),
    [
        (3600, {}, datetime(2026, 5, 1, 13, tzinfo=UTC)),
        ("3600", {}, datetime(2026, 5, 1, 13, tzinfo=UTC)),
        (3600, {"exp": 1_777_635_000}, datetime(2026, 5, 1, 11, 30, tzinfo=UTC)),
        (60, {"exp": 1_777_680_000}, datetime(2026, 5, 1, 12, 1, tzinfo=UTC)),
        (10**12, {}, None),
        (-1, {}, None),
        (None, {}, None),
    ],
)
def test_token_expires_at_the_earlier_of_both(
    expires_in: object, claims: object, expiry: datetime | None
) -> None:
    token = read_token({"token": jwt(claims), "expires_in": expires_in}, NOW)
    assert token is not None
    assert token.expires_at == expiry


@pytest.mark.parametrize(
    "value",
    [
        {"token_type": "Bearer", "expires_in": 60, "access_token": "x" * 9},
        {"message": "Logged in.", "data": {"token": "x" * 9, "expires_in": "60"}},
        {"success": True, "data": {"access_token": "x" * 9, "expires_in": 60}},
    ],
    ids=["as OAuth 2 names it", "in an envelope", "both"],
)
def test_a_token_may_have_the_name_of_oauth_and_an_envelope(value: object) -> None:
    token = read_token(value, NOW)
    assert token is not None
    assert (token.secret.reveal(), token.expires_at) == ("x" * 9, NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    "value", [None, [], {}, {"data": []}, {"token": None}, {"token": "a b"}, {"token": ""}]
)
def test_no_token(value: object) -> None:
    assert read_token(value, NOW) is None


def test_decoding_keeps_what_a_page_of_a_hundred_pools_needs() -> None:
    connectors = [
        {"id": 1, "name": "x", "system": {"id": 1}, **dict.fromkeys("abcdefghij", 1)}
    ] * 20
    body = json.dumps({"data": [{**POOL, "connectors": connectors}] * 100}).encode()
    page = read_page(decode_json(body, CoreLimits()), PoolQuery())
    assert isinstance(page, Page)
    assert len(page.pools) == 100
