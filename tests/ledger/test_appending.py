"""Appending to the ledger: numbered, chained, and readable without anything else."""

import base64
import hmac
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from pools.ledger.appending import Actor, append, head, record_event
from pools.ledger.canonical import canonical_json, storable
from pools.ledger.chain import FIRST, digest_of, wrong_audit_keys
from pools.models import Entry
from pools.models.vocabulary import Kind
from pools.secret import Secret
from pools.upkeep.tending import Tending
from tests.fixtures.ledger import ADA, append_events, tamper, verify_audit
from tests.fixtures.ledger_chain import verify_chain

ROW: tuple[Any, ...] = (
    1,
    1,
    datetime(2026, 5, 1, 10, 0, tzinfo=UTC),
    "intent",
    uuid.UUID(int=1),
    uuid.UUID(int=2),
    None,
    "7",
    "Ada",
    "acme",
    "12",
    "Orders",
    "edit",
    "",
    "T-1",
    '{"address":""}',
    "first",
    FIRST,
)
KEY = b"k" * 32


@pytest.mark.django_db
def test_entries_are_numbered_from_one_without_gaps() -> None:
    append_events(3)
    assert list(Entry.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3]


@pytest.mark.django_db
def test_each_entry_continues_the_one_before() -> None:
    append_events(3)
    first, second, third = Entry.objects.order_by("seq")
    assert [first.previous, second.previous, third.previous] == [
        FIRST,
        first.digest,
        second.digest,
    ]


@pytest.mark.django_db
def test_names_are_kept_as_text() -> None:
    with transaction.atomic():
        record_event("token_added", ADA, company="acme", facts={"label": "mine"})
    entry = Entry.objects.get()
    assert (entry.actor_id, entry.actor_name, entry.company) == ("7", "Ada", "acme")
    assert json.loads(entry.facts) == {"address": "192.0.2.7", "label": "mine"}


@pytest.mark.django_db
def test_text_that_no_database_holds_is_replaced_and_still_verifies() -> None:
    with transaction.atomic():
        record_event("deed", Actor(1, "A\x00da"), reason="\ud800", facts={"a": "\x00"})
    assert Entry.objects.get().actor_name == "A\ufffdda"
    assert verify_chain() is None


@pytest.mark.django_db(transaction=True)
def test_appending_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record_event("deed", ADA)


@pytest.mark.django_db
def test_facts_with_a_float_are_refused() -> None:
    with pytest.raises(TypeError), transaction.atomic():
        record_event("deed", ADA, facts={"seconds": 0.5})


@pytest.mark.django_db
def test_the_model_cannot_save_or_delete_an_entry() -> None:
    append_events(1)
    entry = Entry.objects.get()
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()


@pytest.mark.django_db
def test_the_head_is_the_last_entry() -> None:
    append_events(2)
    last = Entry.objects.get(seq=2)
    assert (head().seq, head().digest, head().at) == (2, last.digest, last.at)


@pytest.mark.django_db
def test_the_head_of_an_empty_ledger_is_nothing() -> None:
    assert (head().seq, head().digest, head().at) == (0, FIRST, None)


@pytest.mark.parametrize("column", range(len(ROW)))
def test_the_digest_covers_every_column(column: int) -> None:
    other: dict[type, Any] = {
        int: 2,
        datetime: datetime(2026, 5, 1, 10, 0, 0, 1, tzinfo=UTC),
        uuid.UUID: uuid.UUID(int=3),
        type(None): uuid.UUID(int=3),
        str: f"{ROW[column]}x",
    }
    altered = (*ROW[:column], other[type(ROW[column])], *ROW[column + 1 :])
    assert digest_of(altered, KEY) != digest_of(ROW, KEY)


def test_the_digest_of_version_1_is_over_this_very_text() -> None:
    """Entries written long ago must verify with every later release."""
    covered = (
        '{"action":"edit","actor_id":"7","actor_name":"Ada","at":"2026-05-01T10:00:00.000000Z",'
        '"batch":null,"change":"00000000000000000000000000000001","company":"acme",'
        '"facts":"{\\"address\\":\\"\\"}","form":"00000000000000000000000000000002",'
        '"key_id":"first","kind":"intent","outcome":"","pool_id":"12","pool_name":"Orders",'
        '"reason":"T-1"}'
    )
    text = f"1|1|{'0' * 64}|{covered}"
    assert digest_of(ROW, KEY) == hmac.new(KEY, text.encode(), "sha256").hexdigest()


texts = st.text().map(storable)
ids = st.none() | st.uuids()
moments = st.datetimes(datetime(1970, 1, 2), datetime(2199, 1, 1), timezones=st.timezones())  # noqa: DTZ001
COVERED = (
    *("at", "kind", "change", "form", "batch", "actor_id", "actor_name", "company", "pool_id"),
    *("pool_name", "action", "outcome", "reason", "facts", "key_id"),
)


@given(
    st.tuples(moments, texts, ids, ids, ids, *[texts] * 10),
)
def test_what_a_digest_covers_is_canonical_json(values: tuple[Any, ...]) -> None:
    covered = dict(zip(COVERED, values, strict=True))
    for name in ("change", "form", "batch"):
        covered[name] = covered[name] and covered[name].hex
    covered["at"] = covered["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    text = f"1|1|{FIRST}|{canonical_json(covered)}"
    digest = hmac.new(KEY, text.encode(), "sha256").hexdigest()
    assert digest_of((1, 1, *values, FIRST), KEY) == digest


@pytest.mark.django_db
def test_older_entries_verify_after_a_new_key_is_put_first(settings: Any) -> None:
    append_events(1)
    new = ("second", Secret(base64.b64encode(b"n" * 32).decode()))
    settings.AUDIT_KEYS = (new, *settings.AUDIT_KEYS)
    append_events(1)
    assert list(Entry.objects.order_by("seq").values_list("key_id", flat=True)) == [
        "first",
        "second",
    ]
    assert verify_chain() is None


@pytest.mark.django_db
def test_a_wrong_audit_key_is_noticed_at_start(settings: Any) -> None:
    append_events(1)
    settings.AUDIT_KEYS = (("first", Secret(base64.b64encode(b"w" * 32).decode())),)
    assert wrong_audit_keys() == [
        "AUDIT_KEYS: key first is not the one that the ledger was written with."
    ]


@pytest.mark.django_db
def test_a_missing_audit_key_is_noticed_at_start(settings: Any) -> None:
    append_events(1)
    settings.AUDIT_KEYS = (("other", Secret(base64.b64encode(b"w" * 32).decode())),)
    assert wrong_audit_keys() == [
        "AUDIT_KEYS is missing key first, which the ledger was written with."
    ]


@pytest.mark.django_db
def test_the_right_audit_key_is_no_reason_not_to_start() -> None:
    append_events(2)
    assert wrong_audit_keys() == []


@pytest.mark.django_db
def test_one_altered_entry_is_no_wrong_key() -> None:
    append_events(3)
    tamper("UPDATE pools_entry SET reason = 'x' WHERE seq = 3")
    assert wrong_audit_keys() == []


@pytest.mark.parametrize("named", ["second", "nobody's"])
@pytest.mark.django_db(transaction=True)
def test_an_altered_name_of_a_key_is_no_wrong_key(settings: Any, named: str) -> None:
    """Whoever alters one entry does not keep the panel, or `tend`, from starting."""
    second = ("second", Secret(base64.b64encode(b"n" * 32).decode()))
    settings.AUDIT_KEYS = (*settings.AUDIT_KEYS, second)
    append_events(3)
    tamper(f"UPDATE pools_entry SET key_id = '{named.replace(chr(39), chr(39) * 2)}' WHERE seq = 2")
    with capture_logs() as logs:
        Tending().round()
    assert [log["entries"] for log in logs if "wrong key" in log["event"]] == [[2]]
    code, said = verify_audit()
    assert (code, said.count("AUDIT_KEYS")) == (1, int(named != "second"))
    assert "Entry 2 does not fit." in said


@pytest.mark.parametrize("kind", [Kind.INTENT, Kind.OUTCOME])
@pytest.mark.django_db
def test_a_change_has_one_intent_and_one_outcome_at_most(kind: Kind) -> None:
    change = uuid.uuid4()
    with transaction.atomic():
        append(kind, "edit", ADA, change=change)
    with pytest.raises(IntegrityError), transaction.atomic():
        append(kind, "edit", ADA, change=change)
