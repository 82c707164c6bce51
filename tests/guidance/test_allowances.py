"""What an account allows is kept once for each system, and on the ledger."""

import json

import pytest
from django.db import IntegrityError, connection

from pools.forms.allowances import AllowanceForm
from pools.guidance.allowances import allowances_of, remove_allowance, set_allowance
from pools.ledger.appending import Actor
from pools.models import Allowance, Company, Entry

ANA = Actor(7, "ana", "192.0.2.1")


def kept(company: Company) -> dict[str, int]:
    return {each.system: each.number for each in allowances_of(company)}


def events() -> list[tuple[str, str, object]]:
    entries = Entry.objects.order_by("seq")
    return [(e.action, e.company, json.loads(e.facts)["changed"]["allowance"]) for e in entries]


def test_a_system_has_one_allowance_however_it_is_written(acme: Company) -> None:
    assert set_allowance(acme, "NetSuite", 12, by=ANA)
    assert set_allowance(acme, " netsuite\u200b", 15, by=ANA)
    assert kept(acme) == {" netsuite\u200b": 15}
    assert events() == [
        ("allowance_set", "acme", [None, 12]),
        ("allowance_set", "acme", [12, 15]),
    ]


def test_what_is_kept_already_is_no_event(acme: Company) -> None:
    set_allowance(acme, "NetSuite", 12, by=ANA)
    assert not set_allowance(acme, "NetSuite", 12, by=ANA)
    assert not remove_allowance(acme, "Shopify", by=ANA)
    assert len(events()) == 1


def test_a_removed_allowance_is_on_the_ledger(acme: Company) -> None:
    set_allowance(acme, "NetSuite", 12, by=ANA)
    assert remove_allowance(acme, "NETSUITE", by=ANA)
    assert (kept(acme), events()[-1]) == ({}, ("allowance_removed", "acme", [12, None]))


def test_another_company_has_its_own(acme: Company) -> None:
    other = Company.objects.create(name="N", slug="n", base_url="https://core.example")
    set_allowance(acme, "NetSuite", 12, by=ANA)
    set_allowance(other, "NetSuite", 5, by=ANA)
    assert (kept(acme), kept(other)) == ({"NetSuite": 12}, {"NetSuite": 5})


def test_the_database_holds_no_number_out_of_bounds(acme: Company) -> None:
    with pytest.raises(IntegrityError):
        Allowance.objects.create(company=acme, system="NetSuite", number=0)
    connection.needs_rollback = False


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("0", "At least 1. To keep no allowance, remove it."),
        ("1" + "0" * 20, "At most 1000000000. To keep no allowance, remove it."),
        ("1.5", "Enter a whole number, using the digits 0 to 9 only."),
    ],
)
def test_a_number_that_is_no_allowance_is_refused_in_words(typed: str, says: str) -> None:
    form = AllowanceForm({"system": "NetSuite", "allowance": typed})
    assert form.errors == {"allowance": [says]}
