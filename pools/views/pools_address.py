"""The address of the list of pools: what it asks for, and how an address is made of that."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict

from pools.core import PoolQuery, Sort
from pools.core.bounds import PAGE, SEARCH
from pools.models.bounds import SYSTEM_NAME
from pools.views import page_sizes
from pools.views.address_names import refuse_unknown
from pools.wording import addresses
from pools.wording.addresses import BadAddress

PARAMETERS: Final = ("search", "sort", "page", "per_page", "system")


@dataclass(frozen=True, slots=True)
class ListQuery(PoolQuery):
    """What an address asks of the list: of Core, or, with a system, of what was last seen.

    None: of Core; empty: which systems there are to choose from.
    """

    system: str | None = None


def read_query(address: QueryDict) -> ListQuery:
    """What the address asks. Anything that the list does not have raises BadAddress."""
    refuse_unknown(address, PARAMETERS)
    sort = address.get("sort", "")
    if sort and sort not in list(Sort):
        raise BadAddress(addresses.POOL_SORT)
    size = address.get("per_page", str(page_sizes.USUAL_POOLS))
    if size not in map(str, page_sizes.POOLS):
        raise BadAddress(addresses.page_size_of(page_sizes.POOLS))
    page = address.get("page", "1")
    if not (
        page.isascii()
        and page.isdecimal()
        and len(page) <= 10
        and PAGE.least <= int(page) <= PAGE.largest
    ):
        raise BadAddress(addresses.PAGE_NUMBER)
    system = address.get("system")
    if system is not None and len(system) > SYSTEM_NAME:
        raise BadAddress(addresses.system_too_long(SYSTEM_NAME))
    return ListQuery(
        system=system,
        search=_search_of(address.get("search", "")),
        sort=Sort(sort) if sort else None,
        page=int(page),
        per_page=int(size),
    )


def _search_of(typed: str) -> str:
    """The terms as Core reads them: to it, the space after a comma is part of a name."""
    if "\0" in typed:
        raise BadAddress(addresses.SEARCH_TEXT)
    if len(typed) > SEARCH.longest:
        raise BadAddress(addresses.search_too_long(SEARCH.longest))
    terms = (term.strip() for term in typed.split(","))
    return ",".join(term for term in terms if term)


def address_of(path: str, query: ListQuery) -> str:
    """An address that is about the whole list of `query`, whichever page of it is shown."""
    return href_of(path, query, page=1, per_page=page_sizes.USUAL_POOLS)


def href_of(path: str, query: ListQuery, **changed: Any) -> str:
    """The list's address for `query`, with what is the default left out."""
    facts = {
        "search": query.search,
        "sort": query.sort,
        "per_page": query.per_page,
        "page": query.page,
        "system": query.system,
    } | changed
    defaults = {
        "search": "",
        "sort": None,
        "per_page": page_sizes.USUAL_POOLS,
        "page": 1,
        "system": None,
    }
    address = urlencode({name: value for name, value in facts.items() if value != defaults[name]})
    return f"{path}?{address}" if address else path
