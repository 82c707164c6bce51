"""A person's own token for a company: adding, confirming, verifying, removing, using it.

A token leaves its seal only here, on its way into the service module.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from pools.core import ApiKey, BearerToken, Budget, CoreClient, Credential, PoolQuery, Sort
from pools.core.comparing import same_value
from pools.core.credentials import expiry_in_token
from pools.core.errors import CredentialExpired, Unauthenticated
from pools.database_faults import try_to_write
from pools.ledger import clock
from pools.ledger.appending import Actor, LedgerUnwritable, record_event
from pools.ledger.canonical import storable
from pools.models import Company, Token
from pools.models.rows import Columns
from pools.secret import Secret
from pools.tokens.vault import (
    Binding,
    Unsealable,
    fingerprint,
    is_up_to_date,
    keep_canary,
    seal,
    unseal,
)

# A token in use works many times a minute; its "last worked" is not worth a write each time.
WRITTEN_EVERY: Final = timedelta(minutes=5)
SHOWN_POOLS: Final = 3
LARGEST_TOTAL: Final = 2**63 - 1
# A part of a query, and what goes into it.
Sql = tuple[str, Sequence[Any]]
_TOKEN: Final = Columns(Token)
_COMPANY: Final = Columns(Company)


class TokenMissing(Exception):
    """The person has no token in use for this company."""


class PersonDisabled(TokenMissing):
    """The token's owner is disabled: until they are enabled again, it is not used."""


class CompanyArchived(TokenMissing):
    """The company is archived: until it is brought back, no token is used for it."""


class TokenUnreadable(Exception):
    """The stored token does not open: key gone, row altered, or the company's address changed."""


@dataclass(frozen=True, slots=True)
class TokenScope:
    """What a token gives access to: how many pools (None: Core did not say), the oldest names.

    `differs_from_current`: the token in use showed other pools of the same origin, so that
    this one is likely another company's.
    """

    total: int | None
    names: tuple[str, ...]
    differs_from_current: bool


def token_for(user: User, company: Company) -> Token | None:
    """The person's confirmed token for a company."""
    return (
        Token.objects.filter(user=user, company=company, confirmed_at__isnull=False)
        .select_related("company", "user")
        .first()
    )


class Found(NamedTuple):
    """A token with its company; the ledger's newest entry then; and what was asked beside it."""

    token: Token
    newest: int
    beside: Any


def token_in(user: User, slug: str, beside: Sql) -> Found | None:
    """The same with its company, by the company's short name; and the ledger's newest entry now.

    By one question: each page of a company begins with all of it. `beside` is what else the page
    asks; it may name columns of `pools_company`.
    """
    asked, given = beside
    query = (
        f"SELECT {_TOKEN.sql}, {_COMPANY.sql},"  # noqa: S608  # nosec B608
        f" (SELECT MAX(seq) FROM pools_entry), {asked} FROM pools_token"
        " JOIN pools_company ON pools_company.id = pools_token.company_id"
        " WHERE pools_company.slug = %s AND pools_token.user_id = %s"
        " AND pools_token.confirmed_at IS NOT NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [*given, slug, user.pk])
        row = cursor.fetchone()
    if row is None:
        return None
    *columns, newest, told = row
    token = _TOKEN.row(columns[: _TOKEN.count])
    token.user, token.company = user, _COMPANY.row(columns[_TOKEN.count :])
    return Found(token, newest or 0, told)


def must_be_active(company: Company) -> None:
    """Raises CompanyArchived."""
    if company.archived_at is not None:
        raise CompanyArchived("the company is archived")


@sensitive_variables()
def open_core(token: Token, request_id: str = "", budget: Budget | None = None) -> CoreClient:
    """Core, with this token. Raises TokenMissing, TokenUnreadable or CredentialExpired.

    What runs without its owner being there (settling, say) is stopped here, too.
    """
    if not token.user.is_active:
        raise PersonDisabled("the token's owner is disabled")
    must_be_active(token.company)
    if token.expires_at is not None and token.expires_at <= timezone.now():
        raise CredentialExpired("the token has expired")
    credential = _credential(token)
    if not is_up_to_date(token.sealed):
        _seal_again(token, credential.secret)
    return CoreClient(token.company.base_url, credential, settings.CORE_LIMITS, request_id, budget)


@sensitive_variables()
def add_token(
    user: User,
    company: Company,
    credential: Credential,
    label: str,
    *,
    by: Actor,
    request_id: str = "",
    budget: Budget | None = None,
) -> tuple[Token, TokenScope]:
    """Tries a credential at Core, and keeps it, unconfirmed, in place of an earlier try.

    `budget` is there where signing in has spent some of it. Raises CoreError when Core does
    not take it (nothing is kept), LedgerUnwritable when the event cannot be recorded, and
    CompanyArchived.
    """
    must_be_active(company)
    expires_at = _expiry(credential)
    if expires_at is not None and expires_at <= timezone.now():
        raise CredentialExpired("the token has expired")
    core = CoreClient(company.base_url, credential, settings.CORE_LIMITS, request_id)
    scope = _read_scope(core.within(budget), company)
    now = timezone.now()
    token = Token(
        id=uuid.uuid4(),
        user=user,
        company=company,
        kind=Token.Kind.API_KEY if isinstance(credential, ApiKey) else Token.Kind.BEARER,
        label=storable(label),
        fingerprint=fingerprint(credential.secret),
        # Told apart from the changes that were made with the one before.
        created_at=clock.now(),
        expires_at=expires_at,
        verified_at=now,
        last_worked_at=now,
        **scope,
    )
    token.sealed = seal(credential.secret, binding_of(token))
    with _recording("token_added", token, by):
        Token.objects.filter(user=user, company=company, confirmed_at__isnull=True).delete()
        keep_canary()
        token.save(force_insert=True)
    return token, scope_of(token)


def confirm_token(token: Token, *, by: Actor) -> None:
    """Puts an unconfirmed token to use; the one used until now is removed."""
    if token.confirmed_at is not None:
        return
    in_use = Token.objects.filter(
        user=token.user, company=token.company, confirmed_at__isnull=False
    )
    older = list(in_use.values_list("fingerprint", flat=True))
    action = "token_replaced" if older else "token_confirmed"
    with _recording(action, token, by, {"replaced": older}):
        in_use.delete()
        token.confirmed_at = timezone.now()
        token.save(update_fields=["confirmed_at"])


def verify_token(token: Token, *, by: Actor) -> TokenScope:
    """Asks Core whether a token works, and keeps what it shows now. Raises CoreError."""
    try:
        scope = _read_scope(open_core(token).within(), token.company)
    except Unauthenticated:
        with _recording("token_verified", token, by, {"works": False}):
            mark_refused(token)
        raise
    differs = _differs(token, scope)
    with _recording("token_verified", token, by, {"works": True}):
        token.verified_at = token.last_worked_at = timezone.now()
        token.refused_at = None
        for field, value in scope.items():
            setattr(token, field, value)
        token.save(update_fields=["verified_at", "last_worked_at", "refused_at", *scope])
    return TokenScope(token.opens_total, tuple(token.opens_names), differs)


def remove_token(token: Token, *, by: Actor) -> None:
    """Forgets a token. At Patchworks it stays valid until it is revoked there."""
    with _recording("token_removed", token, by):
        Token.objects.filter(pk=token.pk).delete()


def scope_of(token: Token) -> TokenScope:
    """What a stored token showed when it was last looked at, compared with the one in use."""
    current = token_for(token.user, token.company)
    differs = current is not None and current.pk != token.pk and _differs(current, _shown(token))
    return TokenScope(token.opens_total, tuple(token.opens_names), differs)


def mark_worked(token: Token) -> None:
    """Core has just accepted the token. Written at most every five minutes."""
    now = timezone.now()
    recent = token.last_worked_at is not None and now - token.last_worked_at < WRITTEN_EVERY
    if recent and token.refused_at is None:
        return
    token.last_worked_at, token.refused_at = now, None
    row = Token.objects.filter(pk=token.pk)
    try_to_write("token worked", lambda: row.update(last_worked_at=now, refused_at=None))


def mark_refused(token: Token) -> None:
    """Core has just answered 401 to the token."""
    token.refused_at = timezone.now()
    row = Token.objects.filter(pk=token.pk)
    try_to_write("token refused", lambda: row.update(refused_at=token.refused_at))


@contextmanager
def _recording(
    action: str, token: Token, by: Actor, facts: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """One transaction for what is done to a token and for its event: both or neither."""
    about = {
        "token": str(token.pk),
        "kind": token.kind,
        "label": token.label,
        "fingerprint": token.fingerprint,
        **(facts or {}),
    }
    try:
        with transaction.atomic(durable=True):
            yield
            record_event(action, by, company=token.company.slug, facts=about)
    except DatabaseError as error:
        raise LedgerUnwritable("the token's event could not be recorded") from error


def _read_scope(core: CoreClient, company: Company) -> dict[str, Any]:
    """What a credential gives access to, as the fields that keep it."""
    page = core.list_pools(PoolQuery(sort=Sort.CREATED, per_page=SHOWN_POOLS))
    pools = page.pools[:SHOWN_POOLS]
    known = page.total is not None and 0 <= page.total <= LARGEST_TOTAL
    return {
        "opens_total": page.total if known else None,
        "opens_names": [storable(pool.name or "") for pool in pools],
        "opens_ids": [pool.id for pool in pools],
        "opens_origin": company.origin,
    }


def _shown(token: Token) -> dict[str, Any]:
    return {field: getattr(token, field) for field in ("opens_names", "opens_ids", "opens_origin")}


def _differs(current: Token, scope: Mapping[str, Any]) -> bool:
    """Whether not one of the pools that are shown is the same. No other origin says anything."""
    if current.opens_origin is None or current.opens_origin != scope["opens_origin"]:
        return False
    before = list(zip(current.opens_ids, current.opens_names, strict=True))
    now = list(zip(scope["opens_ids"], scope["opens_names"], strict=True))
    return bool(before or now) and not any(
        one[0] == other[0] and same_value(one[1], other[1]) for one in before for other in now
    )


@sensitive_variables()
def _expiry(credential: Credential) -> datetime | None:
    """The earlier of what the sign-in said and what the token itself says."""
    if isinstance(credential, ApiKey):
        return None
    told = (credential.expires_at, expiry_in_token(credential.secret.reveal()))
    return min((moment for moment in told if moment is not None), default=None)


def binding_of(token: Token) -> Binding:
    """What the token is sealed to: owner, row, company with its present address, and kind."""
    return Binding(
        user_id=token.user_id,
        row_id=token.pk,
        base_url=token.company.base_url,
        company=token.company.slug,
        kind=token.kind,
    )


@sensitive_variables()
def _credential(token: Token) -> Credential:
    try:
        secret = unseal(token.sealed, binding_of(token))
    except Unsealable as error:
        raise TokenUnreadable(str(error)) from None
    if token.kind == Token.Kind.API_KEY:
        return ApiKey(secret)
    return BearerToken(secret, token.expires_at)


@sensitive_variables()
def _seal_again(token: Token, secret: Secret) -> None:
    """Binds a token from before to its company and kind too. If that can't be written: later."""
    sealed = seal(secret, binding_of(token))

    def write() -> None:
        keep_canary()
        Token.objects.filter(pk=token.pk, sealed=token.sealed).update(sealed=sealed)

    if try_to_write("token encrypted again", write):
        token.sealed = sealed


@sensitive_variables()
def is_readable(token: Token) -> bool:
    """Whether its secret can be had: the key is there, and nothing was altered."""
    try:
        _credential(token)
    except TokenUnreadable:
        return False
    return True
