"""The orders of a list of pools, and what is said of one that isn't what was asked for."""

from collections.abc import Mapping
from typing import Final

from pools.core import Ending, Page, PoolQuery
from pools.core.comparing import has_wildcard

_SORTED_BY: Final = {"name": "name", "limit": "limit", "created_at": "the time of creation"}
# What Patchworks did with a list that has no proper end.
NOT_WHOLE: Final[Mapping[Ending, str]] = {
    Ending.REPEATS: "Patchworks keeps giving the same page.",
    Ending.OTHER_PAGE: "Patchworks gave another page than the one we asked for.",
    Ending.UNNUMBERED: "Patchworks doesn't number its pages, so we can only read the first one.",
    Ending.MISCOUNTED: "Patchworks counts a different number of pools from what it gives.",
    Ending.ENDLESS: "Patchworks' list has no end.",
    Ending.WITHOUT_ID: "Patchworks lists pools without an id that we can read.",
}


def reading_says(ending: Ending) -> str:
    """Why pools may be missing after all were read."""
    if ending is Ending.NONE_LEFT:
        return (
            "Patchworks showed no pools, and there were some before. Nothing was dropped. Check "
            "whether your token still gives access to them. A pool that you open is dropped if it "
            "is gone."
        )
    if ending not in NOT_WHOLE:
        return (
            "Pools changed while we were reading, so some may be missing. Nothing was dropped. "
            "Read all pools again."
        )
    return (
        f"{NOT_WHOLE[ending]} Some pools may be missing, and reading them again won't help. "
        "Nothing was dropped."
    )


def list_notes(query: PoolQuery, page: Page) -> list[str]:
    """What the reader has to know so as not to take the page for something else."""
    notes = []
    if is_unsearched(query, page):
        some = 0 < page.strangers < len(page.pools)
        which = "some of these pools don't match" if some else "these aren't the pools that match"
        how = "took % and _ as wildcards" if has_wildcard(query.search) else "didn't search"
        notes.append(f"Patchworks {how}: {which}")
    if query.sort is not None and page.sort is None:
        order = _SORTED_BY[query.sort.removeprefix("-")]
        notes.append(f"Patchworks didn't sort these pools by {order}")
    if not page.numbered and page.more is not False:
        notes.append("Patchworks doesn't number its pages: search for pools that aren't here")
    elif page.number != query.page:
        notes.append(f"Patchworks gave page {page.number} instead of page {query.page}")
    elif page.per_page < query.per_page:
        notes.append(f"Patchworks gives at most {page.per_page} at a time")
    if page.begins_late:
        notes.append(f"Patchworks began with pool {page.first}: none of the pools before is shown")
    notes += _of_more(page)
    if page.pools and all(pool.connectors is None for pool in page.pools):
        notes.append("Patchworks didn't say which connectors use these pools")
    return notes


def is_unsearched(query: PoolQuery, page: Page) -> bool:
    """Whether pools were searched for, and Patchworks gave others."""
    return bool(query.search and page.pools) and not page.searched


def _of_more(page: Page) -> list[str]:
    """What Patchworks leaves open about further pages."""
    if page.follows is None:
        return ["Patchworks doesn't say whether there are more"] if page.numbered else []
    if not page.contradicts_itself:
        return []
    if page.total is not None and page.first + len(page.pools) <= page.total:
        return [f"Patchworks counts {page.total} pools, and says that none follow these"]
    return ["Patchworks says both that more pools follow and that none do"]


def by_time(what: str, direction: str) -> str:
    """An order by a time, for a menu: Created, newest first."""
    first = "oldest" if direction == "ascending" else "newest"
    return f"{what.capitalize()}, {first} first"
