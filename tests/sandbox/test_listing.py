"""Filter, sort, include and pages of the list."""

from typing import Any

import pytest

from sandbox.running import RunningSandbox
from sandbox.store import StoredPool

from .calls import Caller, with_key


@pytest.fixture
def fruit(core: RunningSandbox) -> Caller:
    """A company with a few pools whose order is known."""
    company = core.add_company("fruit")
    for name, limit in (("Pear", 5), ("apple, red", 5), ("Apple", 2), ("ÄPFEL", 9), ("50%_a", 1)):
        company.add_pool(name, limit)
    return with_key(core, "fruit")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("app", ["apple, red", "Apple"]),
        ("APPLE", ["apple, red", "Apple"]),
        ("äpf", ["ÄPFEL"]),
        ("pear,pfel", ["Pear", "ÄPFEL"]),
        ("apple, red", ["apple, red", "Apple"]),
        ("%", ["50%_a"]),
        ("_", ["50%_a"]),
        ("nothing", []),
        ("", ["Pear", "apple, red", "Apple", "ÄPFEL", "50%_a"]),
        ("  pear  ", ["Pear"]),
        ("pear,", ["Pear"]),
    ],
)
def test_filter_matches_part_of_a_name(fruit: Caller, text: str, names: list[str]) -> None:
    assert fruit.search(text).names == names


def test_filter_given_as_a_list_means_or(fruit: Caller) -> None:
    answer = fruit.send_target(
        "GET", "/api/v1/connection-pools?filter[name][]=pear&filter[name][]=50"
    )
    assert answer.names == ["Pear", "50%_a"]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["50%_a", "Apple", "apple, red", "Pear", "ÄPFEL"]),
        ("-name", ["ÄPFEL", "Pear", "apple, red", "Apple", "50%_a"]),
        ("limit", ["50%_a", "Apple", "Pear", "apple, red", "ÄPFEL"]),
        ("-limit,name", ["ÄPFEL", "apple, red", "Pear", "Apple", "50%_a"]),
    ],
)
def test_sort_orders_the_list(fruit: Caller, sort: str, names: list[str]) -> None:
    assert fruit.list(sort=sort).names == names


def test_sort_by_creation_descending_starts_with_the_newest(acme: Caller, pool: StoredPool) -> None:
    assert acme.list(sort="-created_at", per_page=1).document["data"][0]["id"] == pool.id


def test_order_follows_a_change(fruit: Caller) -> None:
    fruit.list(sort="limit")
    [apple] = [pool for pool in fruit.list().document["data"] if pool["name"] == "Apple"]
    fruit.update(apple["id"], limit=50)
    assert fruit.list(sort="-limit").names[0] == "Apple"


def test_filter_sort_and_page_go_together(fruit: Caller) -> None:
    query = {"filter[name]": "a", "sort": "-name", "per_page": 2, "page": 2}
    answer = fruit.list(**query)
    assert answer.names == ["Apple", "50%_a"]
    assert answer.document["meta"]["total"] == 4


def test_list_without_include_has_no_connectors_key(acme: Caller) -> None:
    assert all("connectors" not in pool for pool in acme.list().document["data"])


def test_list_with_include_has_connectors_in_every_row(acme: Caller) -> None:
    rows = acme.list(include="connectors.system", per_page=10).document["data"]
    assert [len(row["connectors"]) for row in rows] == [4, 5, 2, 7, 4, 1, 0, 3, 0, 5]


def test_first_page_is_described_as_laravel_does(acme: Caller) -> None:
    answer = acme.list(per_page=100)
    path = "http://core.internal/api/v1/connection-pools"

    def link(label: str, page: int | None, *, active: bool = False) -> dict[str, Any]:
        return {"url": page and f"{path}?page={page}", "label": label, "active": active}

    assert answer.document["links"] == {
        "first": f"{path}?page=1",
        "last": f"{path}?page=3",
        "prev": None,
        "next": f"{path}?page=2",
    }
    assert answer.document["meta"] == {
        "current_page": 1,
        "from": 1,
        "last_page": 3,
        "links": [
            link("&laquo; Previous", None),
            link("1", 1, active=True),
            link("2", 2),
            link("3", 3),
            link("Next &raquo;", 2),
        ],
        "path": path,
        "per_page": 100,
        "to": 100,
        "total": 257,
    }


@pytest.mark.parametrize(
    ("page", "labels"),
    [
        (1, "1 2 3 4 5 6 7 8 9 10 ... 25 26"),
        (13, "1 2 ... 10 11 12 13 14 15 16 ... 25 26"),
        (26, "1 2 ... 17 18 19 20 21 22 23 24 25 26"),
    ],
)
def test_links_of_many_pages_leave_a_gap(acme: Caller, page: int, labels: str) -> None:
    links = acme.list(per_page=10, page=page).document["meta"]["links"]
    assert " ".join(link["label"] for link in links[1:-1]) == labels


def test_last_page_ends_with_the_last_row(acme: Caller) -> None:
    answer = acme.list(per_page=100, page=3)
    meta = answer.document["meta"]
    assert (meta["from"], meta["to"], len(answer.names)) == (201, 257, 57)
    assert answer.document["links"]["next"] is None


def test_empty_list_has_null_from_and_to(blank: Caller) -> None:
    answer = blank.list()
    meta = answer.document["meta"]
    assert (meta["from"], meta["to"], meta["total"], meta["last_page"]) == (None, None, 0, 1)
    assert answer.names == []


def test_page_past_the_end_is_empty_and_points_at_another_empty_one(acme: Caller) -> None:
    answer = acme.list(per_page=100, page=9)
    meta = answer.document["meta"]
    assert (answer.status, answer.names) == (200, [])
    assert (meta["current_page"], meta["last_page"], meta["from"]) == (9, 3, None)
    assert answer.document["links"]["prev"].endswith("?page=8")


@pytest.mark.parametrize("page", [10**9, 2**63 - 1])
def test_page_that_is_far_past_the_end_is_empty(acme: Caller, page: int) -> None:
    assert acme.list(page=page).document["data"] == []


def test_per_page_is_fifteen_where_nothing_is_asked(acme: Caller) -> None:
    assert len(acme.list().names) == 15


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"page": 0}, "page", "The page field must be at least 1."),
        ({"page": -1}, "page", "The page field must be at least 1."),
        ({"page": "x"}, "page", "The page field must be an integer."),
        ({"page": 10**30}, "page", "The page field must be an integer."),
        ({"per_page": 0}, "per_page", "The per page field must be at least 1."),
        ({"per_page": 101}, "per_page", "The per page field must not be greater than 100."),
        ({"per_page": "1.5"}, "per_page", "The per page field must be an integer."),
    ],
)
def test_page_out_of_bounds_is_refused(
    acme: Caller, query: dict[str, Any], field: str, message: str
) -> None:
    answer = acme.list(**query)
    assert answer.status == 422
    assert answer.errors == {field: [message]}


UNKNOWN_FILTER = "Requested filter(s) `limit` are not allowed. Allowed filter(s) are `name`."
UNKNOWN_SORT = (
    "Requested sort(s) `timeout` is not allowed. Allowed sort(s) are `name, limit, created_at`."
)
UNKNOWN_INCLUDE = (
    "Requested include(s) `connectors` are not allowed. Allowed include(s) are `connectors.system`."
)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"filter[limit]": "5"}, UNKNOWN_FILTER),
        ({"sort": "timeout"}, UNKNOWN_SORT),
        ({"include": "connectors"}, UNKNOWN_INCLUDE),
    ],
)
def test_unknown_words_are_refused_on_list_and_on_get(
    acme: Caller, pool: StoredPool, query: dict[str, str], message: str
) -> None:
    answers = (acme.list(**query), acme.get(pool.id, **query))
    assert [(answer.status, answer.message) for answer in answers] == [(400, message)] * 2


def test_get_with_a_filter_that_fits_shows_the_pool(acme: Caller, pool: StoredPool) -> None:
    assert acme.get(pool.id, **{"filter[name]": "a POOL"}).status == 200


def test_get_with_a_filter_that_does_not_fit_is_not_found(acme: Caller, pool: StoredPool) -> None:
    assert acme.get(pool.id, **{"filter[name]": "other"}).status == 404
