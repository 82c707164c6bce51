"""What was chosen on a list of pools, as a form says it: ticked ones, or all that match."""

import re
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict
from django.urls import reverse

from pools.models import Company
from pools.views.pools_address import ListQuery, read_query
from pools.wording.bulk_actions import DAMAGED, ELSEWHERE, NOTHING_CHOSEN

_ID: Final = re.compile("0|[1-9][0-9]{0,18}")
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Chosen:
    """Pools that were ticked, by id in that order; or, with a `query`, all that match it.

    `asked` is the query as an address has it. `obstacle`: why no list can be made of them.
    """

    ids: tuple[int, ...]
    query: ListQuery | None
    asked: str
    obstacle: str

    @classmethod
    def read(cls, typed: QueryDict, company: Company) -> "Chosen":
        """What a form says. Raises BadAddress for a query that no list has."""
        listed = typed.get("pools", "")
        texts = [*(listed.split(",") if listed else ()), *typed.getlist("pool")]
        ids = [int(text) for text in texts if _ID.fullmatch(text)]
        asked = str(typed.get("query", ""))
        query = read_query(QueryDict(asked)) if "matching" in typed else None
        damaged = len(ids) < len(texts) or any(each > _LARGEST for each in ids)
        obstacle = ""
        if damaged:
            obstacle = DAMAGED
        elif not ids and query is None:
            obstacle = NOTHING_CHOSEN
        elif typed.get("origin") != str(company.origin):
            # An id belongs to another pool by now.
            obstacle = ELSEWHERE
        return cls(tuple(dict.fromkeys(ids)), query, asked, obstacle)

    def list_of(self, company: Company) -> str:
        """The list that they were chosen on."""
        path = reverse("pools:pool_list", args=[company.slug])
        return f"{path}?{self.asked}" if self.asked else path
