"""An entry that cannot be read is shown as that, where it stands; everything else goes on."""

import csv
import io
import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from prometheus_client import generate_latest
from prometheus_client.registry import CollectorRegistry
from structlog.testing import capture_logs

from pools.ledger.leases import reasons_against_leases
from pools.ledger.logged_checkpoints import log_checkpoint
from pools.metrics import DatabaseFigures
from pools.models import Company, Entry, Lease
from pools.models.vocabulary import Action, Kind, Outcome
from pools.upkeep.tending import Tending
from tests.changes.recorded import NOON, a_change, an_event, minutes, read_back
from tests.fixtures.leases import take_lease
from tests.fixtures.ledger import tamper, verify_audit
from tests.fixtures.panel import SignIn, person_of, streamed, told
from tests.fixtures.sampling import at_length, every

pytestmark = pytest.mark.django_db(transaction=True)

CANNOT = "can't be read"
POOL = 7
# What is done to an intent → the columns that are set, as SQL.
ANYWHERE: dict[str, str] = {
    "facts that are no JSON": "facts = '{\"before\":'",
    "facts that are a number": "facts = '5'",
    "facts twice": "facts = '{}{}'",
    "facts that are deep": f"facts = '{'[' * 100_000}'",
    "facts with half a character": 'facts = \'{"request_id":"\\ud800"}\'',
    "values that are a text": 'facts = \'{"before":"x","wanted":null}\'',
    "a limit that is a text": (
        'facts = \'{"before":{"name":"a","limit":"5","timeout":null},"wanted":null}\''
    ),
    "a reverted change that is none": 'facts = \'{"reverts":"x"}\'',
    "evidence that is none": 'facts = \'{"newest":{"id":"7","created_at":5}}\'',
    "a number for a person": "facts = '{\"request_id\":5}'",
    "an unknown action": "action = 'explode'",
    "an unknown kind": "kind = 'rumour'",
    "an action that is never recorded": "action = 'unreadable'",
    "a pool that is none": "pool_id = 'x7'",
    "a pool beyond 64 bits": "pool_id = '99999999999999999999'",
    "a person that is none": "actor_id = 'x'",
    "no id": "change = NULL",
}
ON_SQLITE: dict[str, str] = {
    "bytes for a name": "pool_name = x'ff00'",
    "bytes for an action": "action = x'ff'",
    "text that is none": "reason = CAST(x'ff' AS TEXT)",
    "bytes for facts": "facts = x'7b7d'",
    "a time that is none": "at = 'yesterday'",
    "a day that is none": "at = '2026-13-45 00:00:00'",
    "the first day": "at = '0001-01-01 00:00:00'",
    "bytes for a time": "at = CAST(at AS BLOB)",
    "a number for a time": "at = 5",
    "an id that is none": "change = 'zz'",
    "bytes for an id": "change = x'ff'",
}
ON_POSTGRESQL: dict[str, str] = {
    "a time that never comes": "at = 'infinity'",
    "a time before all": "at = '-infinity'",
    "a time of the year 20000": "at = '20000-01-01'",
    "a time before our years": "at = '0044-03-15 BC'",
}
ONES_OWN = ON_SQLITE if connection.vendor == "sqlite" else ON_POSTGRESQL
DAMAGE = {**ANYWHERE, **ONES_OWN}
# Half of all damage is met by every page and export; of the other half, half by tend, and half
# where what it holds is unlocked.
_ALL = [*DAMAGE.values()]
ON_PAGES = [
    # Every other page, and after the next damage the others.
    *((how, slice(at % 2, None, 2)) for at, how in enumerate((_ALL[1:] + _ALL[:1])[::2])),
    *at_length((how, slice(None)) for how in _ALL),
]
BY_TEND = every(4, _ALL)
ON_RELEASE = every(4, _ALL[2:] + _ALL[:2])
# Words that later entries of a change have.
WORDS: dict[str, tuple[Kind, str]] = {
    "an unknown outcome": (Kind.OUTCOME, "outcome = 'perhaps'"),
    "an unknown reading back": (Kind.READBACK, "outcome = 'perhaps'"),
    "a reading back that is never recorded": (Kind.READBACK, "outcome = 'reading'"),
    "an unknown kind": (Kind.READBACK, "kind = 'rumour'"),
    "facts of an outcome that are a list": (Kind.OUTCOME, "facts = '[]'"),
    "facts of a reading back that are no JSON": (Kind.READBACK, "facts = '{'"),
    "reasons that are a number": (Kind.OUTCOME, 'facts = \'{"fields":{"limit":5}}\''),
}


def damage(seq: int, how: str) -> None:
    tamper(f"UPDATE pools_entry SET {how.replace('%', '%%')} WHERE seq = {seq}")


def intent_of(change: UUID) -> int:
    return int(Entry.objects.get(change=change, kind=Kind.INTENT).seq)


def exported(client: Client, form: str, kind: str = "") -> Any:
    address = f"/changes/export/{kind and f'?kind={kind}'}"
    text = streamed(client.post(address, {"format": form}))
    if form == "json":
        return json.loads(text)
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def auditor(sign_in_as: SignIn) -> Client:
    return sign_in_as("Auditor")


@pytest.mark.parametrize(("how", "some"), ON_PAGES)
def test_every_page_and_export_goes_on(auditor: Client, how: str, some: slice) -> None:
    whole = a_change(reason="whole")
    damaged = a_change(NOON + minutes(1), reason="damaged")
    a_change(NOON + minutes(2), reason="whole too")
    seq = intent_of(damaged)
    damage(seq, how)
    addresses = [
        *("/changes/", "/c/acme/changes/", "/changes/?who=ada", "/changes/?outcome=done"),
        *("/changes/?outcome=unknown", "/changes/?words=whole", "/changes/?pool=7"),
        *("/", "/c/acme/", "/c/acme/pools/", f"/c/acme/pools/{POOL}/", f"/changes/{whole}/"),
        *(f"/changes/?before={whole_seq}" for whole_seq in (seq, seq + 2)),
        f"/changes/?after={seq}",
    ]
    for address in addresses[some]:
        answer = auditor.get(address)
        assert answer.status_code in {200, 302}, address
    page = told(auditor.get("/changes/"))
    assert f"Entry {seq} can't be read" in page
    assert "manage.py verify_audit" in page
    rows = exported(auditor, "json")
    assert [row["unreadable"] for row in rows if row["entry"] == seq] == [
        f"entry {seq} cannot be read"
    ]
    # One that lost its kind is counted as what it was.
    lines = Entry.objects.filter(change__isnull=False, kind__in=[Kind.INTENT, Kind.DRIFT, "rumour"])
    assert len(rows) == len(exported(auditor, "csv")) == lines.count() + ("NULL" in how)
    assert auditor.get(f"/changes/{damaged}/").status_code == 200
    assert auditor.get(f"/changes/{damaged}/revert/").status_code in {403, 404, 409}
    code, said = verify_audit()
    assert (code, f"Entry {seq} does not fit." in said) == (1, True)
    log_checkpoint()


@pytest.mark.parametrize(("kind", "how"), WORDS.values(), ids=WORDS)
def test_what_later_entries_say(auditor: Client, kind: Kind, how: str) -> None:
    change = a_change()
    read_back(change)
    a_change(NOON + minutes(1))
    seq = Entry.objects.get(change=change, kind=kind).seq
    damage(seq, how)
    for address in ("/changes/", f"/changes/{change}/", f"/c/acme/pools/{POOL}/"):
        assert f"Entry {seq} can't be read" in told(auditor.get(address)), address
    (row,) = [row for row in exported(auditor, "csv") if row["change"] == str(change)]
    assert row["outcome"] == "unreadable"
    assert verify_audit()[0] == 1


@pytest.mark.parametrize("how", BY_TEND)
def test_tend_settles_all_others_and_names_it(manager: Client, how: str) -> None:
    user = person_of(manager)
    open_one = a_change(NOON, who=user.username, outcome=Outcome.UNKNOWN, action=Action.CLEAR)
    other = a_change(
        NOON, who=user.username, outcome=Outcome.UNKNOWN, action=Action.CLEAR, pool_id=8
    )
    for change in (open_one, other):
        take_lease(Entry.objects.get(change=change, kind=Kind.INTENT))
    seq = intent_of(open_one)
    damage(seq, how)
    with capture_logs() as logs:
        Tending().round()
    assert [log["change"] for log in logs if log["event"] == "a change is settled"] == [str(other)]
    assert any(log["event"] == "ledger checkpoint" for log in logs)
    assert Lease.objects.filter(change=open_one).exists()
    reasons_against_leases()
    registry = CollectorRegistry()
    registry.register(DatabaseFigures())
    assert b"panel_changes_open 1.0" in generate_latest(registry)
    if "kind" in how:
        # It is no intent any more: the hold is what is told of.
        assert any(log["event"] == "leases do not fit the ledger" for log in logs)
    elif "change = " not in how:
        named = f"entry {seq} cannot be read: run manage.py verify_audit"
        assert named in [log.get("why") for log in logs]


@pytest.mark.parametrize("how", ON_RELEASE)
def test_the_pool_it_holds_can_be_unlocked(manager: Client, acme: Company, how: str) -> None:
    change = a_change(NOON, outcome=None)
    take_lease(Entry.objects.get(change=change, kind=Kind.INTENT))
    damage(intent_of(change), how) if "change = " not in how else damage(1, "reason = reason")
    page = told(manager.get("/c/acme/pools/"))
    assert CANNOT in page or "change = " in how
    address = f"/c/acme/changes/{change}/release/"
    assert manager.get(address).status_code == 200
    assert manager.post(address, {"reason": "T-1"}).status_code in {200, 302}
    assert not Lease.objects.exists()
    assert manager.get("/c/acme/pools/").status_code == 200


@pytest.mark.parametrize(
    "how",
    every(2, (each for each in DAMAGE.values() if "change = " not in each and "pool" not in each)),
)
def test_an_event_is_shown_as_that(sign_in_as: SignIn, how: str) -> None:
    an_event()
    an_event(NOON + minutes(1))
    seq = Entry.objects.order_by("-seq").values_list("seq", flat=True)[1]
    if "action = '" in how or any(each in how for each in ('"before"', '"re', '"newest"')):
        pytest.skip("events say what they like")
    auditor = sign_in_as("Auditor")
    damage(seq, how)
    page = auditor.get("/changes/?kind=events")
    assert page.status_code == 200
    assert f"Entry {seq} can't be read" in told(page)
    rows = exported(auditor, "json", "events")
    assert [row["entry"] for row in rows if row["unreadable"]] == [seq]
    assert exported(auditor, "csv", "events")


def test_a_company_that_is_gone_is_a_name_alone(auditor: Client) -> None:
    change = a_change(company="gone")
    damage(intent_of(change), "facts = ''")
    assert f"Entry {intent_of(change)} can't be read" in told(auditor.get("/changes/"))
    assert auditor.get(f"/changes/{change}/").status_code == 200


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps ids in a column of ids")
@pytest.mark.parametrize("how", ["'zz'", "x'ff'", "5"])
def test_a_hold_that_names_no_id_can_be_unlocked(manager: Client, acme: Company, how: str) -> None:
    take_lease(Entry.objects.get(change=a_change(), kind=Kind.INTENT))
    # With an id of its own beside it, which stays.
    take_lease(Entry.objects.get(change=a_change(pool_id=8), kind=Kind.INTENT))
    tamper(f"UPDATE pools_lease SET change = {how} WHERE pool_key = '{POOL}'")
    form = manager.get(f"/c/acme/pools/{POOL}/clear/").context["form"]
    sent = {name: form[name].value() for name in ("form_id", "seen")}
    refused = manager.post(f"/c/acme/pools/{POOL}/clear/", {**sent, "reason": "T-1"})
    assert "the record doesn't say why" in told(refused)
    (address,) = set(re.findall(r'href="(/c/acme/changes/[0-9a-f-]+/release/)"', refused.text))
    assert manager.get(address).status_code == 200
    assert manager.post(address, {"reason": "T-1"}).status_code in {200, 302}
    assert list(Lease.objects.values_list("pool_key", flat=True)) == ["8"]
    event = Entry.objects.order_by("-seq")[0]
    assert (event.kind, json.loads(event.facts)["change"]) == (Kind.EVENT, "")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps ids in a column of ids")
def test_a_change_that_lost_its_id_has_no_link_to_a_page(manager: Client) -> None:
    damage(intent_of(a_change(outcome=None)), "change = 'zz'")
    for address in ("/c/acme/pools/", f"/c/acme/pools/{POOL}/", "/changes/"):
        page = manager.get(address)
        assert CANNOT in told(page), address
        assert re.findall(r"/changes/[0-9a-f]{8}-[0-9a-f-]+/", page.text) == [], address
