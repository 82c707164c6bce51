"""Reading all pools of a company, so that all can be found and added up."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from pools.catalogue import reading_all
from pools.models import SeenPool
from pools.pages.guards import needs, person
from pools.pages.rendering import fragment_wanted, show
from pools.people.roles import READ_ALL_POOLS
from pools.views.workplace import READING, Workplace, enter
from pools.wording.pool_list import reading_says
from pools.wording.situations import Activity


@needs(READ_ALL_POOLS)
def read_all(request: HttpRequest, company: str) -> HttpResponse:
    """A POST reads some pages; the page then asks for the next ones, or its person does."""
    workplace = enter(request, company)
    try:
        workplace.check_token()
    except READING as error:
        return workplace.show_problem(error, Activity.READING_LIST)
    return _read(workplace) if request.method == "POST" else _shown(workplace)


def _read(workplace: Workplace) -> HttpResponse:
    request, company = workplace.request, workplace.company
    try:
        with workplace.core() as core:
            begun = reading_all.under_way(company, person(request))
            missing = reading_all.go_on(core, begun or reading_all.begin(company, person(request)))
    except READING as error:
        problem = workplace.problem(error, Activity.READING_LIST)
        return _shown(workplace, problem=problem, status=problem.status)
    if missing is None and not fragment_wanted(request):
        return redirect(request.get_full_path())
    return _shown(workplace, incomplete="" if missing is None else reading_says(missing))


def _shown(workplace: Workplace, *, status: int = 200, **said: Any) -> HttpResponse:
    company, now = workplace.company, timezone.now()
    under_way = reading_all.under_way(company, person(workplace.request))
    until = under_way.paused_until if under_way else None
    known = SeenPool.objects.filter(company=company, origin=company.origin)
    context = {
        "company": company,
        "problem": None,
        "incomplete": "",
        "under_way": under_way,
        "paused_until": until if until and until > now else None,
        "pause_seconds": max(0, round((until - now).total_seconds())) + 1 if until else 0,
        "whole": reading_all.last_whole(company),
        "known": known.count(),
        **said,
    }
    return show(workplace.request, "pools/read_all.html", context, status=status)
