"""Who makes the changes, where, and what they propose."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.contrib.auth.models import Group, User

from pools.changes import ProposedChange, Snapshot
from pools.core import CoreClient, PoolChanges, PoolFields
from pools.ledger.appending import Actor
from pools.models import Company, Token
from pools.models.vocabulary import Action
from pools.secret import Secret
from pools.tokens.keeping import binding_of, open_core
from pools.tokens.vault import fingerprint, seal
from tests.proof.endurance.cases import Case, form_of
from tests.proof.endurance.core_process import CoreProcess

COMPANIES: Final = tuple(f"company-{number}" for number in range(12))
MAKER, COLLEAGUE = 0, 1
NAMES: Final = ("ada", "grace")
# More than the free room of any page: what is recorded needs pages of its own.
LONG_REASON: Final = "x" * 40_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case happens: a company, and a pool of its own (None for a create)."""

    case: Case
    company: str
    pool_id: int | None

    @property
    def name(self) -> str:
        """The pool's name, or the one that a create gives; no other case has it."""
        return f"Pool {self.case.number}"

    @property
    def limit(self) -> int:
        return 10 + self.case.number % 50


class Cast:
    """Two people with tokens of their own for every company, those who leave, and an auditor."""

    def __init__(self, core: CoreProcess) -> None:
        self.core = core
        self.companies = {
            slug: Company.objects.create(name=slug, slug=slug, base_url=core.url)
            for slug in COMPANIES
        }
        self._tokens: dict[tuple[str, str], Token] = {}
        for name in NAMES:
            self._enter(User.objects.create(username=name), COMPANIES)
        self.auditor = User.objects.create(username="otto")
        self.auditor.groups.add(Group.objects.get(name="Auditor"))

    def enter_leavers(self, places: Iterable[Place]) -> None:
        """A person of their own for each case whose person leaves."""
        for place in places:
            if place.case.leaves:
                name = _name(place, MAKER)
                user = User.objects.filter(username=name).first()
                self._enter(user or User.objects.create(username=name), [place.company])

    def open(self, place: Place, whose: int) -> CoreClient:
        """Core, with the person's own token. No call to the database."""
        return open_core(self._tokens[_name(place, whose), place.company])

    def propose(self, seed: int, place: Place, whose: int) -> ProposedChange:
        """The case's change; or the colleague's, who always wants another limit, or a clear."""
        case, creating = place.case, place.case.action is Action.CREATE
        edits = case.action is Action.EDIT
        return ProposedChange(
            company=self.companies[place.company],
            action=case.action,
            pool_id=place.pool_id,
            seen=None if creating else Snapshot(place.name, 5, None, ()),
            fields=PoolFields(place.name, place.limit, 30) if creating else None,
            changed=PoolChanges(limit=place.limit + whose * 100) if edits else None,
            reason=LONG_REASON if case.long_reason else "T-1",
            form_id=form_of(seed, case.number, whose),
            actor=Actor(
                self._tokens[_name(place, whose), place.company].user_id, _name(place, whose)
            ),
        )

    def leave(self, place: Place) -> None:
        """The person is disabled, or their token removed: what they left open stays open."""
        name = _name(place, MAKER)
        if place.case.leaves == "disabled":
            User.objects.filter(username=name).update(is_active=False)
        else:
            Token.objects.filter(user__username=name).delete()

    def _enter(self, user: User, companies: Sequence[str]) -> None:
        for slug in companies:
            secret, now = Secret(self.core.keys[slug]), datetime.now(UTC)
            token = Token(
                id=uuid.uuid4(),
                user=user,
                company=self.companies[slug],
                kind=Token.Kind.API_KEY,
                fingerprint=fingerprint(secret),
                created_at=now,
                confirmed_at=now,
                last_worked_at=now,
            )
            token.sealed = seal(secret, binding_of(token))
            token.save(force_insert=True)
            self._tokens[user.username, slug] = token


def _name(place: Place, whose: int) -> str:
    leaver = place.case.leaves and whose == MAKER
    return f"leaver-{place.case.number}" if leaver else NAMES[whose]
