"""Where a page stands, from what Cores have been seen to tell of it, and from its rows alone."""

from typing import Any

import pytest

from pools.core.decoding import read_page
from pools.core.errors import Reason
from pools.core.schema import Page, PoolQuery, Sort

LARAVEL: dict[str, Any] = {
    "current_page": 2,
    "from": 26,
    "last_page": 11,
    "per_page": 25,
    "to": 50,
    "total": 257,
}


def rows(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "name": f"Pool {number:04d}",
            "limit": number,
            "created_at": f"2026-05-01T10:{number % 60:02d}:00.000000Z",
        }
        for number in range(first, first + count)
    ]


def read(answer: object, query: PoolQuery | None = None) -> Page:
    page = read_page(answer, query or PoolQuery())
    assert isinstance(page, Page)
    return page


def place(page: Page) -> tuple[object, ...]:
    return (page.number, page.first, page.total, page.last_page)


@pytest.mark.parametrize(
    "answer",
    [
        {"data": rows(25, 26), "meta": LARAVEL},
        {"data": rows(25, 26), **LARAVEL},
        {"success": True, "data": {"data": rows(25, 26), **LARAVEL}},
        {"data": rows(25, 26), "meta": {name: str(each) for name, each in LARAVEL.items()}},
        {"data": rows(25, 26), "meta": {name: float(each) for name, each in LARAVEL.items()}},
    ],
    ids=["meta", "the paginator itself", "the paginator inside", "texts", "floats"],
)
def test_it_is_told_in_several_ways(answer: object) -> None:
    assert place(read(answer, PoolQuery(page=2))) == (2, 26, 257, 11)


@pytest.mark.parametrize(
    ("told", "more"),
    [
        ({"links": {"next": "http://core.internal/?page=2"}}, True),
        ({"links": {"next": None}}, False),
        ({"next_page_url": None}, False),
        ({"next_page_url": "http://core.internal/?page=2"}, True),
        ({"meta": {"next_cursor": None}}, False),
        ({"links": []}, None),
        ({}, None),
    ],
)
def test_whether_more_follows(told: dict[str, object], more: bool | None) -> None:
    assert read({"data": rows(25), **told}).more is more


@pytest.mark.parametrize(
    "told",
    [
        {"meta": {"per_page": 25, "next_cursor": "eyJ", "prev_cursor": None}},
        {"links": {"next": "http://core.internal/api?cursor=eyJ", "prev": None}},
    ],
)
def test_where_pages_hang_together_by_cursor_a_number_reaches_none(told: dict[str, object]) -> None:
    page = read({"data": rows(25), **told}, PoolQuery(page=3))
    assert (page.numbered, page.number, page.first, page.more) == (False, 1, 1, True)


def test_more_rows_than_were_asked_for_are_all_rows() -> None:
    page = read({"data": rows(257)}, PoolQuery(page=3))
    assert (page.numbered, page.number, page.first, page.is_whole) == (False, 1, 1, True)


@pytest.mark.parametrize("total", [0, 24, 49])
def test_a_total_that_the_rows_refute_is_none(total: int) -> None:
    meta = {**LARAVEL, "total": total, "last_page": 0}
    assert place(read({"data": rows(25, 26), "meta": meta}, PoolQuery(page=2))) == (
        2,
        26,
        None,
        None,
    )


def test_pools_that_are_counted_and_not_listed_are_not_none() -> None:
    answer = {"data": [], "meta": {**LARAVEL, "current_page": 1}}
    assert read_page(answer, PoolQuery()) is Reason.NONE_LISTED
    assert isinstance(read_page(answer, PoolQuery(page=12)), Page)


@pytest.mark.parametrize("sort", [Sort.NAME, Sort.LIMIT, Sort.CREATED])
def test_an_order_that_the_rows_refute_is_none(sort: Sort) -> None:
    right, wrong = rows(25), rows(25)[::-1]
    descending = Sort(f"-{sort}")
    assert read({"data": right}, PoolQuery(sort=sort)).sort is sort
    assert read({"data": wrong}, PoolQuery(sort=sort)).sort is None
    assert read({"data": wrong}, PoolQuery(sort=descending)).sort is descending
    assert read({"data": right}, PoolQuery(sort=descending)).sort is None


@pytest.mark.parametrize(
    "names",
    [
        ["B", "a", "Ä", "z"],
        ["_x", "-y", "Zoo", "apple", "bear", "cat", "dog"],
        ["B", "A"],
        [None, "B", None, "C"],
    ],
    ids=["by code", "capitals first", "two alone", "unnamed"],
)
def test_names_may_be_sorted_by_rules_of_the_database(names: list[str | None]) -> None:
    listed = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    assert read({"data": listed}, PoolQuery(sort=Sort.NAME)).sort is Sort.NAME


@pytest.mark.parametrize(
    ("search", "searched"),
    [
        ("r", True),
        ("ORDERS,returns", True),
        ("örders,Rückgabe,RETURNS", True),
        ("--", False),
        ("%", False),
        ("o%s", False),
        ("\u200b", True),
        ("orders", False),
        ("shipments", False),
        ("", False),
    ],
)
def test_a_search_that_was_ignored_shows_in_any_row(search: str, searched: bool) -> None:
    names = ["NetSuite orders", "Shopify orders", "Returns", None]
    listed = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    assert read({"data": listed}, PoolQuery(search=search)).searched is searched


@pytest.mark.parametrize(
    ("search", "name"),
    [
        ("malmo", "Malmø"),
        ("Lodz", "ŁÓDŹ"),
        ("encyclopaedia", "Encyclopædia"),
        ("STRASSE", "Straße"),
    ],
)
def test_letters_that_a_database_takes_for_others_are_found(search: str, name: str) -> None:
    assert read({"data": [{"id": 1, "name": name}]}, PoolQuery(search=search)).searched


@pytest.mark.parametrize(
    ("told", "follows", "contradicts"),
    [
        ({"meta": {**LARAVEL, "current_page": 1, "from": 1}, "links": {"next": "?"}}, True, False),
        ({"meta": {"current_page": 1, "last_page": 1, "total": 25}}, False, False),
        ({"meta": {"current_page": 1, "last_page": 1, "total": 60}}, True, True),
        ({"meta": {"current_page": 1, "total": 60}, "links": {"next": None}}, True, True),
        ({"meta": {"current_page": 1, "last_page": 1}, "links": {"next": "?"}}, True, True),
        ({"meta": {"total": 25}}, False, False),
        ({"meta": {"current_page": 3, "last_page": 2}}, False, False),
        ({}, None, False),
    ],
)
def test_what_speaks_for_more_pools_counts(
    told: dict[str, object], follows: bool | None, contradicts: bool
) -> None:
    page = read({"data": rows(25), **told})
    assert (page.follows, page.contradicts_itself) == (follows, contradicts)
