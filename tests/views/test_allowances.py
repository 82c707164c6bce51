"""Managers keep what accounts allow, where they have a token; administrators everywhere."""

import pytest
from django.db import DatabaseError
from django.test import Client

from pools.models import Allowance, Entry
from tests.fixtures.panel import SignIn, told

HERE = "/c/acme/allowances/"


def kept() -> list[tuple[str, int]]:
    return list(Allowance.objects.values_list("system", "number"))


def test_a_number_is_set_changed_and_removed_each_on_the_record(manager: Client) -> None:
    for number in ("15", "20"):
        page = manager.post(HERE, {"system": "NetSuite", "allowance": number}, follow=True)
        assert f"” is {number}." in told(page)
    assert kept() == [("NetSuite", 20)]
    assert manager.get(f"{HERE}?system=netsuite").context["form"]["allowance"].value() == 20
    page = manager.post(f"{HERE}remove/", {"system": "NetSuite"}, follow=True)
    assert ("was removed." in told(page), kept()) == (True, [])
    actions = Entry.objects.filter(action__startswith="allowance_").order_by("seq")
    assert list(actions.values_list("action", flat=True)) == [
        *("allowance_set", "allowance_set", "allowance_removed"),
    ]


def test_systems_that_pools_have_and_no_number_is_kept_for_are_offered(manager: Client) -> None:
    manager.get("/c/acme/pools/?per_page=100")
    offered = manager.get(HERE).context["unset"]
    assert "NetSuite" in offered
    manager.post(HERE, {"system": "netsuite", "allowance": "15"})
    assert manager.get(HERE).context["unset"] == [each for each in offered if each != "NetSuite"]


def test_a_system_that_no_pool_was_seen_with_is_kept_and_named(manager: Client) -> None:
    page = manager.post(HERE, {"system": "Netsuit", "allowance": "15"}, follow=True)
    assert "so nothing counts against it yet. Check the spelling." in told(page)
    assert kept() == [("Netsuit", 15)]
    manager.get("/c/acme/pools/?per_page=100")
    page = manager.post(HERE, {"system": "netsuite", "allowance": "15"}, follow=True)
    assert "Check the spelling" not in told(page)


@pytest.mark.parametrize("number", ["0", "", "1_5", "100000000000000000000", "x"])
def test_what_is_no_number_is_refused_and_still_there(manager: Client, number: str) -> None:
    page = manager.post(HERE, {"system": "NetSuite", "allowance": number})
    assert (page.status_code, kept()) == (422, [])
    assert page.context["form"]["system"].value() == "NetSuite"


def test_a_manager_without_a_token_there_has_no_say_and_an_administrator_does(
    sign_in_as: SignIn,
) -> None:
    form = {"system": "NetSuite", "allowance": "15"}
    page = sign_in_as("Manager", token=None).post(HERE, form)
    assert ("You need a Patchworks token for Acme." in told(page), kept()) == (True, [])
    sign_in_as("Administrator", token=None).post(HERE, form)
    assert kept() == [("NetSuite", 15)]


def test_an_archived_company_says_so(manager: Client, admin: Client) -> None:
    admin.post("/companies/acme/archive/")
    page = manager.post(HERE, {"system": "NetSuite", "allowance": "15"})
    assert ("Acme is archived." in told(page), kept()) == (True, [])


def test_what_cannot_be_recorded_is_not_kept_and_nothing_typed_is_lost(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("pools.guidance.allowances.record_event", fail)
    page = manager.post(HERE, {"system": "NetSuite", "allowance": "15"})
    assert "Nothing was saved: we can't write to the history right now." in told(page)
    assert (page.context["form"]["allowance"].value(), kept()) == ("15", [])
