"""Sealed tokens: they open for their owner, row and address, and for nothing else."""

import base64
import os
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from pools.ledger.chain import wrong_audit_keys
from pools.models import Company, KeyCanary, Token
from pools.secret import Secret
from pools.tokens.vault import (
    Binding,
    KeyMissing,
    SealBroken,
    Unsealable,
    fingerprint,
    keep_canary,
    seal,
    tokens_by_key,
    unseal,
    wrong_token_keys,
)
from tests.tokens.sealing import sealed_before

TOKEN = Secret("canary-token-0123456789")
MINE = Binding(
    user_id=7,
    row_id=uuid.UUID(int=1),
    base_url="https://core.example",
    company="acme",
    kind="api_key",
)


def key(key_id: str) -> tuple[str, Secret]:
    return key_id, Secret(base64.b64encode(os.urandom(32)).decode())


def test_opens_to_what_was_sealed() -> None:
    assert unseal(seal(TOKEN, MINE), MINE) == TOKEN


def test_a_sealed_text_names_its_version_and_key_and_not_its_content() -> None:
    sealed = seal(TOKEN, MINE)
    assert sealed.startswith("v2:first:")
    assert TOKEN.reveal() not in sealed


def test_the_same_token_is_sealed_differently_each_time() -> None:
    assert seal(TOKEN, MINE) != seal(TOKEN, MINE)


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": 8},
        {"row_id": uuid.UUID(int=2)},
        {"base_url": "https://core.example/x"},
        {"company": "northwind"},
        {"kind": "bearer"},
    ],
)
def test_does_not_open_for_anything_else_than_it_was_sealed_for(other: dict[str, Any]) -> None:
    with pytest.raises(SealBroken):
        unseal(seal(TOKEN, MINE), replace(MINE, **other))


def test_does_not_open_with_a_bit_flipped_in_any_byte() -> None:
    sealed = seal(TOKEN, MINE).encode()
    for position in range(len(sealed)):
        for bit in range(7):
            flipped = bytearray(sealed)
            flipped[position] ^= 1 << bit
            with pytest.raises(Unsealable):
                unseal(flipped.decode(), MINE)


@pytest.mark.parametrize("length", range(40))
def test_does_not_open_when_cut(length: int) -> None:
    with pytest.raises(Unsealable):
        unseal(seal(TOKEN, MINE)[:length], MINE)


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "v1:::", "v1:first:AAAA:AAAA", "v2:first:AAAA:AAAA", "v3:first:AAAA:AAAA"),
        *("v1:first:é:é", "v2:first:é:é", ":" * 9),
    ],
)
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(SealBroken):
        unseal(text, MINE)


def test_what_was_sealed_before_opens_as_it_was_bound() -> None:
    before = sealed_before(TOKEN, MINE)
    assert before.startswith("v1:first:")
    assert unseal(before, replace(MINE, company="any", kind="any")) == TOKEN
    with pytest.raises(SealBroken):
        unseal(before, replace(MINE, user_id=8))


def test_a_new_text_does_not_open_as_one_from_before() -> None:
    sealed = seal(TOKEN, MINE)
    with pytest.raises(SealBroken):
        unseal(f"v1{sealed.removeprefix('v2')}", MINE)


def test_an_older_key_still_opens(settings: Any) -> None:
    sealed = seal(TOKEN, MINE)
    settings.TOKEN_KEYS = (key("second"), *settings.TOKEN_KEYS)
    assert unseal(sealed, MINE) == TOKEN
    assert seal(TOKEN, MINE).startswith("v2:second:")


def test_a_key_that_is_gone_is_named(settings: Any) -> None:
    sealed = seal(TOKEN, MINE)
    settings.TOKEN_KEYS = (key("second"),)
    with pytest.raises(KeyMissing, match="'first' is not in TOKEN_KEYS"):
        unseal(sealed, MINE)


def test_another_key_of_the_same_id_does_not_open(settings: Any) -> None:
    sealed = seal(TOKEN, MINE)
    settings.TOKEN_KEYS = (key("first"),)
    with pytest.raises(SealBroken):
        unseal(sealed, MINE)


def test_a_fingerprint_stands_for_the_token() -> None:
    assert fingerprint(TOKEN) == fingerprint(Secret(TOKEN.reveal()))
    assert fingerprint(TOKEN) != fingerprint(Secret("canary-token-0123456788"))
    assert len(fingerprint(TOKEN)) == 12


def test_a_fingerprint_says_nothing_to_who_lacks_the_key(settings: Any) -> None:
    before = fingerprint(TOKEN)
    settings.TOKEN_KEYS = (key("first"),)
    assert fingerprint(TOKEN) != before


@pytest.fixture
def stored(db: None, django_user_model: Any) -> Token:
    """A token in the database, sealed with the key `first`."""
    user = django_user_model.objects.create_user("ada")
    company = Company.objects.create(name="Acme", slug="acme", base_url="https://core.example")
    keep_canary()
    return Token.objects.create(
        user=user,
        company=company,
        kind=Token.Kind.API_KEY,
        sealed=seal(TOKEN, MINE),
        fingerprint=fingerprint(TOKEN),
        created_at="2026-05-01T10:00:00Z",
    )


def test_the_right_keys_are_no_reason_not_to_start(stored: Token) -> None:
    assert wrong_token_keys() == []


def test_a_missing_key_is_a_reason_not_to_start(stored: Token, settings: Any) -> None:
    settings.TOKEN_KEYS = (key("second"),)
    assert wrong_token_keys() == [
        "TOKEN_KEYS is missing key first. Stored tokens encrypted with it: 1."
    ]


def test_a_wrong_key_is_a_reason_not_to_start(stored: Token, settings: Any) -> None:
    settings.TOKEN_KEYS = (key("first"),)
    assert wrong_token_keys() == [
        "TOKEN_KEYS: key first is not the one that the stored tokens were encrypted with."
    ]


def test_looking_at_the_keys_changes_nothing(stored: Token, settings: Any) -> None:
    rows = [*KeyCanary.objects.values_list(), *Token.objects.values_list()]
    settings.TOKEN_KEYS = (key("first"), key("second"))
    wrong_token_keys()
    assert [*KeyCanary.objects.values_list(), *Token.objects.values_list()] == rows


@pytest.mark.django_db
def test_a_key_without_tokens_may_be_new() -> None:
    assert wrong_token_keys() == []


def test_a_damaged_row_is_no_reason_not_to_start(stored: Token) -> None:
    Token.objects.update(sealed="damaged")
    assert (wrong_token_keys(), tokens_by_key()) == ([], {})


def test_the_canary_is_kept_once(stored: Token) -> None:
    keep_canary()
    assert KeyCanary.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_tables_there_is_no_reason_not_to_start() -> None:
    """Before the first migration; and a database that does not answer is told elsewhere."""
    tables = ("pools_token", "pools_entry")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
        found = wrong_token_keys() + wrong_audit_keys()
        for table in tables:
            cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
    assert found == []
