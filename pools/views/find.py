"""Finding pools, companies and pages by what a ticket says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from pools.catalogue import connectors
from pools.catalogue.finding import LONGEST_QUERY, Found, find_pools, is_in
from pools.catalogue.hit_connectors import Matches, matches_in
from pools.models import Company, PinnedNote, Reading, SeenPool, Token
from pools.models.vocabulary import Action
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.people.roles import SEE_POOLS
from pools.tokens.state import WORKING, state_of
from pools.views.address_names import last_one_counts, nothing_made_of
from pools.views.pool_rows import Addresses, Offer
from pools.views.workplace import rights_of
from pools.wording.actions import words_for
from pools.wording.finding import PAGES, PanelPage, announced

# Companies and pages, of each.
MOST_OTHERS: Final = 5
PARAMETERS: Final = ("q",)
# What is done straight from a hit; the rest is done on the pool's page.
OFFERED: Final = (Action.EDIT, Action.CLEAR)
_NOTE: Final = PinnedNote.objects.filter(company=OuterRef("pk"), pool_id__isnull=True).values(
    "text"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A pool that was found, as it was when it was last seen, and what has the words typed."""

    company: Company
    id: int
    name: str | None
    systems: list[str]
    limit: int | None
    seen_at: datetime
    href: str
    offers: list[Offer]
    note: str
    matches: Matches


@needs(SEE_POOLS)
def find(request: HttpRequest) -> HttpResponse:
    """Core is asked nothing: what is found is what it last showed."""
    typed = request.GET.get("q", "")
    user = person(request)
    companies = list(Company.objects.active().annotate(note=Subquery(_NOTE)))
    working, stale = _companies_of(user)
    too_long = len(typed) > LONGEST_QUERY
    found = Found([])
    if not too_long:
        found = find_pools(working, typed)
    context = {
        "typed": typed[:LONGEST_QUERY],
        "longest": LONGEST_QUERY,
        "too_long": too_long,
        "region": request.htmx.target or "found",  # type: ignore[attr-defined]
        **_what_was_found(user, found, companies, "" if too_long else typed),
        "without_token": [each for each in companies if each not in working],
        "stale": stale,
        "nothing_made_of": nothing_made_of(request.GET, PARAMETERS)
        or last_one_counts(request.GET, PARAMETERS),
    }
    return show(request, "pools/find.html", context)


def _what_was_found(
    user: User, found: Found, companies: list[Company], typed: str
) -> dict[str, Any]:
    named = [each for each in companies if is_in(typed, _words_of(each))][:MOST_OTHERS]
    pages = [each for each in PAGES if _may_open(user, each) and _is_meant(typed, each)]
    return {
        "hits": _hits(user, found, typed),
        "more": found.more,
        "near": found.near,
        "companies": named,
        "pages": pages,
        "announced": announced(len(found.pools), found.more, len(named), len(pages)),
    }


def _companies_of(user: User) -> tuple[list[Company], list[Company]]:
    """Those that somebody's token works for; and which of them were not all read of late."""
    now = timezone.now()
    whole = Reading.objects.filter(company=OuterRef("company"), origin=OuterRef("company__origin"))
    tokens = (
        Token.objects.filter(user=user, company__archived_at__isnull=True)
        .select_related("company")
        .annotate(
            read_at=Subquery(
                whole.order_by(F("ended_at").desc(nulls_last=True)).values("ended_at")[:1]
            )
        )
    )
    working = [token for token in tokens if state_of(token, now) in WORKING]
    since = now - timedelta(hours=settings.FIND_STALE_HOURS)
    stale = [token.company for token in working if not token.read_at or token.read_at < since]
    return [token.company for token in working], stale


def _may_open(user: User, page: PanelPage) -> bool:
    return not page.right or user.has_perm(page.right)


def _is_meant(typed: str, page: PanelPage) -> bool:
    return is_in(typed, f"{page.title} {page.besides}")


def _words_of(company: Company) -> str:
    """What a company is found by: the note that is pinned to it, too."""
    return f"{company.name} {company.slug} {vars(company)['note'] or ''}"


def _hits(user: User, found: Found, typed: str) -> list[Hit]:
    may = rights_of(user)
    at: dict[int, Addresses] = {}
    return [
        _hit(
            pool,
            at.setdefault(pool.company_id, Addresses(pool.company)),
            may,
            matches_in(pool, typed, near=found.near),
        )
        for pool in found.pools
    ]


def _hit(pool: SeenPool, at: Addresses, may: Mapping[str, bool], matches: Matches) -> Hit:
    return Hit(
        company=pool.company,
        id=pool.pool_id,
        name=pool.name,
        systems=list(connectors.systems(connectors.read(pool.connectors)).values()),
        limit=pool.limit,
        seen_at=pool.seen_at,
        href=at.of("pool_detail", pool.pool_id),
        offers=[
            Offer(action, words_for(action), at.of(f"pool_{action}", pool.pool_id))
            for action in OFFERED
            if may[action]
        ],
        note=pool.note,
        matches=matches,
    )
