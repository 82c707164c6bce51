"""A person's own tokens: one per company. Nobody sees another's, and no token is shown."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from pools import tokens
from pools.changes import LedgerUnwritable
from pools.core import ApiKey, BearerToken, Credential, sign_in
from pools.drafts import take_draft
from pools.forms import TokenForm
from pools.guards import credential_given_lately, needs, person
from pools.models import Company, Token
from pools.presentation import Deed, Place, problem_for
from pools.tokens import Opens, TokenState, state_of
from pools.views.account import safe_next
from pools.views.workplace import READING

STATE_TEXTS = {
    TokenState.MISSING: "No token yet",
    TokenState.READY: "Works",
    TokenState.UNCONFIRMED: "Waiting for your confirmation",
    TokenState.EXPIRING: "Expires soon",
    TokenState.EXPIRED: "Expired",
    TokenState.REFUSED: "No longer accepted by Core",
    TokenState.UNREADABLE: "Can no longer be opened",
}
FAILURES = (*READING, LedgerUnwritable)


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


@needs("pools.view_pools")
def token_list(request: HttpRequest) -> HttpResponse:
    rows = []
    for company, token, pending in tokens_of(person(request)):
        state = state_of(token, timezone.now())
        url, label = next_step(company, state)
        rows.append(
            TokenRow(
                company=company,
                token=token,
                pending=pending,
                state=state,
                state_text=STATE_TEXTS[state],
                next_url=url,
                next_label=label,
                nudge=_nudge(token),
            )
        )
    return render(request, "pools/token_list.html", {"rows": rows})


@needs("pools.view_pools")
@sensitive_post_parameters("token", "password")
def token_add(request: HttpRequest) -> HttpResponse:
    initial = {"company": request.GET.get("company", "")}
    return _token_page(request, "add", Company.objects.order_by("name"), initial)


@needs("pools.view_pools")
@sensitive_post_parameters("token", "password")
@credential_given_lately
def token_replace(request: HttpRequest, company: str) -> HttpResponse:
    chosen = Company.objects.filter(slug=company)
    if not chosen:
        raise Http404
    return _token_page(request, "replace", chosen, {"company": company})


@needs("pools.view_pools")
def token_confirm(request: HttpRequest, company: str) -> HttpResponse:
    """Shows what a new token opens, and puts it to use when the person says so."""
    place = get_object_or_404(Company, slug=company)
    pending = get_object_or_404(
        Token, user=person(request), company=place, confirmed_at__isnull=True
    )
    back = safe_next(request, reverse("pools:pool_list", args=[company]))
    if request.method != "POST":
        context = {
            "company": place,
            "token": pending,
            "opens": tokens.opens_of(pending),
            "current": tokens.token_for(person(request), place),
            "next": back,
        }
        return render(request, "pools/token_confirm.html", context)
    tokens.confirm_token(pending)
    messages.success(request, f"Your token for {place.name} is in use.")
    return redirect(back)


@needs("pools.view_pools")
@require_POST
def token_verify(request: HttpRequest, company: str) -> HttpResponse:
    place = get_object_or_404(Company, slug=company)
    token = get_object_or_404(
        Token, user=person(request), company=place, confirmed_at__isnull=False
    )
    try:
        opens = tokens.verify_token(token)
    except FAILURES as error:
        problem = problem_for(error, Place(place, reverse("pools:token_list")))
        messages.warning(request, f"{problem.title} {problem.meaning}".strip())
    else:
        messages.success(request, f"Your token for {place.name} works: {opens_text(opens)}.")
    return redirect("pools:token_list")


@needs("pools.view_pools")
@credential_given_lately
def token_remove(request: HttpRequest, company: str) -> HttpResponse:
    place = get_object_or_404(Company, slug=company)
    owned = Token.objects.filter(user=person(request), company=place)
    token = owned.order_by("-confirmed_at").first()
    if token is None:
        raise Http404
    if request.method != "POST":
        context = {"company": place, "token": token, "cancel_href": reverse("pools:token_list")}
        return render(request, "pools/token_remove.html", context)
    for each in owned:
        tokens.remove_token(each)
    messages.success(request, f"Your token for {place.name} is removed from the panel.")
    return redirect("pools:token_list")


def tokens_of(user: User) -> list[tuple[Company, Token | None, Token | None]]:
    """Every company with the person's token in use and the one that waits, by two queries."""
    own = Token.objects.filter(user=user).select_related("company")
    in_use = {token.company_id: token for token in own if token.confirmed_at}
    waiting = {token.company_id: token for token in own if not token.confirmed_at}
    return [
        (company, in_use.get(company.pk), waiting.get(company.pk))
        for company in Company.objects.order_by("name")
    ]


def next_step(company: Company, state: TokenState) -> tuple[str, str]:
    """The one thing that a person can do next about their token: its address and its word."""
    if state is TokenState.MISSING:
        return f"{reverse('pools:token_add')}?company={company.slug}", "Add token"
    if state is TokenState.UNCONFIRMED:
        return reverse("pools:token_confirm", args=[company.slug]), "Confirm"
    return reverse("pools:token_replace", args=[company.slug]), "Replace"


def opens_text(opens: Opens) -> str:
    """For instance: it opens 257 pools, the first: “NetSuite orders”."""
    if opens.total is None:
        return "Core did not say how many pools it opens"
    if opens.total == 0:
        return "it opens a company without pools"
    count = "1 pool" if opens.total == 1 else f"{opens.total} pools"
    names = ", ".join(f"“\u2068{name}\u2069”" for name in opens.names)
    return f"it opens {count}, the first: {names}" if names else f"it opens {count}"


def _nudge(token: Token | None) -> str:
    """A word about a key that never expires and has been in use for long."""
    if token is None or token.expires_at is not None:
        return ""
    days = (timezone.now() - token.created_at).days
    if days < settings.TOKEN_NUDGE_DAYS:
        return ""
    return f"In use for {days} days. It never expires: worth replacing by a new one."


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
        "cancel_href": reverse("pools:token_list"),
        "next": safe_next(request, ""),
        "problem": None,
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "pools/token_form.html", context, status=status)
    company: Company = form.cleaned_data["company"]
    try:
        tokens.add_token(
            person(request),
            company,
            _credential(form, company),
            form.cleaned_data["label"],
            request.id,  # type: ignore[attr-defined]
        )
    except FAILURES as error:
        signing_in = form.cleaned_data["kind"] == TokenForm.SIGN_IN
        deed = Deed.SIGNING_IN if signing_in else Deed.ADDING_TOKEN
        problem = problem_for(error, Place(company, request.get_full_path(), deed))
        context["problem"] = problem
        return render(request, "pools/token_form.html", context, status=problem.status)
    target = reverse("pools:token_confirm", args=[company.slug])
    return redirect(f"{target}?next={context['next']}" if context["next"] else target)


@sensitive_variables()
def _credential(form: TokenForm, company: Company) -> Credential:
    kind = form.cleaned_data["kind"]
    if kind == TokenForm.SIGN_IN:
        return sign_in(
            company.sign_in_url,
            form.cleaned_data["email"],
            form.cleaned_data["password"],
            settings.CORE_LIMITS,
        )
    if kind == Token.Kind.BEARER:
        return BearerToken(form.cleaned_data["token"], None)
    return ApiKey(form.cleaned_data["token"])
