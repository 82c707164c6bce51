"""Setting a company up: tried before it is saved, recorded, and never more than was changed."""

import json
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from pools.models import Company, Entry, Token
from pools.tokens import keeping
from sandbox.running import RunningSandbox
from tests.changes.recorded import a_change
from tests.fixtures.panel import give_token, make_person, told

pytestmark = pytest.mark.django_db

ACME = "/companies/acme/"
NEW = {
    "name": "New Ltd",
    "slug": "new-ltd",
    "base_url": "https://core.example",
    "sign_in_url": "",
    "colour": "red",
    "position": "100",
}


def opened(client: Client, address: str = ACME) -> dict[str, Any]:
    """What the form would send if nothing in it was touched."""
    form = client.get(address).context["form"]
    shown = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in shown.items() if value not in ("", None, [])}


def recorded(action: str) -> list[dict[str, Any]]:
    found = Entry.objects.filter(action=action).order_by("seq")
    return [json.loads(facts)["changed"] for facts in found.values_list("facts", flat=True)]


def test_a_new_company_is_recorded_and_listed(admin: Client) -> None:
    page = admin.post("/companies/new/", NEW, follow=True)
    assert page.redirect_chain == [("/companies/", 302)]
    assert "“New Ltd” was added." in told(page).replace("\u2068", "").replace("\u2069", "")
    assert "new-ltd · nobody has a token" in told(page)
    assert Entry.objects.get(action="company_added").company == "new-ltd"
    (changed,) = recorded("company_added")
    assert (changed["slug"], changed["base_url"]) == (
        ["", "new-ltd"],
        ["", "https://core.example"],
    )


@pytest.mark.parametrize(
    ("slug", "says"),
    [
        ("gone", "The history already has a company with this short name"),
        ("GONE", "The history already has a company with this short name"),
        ("new", "The panel uses this word in its own addresses."),
        ("NEW", "The panel uses this word in its own addresses."),
    ],
)
def test_a_short_name_that_means_something_else_is_not_given(
    admin: Client, slug: str, says: str
) -> None:
    a_change(company="gone")
    page = admin.post("/companies/new/", NEW | {"slug": slug})
    assert (page.status_code, says in told(page)) == (422, True)
    assert page.context["form"]["name"].value() == "New Ltd"
    assert not Company.objects.exists()


def test_a_company_with_such_a_short_name_from_before_is_set_up_at_its_longer_address(
    admin: Client, acme: Company
) -> None:
    Company.objects.filter(pk=acme.pk).update(slug="new")
    address = "/companies/new/edit/"
    assert f'href="{address}"' in admin.get("/companies/").text
    page = admin.post(address, opened(admin, address) | {"name": "New Ltd"}, follow=True)
    assert (Company.objects.get().name, page.status_code) == ("New Ltd", 200)
    assert not admin.get("/companies/new/").context["form"].is_there


def test_only_what_was_changed_is_saved_and_recorded(admin: Client, acme: Company) -> None:
    form = opened(admin)
    Company.objects.filter(pk=acme.pk).update(name="Acme Ltd", origin=4)
    admin.post(ACME, form | {"colour": "red", "slug": "other"})
    acme.refresh_from_db()
    assert (acme.name, acme.colour, acme.slug, acme.origin) == ("Acme Ltd", "red", "acme", 4)
    assert recorded("company_changed") == [{"colour": ["teal", "red"]}]


def test_what_a_colleague_changed_too_is_said_and_sent_again_it_is_meant(
    admin: Client, acme: Company
) -> None:
    form = opened(admin) | {"name": "Mine"}
    admin.post(ACME, opened(admin) | {"name": "Theirs"})
    page = admin.post(ACME, form)
    says = "ada changed this to “Theirs” after you opened the form."
    assert says in told(page).replace("\u2068", "").replace("\u2069", "")
    assert (page.status_code, Company.objects.get().name) == (422, "Theirs")
    shown = page.context["form"]
    admin.post(ACME, form | {"seen": shown["seen"].value()})
    assert Company.objects.get().name == "Mine"


def test_saving_nothing_is_no_event(admin: Client, acme: Company) -> None:
    page = admin.post(ACME, opened(admin), follow=True)
    assert "Nothing to save: you changed nothing." in told(page)
    assert recorded("company_changed") == []


def test_what_cannot_be_recorded_is_not_saved_and_nothing_typed_is_lost(
    admin: Client, acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        raise DatabaseError

    form = opened(admin) | {"colour": "red"}
    monkeypatch.setattr("pools.companies.record_event", fail)
    page = admin.post(ACME, form)
    assert "Nothing was saved: we can't write to the history right now." in told(page)
    assert page.context["form"]["colour"].value() == "red"
    assert Company.objects.get().colour == "teal"


def test_a_new_address_says_first_whose_tokens_stop_working(
    admin: Client, acme: Company, core: RunningSandbox
) -> None:
    for name in ("olga", "otto"):
        give_token(make_person(name, "Operator"), acme, core.keys["acme"]["full"])
    form = opened(admin) | {"base_url": "https://other.example"}
    page = admin.post(ACME, form)
    assert "At a new address 2 people's tokens stop working" in told(page)
    assert (Company.objects.get().base_url, page.status_code) == (core.url, 422)
    assert 'name="move_anyway"' in page.text
    page = admin.post(ACME, form | {"move_anyway": "on"}, follow=True)
    assert "The address has changed, so 2 stored tokens stopped working." in told(page)
    assert (Company.objects.get().base_url, Company.objects.get().origin) == (
        "https://other.example",
        2,
    )
    with pytest.raises(keeping.TokenUnreadable):
        keeping.open_core(Token.objects.all()[0])


def test_an_address_that_nothing_depends_on_is_just_saved(admin: Client, acme: Company) -> None:
    admin.post(ACME, opened(admin) | {"base_url": "https://other.example/"})
    assert Company.objects.get().base_url == "https://other.example"


def test_both_addresses_are_tried_as_typed_and_nothing_is_saved(
    admin: Client, acme: Company, core: RunningSandbox
) -> None:
    typed = opened(admin) | {"name": "Typed", "_test": "yes"}
    page = admin.post(ACME, typed)
    assert "Core API address: The Core API answers here, and asks for a token" in told(page)
    assert "Sign-in address: Patchworks signs people in here." in told(page)
    assert (page.status_code, page.text.count("notice-success")) == (200, 2)
    assert (page.context["form"]["name"].value(), Company.objects.get().name) == ("Typed", "Acme")
    page = admin.post("/companies/new/", {"base_url": "http://127.0.0.1:9", "_test": "yes"})
    assert "Core API address: Patchworks' host refused the connection." in told(page)
    assert "notice-success" not in page.text


def test_the_finding_alone_comes_where_a_script_asks_for_it(admin: Client, acme: Company) -> None:
    headers = {"HX-Request": "true", "HX-Target": "connection"}
    answer = admin.post(ACME, opened(admin) | {"_test": "yes"}, headers=headers)
    assert "<form" not in answer.text
    assert answer.text.count("notice-success") == 2


def test_companies_stand_in_the_order_that_was_chosen(
    admin: Client, acme: Company, core: RunningSandbox
) -> None:
    admin.post("/companies/new/", NEW | {"name": "Zulu", "position": "1"})
    admin.post("/companies/new/", NEW | {"name": "Aardvark", "slug": "aardvark"})
    assert [company.name for company in Company.objects.all()] == ["Zulu", "Aardvark", "Acme"]


def test_allowances_and_archive_are_parts_of_the_page(admin: Client, acme: Company) -> None:
    back = f"{ACME}#allowances"
    form = {"system": "NetSuite", "allowance": "15", "next": back}
    answer = admin.post("/c/acme/allowances/", form)
    assert answer.headers["Location"] == back
    page = admin.get(ACME)
    assert "NetSuite 15 at a time" in told(page)
    assert "The allowance for “NetSuite” is 15." in told(page)
    assert "It leaves Home, Find and every list." in told(page)
    assert 'href="/companies/acme/archive/"' in page.text
    assert admin.get(f"{ACME}?system=netsuite").context["allowance_form"]["allowance"].value() == 15
    refused = admin.post("/c/acme/allowances/", form | {"allowance": "0"})
    assert (refused.status_code, f'value="{back}"' in refused.text) == (422, True)
    answer = admin.post("/c/acme/allowances/remove/", {"system": "NetSuite", "next": back})
    assert (answer.headers["Location"], "15 at a time" in told(admin.get(ACME))) == (back, False)


def test_an_archived_company_has_only_the_way_back(admin: Client, acme: Company) -> None:
    admin.post(f"{ACME}archive/")
    page = admin.get(ACME)
    assert 'id="allowances"' not in page.text
    assert 'href="/companies/acme/bring-back/"' in page.text
