"""Moving what is sealed to a new key: a batch at a time, to be resumed after any end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from pools.accounts.second_factors import PURPOSE
from pools.models import Token
from pools.models.ledger import Actor, record_event
from pools.tokens import binding_of
from pools.vault import (
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


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of some tokens: how many have the new key now, how many do not open."""

    resealed: int
    unreadable: int


def reseal_tokens(*, forget_unreadable: bool = False) -> Iterator[Batch]:
    """Seals every token that has another key with the writing key, in committed batches.

    A token that was replaced meanwhile is left alone. Tokens that do not open stay as
    they are, or are removed and recorded.
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
                _forget(unreadable)
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


def _next_tokens(after: UUID) -> list[Token]:
    other_keys = Token.objects.exclude(sealed__startswith=f"{VERSION}:{writing_key_id()}:")
    return list(
        other_keys.filter(pk__gt=after).select_related("company", "user").order_by("pk")[:BATCH]
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
    if factor.data[field].startswith(f"{VERSION}:{writing_key_id()}:"):
        return None
    try:
        secret = unseal_for(PURPOSE, factor.data[field])
    except Unsealable:
        return False
    factor.data[field] = seal_for(PURPOSE, secret)
    factor.save(update_fields=["data"])
    return True


def _forget(tokens: list[Token]) -> None:
    for token in tokens:
        token.delete()
        record_event(
            "token_removed",
            Actor(id=0, name="rotate_keys"),
            company=token.company.slug,
            reason="It did not open.",
            facts={"owner": token.user.get_username(), "fingerprint": token.fingerprint},
        )
