"""A person's own tokens: one per company. Nobody sees another's, and no token is shown."""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from pools.accounts.reauthentication import credential_given_lately
from pools.core import ApiKey, BearerToken, Budget, Credential, Invalid, sign_in
from pools.forms.tokens import TokenForm
from pools.ledger.appending import LedgerUnwritable
from pools.models import Company, Token
from pools.pages.actors import actor_of
from pools.pages.drafts import take_draft
from pools.pages.guards import needs, person
from pools.people.roles import KEEP_OWN_TOKENS
from pools.tokens import keeping
from pools.tokens.state import TokenState, days_worth_replacing, state_of
from pools.views.account import safe_next
from pools.views.address_names import refuse_form_of_two
from pools.views.visibility import with_archived
from pools.views.workplace import READING
from pools.wording import tokens as wording
from pools.wording.problems import problem_for
from pools.wording.situations import Activity, Situation

FAILURES = (*READING, LedgerUnwritable)
# With more companies than this, those where somebody has no token are folded away.
COMPANIES: Final = 12
# A company, the person's token in use there, and the one that waits.
CompanyTokens = tuple[Company, Token | None, Token | None]


@dataclass(frozen=True, slots=True)
class TokenRow:
    company: Company
    token: Token | None
    pending: Token | None
    state: TokenState
    state_text: str
    next_url: str
    next_label: str
    nudge: str


@needs(KEEP_OWN_TOKENS)
def token_list(request: HttpRequest) -> HttpResponse:
    own, others = own_first(tokens_of(person(request)))
    context = {
        "rows": [_token_row(*each) for each in (*own, *kept_of(person(request)))],
        "others": [_token_row(*each) for each in others],
        "new_one_waits": wording.NEW_ONE_WAITS,
    }
    return render(request, "pools/token_list.html", context)


@needs(KEEP_OWN_TOKENS)
@sensitive_post_parameters("token", "password")
def token_add(request: HttpRequest) -> HttpResponse:
    refuse_form_of_two(request, "company")
    initial = {"company": request.GET.get("company", "")}
    return _token_page(request, "add", Company.objects.active(), initial)


@needs(KEEP_OWN_TOKENS)
@sensitive_post_parameters("token", "password")
@credential_given_lately
def token_replace(request: HttpRequest, company: str) -> HttpResponse:
    chosen = Company.objects.filter(slug=company)
    if not chosen:
        raise Http404
    return _token_page(request, "replace", chosen, {"company": company})


@needs(KEEP_OWN_TOKENS)
def token_confirm(request: HttpRequest, company: str) -> HttpResponse:
    """Shows what a new token gives access to, and puts it to use when the person says so.

    Whichever page it was added on: where it replaces one, the password is asked for.
    """
    pending = _waiting_token(request, company)
    current = keeping.token_for(person(request), pending.company)
    confirm = credential_given_lately(_confirm) if current else _confirm
    return confirm(request, pending, current)


@needs(KEEP_OWN_TOKENS)
@require_POST
def token_discard(request: HttpRequest, company: str) -> HttpResponse:
    """Forgets a new token that is not the right one. The one in use stays in use."""
    pending = _waiting_token(request, company)
    keeping.remove_token(pending, by=actor_of(request, person(request)))
    current = keeping.token_for(person(request), pending.company)
    messages.info(
        request, wording.discarded(pending.company.name, still_in_use=current is not None)
    )
    return redirect(safe_next(request, reverse("pools:token_list")))


@needs(KEEP_OWN_TOKENS)
@require_POST
def token_verify(request: HttpRequest, company: str) -> HttpResponse:
    chosen = get_object_or_404(Company, slug=company)
    token = get_object_or_404(
        Token, user=person(request), company=chosen, confirmed_at__isnull=False
    )
    try:
        scope = keeping.verify_token(token, by=actor_of(request, person(request)))
    except FAILURES as error:
        problem = problem_for(
            error, Situation(chosen, reverse("pools:token_list"), Activity.READING_LIST)
        )
        messages.warning(request, wording.not_verified(problem))
    else:
        messages.success(request, wording.works(chosen.name, scope))
    return redirect("pools:token_list")


@needs(KEEP_OWN_TOKENS)
@credential_given_lately
def token_remove(request: HttpRequest, company: str) -> HttpResponse:
    chosen = get_object_or_404(Company, slug=company)
    token = keeping.token_for(person(request), chosen)
    if token is None:
        raise Http404
    if request.method != "POST":
        context = {"company": chosen, "token": token, "cancel_href": reverse("pools:token_list")}
        return render(request, "pools/token_remove.html", context)
    keeping.remove_token(token, by=actor_of(request, person(request)))
    messages.success(request, wording.removed(chosen.name))
    return redirect("pools:token_list")


def _waiting_token(request: HttpRequest, company: str) -> Token:
    """The person's token that waits for their confirmation; 404 where there is none."""
    return get_object_or_404(
        Token.objects.select_related("company", "user"),
        user=person(request),
        company__slug=company,
        confirmed_at__isnull=True,
    )


def _confirm(request: HttpRequest, pending: Token, current: Token | None) -> HttpResponse:
    company = pending.company
    back = safe_next(request, reverse("pools:pool_list", args=[company.slug]))
    if request.method != "POST":
        scope = keeping.scope_of(pending)
        context = {
            "company": company,
            "token": pending,
            "scope": scope,
            "pools_counted": wording.pools_counted(scope),
            "current": current,
            "next": back,
        }
        return render(request, "pools/token_confirm.html", context)
    keeping.confirm_token(pending, by=actor_of(request, person(request)))
    messages.success(request, wording.in_use(company.name))
    return redirect(back)


def _token_row(company: Company, token: Token | None, pending: Token | None) -> TokenRow:
    state = state_of(token, timezone.now())
    url, label = next_step(company, state)
    return TokenRow(
        company=company,
        token=token,
        pending=pending,
        state=state,
        state_text=wording.STATES[state],
        next_url=url,
        next_label=label,
        nudge=_nudge(token),
    )


def own_first(mine: list[CompanyTokens]) -> tuple[list[CompanyTokens], list[CompanyTokens]]:
    """What is shown at once, and what is folded away: of many companies those without a token.

    Somebody without any sees all companies.
    """
    own = [each for each in mine if each[1] or each[2]]
    if not own or len(mine) <= COMPANIES:
        return mine, []
    return own, [each for each in mine if not (each[1] or each[2])]


def tokens_of(user: User) -> list[CompanyTokens]:
    """Each company that is not archived, with the person's tokens there.

    By two queries, with what is in archives beside the companies.
    """
    own = Token.objects.filter(user=user).select_related("company")
    in_use = {token.company_id: token for token in own if token.confirmed_at}
    waiting = {token.company_id: token for token in own if not token.confirmed_at}
    return [
        (company, in_use.get(company.pk), waiting.get(company.pk))
        for company in with_archived(Company.objects.active())
    ]


def kept_of(user: User) -> list[tuple[Company, Token, None]]:
    """The person's tokens for companies that are archived: kept, and not used."""
    kept = Token.objects.filter(
        user=user, company__archived_at__isnull=False, confirmed_at__isnull=False
    )
    return [(token.company, token, None) for token in kept.select_related("company")]


def next_step(company: Company, state: TokenState) -> tuple[str, str]:
    """The one thing that a person can do next about their token: its address and its word."""
    if state is TokenState.MISSING:
        address = f"{reverse('pools:token_add')}?company={company.slug}"
    elif state is TokenState.UNCONFIRMED:
        address = reverse("pools:token_confirm", args=[company.slug])
    else:
        address = reverse("pools:token_replace", args=[company.slug])
    return address, wording.next_label(state)


def _nudge(token: Token | None) -> str:
    """A word about a key that never expires and has been in use for long."""
    days = days_worth_replacing(token, timezone.now())
    return "" if days is None else wording.worth_replacing(days)


@sensitive_variables()
def _token_page(
    request: HttpRequest, mode: str, companies: Any, initial: dict[str, str]
) -> HttpResponse:
    initial = initial | take_draft(request)
    form = TokenForm(request.POST or None, companies=companies, initial=initial)
    context: dict[str, Any] = {
        "form": form,
        "mode": mode,
        "company": companies.filter(slug=initial["company"]).first(),
        "cancel_href": safe_next(request, reverse("pools:token_list")),
        "next": safe_next(request, ""),
        "problem": None,
        "first": not Token.objects.filter(user=person(request)).exists(),
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "pools/token_form.html", context, status=status)
    company: Company = form.cleaned_data["company"]
    signing_in = form.cleaned_data["kind"] == TokenForm.SIGN_IN
    doing = Activity.SIGNING_IN if signing_in else Activity.ADDING_TOKEN
    # Signing in, and reading what the token shows.
    budget = Budget(settings.CORE_LIMITS)
    signing_in = form.cleaned_data["kind"] == TokenForm.SIGN_IN
    doing = Activity.SIGNING_IN if signing_in else Activity.ADDING_TOKEN
    try:
        credential = _credential(form, company, budget)
        doing = Activity.TRYING_TOKEN if signing_in else doing
        keeping.add_token(
            person(request),
            company,
            credential,
            form.cleaned_data["label"],
            by=actor_of(request, person(request)),
            request_id=request.id,  # type: ignore[attr-defined]
            budget=budget,
        )
    except FAILURES as error:
        problem = problem_for(error, Situation(company, request.get_full_path(), doing))
        context["problem"] = problem
        if doing is Activity.SIGNING_IN and isinstance(error, Invalid):
            form.add_reasons(error.fields)
        return render(request, "pools/token_form.html", context, status=problem.status)
    target = reverse("pools:token_confirm", args=[company.slug])
    query = urlencode({"next": context["next"]}) if context["next"] else ""
    return redirect(f"{target}?{query}" if query else target)


@sensitive_variables()
def _credential(form: TokenForm, company: Company, budget: Budget) -> Credential:
    kind = form.cleaned_data["kind"]
    if kind == TokenForm.SIGN_IN:
        return sign_in(
            company.sign_in_url,
            form.cleaned_data["email"],
            form.cleaned_data["password"],
            settings.CORE_LIMITS,
            budget,
        )
    if kind == Token.Kind.BEARER:
        return BearerToken(form.cleaned_data["token"], None)
    return ApiKey(form.cleaned_data["token"])
