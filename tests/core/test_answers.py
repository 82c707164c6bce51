"""Which answer is done, which is a refusal, and which proves nothing."""

import json
from datetime import UTC, datetime

import pytest

from pools.core import (
    CoreError,
    CoreLimits,
    Forbidden,
    Invalid,
    NotFound,
    Pool,
    PoolQuery,
    RateLimited,
    Reason,
    Refused,
    Unanswered,
    Unauthenticated,
    Unexpected,
)
from pools.core.answers import Answer, AnswerReader
from pools.secret import Secret
from tests.core.operations import POOL

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
READER = AnswerReader(CoreLimits(), Secret("canary-canary"))
SENT: dict[str, str | int | None] = {"name": "orders", "limit": 5, "timeout": None}


def answer(value: object = None, status: int = 200, **parts: object) -> Answer:
    """A complete answer; `value` is its JSON unless `body` is given."""
    fields: dict[str, object] = {
        "status": status,
        "body": json.dumps(value).encode(),
        "content_type": "application/json",
        "framed": True,
        "location": "",
        "retry_after": "",
        "received_at": NOW,
    }
    return Answer(**{**fields, **parts})  # type: ignore[arg-type]


def results(given: Answer) -> dict[str, object]:
    """What each operation makes of the same answer."""
    return {
        "list": READER.page(given, PoolQuery()),
        "get": READER.pool(given, 7),
        "create": READER.written_pool(given, SENT),
        "update": READER.written_pool(given, SENT, 7),
        "delete": READER.deleted(given),
        "clear": READER.cleared(given),
        "sign-in": READER.token(given),
    }


def changes(given: Answer) -> list[object]:
    """What those that change something make of it."""
    return [results(given)[name] for name in ("create", "update", "delete", "clear")]


def questions(given: Answer) -> list[object]:
    return [results(given)[name] for name in ("list", "get", "sign-in")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (405, Refused),
        (409, Refused),
        (410, Refused),
        (413, Refused),
        (415, Refused),
        (422, Invalid),
        (429, RateLimited),
    ],
)
def test_complete_refusal_is_final_for_every_operation(status: int, kind: type[CoreError]) -> None:
    for result in results(answer({"message": "No."}, status)).values():
        assert type(result) is kind
        assert isinstance(result, CoreError)
        assert (result.final, result.status, result.detail) == (True, status, "No.")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429])
@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"body": b"<html>no</html>", "content_type": "text/html"}, Reason.WEB_PAGE),
        ({"body": b"<!DOCTYPE html>"}, Reason.WEB_PAGE),
        ({"body": b" "}, Reason.NOT_JSON),
        ({"body": b"nope"}, Reason.NOT_JSON),
        ({"body": b"[]"}, Reason.SHAPE),
        ({"body": b'"No."'}, Reason.SHAPE),
        ({"body": b'{"a":1,"a":2}'}, Reason.MALFORMED),
    ],
)
def test_refusal_that_is_no_json_object_proves_nothing(
    status: int, parts: dict[str, object], reason: Reason
) -> None:
    given = answer(None, status, **parts)
    for result in changes(given) + (questions(given) if status != 429 else []):
        assert type(result) is Unexpected
        assert (result.final, result.sent, result.reason) == (False, True, reason)


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422, 429])
def test_refusal_without_a_body_proves_nothing(status: int) -> None:
    given = answer(None, status, body=b"")
    for result in changes(given) + (questions(given) if status not in {404, 429} else []):
        assert type(result) is Unexpected
        assert (result.final, result.reason) == (False, Reason.EMPTY)


@pytest.mark.parametrize("body", [b"", b"<h1>slow down</h1>", b"Too many requests"])
def test_a_question_is_rate_limited_whatever_the_body(body: bytes) -> None:
    for result in questions(answer(None, 429, body=body, retry_after="90")):
        assert isinstance(result, RateLimited)
        assert (result.retry_after_seconds, result.detail) == (90, "")


@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Unauthenticated), (403, Forbidden), (404, NotFound), (429, RateLimited)],
)
def test_a_question_may_be_refused_with_nothing_but_a_status(
    status: int, kind: type[CoreError], framed: bool
) -> None:
    """PHP's own server states no length, and a body that was cut would change nothing."""
    for result in questions(answer(None, status, body=b"", framed=framed)):
        assert type(result) is kind
        assert isinstance(result, CoreError)
        assert result.status == status


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthenticated), (403, Forbidden)])
@pytest.mark.parametrize("content_type", ["", "application/json", "text/html; charset=UTF-8"])
def test_contracts_own_refusals_have_no_body(
    status: int, kind: type[CoreError], content_type: str
) -> None:
    for result in results(answer(None, status, body=b"", content_type=content_type)).values():
        assert type(result) is kind
        assert isinstance(result, CoreError)
        assert (result.final, result.status, result.detail) == (True, status, "")
    # Simple servers state no length. Of a page, the rest may have been lost.
    unstated = answer(None, status, body=b"", content_type=content_type, framed=False)
    is_page = "html" in content_type
    assert all((type(result) is kind) is not is_page for result in changes(unstated))


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 520, 599])
@pytest.mark.parametrize("body", [b'{"message":"Server Error"}', b"<html>", b"", b"[]"])
def test_server_error_proves_nothing(status: int, body: bytes) -> None:
    for result in results(answer(None, status, body=body)).values():
        assert type(result) is Unanswered
        assert (result.final, result.sent, result.reason) == (False, True, Reason.SERVER_ERROR)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [b'{"message":"Moved"}', b"<html>", b""])
def test_redirect_names_where_it_leads(status: int, body: bytes) -> None:
    given = answer(None, status, body=body, location="https://x.example/canary-canary")
    for result in results(given).values():
        assert type(result) is Unexpected
        assert (result.reason, result.detail) == (Reason.REDIRECT, "https://x.example/«secret»")


def test_not_modified_leads_nowhere() -> None:
    for result in results(answer(None, 304, body=b"")).values():
        assert type(result) is Unexpected
        assert (result.reason, result.final) == (Reason.STATUS, False)


@pytest.mark.parametrize("status", [202, 203, 205, 206, 207, 402, 406, 408, 418, 451, 600])
def test_status_beyond_the_contract_is_no_proof(status: int) -> None:
    for result in changes(answer({"data": POOL}, status)):
        assert isinstance(result, Unexpected | Unanswered)


@pytest.mark.parametrize("status", [402, 406, 408, 418, 419, 423, 451])
def test_a_question_may_be_refused_with_any_4xx(status: int) -> None:
    for result in questions(answer({"message": "Your subscription has lapsed."}, status)):
        assert isinstance(result, Refused)
        assert (result.status, result.detail) == (status, "Your subscription has lapsed.")


@pytest.mark.parametrize("name", ["list", "get", "delete", "clear", "sign-in"])
def test_only_create_and_update_take_201(name: str) -> None:
    assert isinstance(results(answer({"data": POOL, "token": "x" * 9}, 201))[name], Unexpected)


@pytest.mark.parametrize("name", ["list", "get", "create", "update", "sign-in"])
def test_no_content_gives_nothing_to_read(name: str) -> None:
    assert isinstance(results(answer(None, 204, body=b""))[name], Unexpected)


@pytest.mark.parametrize(
    "value", [None, [], "x", 5, True, {}, {"data": None}, {"data": []}, {"data": {"name": "x"}}]
)
@pytest.mark.parametrize("name", ["get", "create", "update"])
def test_wrong_shape_is_no_pool(value: object, name: str) -> None:
    result = results(answer(value))[name]
    assert isinstance(result, Unexpected)
    assert result.reason == Reason.SHAPE


@pytest.mark.parametrize("time", [None, "", False, "0000-00-00 00:00:00"])
def test_a_pool_without_a_time_of_deletion_is_not_deleted(time: object) -> None:
    assert isinstance(results(answer({"data": {**POOL, "deleted_at": time}}))["get"], Pool)


@pytest.mark.parametrize("name", ["get", "update"])
def test_another_pool_is_not_the_one(name: str) -> None:
    result = results(answer({"data": {**POOL, "id": 8}}))[name]
    assert isinstance(result, Unexpected)
    assert result.reason == (Reason.OTHER_POOL if name == "get" else Reason.MISMATCH)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Orders"},
        {"name": None},
        {"name": 5},
        {"limit": 6},
        {"limit": None},
        {"limit": "6"},
        {"limit": 5.5},
        {"timeout": 5},
        {"timeout": "none"},
    ],
)
@pytest.mark.parametrize("name", ["create", "update"])
def test_field_that_comes_back_otherwise_is_not_done(changed: dict[str, object], name: str) -> None:
    result = results(answer({"data": {**POOL, **changed}}))[name]
    assert isinstance(result, Unexpected)
    assert result.reason == Reason.MISMATCH
    ((field, value),) = changed.items()
    written = value if field == "name" and value else json.dumps(value)
    assert result.detail == f"{field} {'none' if value is None else written}"


@pytest.mark.parametrize(
    ("given", "written"),
    [(True, "true"), ({"value": 5}, '{"value": 5}'), (" 5 ", '" 5 "'), (["é"], '["é"]')],
)
def test_other_values_are_told_as_core_writes_them(given: object, written: str) -> None:
    result = results(answer({"data": {**POOL, "limit": given}}))["update"]
    assert isinstance(result, Unexpected)
    assert result.detail == f"limit {written}"


@pytest.mark.parametrize("missing", ["name", "limit"])
def test_field_that_does_not_come_back_is_not_done(missing: str) -> None:
    pool = {name: value for name, value in POOL.items() if name != missing}
    result = READER.written_pool(answer({"data": pool}), SENT)
    assert isinstance(result, Unexpected)
    assert result.detail == f"{missing} missing"


def test_unset_timeout_may_be_left_out() -> None:
    pool = {name: value for name, value in POOL.items() if name != "timeout"}
    assert isinstance(READER.written_pool(answer({"data": pool}), SENT), Pool)


@pytest.mark.parametrize(
    "sent", [" orders", "orders\n", "\u3000orders\ufeff", "\u200borders\u200e"]
)
def test_name_that_laravel_trimmed_is_as_sent(sent: str) -> None:
    assert isinstance(READER.written_pool(answer({"data": POOL}), {"name": sent}), Pool)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *((value, Reason.SHAPE) for value in (None, "Deleted", 5, True, ["x"])),
        ({"message": "Locked.", "errors": {}}, Reason.SAYS_NO),
        ({"message": "Locked.", "exception": "x"}, Reason.SAYS_NO),
        ({"message": "Locked.", "success": False}, Reason.SAYS_NO),
        ({"message": "Locked.", "success": 0}, Reason.SAYS_NO),
        ({"message": "Locked.", "success": "false"}, Reason.SAYS_NO),
        ({"message": "Locked.", "ok": False}, Reason.SAYS_NO),
        ({"message": "Locked.", "status": "error"}, Reason.SAYS_NO),
        ({"message": "Locked.", "status": "Fail"}, Reason.SAYS_NO),
        ({"message": "Locked.", "status": False}, Reason.SAYS_NO),
        ({"message": "Locked.", "status": 500}, Reason.SAYS_NO),
        ({"message": "Locked.", "code": "409"}, Reason.SAYS_NO),
        ({"message": "Locked.", "result": "failed"}, Reason.SAYS_NO),
        ({"error": "Locked."}, Reason.SAYS_NO),
        ({"error": {"code": 7, "message": "Locked."}}, Reason.SAYS_NO),
    ],
)
def test_delete_and_clear_need_an_object_without_errors(value: object, reason: Reason) -> None:
    found = results(answer(value))
    for result in (found["delete"], found["clear"]):
        assert isinstance(result, Unexpected)
        said = "Locked." if reason is Reason.SAYS_NO else ""
        assert (result.reason, result.detail) == (reason, said)


@pytest.mark.parametrize(
    "value",
    [
        {"success": True},
        {"error": None},
        {"error": ""},
        {"success": 1, "status": "success", "code": 200},
        {"ok": True, "status": 200, "code": 0, "result": "cleared"},
        {"status": "ok", "type": "pool", "code": "POOL_CLEARED"},
        {"data": [], "errors": [], "message": "Cleared."},
        {"data": None, "error": None, "errors": None},
        {"success": True, "errors": {}, "message": "Cleared.", "exception": None},
        {"errors": []},
    ],
)
def test_an_answer_that_tells_of_no_error_is_a_success(value: object) -> None:
    said = "Cleared." if isinstance(value, dict) and "message" in value else ""
    found = results(answer(value))
    assert (found["clear"], found["delete"]) == (said, said)


@pytest.mark.parametrize(("name", "other"), [("delete", "cleared"), ("clear", "deleted")])
def test_what_is_said_not_to_be_deleted_or_cleared_is_not(name: str, other: str) -> None:
    """What a clear says of a deletion is the pool's affair: it is there."""
    act = {"delete": "deleted", "clear": "cleared"}[name]
    denied = results(answer({"message": "Locked.", act: False}))[name]
    assert isinstance(denied, Unexpected)
    assert (denied.reason, denied.detail) == (Reason.SAYS_NO, "Locked.")
    for told in ({act: True}, {act: 0}, {other: False}):
        assert results(answer(told))[name] == ""


@pytest.mark.parametrize("body", [b"[]", b""])
def test_delete_needs_more_than_clear(body: bytes) -> None:
    found = results(answer(None, body=body))
    assert isinstance(found["delete"], Unexpected)
    assert found["clear"] == ""


def test_empty_answer_of_unstated_length_may_have_been_cut() -> None:
    for result in results(answer(None, body=b"", framed=False)).values():
        assert isinstance(result, Unanswered)
        assert result.reason == Reason.EMPTY_OR_CUT


def test_invalid_names_the_fields() -> None:
    value = {"message": "The given data was invalid.", "errors": {"limit": ["Too low."]}}
    result = READER.written_pool(answer(value, 422), SENT)
    assert isinstance(result, Invalid)
    assert result.fields == {"limit": ("Too low.",)}


@pytest.mark.parametrize(
    ("header", "seconds", "moment"),
    [
        ("30", 30, datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)),
        ("Fri, 01 May 2026 12:01:00 GMT", 60, datetime(2026, 5, 1, 12, 1, tzinfo=UTC)),
        ("9" * 30, 10**9, datetime(2058, 1, 7, 13, 46, 40, tzinfo=UTC)),
        ("", None, None),
    ],
)
def test_rate_limit_says_when_to_come_back(
    header: str, seconds: int | None, moment: datetime | None
) -> None:
    result = READER.deleted(answer({"message": "Slow down"}, 429, retry_after=header))
    assert isinstance(result, RateLimited)
    assert (result.retry_after_seconds, result.retry_at) == (seconds, moment)


def test_token_that_core_echoes_is_not_passed_on() -> None:
    value = {"message": "Bad canary-canary.", "errors": {"x": ["canary-canary"]}}
    result = READER.pool(answer(value, 422), 7)
    assert isinstance(result, Invalid)
    assert (result.detail, result.fields) == ("Bad «secret».", {"x": ("«secret»",)})


def test_a_pool_that_comes_back_with_a_failure_is_not_done() -> None:
    found = READER.written_pool(answer({"success": False, "data": POOL}), SENT, 7)
    assert isinstance(found, Unexpected)
    assert found.reason == Reason.SAYS_NO


def test_a_success_without_a_body_is_named_as_that() -> None:
    for name in ("create", "update", "get", "list"):
        empty = results(answer(body=b"", content_type="text/html"))[name]
        nothing = results(answer(status=204, body=b"", framed=False))[name]
        assert isinstance(empty, Unexpected)
        assert isinstance(nothing, Unexpected)
        assert (empty.reason, nothing.reason) == (Reason.EMPTY, Reason.STATUS)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b"null"])
@pytest.mark.parametrize(
    ("status", "reason"),
    [(201, Reason.STATUS), (202, Reason.ACCEPTED), (206, Reason.STATUS)],
)
def test_an_answer_of_nothing_is_told_by_its_status(
    status: int, reason: Reason, body: bytes
) -> None:
    """Whichever way PHP writes nothing."""
    for name in ("delete", "clear"):
        found = results(answer(status=status, body=body))[name]
        assert isinstance(found, Unexpected)
        assert (found.reason, found.status) == (reason, status)


WARNING = (
    b"<b>Warning</b>:  Undefined variable $x &amp; canary-canary"
    b" in <b>/app/x.php</b> on line <b>3</b>"
)


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        (
            b"<br />\n" + WARNING + b"<br />\n{}",
            Reason.PRINTED,
            "Warning: Undefined variable $x & «secret»",
        ),
        (
            b'\nDeprecated: Use of "x" in /app/x.php on line 3\n{"data": {}}',
            Reason.PRINTED,
            'Deprecated: Use of "x"',
        ),
        (
            b"PHP Fatal error:  Uncaught Error: no\nsuch pool in /app/x.php:7 on line 7",
            Reason.PRINTED,
            "Fatal error: Uncaught Error: no such pool",
        ),
        (b"<br />\n<b>Warning</b> of the firewall", Reason.WEB_PAGE, ""),
        (b"Warning: the service is closed in August", Reason.NOT_JSON, ""),
        (b"{}\n<!-- proxy 3 -->", Reason.APPENDED, ""),
        (b'\xef\xbb\xbf{"message": "done"} {}', Reason.APPENDED, ""),
        (b"5 errors", Reason.NOT_JSON, ""),
        ('{"message": "gelöscht"}'.encode("latin-1"), Reason.NOT_UTF8, ""),
        (b"null", Reason.SHAPE, ""),
    ],
)
def test_what_is_beside_the_json_is_named_and_proves_nothing(
    body: bytes, reason: Reason, detail: str
) -> None:
    for found in results(answer(body=body)).values():
        assert isinstance(found, Unexpected)
        assert (found.reason, found.detail) == (reason, detail)
    refused = READER.cleared(answer(body=body, status=422))
    assert isinstance(refused, Unexpected)


def test_a_byte_order_mark_is_no_part_of_the_json() -> None:
    assert READER.cleared(answer(body=b"\xef\xbb\xbf{}")) == ""
