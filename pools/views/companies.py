"""The companies that a person can work in, and what they have to do next for each."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from pools.models import Company, Token
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.tokens.state import TokenState, state_of
from pools.views.tokens import next_step, tokens_of
from pools.wording.tokens import STATES


@dataclass(frozen=True, slots=True)
class CompanyRow:
    company: Company
    token: Token | None
    state: TokenState
    state_text: str
    next_url: str
    next_label: str


@needs("pools.view_pools")
def company_list(request: HttpRequest) -> HttpResponse:
    """Straight on to the pools where there is just one company, and it is ready."""
    rows = [_row(company, token) for company, token, _ in tokens_of(person(request))]
    if len(rows) == 1 and rows[0].state == TokenState.READY and "all" not in request.GET:
        return redirect("pools:pool_list", company=rows[0].company.slug)
    context = {
        "rows": rows,
        "can_administer": person(request).has_perm("pools.manage_people"),
    }
    return show(request, "pools/companies.html", context)


@needs("pools.view_pools")
def company_home(request: HttpRequest, company: str) -> HttpResponse:
    """An address cut short after the company leads to its pools."""
    return redirect("pools:pool_list", company=get_object_or_404(Company, slug=company).slug)


def _row(company: Company, token: Token | None) -> CompanyRow:
    state = state_of(token, timezone.now())
    url, label = next_step(company, state)
    if state in (TokenState.READY, TokenState.EXPIRING):
        url, label = reverse("pools:pool_list", args=[company.slug]), "Pools"
    return CompanyRow(company, token, state, STATES[state], next_url=url, next_label=label)
