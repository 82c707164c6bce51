"""The orders of a list of pools, and what a page of it says where it isn't the one asked for."""

from typing import Final

from pools.core import Page, PoolQuery

_SORTED_BY: Final = {"name": "name", "limit": "limit", "created_at": "the time of creation"}


def list_notes(query: PoolQuery, page: Page) -> list[str]:
    """What the reader has to know so as not to take the page for something else."""
    notes = []
    if query.search and page.pools and not page.searched:
        notes.append("Patchworks didn't search: these aren't the pools that match")
    if query.sort is not None and page.sort is None:
        order = _SORTED_BY[query.sort.removeprefix("-")]
        notes.append(f"Patchworks didn't sort these pools by {order}")
    if not page.numbered and page.more is not False:
        notes.append("Patchworks doesn't number its pages: search for pools that aren't here")
    elif page.number != query.page:
        notes.append(f"Patchworks gave page {page.number} instead of page {query.page}")
    elif page.per_page < query.per_page:
        notes.append(f"Patchworks gives at most {page.per_page} at a time")
    if page.pools and all(pool.connectors is None for pool in page.pools):
        notes.append("Patchworks didn't say which connectors use these pools")
    return notes


def by_time(what: str, direction: str) -> str:
    """An order by a time, for a menu: Created, newest first."""
    first = "oldest" if direction == "ascending" else "newest"
    return f"{what.capitalize()}, {first} first"
