"""Tokens as they were sealed before they were bound to their company and kind."""

from pools.secret import Secret
from pools.tokens import vault
from pools.tokens.vault import Binding


def sealed_before(secret: Secret, binding: Binding) -> str:
    bound_to = binding.as_before()
    return vault._seal(secret.reveal(), bound_to, vault.writing_key_id(), vault.VERSION)
