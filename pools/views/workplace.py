"""A company as one person works in it: with their own token, and nobody else's."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn, TypeVar

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from pools.changes import (
    AlreadyDeleted,
    ChangeResult,
    Conflict,
    FormSentOtherwise,
    OutcomeUnwritten,
    PoolGone,
    PoolHeld,
    PoolVanished,
    ProposedChange,
    drift,
    gone_pool,
    make_change,
)
from pools.changes.reverting import Undo
from pools.core import (
    Budget,
    CoreClient,
    CoreError,
    Forbidden,
    Invalid,
    NotFound,
    Pool,
    Reason,
    Unauthenticated,
)
from pools.guidance.gathering import Kept, kept_beside, kept_in
from pools.ledger.appending import Actor, LedgerUnwritable
from pools.models import Company, Token
from pools.models.vocabulary import RIGHTS, Action
from pools.pages.actors import actor_of
from pools.pages.guards import person
from pools.pages.rendering import show
from pools.pages.streaming import soon_or_begun
from pools.tokens import keeping
from pools.tokens.keeping import TokenMissing, TokenUnreadable
from pools.tokens.state import TokenState, state_of
from pools.wording.problems import problem_for
from pools.wording.situations import Activity, Problem, Situation, token_href
from pools.wording.tokens import expires_soon, next_label

_Read = TypeVar("_Read")
# What a view may meet and shows as a problem; anything else is a defect and a 500.
READING: Final = (CoreError, TokenMissing, TokenUnreadable)
CHANGING: Final = (
    *READING,
    Conflict,
    FormSentOtherwise,
    PoolHeld,
    LedgerUnwritable,
    OutcomeUnwritten,
)
# What the page of a problem tells where it is not about a pool.
NO_POOL: Final[Mapping[str, Any]] = {
    "pool": None,
    "open_changes": (),
    "history": (),
    "earlier_href": "",
    "archived": "",
}


@dataclass(frozen=True, slots=True)
class Workplace:
    """A company, the person in it, and their token there (None: not yet).

    All that is asked of Core for one answer shares one budget. `may` is what the person's role
    includes, by the word on the button; nothing where the company is archived. `as_of` is the
    ledger's newest entry when it was entered: what Core is asked from there on can be compared
    with it. Without a token, nothing is.
    """

    request: HttpRequest
    company: Company
    token: Token | None
    budget: Budget
    may: dict[str, bool]
    as_of: int
    kept: Kept

    @contextmanager
    def core(self) -> Iterator[CoreClient]:
        """Core, reached with the person's own token; marks whether the token worked."""
        core = self._opened()
        with self._marking_token(core):
            yield core

    def ask(
        self,
        read: Callable[[CoreClient], _Read],
        answer: Callable[[CoreClient | None, Callable[[], _Read]], HttpResponse],
        title: str,
    ) -> HttpResponse:
        """The page made of one read of Core; begun with its frame where Core is slow.

        `answer` gets the client for its times, and a function that returns what was read or
        raises what READING names.
        """
        try:
            core = self._opened()
        except READING as error:
            return answer(None, _raising(error))

        def marking(result: Callable[[], _Read]) -> Callable[[], _Read]:
            def marked() -> _Read:
                with self._marking_token(core):
                    return result()

            return marked

        return soon_or_begun(
            self.request,
            lambda: read(core),
            lambda result: answer(core, marking(result)),
            {"company": self.company, "may": self.may, "title": title},
        )

    def ask_pool(
        self,
        pool_id: int,
        answer: Callable[[CoreClient | None, Callable[[], _Read]], HttpResponse],
        title: str,
        notice: Callable[[CoreClient, Company, int, int, Callable[[], Pool], int | None], _Read],
    ) -> HttpResponse:
        """The same of a pool; what was changed outside is recorded when it has been read.

        `notice` does that: one of drift's.
        """

        def noticing(core: CoreClient | None, read: Callable[[], Pool]) -> HttpResponse:
            def noticed() -> _Read:
                if core is None:
                    read()  # it raises why there is none
                assert core is not None  # noqa: S101  (as told)
                return notice(core, self.company, pool_id, self.as_of, read, self.actor.id)

            return answer(core, noticed)

        return self.ask(lambda core: core.get_pool(pool_id), noticing, title)

    def require_token(self) -> Token:
        """The person's token here. Raises CompanyArchived or TokenMissing."""
        keeping.must_be_active(self.company)
        if self.token is None:
            raise TokenMissing
        return self.token

    def check_token(self) -> None:
        """Raises what READING names where the token does not work, by what is known here.

        For what is shown without asking Core, and only to those whom Core would show it.
        """
        self._opened()
        if self.token is not None and self.token.refused_at is not None:
            raise Unauthenticated(Reason.REFUSED_BY_CORE, status=401)

    def _opened(self) -> CoreClient:
        return keeping.open_core(self.require_token(), getattr(self.request, "id", ""), self.budget)

    def clients(self, count: int) -> list[CoreClient]:
        """So many ways to Core with the person's own token, one for each thread that asks."""
        return [self._opened() for _ in range(count)]

    @contextmanager
    def _marking_token(self, core: CoreClient) -> Iterator[None]:
        assert self.token is not None  # noqa: S101  (it was opened)
        try:
            yield
        except Unauthenticated:
            keeping.mark_refused(self.token)
            raise
        except (Forbidden, NotFound, Invalid):
            # A judgement on the request, not on the token: Core accepted it.
            keeping.mark_worked(self.token)
            raise
        else:
            if core.last_exchange is not None:
                keeping.mark_worked(self.token)

    def read(self, pool_id: int | None) -> Pool | Exception | None:
        """A pool; None where there is none to read yet. What READING names is returned."""

        def read() -> Pool | None:
            with self.core() as core:
                if pool_id is None:
                    return None
                return drift.read_pool(core, self.company, pool_id, self.actor.id)

        return self.reading(read, pool_id)

    def reading(
        self, read: Callable[[], Pool | None], pool_id: int | None
    ) -> Pool | Exception | None:
        """What a read of a pool gives. What READING names is returned."""
        try:
            return read()
        except READING as error:
            return self._cause_of(error, pool_id)

    def make(self, change: ProposedChange) -> ChangeResult | Exception:
        """Makes a change. What CHANGING names is returned."""
        # Should the database fail from here on, in whatever is done for the answer.
        self.request.may_have_sent = True  # type: ignore[attr-defined]
        try:
            with self.core() as core:
                result = make_change(core, change)
        except CHANGING as error:
            self.request.may_have_sent = isinstance(error, OutcomeUnwritten)  # type: ignore[attr-defined]
            cause = self._cause_of(error, change.pool_id)
            if change.action is Action.DELETE and isinstance(cause, PoolGone) and cause.deleted:
                return AlreadyDeleted(cause.item)
            if isinstance(cause, NotFound) and change.pool_id is not None and change.seen:
                return PoolVanished(change.pool_id, change.seen)
            return cause
        if isinstance(result.error, Unauthenticated) and self.token:
            keeping.mark_refused(self.token)
        return result

    def _cause_of(self, error: Exception, pool_id: int | None) -> Exception:
        """Of a pool that Core does not have, what the record knows of it."""
        if pool_id is None or not isinstance(error, NotFound):
            return error
        return gone_pool(self.company, pool_id) or error

    @property
    def actor(self) -> Actor:
        return actor_of(self.request, person(self.request))

    @property
    def token_notice(self) -> dict[str, str] | None:
        """A warning in the last hours of a token, so that no change meets its end."""
        token = self.token
        if token is None or token.expires_at is None:
            return None
        if state_of(token, timezone.now()) is not TokenState.EXPIRING:
            return None
        return {
            "kind": "warning",
            "text": expires_soon(self.company.name, token.expires_at),
            "href": token_href(self.company, "token_replace", self.request.get_full_path()),
            "label": next_label(TokenState.EXPIRING),
        }

    @property
    def may_choose(self) -> bool:
        """Whether the person may do something to several pools at once."""
        return self.may[Action.EDIT] or self.may[Action.CLEAR] or self.may[Action.DELETE]

    def situation(self, doing: Activity | Action, undo: Undo | None = None) -> Situation:
        """Where the person is, for the words that depend on it."""
        return Situation(self.company, self.request.get_full_path(), doing, undo)

    def problem(self, error: Exception, doing: Activity | Action) -> Problem:
        """What went wrong, finished, for what the person was doing."""
        return problem_for(error, self.situation(doing))

    def show_problem(self, error: Exception, doing: Activity | Action, **more: Any) -> HttpResponse:
        """A page (or the dialog's content) that says what went wrong and what to do next."""
        situation = replace(self.situation(doing), unopened=True)
        return self.say_problem(problem_for(error, situation), **more)

    def say_problem(self, problem: Problem, **more: Any) -> HttpResponse:
        """The same of a problem that is finished already."""
        context = {**NO_POOL, "company": self.company, "may": self.may, "problem": problem, **more}
        return show(self.request, "pools/problem.html", context, status=problem.status)


def _raising(error: Exception) -> Callable[[], NoReturn]:
    def read() -> NoReturn:
        raise error

    return read


def rights_of(user: User) -> dict[str, bool]:
    """What a person's role includes, by the word on the button."""
    return {action.value: user.has_perm(right) for action, right in RIGHTS.items()}


def enter(request: HttpRequest, slug: str, pool_id: int | None = None) -> Workplace:
    """The workplace at an address, which may be a pool's. An unknown company is 404."""
    user = person(request)
    found = keeping.token_in(user, slug, kept_beside(pool_id))
    token = found.token if found else None
    company = token.company if token else get_object_or_404(Company, slug=slug)
    may = rights_of(user)
    return Workplace(
        request=request,
        company=company,
        token=token,
        budget=Budget(settings.CORE_LIMITS),
        may=may if company.archived_at is None else dict.fromkeys(may, False),
        as_of=found.newest if found else 0,
        kept=kept_in(found.beside if found else None),
    )
