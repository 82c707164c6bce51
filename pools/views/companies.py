"""Companies, for administrators: which there are, and setting one up."""

from collections.abc import Callable
from copy import copy
from typing import Any, Final

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from pools import companies as acts
from pools.accounts.reauthentication import credential_given_lately
from pools.changes import open_changes
from pools.companies import people_with_tokens
from pools.forms.companies import CompanyForm, try_connection
from pools.ledger.appending import LedgerUnwritable
from pools.models import Company
from pools.pages.actors import actor_of
from pools.pages.drafts import take_draft
from pools.pages.guards import needs, person
from pools.pages.rendering import show
from pools.people.roles import SET_UP_COMPANIES
from pools.views.allowances import allowances_for
from pools.wording import companies as wording
from pools.wording.database import nothing_saved
from pools.wording.tokens import tokens_stopped_working

_FORM: Final = "pools/company_form.html"


@needs(SET_UP_COMPANIES)
def company_list(request: HttpRequest) -> HttpResponse:
    companies = list(Company.objects.annotate(people=Count("tokens__user", distinct=True)))
    context = {
        "companies": [company for company in companies if company.archived_at is None],
        "archived": [company for company in companies if company.archived_at],
    }
    return render(request, "pools/company_list.html", context)


@needs(SET_UP_COMPANIES)
@credential_given_lately
def company_new(request: HttpRequest) -> HttpResponse:
    return _form_page(request, Company())


@needs(SET_UP_COMPANIES)
@credential_given_lately
def company_edit(request: HttpRequest, company: str) -> HttpResponse:
    return _form_page(request, get_object_or_404(Company, slug=company))


@needs(SET_UP_COMPANIES)
@credential_given_lately
def company_archive(request: HttpRequest, company: str) -> HttpResponse:
    """Puts a company away, after one confirmation."""
    chosen = get_object_or_404(Company.objects.active(), slug=company)
    return _confirmed(request, chosen, wording.ARCHIVE, _archiving(chosen), acts.archive)


@needs(SET_UP_COMPANIES)
@credential_given_lately
def company_bring_back(request: HttpRequest, company: str) -> HttpResponse:
    chosen = get_object_or_404(Company, slug=company, archived_at__isnull=False)
    consequences = wording.bringing_back(people_with_tokens(chosen))
    return _confirmed(request, chosen, wording.BRING_BACK, consequences, acts.bring_back)


def _archiving(company: Company) -> list[str]:
    return wording.archiving(people_with_tokens(company), len(open_changes(company)))


def _confirmed(
    request: HttpRequest,
    company: Company,
    words: wording.ActWords,
    consequences: list[str],
    do: Callable[..., None],
) -> HttpResponse:
    context = {"company": company, "act": words, "consequences": consequences, "stopped": ""}
    if request.method != "POST":
        return render(request, "pools/company_act.html", context)
    try:
        do(company, by=actor_of(request, person(request)))
    except LedgerUnwritable as error:
        context["stopped"] = nothing_saved(error)
        return render(request, "pools/company_act.html", context, status=409)
    messages.success(request, words.done(company.name))
    return redirect("pools:company_setup")


def _form_page(request: HttpRequest, company: Company) -> HttpResponse:
    """*Test connection* tries what is typed, and saves nothing."""
    # The form writes into its own.
    as_stored = copy(company) if company.pk else None
    form = CompanyForm(request.POST or None, instance=company, initial=take_draft(request))
    context: dict[str, Any] = {"form": form, "company": as_stored, "tried": []}
    if as_stored is not None and as_stored.archived_at is None:
        context |= allowances_for(request, as_stored) | {"archiving": _archiving(as_stored)}
    if "_test" in request.POST:
        return show(request, _FORM, context | {"tried": try_connection(form)})
    if form.is_valid() and _kept(request, form, as_stored):
        return redirect("pools:company_setup")
    return show(request, _FORM, context, status=422 if form.is_bound else 200)


def _kept(request: HttpRequest, form: CompanyForm, before: Company | None) -> bool:
    """Saves it and says so; if the record can't be written, the form says that."""
    changed, company = form.changed, form.instance
    try:
        form.keep(by=actor_of(request, person(request)))
    except LedgerUnwritable as error:
        form.add_error(None, nothing_saved(error))
        return False
    if before is None:
        messages.success(request, wording.added(company.name))
    elif not changed:
        messages.info(request, wording.UNCHANGED)
    else:
        messages.success(request, wording.saved(company.name))
        if "base_url" in changed and (people := people_with_tokens(company)):
            messages.warning(request, tokens_stopped_working(people))
    return True
