"""A company as one person works in it: with their own token, and nobody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import date_format

from pools import tokens
from pools.changes import Actor, Conflict, LedgerUnwritable, OutcomeUnwritten, PoolHeld
from pools.core import CoreClient, CoreError, Forbidden, Invalid, NotFound, Unauthenticated
from pools.guards import person
from pools.models import Company, Token
from pools.presentation import Deed, Place, Problem, problem_for
from pools.tokens import TokenMissing, TokenState, TokenUnreadable
from pools.views.rendering import show

# What a view may meet and shows as a problem; anything else is a defect and a 500.
READING: Final = (CoreError, TokenMissing, TokenUnreadable)
CHANGING: Final = (*READING, Conflict, PoolHeld, LedgerUnwritable, OutcomeUnwritten)


@dataclass(frozen=True, slots=True)
class Workplace:
    """A company, the person in it, and their token there (None: not yet)."""

    request: HttpRequest
    company: Company
    token: Token | None

    @contextmanager
    def core(self) -> Iterator[CoreClient]:
        """Core, reached with the person's own token; notes whether the token worked."""
        if self.token is None:
            raise TokenMissing
        core = tokens.open_core(self.token, request_id=getattr(self.request, "id", ""))
        try:
            yield core
        except Unauthenticated:
            tokens.note_refused(self.token)
            raise
        except (Forbidden, NotFound, Invalid):
            # A judgement on the request, not on the token: Core accepted it.
            tokens.note_worked(self.token)
            raise
        else:
            if core.last_exchange is not None:
                tokens.note_worked(self.token)

    @property
    def actor(self) -> Actor:
        user = person(self.request)
        return Actor(
            id=user.pk, name=user.get_username(), address=self.request.META.get("REMOTE_ADDR", "")
        )

    @property
    def may(self) -> dict[str, bool]:
        """What the person's role includes, by the word on the button."""
        return rights_of(person(self.request))

    @property
    def token_notice(self) -> dict[str, str] | None:
        """A warning in the last hours of a token, so that no change meets its end."""
        token = self.token
        if token is None or token.expires_at is None:
            return None
        if tokens.state_of(token, timezone.now()) is not TokenState.EXPIRING:
            return None
        at = date_format(timezone.localtime(token.expires_at), "H:i")
        return {
            "kind": "warning",
            "text": f"Your token for {self.company.name} expires at {at}.",
            "href": Place(self.company, self.request.get_full_path()).token_href("token_replace"),
            "label": "Replace",
        }

    def problem(self, error: Exception, deed: Deed = Deed.READING) -> Problem:
        here = self.request.get_full_path()
        return problem_for(error, Place(company=self.company, here=here, deed=deed))

    def show_problem(self, error: Exception, **more: Any) -> HttpResponse:
        """A page (or the dialog's content) that says what went wrong and what to do next."""
        problem = self.problem(error)
        context: dict[str, Any] = {"company": self.company, "problem": problem, **more}
        return show(self.request, "pools/problem.html", context, status=problem.status)


def rights_of(user: User) -> dict[str, bool]:
    """What a person's role includes, by the word on the button."""
    return {
        deed: user.has_perm(f"pools.{deed}_pools") for deed in ("edit", "clear", "create", "delete")
    }


def enter(request: HttpRequest, slug: str) -> Workplace:
    """The workplace at an address. An unknown company is 404."""
    company = get_object_or_404(Company, slug=slug)
    return Workplace(
        request=request, company=company, token=tokens.token_for(person(request), company)
    )
