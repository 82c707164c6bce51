"""What a company's accounts at its systems allow: for Managers, who keep it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from pools.catalogue.systems import systems_seen
from pools.forms.allowances import AllowanceForm
from pools.guidance.allowances import allowances_of, remove_allowance, set_allowance
from pools.ledger.appending import LedgerUnwritable
from pools.models import Allowance, Company
from pools.models.allowance import system_key
from pools.models.vocabulary import Action
from pools.pages.drafts import take_draft
from pools.pages.guards import needs, person
from pools.people.roles import MANAGE_PEOPLE, SET_ALLOWANCES
from pools.tokens.keeping import TokenMissing, must_be_active
from pools.views.account import safe_next
from pools.views.address_names import refuse_form_of_two
from pools.views.workplace import Workplace, enter
from pools.wording import allowances as wording
from pools.wording.database import nothing_saved


@needs(SET_ALLOWANCES)
def allowances(request: HttpRequest, company: str) -> HttpResponse:
    """Those that are kept, and one to set: a new one, or another number for one that is there."""
    workplace = enter(request, company)
    try:
        _must_work_in(workplace)
    except TokenMissing as error:
        return workplace.show_problem(error, Action.EDIT)
    kept = allowances_of(workplace.company)
    form = AllowanceForm(
        request.POST or None, initial=_initial(request, kept) | take_draft(request)
    )
    if form.is_valid() and _set(workplace, form):
        return redirect(_back(request, company))
    context = {"company": workplace.company, "may": workplace.may, "form": form, "kept": kept}
    context |= {"unset": _without(kept, workplace.company), "back": safe_next(request, "")}
    status = 422 if form.is_bound else 200
    return render(request, "pools/allowances.html", context, status=status)


def allowances_for(request: HttpRequest, company: Company) -> dict[str, Any]:
    """What another page of the company shows them with, and the form that sets one."""
    kept = allowances_of(company)
    form = AllowanceForm(initial=_initial(request, kept))
    return {"kept": kept, "allowance_form": form, "unset": _without(kept, company)}


@needs(SET_ALLOWANCES)
@require_POST
def allowance_remove(request: HttpRequest, company: str) -> HttpResponse:
    """Keeps a system's number no longer. What it was stays on the record."""
    workplace, system = enter(request, company), request.POST.get("system", "")
    try:
        _must_work_in(workplace)
        if remove_allowance(workplace.company, system, by=workplace.actor):
            messages.success(request, wording.removed(system))
    except TokenMissing as error:
        return workplace.show_problem(error, Action.EDIT)
    except LedgerUnwritable as error:
        messages.error(request, nothing_saved(error))
    return redirect(_back(request, company))


def _back(request: HttpRequest, company: str) -> str:
    """To the page that they are a part of."""
    return safe_next(request, reverse("pools:allowances", args=[company]))


def _must_work_in(workplace: Workplace) -> None:
    """Who sets companies up may do so everywhere, others where they have a token."""
    must_be_active(workplace.company)
    if not person(workplace.request).has_perm(MANAGE_PEOPLE):
        workplace.require_token()


def _initial(request: HttpRequest, kept: list[Allowance]) -> dict[str, Any]:
    """The system that the address names, with its number where there is one."""
    refuse_form_of_two(request, "system")
    system = request.GET.get("system", "")
    number = next((each.number for each in kept if each.key == system_key(system)), None)
    return {"system": system, "allowance": number}


def _set(workplace: Workplace, form: AllowanceForm) -> bool:
    """False where that could not be recorded: then the form says so."""
    system, number = form.cleaned_data["system"], form.cleaned_data["allowance"]
    try:
        changed = set_allowance(workplace.company, system, number, by=workplace.actor)
    except LedgerUnwritable as error:
        form.add_error(None, nothing_saved(error))
        return False
    say = messages.success if changed else messages.info
    say(workplace.request, wording.kept(system, number))
    if system_key(system) not in systems_seen(workplace.company):
        messages.warning(workplace.request, wording.unseen(system))
    return True


def _without(kept: list[Allowance], company: Company) -> list[str]:
    """The systems that pools were seen to have connectors of, and no number is kept for."""
    known = {each.key for each in kept}
    return [name for key, name in systems_seen(company).items() if key not in known]
