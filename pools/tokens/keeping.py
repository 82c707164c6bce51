"""A person's own token for a company: adding, confirming, verifying, removing, using it.

A token leaves its seal only here, on its way into the service module.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from pools.core import ApiKey, BearerToken, CoreClient, Credential, PoolQuery, Sort
from pools.core.credentials import expiry_in_token
from pools.core.errors import CredentialExpired, Unauthenticated
from pools.models import Company, Token
from pools.models.canonical import storable
from pools.models.ledger import Actor, LedgerUnwritable, record_event
from pools.vault import Binding, Unsealable, fingerprint, keep_canary, seal, unseal

EXPIRING: Final = timedelta(hours=2)
# A token in use works many times a minute; its "last worked" is not worth a write each time.
NOTED_EVERY: Final = timedelta(minutes=5)
SHOWN_POOLS: Final = 3
LARGEST_TOTAL: Final = 2**63 - 1


class TokenMissing(Exception):
    """The person has no token in use for this company."""


class PersonDisabled(TokenMissing):
    """The token's owner is disabled: until they are enabled again, it opens nothing."""


class TokenUnreadable(Exception):
    """The stored token does not open: key gone, row altered, or the company's address changed."""


class TokenState(StrEnum):
    """What a person has to know about their token."""

    MISSING = "missing"
    READY = "ready"
    UNCONFIRMED = "unconfirmed"
    EXPIRING = "expiring"  # within two hours
    EXPIRED = "expired"
    REFUSED = "refused"  # Core answered 401 since it last worked
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Opens:
    """What a token opens: how many pools (None: Core did not say), the oldest ones' names.

    `differs_from_current`: the token in use showed other pools, so that this one is
    likely another company's.
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


def state_of(token: Token | None, now: datetime) -> TokenState:
    """The state of a token, by what is known here: nothing is asked of Core."""
    if token is None:
        return TokenState.MISSING
    if not _readable(token):
        return TokenState.UNREADABLE
    if token.expires_at is not None and token.expires_at <= now:
        return TokenState.EXPIRED
    if token.refused_at is not None:
        return TokenState.REFUSED
    if token.confirmed_at is None:
        return TokenState.UNCONFIRMED
    if token.expires_at is not None and token.expires_at - now <= EXPIRING:
        return TokenState.EXPIRING
    return TokenState.READY


@sensitive_variables()
def open_core(token: Token, request_id: str = "") -> CoreClient:
    """Core, with this token. Raises PersonDisabled, TokenUnreadable or CredentialExpired.

    What runs without its owner being there (settling, say) is stopped here, too.
    """
    if not token.user.is_active:
        raise PersonDisabled("the token's owner is disabled")
    if token.expires_at is not None and token.expires_at <= timezone.now():
        raise CredentialExpired("the token has expired")
    return CoreClient(
        token.company.base_url, _credential(token), settings.CORE_LIMITS, request_id=request_id
    )


@sensitive_variables()
def add_token(
    user: User, company: Company, credential: Credential, label: str, request_id: str = ""
) -> tuple[Token, Opens]:
    """Tries a credential at Core, and keeps it, unconfirmed, in place of an earlier try.

    Raises CoreError when Core does not take it (nothing is kept), LedgerUnwritable when
    the event cannot be recorded.
    """
    expires_at = _expiry(credential)
    if expires_at is not None and expires_at <= timezone.now():
        raise CredentialExpired("the token has expired")
    core = CoreClient(company.base_url, credential, settings.CORE_LIMITS, request_id=request_id)
    opened = _look(core)
    now = timezone.now()
    token = Token(
        id=uuid.uuid4(),
        user=user,
        company=company,
        kind=Token.Kind.API_KEY if isinstance(credential, ApiKey) else Token.Kind.BEARER,
        label=storable(label)[:100],
        fingerprint=fingerprint(credential.secret),
        created_at=now,
        expires_at=expires_at,
        verified_at=now,
        last_worked_at=now,
        **opened,
    )
    token.sealed = seal(credential.secret, binding_of(token))
    with _recording("token_added", token):
        Token.objects.filter(user=user, company=company, confirmed_at__isnull=True).delete()
        keep_canary()
        token.save(force_insert=True)
    return token, opens_of(token)


def confirm_token(token: Token) -> None:
    """Puts an unconfirmed token to use; the one used until now is removed."""
    if token.confirmed_at is not None:
        return
    in_use = Token.objects.filter(
        user=token.user, company=token.company, confirmed_at__isnull=False
    )
    older = list(in_use.values_list("fingerprint", flat=True))
    action = "token_replaced" if older else "token_confirmed"
    with _recording(action, token, {"replaced": older}):
        in_use.delete()
        token.confirmed_at = timezone.now()
        token.save(update_fields=["confirmed_at"])


def verify_token(token: Token) -> Opens:
    """Asks Core whether a token works, and keeps what it opens now. Raises CoreError."""
    try:
        opened = _look(open_core(token))
    except Unauthenticated:
        with _recording("token_verified", token, {"works": False}):
            note_refused(token)
        raise
    differs = _differs(token, opened)
    with _recording("token_verified", token, {"works": True}):
        token.verified_at = token.last_worked_at = timezone.now()
        token.refused_at = None
        for field, value in opened.items():
            setattr(token, field, value)
        token.save(update_fields=["verified_at", "last_worked_at", "refused_at", *opened])
    return Opens(token.opens_total, tuple(token.opens_names), differs)


def remove_token(token: Token) -> None:
    """Forgets a token. At Patchworks it stays valid until it is revoked there."""
    with _recording("token_removed", token):
        Token.objects.filter(pk=token.pk).delete()


def opens_of(token: Token) -> Opens:
    """What a stored token opened when it was last looked at, compared with the one in use."""
    current = token_for(token.user, token.company)
    differs = current is not None and current.pk != token.pk and _differs(current, _shown(token))
    return Opens(token.opens_total, tuple(token.opens_names), differs)


def note_worked(token: Token) -> None:
    """Core accepted the token just now. Written at most every five minutes."""
    now = timezone.now()
    recent = token.last_worked_at is not None and now - token.last_worked_at < NOTED_EVERY
    if recent and token.refused_at is None:
        return
    token.last_worked_at, token.refused_at = now, None
    Token.objects.filter(pk=token.pk).update(last_worked_at=now, refused_at=None)


def note_refused(token: Token) -> None:
    """Core answered 401 to the token just now."""
    token.refused_at = timezone.now()
    Token.objects.filter(pk=token.pk).update(refused_at=token.refused_at)


@contextmanager
def _recording(action: str, token: Token, facts: Mapping[str, Any] | None = None) -> Iterator[None]:
    """One transaction for what is done to a token and for its event: both or neither."""
    about = {
        "token": str(token.pk),
        "kind": token.kind,
        "label": token.label,
        "fingerprint": token.fingerprint,
        **(facts or {}),
    }
    actor = Actor(id=token.user.pk, name=token.user.get_username())
    try:
        with transaction.atomic(durable=True):
            yield
            record_event(action, actor, company=token.company.slug, facts=about)
    except DatabaseError as error:
        raise LedgerUnwritable("the token's event could not be recorded") from error


def _look(core: CoreClient) -> dict[str, Any]:
    """What a credential opens, as the fields that keep it."""
    page = core.list_pools(PoolQuery(sort=Sort.CREATED, per_page=SHOWN_POOLS))
    pools = page.pools[:SHOWN_POOLS]
    known = page.total is not None and 0 <= page.total <= LARGEST_TOTAL
    return {
        "opens_total": page.total if known else None,
        "opens_names": [storable(pool.name or "") for pool in pools],
        "opens_ids": [pool.id for pool in pools],
    }


def _shown(token: Token) -> dict[str, Any]:
    return {"opens_names": token.opens_names, "opens_ids": token.opens_ids}


def _differs(current: Token, opened: Mapping[str, Any]) -> bool:
    """Whether not one of the pools that are shown is the same."""
    before = set(zip(current.opens_ids, current.opens_names, strict=True))
    now = set(zip(opened["opens_ids"], opened["opens_names"], strict=True))
    return bool(before or now) and before.isdisjoint(now)


@sensitive_variables()
def _expiry(credential: Credential) -> datetime | None:
    """The earlier of what the sign-in said and what the token itself says."""
    if isinstance(credential, ApiKey):
        return None
    told = (credential.expires_at, expiry_in_token(credential.secret.reveal()))
    return min((moment for moment in told if moment is not None), default=None)


def binding_of(token: Token) -> Binding:
    """What the token is sealed to: its owner, its row, and the company's present address."""
    return Binding(user_id=token.user_id, row_id=token.pk, base_url=token.company.base_url)


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
def _readable(token: Token) -> bool:
    try:
        _credential(token)
    except TokenUnreadable:
        return False
    return True
