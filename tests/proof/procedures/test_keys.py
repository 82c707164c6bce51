"""Changing keys and losing them, as docs/operations.md says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.deployment import Deployment, copy_of, new_key
from tests.proof.procedures.conftest import Filled

OPENS = "from tests.proof.procedures.filled import secrets_open; print(secrets_open())"
APPEND = """
from django.db import transaction
from pools.ledger.appending import Actor, record_event
with transaction.atomic(): record_event("tested", Actor(1, "ada"))
"""
LEFT = """
from allauth.mfa.models import Authenticator
from pools.models import Entry, Token
lost = Entry.objects.filter(reason="Its key was lost.").order_by("seq")
print(Token.objects.count(), Authenticator.objects.count(), *lost.values_list("action", flat=True))
"""


@pytest.fixture
def panel(filled: Filled, tmp_path: Path) -> Iterator[Deployment]:
    with copy_of(filled.panel.url, tmp_path) as url:
        yield filled.panel.at(url)


def test_a_token_key_is_replaced_and_dropped(panel: Deployment) -> None:
    old = panel.environment["TOKEN_KEYS"]
    new = panel.procedure("new-key", KEY_ID="two").strip()
    assert "is missing key one" in panel.having(TOKEN_KEYS=new).manage("rotate_keys", code=1)
    said = panel.having(TOKEN_KEYS=f"{new},{old}").procedure("rotate-token-keys")
    assert "Key one: 0 tokens, not in use: you can remove it from TOKEN_KEYS." in said
    alone = panel.having(TOKEN_KEYS=new)
    alone.manage("check", "--deploy")
    assert alone.python(OPENS) == "True\n"


def test_an_audit_key_is_replaced_and_the_old_one_still_needed(panel: Deployment) -> None:
    old, new = panel.environment["AUDIT_KEYS"], new_key("two")
    both = panel.having(AUDIT_KEYS=f"{new},{old}")
    both.python(APPEND)
    assert "Entries 1 to 42 fit." in both.procedure("rotate-audit-keys")
    said = panel.having(AUDIT_KEYS=new).manage("verify_audit", code=1)
    assert "Its key one is not in AUDIT_KEYS." in said


def test_what_a_lost_token_key_sealed_is_removed_and_recorded(panel: Deployment) -> None:
    alone = panel.having(TOKEN_KEYS=new_key("two"))
    alone.manage("check", "--deploy", code=1)
    assert "Removed because their key is gone: " in alone.procedure("lost-token-key")
    assert alone.python(LEFT) == "0 0 token_removed second_factor_removed\n"
    alone.manage("check", "--deploy")
