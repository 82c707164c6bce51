"""Tokens to be sealed anew, the keys for that, and what became of them."""

import base64

from django.contrib.auth.models import User

from pools.models import Company, Token
from pools.secret import Secret
from pools.tokens.keeping import binding_of
from pools.tokens.vault import keep_canary, seal, tokens_by_key, unseal

OLD = ("old", Secret(base64.b64encode(b"o" * 32).decode()))
NEW = ("new", Secret(base64.b64encode(b"n" * 32).decode()))
TOKENS, BATCH = 45, 15
# Every seal and every read of a batch is a point to be killed at; then it has ended.
POINTS = TOKENS + TOKENS // BATCH + 2


def opened() -> set[str]:
    tokens = Token.objects.select_related("company")
    return {unseal(token.sealed, binding_of(token)).reveal() for token in tokens}


def keys_used() -> set[str]:
    return set(tokens_by_key())


def store(count: int) -> None:
    """Tokens `secret-0`, `secret-1` … of one person each, under the key in use."""
    company = Company.objects.create(name="Acme", slug="acme", base_url="https://core.example")
    keep_canary()
    for number in range(count):
        token = Token(
            user=User.objects.create(username=f"user-{number}"),
            company=company,
            kind=Token.Kind.API_KEY,
            fingerprint=f"{number}",
            created_at="2026-05-01T10:00:00Z",
        )
        token.sealed = seal(Secret(f"secret-{number}"), binding_of(token))
        token.save()
