"""What Core says when it refuses is read in each of the forms that answers have."""

from typing import Any

import pytest

from pools.core.error_messages import read_field_errors, read_message


@pytest.mark.parametrize(
    "errors",
    [
        {"limit": ["Too high."], "name": ["Taken."]},
        {"default": {"limit": ["Too high."], "name": ["Taken."]}},
        {"limit": {"max": "Too high."}, "name": {"unique": "Taken."}},
        {"limit": "Too high.", "name": "Taken."},
        {"data": {"attributes": {"limit": ["Too high."], "name": ["Taken."]}}},
        {"limit": [["Too high."]], "name": [{"rule": "unique", "message": "Taken."}]},
    ],
    ids=["fields", "a named bag", "rules", "texts", "nested fields", "nested messages"],
)
def test_reasons_are_read_from_every_kind_of_bag(errors: object) -> None:
    assert read_field_errors({"errors": errors}) == {"limit": ("Too high.",), "name": ("Taken.",)}


@pytest.mark.parametrize(
    "answer",
    [
        {"limit": ["Too high."], "name": ["Taken."]},
        {"message": {"limit": ["Too high."], "name": ["Taken."]}},
        {"success": False, "error": {"limit": ["Too high."], "name": ["Taken."]}},
        {"message": "Invalid", "data": {"limit": ["Too high."], "name": ["Taken."]}},
        {"messages": {"limit": ["Too high."], "name": ["Taken."]}},
    ],
    ids=["all of the answer", "the message", "the error", "the data", "messages"],
)
def test_a_bag_may_stand_in_the_place_of_something_else(answer: object) -> None:
    assert read_field_errors(answer) == {"limit": ("Too high.",), "name": ("Taken.",)}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"message": "No."},
        {"error": "No.", "data": []},
        {"message": "No.", "data": {"id": 7, "name": "Orders", "connectors": []}},
        {"message": "No.", "data": {"connectors": []}},
        {"message": "No.", "trace": [{"file": "/app/x.php"}]},
    ],
)
def test_what_is_no_bag_names_no_fields(answer: object) -> None:
    assert read_field_errors(answer) == {}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Duplicate (Connection: mysql, SQL: insert into `x` (`a`) values (b))", "Duplicate"),
        ("Duplicate (SQL: select 1)", "Duplicate"),
        ("Duplicate (Connection: mysql, Port: 3306, SQL: a\nb)", "Duplicate"),
        ("The limit (SQL Server) is 5", "The limit (SQL Server) is 5"),
    ],
)
def test_a_statement_is_no_part_of_what_core_says(said: str, kept: str) -> None:
    assert read_message({"message": said}) == kept


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"message": "No."}, "No."),
        ({"message": "x" * 400}, "x" * 300),
        ({"message": 5}, ""),
        ({"message": ["Pool in use.", "No."]}, "Pool in use."),
        ({"message": [], "error": "No."}, "No."),
        ({"errors": "No."}, "No."),
        ({"title": "Invalid", "detail": "No.", "status": 422}, "No."),
        ({"message": "", "error": "No."}, "No."),
        ({"error": {"code": "E4", "message": "No."}}, "No."),
        ({"detail": [{"msg": "No."}]}, ""),
        ([], ""),
    ],
)
def test_message(value: object, message: str) -> None:
    assert read_message(value) == message


@pytest.mark.parametrize(
    ("errors", "fields"),
    [
        ({"limit": ["a", "b"], "name": ["c"]}, {"limit": ("a", "b"), "name": ("c",)}),
        ({"limit": "a"}, {"limit": ("a",)}),
        ({"limit": [1, "a", None]}, {"limit": ("a",)}),
        ({"limit": {"x": 1}}, {}),
        ({"limit": [None], "name": [5], "timeout": [], "": ["a"]}, {"": ("a",)}),
        ({"limit": ["x" * 400]}, {"limit": ("x" * 300,)}),
        ({"one": {"limit": ["a"]}, "other": {"limit": ["b"]}}, {"limit": ("a", "b")}),
        ([], {}),
        (None, {}),
    ],
)
def test_field_errors(errors: object, fields: dict[str, Any]) -> None:
    assert read_field_errors({"errors": errors}) == fields


def test_most_field_errors_are_enough() -> None:
    errors = read_field_errors({"errors": {str(number): ["x"] * 99 for number in range(99)}})
    assert (len(errors), len(errors["0"])) == (50, 20)


@pytest.mark.parametrize(
    "errors",
    [["No.", "Nor this."], [{"detail": "No."}, {"title": "Nor this."}], {"": ["No.", "Nor this."]}],
)
def test_errors_about_no_field_are_kept(errors: object) -> None:
    assert read_field_errors({"errors": errors}) == {"": ("No.", "Nor this.")}
    assert read_field_errors({"message": errors}) == {"": ("No.", "Nor this.")}


@pytest.mark.parametrize(
    "value",
    [
        {"errors": [{"pointer": "#/limit", "detail": "No."}]},
        {"errors": [{"source": {"pointer": "/data/attributes/limit"}, "title": "No."}]},
        {"errors": [{"field": "limit", "message": "No."}]},
        {"detail": [{"loc": ["body", "limit"], "msg": "No."}]},
        {"error": {"message": "Invalid", "fields": {"limit": "No."}}},
        {"error": {"details": [{"field": "limit", "message": "No."}]}},
    ],
)
def test_errors_of_other_shapes_name_their_field(value: object) -> None:
    assert read_field_errors(value) == {"limit": ("No.",)}
