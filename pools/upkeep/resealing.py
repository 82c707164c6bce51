"""Moving what is sealed to a new key: a batch at a time, to be resumed after any end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from pools.accounts.second_factors import PURPOSE
from pools.ledger.appending import Actor, record_event
from pools.models import KeyCanary, Token
from pools.tokens.keeping import binding_of
from pools.tokens.vault import (
    BOUND_VERSION,
    VERSION,
    Unsealable,
    keep_canary,
    seal,
    seal_for,
    unseal,
    unseal_for,
    writing_key_id,
)

BATCH: Final = 200
_LOWEST: Final = UUID(int=0)
# Who did it, for the ledger.
ROTATING: Final = Actor(id=0, name="rotate_keys")


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of some tokens: how many have the new key now, how many do not open."""

    resealed: int
    unreadable: int


def reseal_tokens(*, forget_unreadable: bool = False) -> Iterator[Batch]:
    """Seals every token that has another key, or is from before, with the writing key.

    In committed batches.
    A token that was replaced since it was read is left alone. Unreadable tokens stay as they
    are, or are removed and recorded.
    """
    keep_canary()
    after = _LOWEST
    while True:
        with transaction.atomic(durable=True):
            tokens = _next_tokens(after)
            if not tokens:
                return
            after = tokens[-1].pk
            unreadable = [token for token in tokens if not _reseal(token)]
            if forget_unreadable:
                _forget(unreadable, "It could not be decrypted.")
        yield Batch(len(tokens) - len(unreadable), len(unreadable))


def reseal_second_factors() -> Batch:
    """The same for second factors: at most two a person, so all of them at once.

    One that does not open stays: its owner's administrator removes it.
    """
    keep_canary()
    with transaction.atomic(durable=True):
        kept = Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN)
        opened = [_reseal_second_factor(factor) for factor in kept]
    return Batch(opened.count(True), opened.count(False))


def forget_lost() -> Batch:
    """Removes what is sealed with a key that TOKEN_KEYS does not have, and records each.

    Tokens and second factors both: their owners add them again. For when a key is gone.
    """
    versions = (VERSION, BOUND_VERSION)
    ours = [f"{version}:{key_id}:" for version in versions for key_id, _ in settings.TOKEN_KEYS]
    with transaction.atomic(durable=True):
        tokens = [
            token
            for token in Token.objects.select_related("company", "user").order_by("pk")
            if not token.sealed.startswith(tuple(ours))
        ]
        _forget(tokens, "Its key was lost.")
        factors = [
            factor
            for factor in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)
            if not _sealed_of(factor).startswith(tuple(ours))
        ]
        for factor in factors:
            _forget_second_factor(factor)
        KeyCanary.objects.exclude(pk__in=[key_id for key_id, _ in settings.TOKEN_KEYS]).delete()
    return Batch(0, len(tokens) + len(factors))


def _next_tokens(after: UUID) -> list[Token]:
    up_to_date = f"{BOUND_VERSION}:{writing_key_id()}:"
    others = Token.objects.exclude(sealed__startswith=up_to_date)
    return list(
        others.filter(pk__gt=after).select_related("company", "user").order_by("pk")[:BATCH]
    )


@sensitive_variables()
def _reseal(token: Token) -> bool:
    """Whether the token opened."""
    try:
        secret = unseal(token.sealed, binding_of(token))
    except Unsealable:
        return False
    resealed = seal(secret, binding_of(token))
    Token.objects.filter(pk=token.pk, sealed=token.sealed).update(sealed=resealed)
    return True


@sensitive_variables()
def _reseal_second_factor(factor: Authenticator) -> bool | None:
    """Whether it opened; None when it has the writing key already."""
    field = "secret" if factor.type == Authenticator.Type.TOTP else "seed"
    if _sealed_of(factor).startswith(f"{VERSION}:{writing_key_id()}:"):
        return None
    try:
        secret = unseal_for(PURPOSE, _sealed_of(factor))
    except Unsealable:
        return False
    factor.data[field] = seal_for(PURPOSE, secret)
    factor.save(update_fields=["data"])
    return True


def _sealed_of(factor: Authenticator) -> str:
    sealed: str = factor.data["secret" if factor.type == Authenticator.Type.TOTP else "seed"]
    return sealed


def _forget(tokens: list[Token], reason: str) -> None:
    for token in tokens:
        token.delete()
        record_event(
            "token_removed",
            ROTATING,
            company=token.company.slug,
            reason=reason,
            facts={"owner": token.user.get_username(), "fingerprint": token.fingerprint},
        )


def _forget_second_factor(factor: Authenticator) -> None:
    owner = factor.user.get_username()
    factor.delete()
    record_event(
        "second_factor_removed",
        ROTATING,
        reason="Its key was lost.",
        facts={"owner": owner, "factor": str(factor.type)},
    )
