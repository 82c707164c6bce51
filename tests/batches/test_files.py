"""Files of pools: what is read of them, and what is wrong with them, by line and column."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.batches.caps import MOST_BYTES, MOST_FLAWS
from pools.batches.files import read_file
from pools.batches.flaws import Flaw, Unusable
from pools.changes.exporting import csv_text, defused, undefused


def rows(content: bytes | str) -> list[tuple[int, dict[str, str]]]:
    return [(row.line, dict(row.cells)) for row in read_file(content).rows]


def flaws(content: bytes | str) -> list[tuple[Flaw, int | None, str]]:
    with pytest.raises(Unusable) as refused:
        read_file(content)
    return [
        (each.flaw, each.line, str(each.character) if each.flaw is Flaw.NOT_JSON else each.column)
        for each in refused.value.found
    ]


ONE = [(2, {"id": "7", "limit": "5", "name": "Orders, EU"})]


@pytest.mark.parametrize(
    "content",
    [
        b'id,limit,name\n7,5,"Orders, EU"\n',
        b'\xef\xbb\xbfid,limit,name\r\n7,5,"Orders, EU"\r\n',
        b"id;limit;name\r\n7;5;Orders, EU",
        b"id\tlimit\tname\r7\t5\tOrders, EU\r",
        b'"ID","Limit","Name"\n"7","5","Orders, EU"\n\n\n',
        b'id,limit,name,,\n7,5,"Orders, EU",,\n"# complete: 1 pool",,,,\n,,,,\n',
        b'sep=;\r\nid;limit;name\r\n7;5;"Orders, EU"\r\n',
        b'[\n{"id": 7, "limit": 5, "name": "Orders, EU"}]',
        b'{"exported_by": "x", "pools": [\n {"id":7,"limit":"5","name":"Orders, EU"}\n]}',
    ],
)
def test_it_is_read_however_it_was_written(content: bytes) -> None:
    (row,) = rows(content)
    assert row[1] == ONE[0][1]
    assert row[0] == (3 if content.startswith(b"sep=") else 2)


def test_lines_are_those_of_an_editor() -> None:
    text = 'id,name\n1,"two\nlines"\n\n# note,\n2,b\n'
    assert rows(text) == [(2, {"id": "1", "name": "two\nlines"}), (6, {"id": "2", "name": "b"})]
    listed = '{"company": "acme",\n"pools": [\n{"id": 1,\n"limit": 2},\n\n{"id": 2, "limit": 3}]}'
    assert rows(listed) == [
        (3, {"company": "acme", "id": "1", "limit": "2"}),
        (6, {"company": "acme", "id": "2", "limit": "3"}),
    ]


def test_a_name_that_begins_like_a_comment_is_none() -> None:
    assert rows("name,limit\n# 1 orders,5\n") == [(2, {"name": "# 1 orders", "limit": "5"})]


def test_what_was_defused_for_a_spreadsheet_is_as_it_was() -> None:
    text = csv_text([["id", "name"], ["1", defused("=1+1;@x")]])
    assert rows(text) == [(2, {"id": "1", "name": "=1+1;@x"})]


@given(st.text())
def test_defusing_can_be_undone(text: str) -> None:
    back = undefused(defused(text))
    # A name that looks as if it had been defused can't be told from one that was.
    assert back == text or defused(back) == defused(text)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", [(Flaw.EMPTY, None, "")]),
        (b" \r\n ", [(Flaw.EMPTY, None, "")]),
        (b"id,limit\n", [(Flaw.EMPTY, None, "")]),
        (b"[]", [(Flaw.EMPTY, None, "")]),
        (b"PK\x03\x04pools.csv", [(Flaw.ARCHIVE, None, "")]),
        (b"\x1f\x8b\x08", [(Flaw.ARCHIVE, None, "")]),
        ("id,limit\n1,5".encode("utf-16"), [(Flaw.ENCODING, None, "")]),
        (b"id,name\n1,a\n2,\xe9\n", [(Flaw.NOT_UTF8, 3, "")]),
        (b"id,name\n1,a\0b\n", [(Flaw.NUL, 2, "")]),
        (b"1,Orders,5\n2,Returns,6\n", [(Flaw.NO_HEADER, 1, "")]),
        (b"id,limt\n1,5\n", [(Flaw.UNKNOWN_COLUMN, 1, "limt"), (Flaw.NOTHING_SET, 1, "")]),
        (b"id,limit,Limit\n1,5,6\n", [(Flaw.TWICE, 1, "limit")]),
        (b"limit\n5\n", [(Flaw.NO_NAMES, 1, "")]),
        (b"id,company\n5,acme\n", [(Flaw.NOTHING_SET, 1, "")]),
        (b"id," + b"x," * 300_000, [(Flaw.TOO_MANY_COLUMNS, 1, "")]),
        (b"id,name,limit\n1,a,5\n2,b", [(Flaw.TOO_FEW_CELLS, 3, "limit")]),
        (
            b"id,limit\n1,5,6\n2,6\n3,1,2\n",
            [(Flaw.TOO_MANY_CELLS, 2, ""), (Flaw.TOO_MANY_CELLS, 4, "")],
        ),
        (b'id,name\n1,a\n2,"b\n3,c\n', [(Flaw.QUOTES, 3, "")]),
        (b'id,name\n1,"a"b\n', [(Flaw.QUOTES, 2, "")]),
        (b"id,name\n1," + b"x" * 3_000 + b"\n", [(Flaw.CELL_TOO_LONG, 2, "name")]),
        (b"id,name\n1," + b"x" * 200_000 + b"\n", [(Flaw.CELL_TOO_LONG, 2, "")]),
        (b" " * (MOST_BYTES + 1), [(Flaw.TOO_LARGE, None, "")]),
        (b"id,limit\n" + b"1,5\n" * 20_001, [(Flaw.TOO_MANY_ROWS, None, "")]),
        (b"id,limit\n" + b"1\n" * 99, [(Flaw.TOO_FEW_CELLS, n, "limit") for n in range(2, 52)]),
        # JSON, by line and character.
        (b'{"pools": [\n{"id": 1, "limit": 5},\n{"id": 2, "lim', [(Flaw.NOT_JSON, 3, "11")]),
        (b'{"pools": [\n{"id": 1, "limit": 5}', [(Flaw.NOT_JSON, 2, "22")]),
        (b'{"pools": [{"id": 1, "limit": 5}],,}', [(Flaw.NOT_JSON, 1, "34")]),
        (b'[{"id": 1, "limit": NaN}]', [(Flaw.NOT_JSON, 1, "2")]),
        (b'[{"id": 1, "id": 2}]', [(Flaw.NOT_JSON, 1, "2")]),
        (b'{"company": "acme"}', [(Flaw.NO_LIST, None, "")]),
        (b'{"pools": {}}', [(Flaw.NO_LIST, None, "")]),
        (b"{company: 1}", [(Flaw.NOT_JSON, 1, "2")]),
        (b'[1, "x"]', [(Flaw.NO_POOL, 1, ""), (Flaw.NO_POOL, 1, "")]),
        (
            b'[{"id": 1, "limti": 5}]',
            [(Flaw.UNKNOWN_COLUMN, 1, "limti"), (Flaw.NOTHING_SET, 1, "")],
        ),
        (b'[{"id": 1, "name": ["x"]}]', [(Flaw.NOT_TEXT, 1, "name")]),
        (b'[{"id": 1, "name": "\\ud83d"}]', [(Flaw.SURROGATE, 1, "name")]),
        (b'[{"id": 1, "name": "a\\u0000"}]', [(Flaw.SURROGATE, 1, "name")]),
        (b'[{"id": 1, "limit": ' + b"[" * 100_000, [(Flaw.TOO_DEEP, 1, "")]),
        (b'{"a": ' + b'{"a": ' * 100_000, [(Flaw.TOO_DEEP, 1, "")]),
    ],
)
def test_what_is_wrong_is_said_where_it_is(
    content: bytes, found: list[tuple[Flaw, int | None, str]]
) -> None:
    assert flaws(content) == found
    assert len(found) <= MOST_FLAWS


def test_what_was_wrong_before_is_said_where_reading_ends() -> None:
    broken = '[{"id": 1, "limti": 5},\n {"id": 2, "limit": 5}, {"id": 3,, "limit": 5}]'
    with pytest.raises(Unusable) as refused:
        read_file(broken)
    assert [(each.flaw, each.line, each.character) for each in refused.value.found] == [
        (Flaw.UNKNOWN_COLUMN, 1, 2),
        (Flaw.NOTHING_SET, 1, 2),
        (Flaw.NOT_JSON, 2, 34),
    ]
    # What could be read is judged too.
    assert [row.cells["id"] for row in refused.value.rows] == ["1", "2"]


def test_long_numbers_are_read_as_they_are() -> None:
    huge = "1" + "0" * 5_000
    ((_, cells),) = rows(f'[{{"id": 1, "limit": {huge[:1900]}, "timeout": 1.0}}]')
    assert (cells["limit"], cells["timeout"]) == (huge[:1900], "1.0")
    ((_, cells),) = rows('[{"id": 1, "limit": true, "timeout": null}]')
    assert (cells["limit"], cells["timeout"]) == ("true", "")


def is_read_or_refused(content: bytes | str) -> bool:
    try:
        return bool(read_file(content).rows)
    except Unusable as error:
        return bool(error.found)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_whatever_it_is_it_is_read_or_refused(content: bytes | str) -> None:
    assert is_read_or_refused(content)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "limit", "pools", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(_JSON)
def test_whatever_json_it_is_it_is_read_or_refused(value: object) -> None:
    assert is_read_or_refused(json.dumps(value))
