"""Home: what needs attention, a person's companies, and the pools that they visited last."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from pools.changes import HistoryItem
from pools.changes.lines import ChangeLine
from pools.changes.recent import Recent, recent
from pools.changes.state import ChangeState
from pools.models import Company, Entry, Token
from pools.models.vocabulary import Action, Kind
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.people.roles import MANAGE_PEOPLE, SEE_POOLS
from pools.tokens.state import TokenState, state_of
from pools.views.change_rows import pool_addresses
from pools.views.tokens import next_step, own_first, tokens_of
from pools.views.visibility import archived_beside, sees_all, where_older_are
from pools.wording.tokens import STATES
from pools.wording.verifying import in_archive

# The pools that somebody was at last, and the latest changes.
POOLS: Final = 6
CHANGES: Final = 6
# As their index has them, which tells at once whether there are any.
_CHANGES: Final = Q(kind__in=[Kind.INTENT, Kind.DRIFT])
# A token in one of these waits for its owner; one that is missing may never be wanted.
_WAITING: Final = frozenset(TokenState) - {TokenState.READY, TokenState.MISSING}


@dataclass(frozen=True, slots=True)
class CompanyRow:
    company: Company
    token: Token | None
    state: TokenState
    state_text: str
    next_url: str
    next_label: str
    mend_url: str
    mend_label: str


@dataclass(frozen=True, slots=True)
class RecentRow:
    """A change, its company, and where its pool and its list are (empty: nowhere)."""

    change: HistoryItem
    company: Company
    pool_href: str
    list_href: str


@needs(SEE_POOLS)
def home(request: HttpRequest) -> HttpResponse:
    """Nothing is asked of Core."""
    user = person(request)
    mine = tokens_of(user)
    seen = {each.slug: each for each, token, _ in mine if token or sees_all(user)}
    found = recent(user.pk, seen, CHANGES)
    companies, others = (
        [_company_row(company, token or waiting) for company, token, waiting in each]
        for each in own_first(mine)
    )
    context = {
        "companies": companies,
        "others": others,
        "waiting": [row for row in companies if row.state in _WAITING],
        "first_token": bool(mine) and not any(row.token for row in companies),
        "can_administer": user.has_perm(MANAGE_PEOPLE),
        **_record(found, seen, all_seen=sees_all(user)),
        "archived": in_archive(archived_beside(each for each, _, _ in mine))
        if mine
        else where_older_are(),
    }
    return show(request, "pools/home.html", context)


@needs(SEE_POOLS)
def company_home(request: HttpRequest, company: str) -> HttpResponse:
    """An address cut short after the company leads to its pools."""
    return redirect("pools:pool_list", company=get_object_or_404(Company, slug=company).slug)


def _record(found: Recent, seen: Mapping[str, Company], *, all_seen: bool) -> dict[str, object]:
    own, held, latest = (_rows(each, seen) for each in (found.own, found.held, found.latest))
    return {
        "held": [row for row in held if row.change.state is not ChangeState.UNDER_WAY],
        "pools": _last_of_each_pool(own)[:POOLS],
        "changes": _once_of_each_list(own)[:CHANGES] or _once_of_each_list(latest),
        "own": bool(own),
        # Where nothing is shown, there may be something all the same.
        "no_token": not seen and not all_seen,
        "elsewhere": not seen and all_seen and Entry.objects.filter(_CHANGES).exists(),
    }


def _rows(lines: Iterable[ChangeLine], seen: Mapping[str, Company]) -> list[RecentRow]:
    return [
        RecentRow(
            line.item,
            seen[line.company],
            pool_addresses(seen[line.company])(line.item),
            reverse("pools:batch", args=[line.company, line.item.batch]) if line.item.batch else "",
        )
        for line in lines
    ]


def _once_of_each_list(rows: Iterable[RecentRow]) -> list[RecentRow]:
    """Of a list of changes the newest alone, which leads to the list: it may have hundreds."""
    newest: dict[UUID, RecentRow] = {}
    for row in rows:
        newest.setdefault(row.change.batch or row.change.change_id, row)
    return list(newest.values())


def _last_of_each_pool(rows: Iterable[RecentRow]) -> list[RecentRow]:
    """Of pools that may still be there, the newest change of each."""
    last: dict[tuple[str, int | None], RecentRow] = {}
    for row in rows:
        last.setdefault((row.company.slug, row.change.pool_id), row)
    return [row for row in last.values() if row.pool_href and not _deleted(row.change)]


def _deleted(change: HistoryItem) -> bool:
    return change.gone or (change.action is Action.DELETE and change.took_effect)


def _company_row(company: Company, token: Token | None) -> CompanyRow:
    state = state_of(token, timezone.now())
    mend_url, mend_label = next_step(company, state)
    url, label = mend_url, mend_label
    if state in (TokenState.READY, TokenState.EXPIRING):
        url, label = reverse("pools:pool_list", args=[company.slug]), "Pools"
    return CompanyRow(company, token, state, STATES[state], url, label, mend_url, mend_label)
