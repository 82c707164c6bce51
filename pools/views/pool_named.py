"""Which pools of a company have a name, while somebody types it."""

import re
from typing import Final

from django.http import HttpRequest, HttpResponse

from pools.catalogue.keeping import seen_pools
from pools.catalogue.namesakes import Namesake, namesakes
from pools.core.bounds import NAME
from pools.core.comparing import same_value, visible_form
from pools.models import Company
from pools.models.vocabulary import RIGHTS, Action
from pools.pages.guards import needs
from pools.pages.rendering import fragment_wanted, show
from pools.views.workplace import READING, enter

_ID: Final = re.compile("[0-9]{1,18}")


@needs(RIGHTS[Action.EDIT])
def pool_named(request: HttpRequest, company: str) -> HttpResponse:
    """Core is not asked. `but` is the pool that gets the name, and may have it already."""
    workplace = enter(request, company)
    name, but = request.GET.get("name", "")[: NAME.longest + 1], request.GET.get("but", "")
    found: list[Namesake] = []
    try:
        workplace.check_token()
        found = _others(workplace.company, name, int(but) if _ID.fullmatch(but) else None)
    except READING as error:
        # Who is typing is told when the form is sent.
        if not fragment_wanted(request):
            return workplace.show_problem(error, Action.EDIT)
    context = {"company": workplace.company, "name": name, "namesakes": found}
    return show(request, "pools/pool_named.html", context)


def _others(company: Company, name: str, but: int | None) -> list[Namesake]:
    if not visible_form(name):
        return []
    own = None if but is None else seen_pools(company, [but]).get(but)
    if own is not None and same_value(own.name, name):
        return []
    return namesakes(company, name, but)
