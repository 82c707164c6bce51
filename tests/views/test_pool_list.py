"""The list of pools, at the wire: one question to Core, and every designed state."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any, cast

import pytest
from django.db import connection
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.test import Client
from django.test.utils import CaptureQueriesContext
from selectolax.lexbor import LexborHTMLParser

from pools.models import Company
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, give_token, make_company, person_of, query_of, told
from tests.views.changing import edit

LIST = "/c/acme/pools/"


@pytest.mark.usefixtures("core")
def test_first_page_shows_25_of_257(manager: Client) -> None:
    page = manager.get(LIST)
    assert page.status_code == 200
    assert len(page.context["rows"]) == 25
    facts = page.context["page_facts"]
    assert (facts["first"], facts["last"], facts["total"]) == (1, 25, 257)


@pytest.mark.usefixtures("core")
def test_what_is_announced_is_right_for_one_pool_too(manager: Client) -> None:
    assert 'data-announce="Pools 1 to 25 of 257"' in manager.get(LIST).text
    one = manager.get(LIST, {"search": "end of 255 characters"}).text
    assert 'data-announce="Pool 1 of 1"' in one


@pytest.mark.usefixtures("core")
def test_no_line_is_for_htmx(manager: Client) -> None:
    """It holds what Core and other people wrote."""
    page = LexborHTMLParser(manager.get(LIST).text)
    assert len(page.css("tbody[hx-disable] tr")) == len(page.css("tbody tr")) == 25
    inside = [name for node in page.css("tbody *") for name in node.attributes]
    assert not any(name.startswith("hx-") for name in inside)


@pytest.mark.parametrize("size", [10, 100])
def test_a_page_is_one_request_to_core(manager: Client, core: RunningSandbox, size: int) -> None:
    manager.get(LIST, {"per_page": size})
    assert len(core.journal) == 1


def test_queries_do_not_grow_with_rows(manager: Client) -> None:
    # What is seen for the first time is kept.
    manager.get(LIST, {"per_page": 100})
    with CaptureQueriesContext(connection) as few:
        manager.get(LIST, {"per_page": 10})
    with CaptureQueriesContext(connection) as many:
        manager.get(LIST, {"per_page": 100})
    assert len(many) == len(few)


def test_core_sorts_searches_and_pages(manager: Client, core: RunningSandbox) -> None:
    manager.get(LIST, {"search": "net", "sort": "-limit", "page": "2", "per_page": "10"})
    assert query_of(core.journal[0]) == {
        "filter[name]": "net",
        "sort": "-limit",
        "page": "2",
        "per_page": "10",
        "include": "connectors.system",
    }


def test_cells_are_in_the_order_of_their_headings(manager: Client) -> None:
    page = LexborHTMLParser(manager.get(LIST).content)
    headings = [each.attributes["class"] for each in page.css("thead th[class]")]
    cells = [each.attributes["class"] for each in page.css("tbody tr:first-child td[class]")]
    assert headings == ["cell-name", *cells]


def test_sort_links_turn_the_direction(manager: Client) -> None:
    columns = {c["column"].label: c for c in manager.get(LIST, {"sort": "name"}).context["columns"]}
    assert columns["Name"]["direction"] == "ascending"
    assert columns["Name"]["href"] == f"{LIST}?sort=-name"
    assert columns["Timeout"]["href"] == ""


def test_the_time_of_creation_sorts_by_an_entry_of_a_menu(manager: Client) -> None:
    page = LexborHTMLParser(manager.get(LIST, {"sort": "-created_at"}).content)
    orders = {each.text(): each.attributes for each in page.css("thead details li a")}
    assert orders["Created, oldest first"]["href"] == f"{LIST}?sort=created_at"
    assert "aria-current" not in orders["Created, oldest first"]
    assert orders["Created, newest first"]["aria-current"] == "true"
    assert page.css("thead [aria-sort]") == []
    assert page.css("title")[0].text(strip=True).startswith("by created, descending · Pools")


def test_a_row_has_two_systems_as_chips_with_their_connectors_and_counts_the_rest(
    manager: Client, core: RunningSandbox
) -> None:
    acme = core.company("acme")
    pool = acme.add_pool("Wide").id
    for system in ("Cin7", "Adobe", "Adobe", "Zapier"):
        acme.add_connector(pool, name="x", system={"id": ord(system[0]), "name": system})
    page = LexborHTMLParser(manager.get(LIST, {"search": "Wide"}).content)
    (cell,) = page.css("tbody .cell-systems > span")
    assert [each.text() for each in cell.css("b, i")] == ["Adobe 2", "Cin7 1", "+1"]
    assert cell.attributes["title"] == "Adobe 2, Cin7 1, Zapier 1"


def test_a_row_says_what_was_done_last_by_whom_and_how_long_ago(
    manager: Client, core: RunningSandbox
) -> None:
    pool = core.company("acme").add_pool("Recent", 5).id
    edit(manager, pool, limit="7")
    page = LexborHTMLParser(manager.get(LIST, {"search": "Recent"}).content)
    (last,), (updated,) = page.css("tbody .cell-change"), page.css("tbody .cell-updated")
    assert last.text() == "limit 5 → 7· manager · seconds ago"
    moment = r"\d{1,2} \w{3} \d{4} [\d:]{8} \w+"
    assert re.fullmatch(moment, last.css("a")[0].attributes["title"] or "")
    assert updated.text() == "seconds ago"
    titled = updated.attributes["title"] or ""
    assert re.fullmatch(f"{moment}, created {moment}", titled)


@pytest.mark.parametrize(
    "address",
    ["page=0", "page=x", "page=10000000000", "page=-1", "page=1.5", "per_page=7", "per_page=101",
     "sort=timeout", "sort=id", "page=%C2%B2", "search=a%00b"],
)  # fmt: skip
def test_what_the_list_does_not_have_is_said_and_not_sent(
    manager: Client, core: RunningSandbox, address: str
) -> None:
    page = manager.get(f"{LIST}?{address}")
    assert page.status_code == 400
    assert "Something in this address is wrong." in unescape(page.text)
    assert core.journal == []


def test_past_the_end_has_a_way_back(manager: Client) -> None:
    page = manager.get(LIST, {"page": 10**9})
    assert (page.status_code, page.context["state"]) == (200, "past_end")
    assert page.context["last_href"] == f"{LIST}?page=11"


def test_nothing_matches(manager: Client) -> None:
    page = manager.get(LIST, {"search": "no such pool anywhere"})
    assert page.context["state"] == "no_match"
    assert page.context["clear_search_href"] == LIST


def test_comma_means_or(manager: Client, core: RunningSandbox) -> None:
    page = manager.get(LIST, {"search": "netsuite,shopify", "per_page": "100"})
    names = [row.name.lower() for row in page.context["rows"]]
    assert names
    assert all("netsuite" in name or "shopify" in name for name in names)


def test_spaces_around_the_comma_do_not_count(manager: Client, core: RunningSandbox) -> None:
    manager.get(LIST, {"search": " shopify , netsuite,, "})
    assert query_of(core.journal[0])["filter[name]"] == "shopify,netsuite"


def test_no_pools_yet(sign_in_as: SignIn, core: RunningSandbox) -> None:
    client = sign_in_as("Manager")
    blank = make_company(core, "blank", "Blank")
    give_token(person_of(client), blank, core.keys["blank"]["full"])
    page = client.get("/c/blank/pools/")
    assert (page.status_code, page.context["state"]) == (200, "empty")


def test_token_missing_leads_to_adding_one(sign_in_as: SignIn) -> None:
    page = sign_in_as("Manager", token=None).get(LIST)
    assert page.status_code == 403
    assert page.context["problem"].next_href.startswith("/tokens/add/?company=acme")


def test_token_refused_leads_to_replacing_it(manager: Client, core: RunningSandbox) -> None:
    core.set_fault("status=401")
    page = manager.get(LIST)
    assert page.status_code == 403
    assert page.context["problem"].next_href == "/tokens/acme/replace/?next=%2Fc%2Facme%2Fpools%2F"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("status=500", 502), ("status=429", 429), ("redirect", 502), ("status=403", 403)],
)
def test_core_failing_is_said_in_place(
    manager: Client, core: RunningSandbox, fault: str, status: int
) -> None:
    core.set_fault(fault)
    page = manager.get(LIST)
    assert page.status_code == status
    assert "Traceback" not in page.content.decode()
    assert page.context["problem"].title in unescape(page.text)


@pytest.mark.parametrize(("seconds", "said"), [(0.004, "less than 0.1 s"), (0.26, "0.3 s")])
def test_what_core_took_is_never_nothing(seconds: float, said: str) -> None:
    parts: Any = cast(Jinja2, engines["jinja2"]).env.get_template("parts/pools.html").module
    told = parts.read_at(datetime.now(UTC), seconds, False, "/", "#pool-table")
    assert f"Patchworks took {said}</span>" in told


def test_unknown_company_is_404(manager: Client) -> None:
    assert manager.get("/c/nobody/pools/").status_code == 404


def test_fragment_is_the_same_table(manager: Client) -> None:
    fragment = manager.get(
        LIST, headers={"HX-Request": "true", "HX-Target": "pool-table"}
    ).content.decode()
    assert "<html" not in fragment
    assert 'id="pool-table"' in fragment


def test_history_restore_is_a_whole_page(manager: Client) -> None:
    headers = {
        "HX-Request": "true",
        "HX-Target": "pool-table",
        "HX-History-Restore-Request": "true",
    }
    assert "<html" in manager.get(LIST, headers=headers).content.decode()


def test_answers_are_private_and_vary(manager: Client) -> None:
    page = manager.get(LIST)
    assert page["Cache-Control"] == "private, no-store"
    assert {"Cookie", "HX-Request"} <= set(page["Vary"].replace(" ", "").split(","))


def test_awkward_names_are_escaped(manager: Client, core: RunningSandbox) -> None:
    page = manager.get(LIST, {"search": "<b>"}).content.decode()
    assert "&lt;b&gt;" in page
    assert "<b>bold" not in page.lower()


def test_a_reader_is_offered_no_change(reader: Client, acme: Company) -> None:
    page = reader.get(LIST)
    row = page.context["rows"][0]
    assert row.tools == []
    assert 'id="new-pool"' not in page.content.decode()


@pytest.mark.parametrize("number", ["0", "x", "99999999999"])
def test_a_page_that_cannot_be_asked_for_is_told_which_can(manager: Client, number: str) -> None:
    answer = manager.get(LIST, {"page": number})
    assert answer.status_code == 400
    assert "Pages are whole numbers from 1 to 1,000,000,000." in told(answer)


def test_a_search_that_is_too_long_says_so_and_is_not_cut(
    manager: Client, core: RunningSandbox
) -> None:
    page = manager.get("/c/acme/pools/", {"search": "x" * 1001})
    assert page.status_code == 400
    assert "A search can have at most 1000 characters." in page.content.decode()
    assert core.journal == []
    whole = "y" * 300
    manager.get("/c/acme/pools/", {"search": whole})
    assert query_of(core.journal[0])["filter[name]"] == whole
