"""The columns of the list of pools: their headings, and how each is sorted."""

from dataclasses import dataclass
from typing import Any, Final

from pools.core import Sort
from pools.views.pools_address import ListQuery, href_of
from pools.wording.pool_list import by_time


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its heading, the class of its cells (pool_cells.html has them in the
    same order), and the sort that Core knows for it (None: Core cannot).

    `sorted_as` is what that sorts by where it is not the heading: then a menu offers it.
    """

    label: str
    cell: str
    sort: Sort | None = None
    sorted_as: str = ""


COLUMNS: Final = (
    Column("Name", "name", Sort.NAME),
    Column("Systems", "systems"),
    Column("Limit", "limit", Sort.LIMIT),
    Column("Timeout", "timeout"),
    Column("Last change", "change"),
    Column("Updated", "updated", Sort.CREATED, sorted_as="created"),
)


def columns_of(path: str, query: ListQuery) -> list[dict[str, Any]]:
    """Each as the page shows it."""
    return [_column(path, query, column) for column in COLUMNS]


def _column(path: str, query: ListQuery, column: Column) -> dict[str, Any]:
    """A column as the page shows it: how it is sorted now, and how it can be sorted next."""
    sort = column.sort
    shown: dict[str, Any] = {"column": column, "direction": "", "href": "", "orders": ()}
    if sort is None:
        return shown
    both = {sort: "ascending", Sort(f"-{sort}"): "descending"}
    hrefs = {each: href_of(path, query, sort=each, page=1) for each in both}
    wanted = next(each for each in both if each != query.sort)
    shown |= {"direction": both.get(query.sort, "") if query.sort else "", "href": hrefs[wanted]}
    if column.sorted_as:
        shown["orders"] = [
            {"label": by_time(column.sorted_as, both[each]), "href": href,
             "current": each == query.sort}
            for each, href in hrefs.items()
        ]  # fmt: skip
    return shown
