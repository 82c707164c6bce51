"""What administrators see of people: roles, second factor, last seen, tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Prefetch

from pools.accounts.second_factors import FACTORS
from pools.changes import HistoryItem
from pools.changes.entries import read
from pools.changes.history import changes_by_id
from pools.changes.lines import event_line
from pools.models import Company, DisabledSince, Entry, Token
from pools.models.vocabulary import Kind
from pools.people.acts import roles_of
from pools.wording.events import OF_A_TOKEN, line_facts_of, title_of

# The time that is kept, and the one on the ledger, are of one act.
_TOGETHER: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A person as administrators see them. `tokens` are those in use, one a company."""

    user: User
    roles: list[str]
    last_seen: datetime | None
    second_factor: bool
    tokens: list[Token]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person did, other than to a pool; `company` is a name."""

    at: datetime | None
    title: str
    facts: list[tuple[str, str]]
    company: str


@dataclass(frozen=True, slots=True)
class Disabling:
    """When a person was disabled, and by whom; `by` is empty where no entry here says it."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class KeyToRevoke:
    """A key of a company that somebody stored here: they may still have it elsewhere.

    `company` is a name, `kind` in words. `is_stored`: the panel has it, sealed. `at` is when it
    was stored last, None where that can't be read.
    """

    company: str
    kind: str
    label: str
    at: datetime | None
    is_stored: bool


def everyone(*order: str) -> list[PersonFacts]:
    """All people in this order of the fields of User, by a fixed number of queries."""
    return [_facts(user) for user in _people().order_by(*order)]


def person_facts(user_id: int) -> PersonFacts | None:
    user = _people().filter(pk=user_id).first()
    return _facts(user) if user else None


def recent_changes(user: User, limit: int) -> list[HistoryItem]:
    """What a person changed last, newest first, by two queries."""
    newest = (
        Entry.objects.filter(kind=Kind.INTENT, actor_id=str(user.pk))
        .order_by("-seq")
        .values_list("change", flat=True)[:limit]
    )
    return changes_by_id([change for change in newest if change is not None])


def recent_events(user: User, limit: int) -> list[Event]:
    """What a person did last, other than to pools: sign-ins, tokens, roles."""
    events = Entry.objects.filter(kind=Kind.EVENT, actor_id=str(user.pk)).order_by("-seq")
    names = dict(Company.objects.values_list("slug", "name"))
    return [
        Event(
            at=line.at,
            title=title_of(line.action),
            facts=[fact for fact in line_facts_of(line) if fact[0] not in OF_A_TOKEN],
            company=names.get(line.company, line.company),
        )
        for line in map(event_line, read(events[:limit]))
    ]


def disabling(user: User) -> Disabling | None:
    """Since when somebody is disabled, and who did it; None where no time was noted."""
    since = DisabledSince.objects.filter(user=user).first()
    if since is None:
        return None
    done = Entry.objects.filter(kind=Kind.EVENT, action="person_disabled").order_by("-seq")
    for line in map(event_line, read(done)):
        # They may have been disabled before, and enabled: that is not what is spoken of.
        if line.at is None or line.at < since.at - _TOGETHER:
            break
        if line.facts.get("person") == str(user.pk):
            return Disabling(since.at, line.actor_name)
    return Disabling(since.at, "")


def keys_to_revoke(user: User) -> list[KeyToRevoke]:
    """What a person has stored here, ever: one a company, kind and label."""
    tokens = Token.objects.filter(user=user).select_related("company")
    stored = {(token.company.slug, token.kind, token.label): token.created_at for token in tokens}
    added = Entry.objects.filter(kind=Kind.EVENT, actor_id=str(user.pk), action="token_added")
    last: dict[tuple[str, str, str], datetime | None] = {**stored}
    for line in map(event_line, read(added.order_by("seq"))):
        facts = {name: str(line.facts.get(name, "")) for name in ("kind", "label")}
        last[line.company, facts["kind"], facts["label"]] = line.at
    names = dict(Company.objects.values_list("slug", "name"))
    kinds = dict(Token.Kind.choices)
    return [
        KeyToRevoke(
            company=names.get(key[0], key[0]),
            kind=str(kinds.get(key[1], key[1])),
            label=key[2],
            at=last[key],
            is_stored=key in stored,
        )
        for key in sorted(last)
    ]


def _people() -> Any:
    in_use = Token.objects.filter(confirmed_at__isnull=False).select_related("company")
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    return (
        User.objects.annotate(second_factor=Exists(factors))
        .select_related("seen")
        .prefetch_related(
            "groups",
            Prefetch("tokens", queryset=in_use.order_by("company__name"), to_attr="in_use"),
        )
    )


def _facts(user: Any) -> PersonFacts:
    seen = getattr(user, "seen", None)
    return PersonFacts(
        user=cast(User, user),
        roles=roles_of(user),
        last_seen=seen.at if seen else user.last_login,
        second_factor=user.second_factor,
        tokens=user.in_use,
    )
