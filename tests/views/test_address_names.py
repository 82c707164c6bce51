"""Names in an address that its page does not know: passed over where a list is shown, and said;
refused where something is made of the list. What mail programs hang on links is neither.
"""

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from pools.models import Entry
from pools.views.address_names import unknown_in
from sandbox.running import RunningSandbox
from tests.changes.recorded import a_change
from tests.fixtures.panel import told

POOLS = "/c/acme/pools/"
CHANGES = "/c/acme/changes/"
LISTS = (POOLS, CHANGES, "/changes/", "/find/")
# As mail programs, help desks and campaigns write them.
TRACKED = (
    *("utm_source=mail&utm_medium=e&utm_campaign=%C3%BC&utm_id=1", "gclid=x", "fbclid=x"),
    *("mc_cid=1&mc_eid=2", "_hsenc=p2&_hsmi=3", "msclkid=a", "gbraid=1&wbraid=2", "mkt_tok=M"),
)


def said(page: str) -> list[str]:
    """The quiet lines about the address."""
    lines = [each.text() for each in LexborHTMLParser(page).css("main section > p.quiet")]
    told = [line.replace("\u2068", "").replace("\u2069", "") for line in lines]
    return [line for line in told if "in this address" in line]


@pytest.mark.usefixtures("core")
@pytest.mark.parametrize("tracked", TRACKED)
def test_what_a_mail_program_hangs_on_a_link_is_passed_over(manager: Client, tracked: str) -> None:
    for path in (*LISTS, f"{POOLS}2/", f"{POOLS}export/", "/"):
        page = manager.get(f"{path}?{tracked}")
        assert (page.status_code, said(page.text)) == (200, []), path
    a_change()
    assert manager.post(f"{CHANGES}export/?{tracked}", {"format": "csv"}).status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_a_name_that_nobody_knows_is_said_above_the_list(
    manager: Client, core: RunningSandbox, path: str
) -> None:
    page = manager.get(f"{path}?serch=ebay")
    assert page.status_code == 200
    (line,) = said(page.text)
    assert line.startswith(
        "“serch” means nothing in this address, so nothing is narrowed by it. This page knows "
    )
    assert len(core.journal) == (path == POOLS)
    # It is in no address that leads on, so what comes next does not say it once more.
    main = LexborHTMLParser(page.text).css_first("main")
    assert main is not None
    assert "serch=" not in str(main.html)


@pytest.mark.usefixtures("core")
def test_all_that_the_page_knows_are_named_and_only_the_first_of_many_others(
    manager: Client,
) -> None:
    (line,) = said(manager.get(f"{POOLS}?q=1&{'y' * 500}=1&Search=2&c=3&d=4").text)
    assert line == (
        f"“q”, “{'y' * 40}…”, “Search” and 2 more mean nothing in this address, so nothing is "
        "narrowed by them. This page knows search, sort, page, per_page and system."
    )


@pytest.mark.usefixtures("core")
@pytest.mark.parametrize("beside", ["search=netsuite&q=1", "q=1&utm_source=mail&search=netsuite"])
def test_what_is_known_beside_it_still_narrows(manager: Client, beside: str) -> None:
    page = manager.get(f"{POOLS}?{beside}")
    assert page.context["query"].search == "netsuite"
    assert page.context["page_facts"]["total"] < 257


@pytest.mark.usefixtures("core")
def test_a_name_is_text_and_turns_nothing(manager: Client) -> None:
    for path in LISTS:
        page = manager.get(path, {"<b>\u202e": "x"}).text
        assert "&lt;b&gt;" in page
        assert "\u202e" not in page


def test_no_file_evidence_or_list_of_changes_is_made_of_more_than_was_meant(
    manager: Client, core: RunningSandbox
) -> None:
    a_change()
    before = Entry.objects.count()
    made = (
        manager.post(f"{POOLS}export/?serch=ebay", {"format": "csv"}),
        manager.post(f"{CHANGES}export/?outcom=done", {"format": "csv"}),
        manager.get(f"{CHANGES}evidence/?outcom=done"),
        manager.post(f"{CHANGES}evidence/?outcom=done"),
        manager.post(
            "/c/acme/batches/new/", {"origin": "1", "matching": "1", "query": "serch=ebay"}
        ),
    )
    for answer in made:
        assert answer.status_code == 400
        assert "The address of this list can only have" in told(answer)
        assert said(answer.text) == []
    assert Entry.objects.count() == before
    assert core.journal == []


def test_evidence_that_is_refused_leads_back_to_the_changes(manager: Client) -> None:
    page = LexborHTMLParser(manager.get(f"{CHANGES}evidence/?outcom=done").text)
    button = page.css_first(".problem a.button")
    assert button is not None
    assert button.attributes["href"] == CHANGES


@pytest.mark.parametrize("name", ["utm", "page", "search", "mc_x", "clid", "ticket_id"])
def test_only_names_that_are_known_to_be_for_others_are_silent(name: str) -> None:
    assert unknown_in({name: "1"}, ()) == [name]


TWICE = "It has “{}” more than once, with different values. Keep one of them."


@pytest.mark.parametrize(
    ("path", "name"),
    [(f"{POOLS}?search=a&search=b", "search"), (f"{POOLS}?page=1&page=2&q=1", "page")]
    + [(f"{path}?outcome=done&outcome=refused", "outcome") for path in (CHANGES, "/changes/")]
    + [(f"{POOLS}export/?sort=&sort=name", "sort"), (f"{CHANGES}evidence/?who=a&who=b", "who")],
)
def test_a_name_twice_with_different_values_is_refused(
    manager: Client, core: RunningSandbox, path: str, name: str
) -> None:
    page = manager.get(path)
    assert page.status_code == 400
    assert TWICE.format(name) in told(page)
    assert core.journal == []


def test_no_file_or_list_of_changes_is_made_of_one_of_two_values(
    manager: Client, core: RunningSandbox
) -> None:
    a_change()
    before = Entry.objects.count()
    chosen = {"origin": "1", "matching": "1", "query": "search=a&search=b"}
    for answer, name in (
        (manager.post(f"{POOLS}export/?search=a&search=b", {"format": "csv"}), "search"),
        (manager.post(f"{CHANGES}export/?who=a&who=b", {"format": "csv"}), "who"),
        (manager.post(f"{CHANGES}evidence/?who=a&who=b"), "who"),
        (manager.post("/c/acme/batches/new/", chosen), "search"),
    ):
        assert answer.status_code == 400
        assert TWICE.format(name) in told(answer)
    assert Entry.objects.count() == before
    assert core.journal == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/c/acme/batches/?page=1&page=2", "page"),
        ("/tokens/add/?company=acme&company=other", "company"),
        ("/c/acme/allowances/?system=NetSuite&system=Shopify", "system"),
        *(
            (f"{path}?ticket=ZD-1&ticket=ZD-2", "ticket")
            for path in (*LISTS, "/", f"{POOLS}2/edit/")
        ),
        (f"{POOLS}?ticket=ZD-1&search=a&ticket=", "ticket"),
    ],
)
def test_a_form_or_a_ticket_is_not_begun_with_one_of_two_values(
    manager: Client, core: RunningSandbox, path: str, name: str
) -> None:
    page = manager.get(path)
    assert page.status_code == 400
    assert "Something in this address is wrong." in told(page)
    assert TWICE.format(name) in told(page)
    assert core.journal == []


@pytest.mark.usefixtures("core")
def test_the_same_one_twice_begins_it(manager: Client) -> None:
    page = manager.get("/tokens/add/?company=acme&company=acme&ticket=ZD-1&ticket=ZD-1")
    assert page.context["form"]["company"].value() == "acme"
    assert "ZD-1" in told(page)


def test_a_form_that_is_sent_to_such_an_address_loses_nothing(manager: Client) -> None:
    typed = {"company": "acme", "kind": "api_key", "token": ""}
    page = manager.post("/tokens/add/?company=acme&company=other&ticket=a&ticket=b", typed)
    assert (page.status_code, page.context["form"]["company"].value()) == (422, "acme")


@pytest.mark.usefixtures("core")
def test_the_same_value_twice_is_one(manager: Client) -> None:
    page = manager.get(f"{POOLS}?search=netsuite&search=netsuite")
    assert (page.status_code, page.context["query"].search) == (200, "netsuite")


def test_find_says_which_of_two_it_went_by(manager: Client) -> None:
    (line,) = said(manager.get("/find/?q=ship&q=netsuite").text)
    assert line == "“q” is in this address more than once. Only the last one counts."
