"""The ticket of an address: on every page that leads on from it, in every Reason, nowhere else."""

import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pools.models import Company, Entry
from pools.pages.ticket import carried, with_ticket, without_ticket
from pools.tickets import tickets_of
from sandbox.running import RunningSandbox
from tests.fixtures.panel import PASSWORD, SignIn, give_token, make_person, streamed
from tests.fixtures.people import prove
from tests.pages.hostile_tickets import HOSTILE, assert_inert, chip, ticket_in
from tests.views.addresses import ADMINISTRATOR, MATRIX, address_of
from tests.views.changing import ONE_POOL, dialog, edit, open_form, revert_of, unknown_edit, writes

pytestmark = pytest.mark.django_db
TICKET: Final = "ZD-4711"
ASKED: Final = f"?ticket={TICKET}"


def dropping(page: bytes) -> list[str]:
    """What of a page leads to another page of the panel without its ticket, or with two."""
    tree, found = LexborHTMLParser(page), []
    for node in tree.css("[href], [action], [formaction], [hx-get], [hx-post]"):
        found += [each for each in led_by(node) if ticket_in(each) != [TICKET]]
    for form in tree.css("form"):
        asks = (form.attributes.get("method") or "get").lower() == "get"
        if asks and len(form.css(f'input[name="ticket"][value="{TICKET}"]')) != 1:
            found.append(form.html or "")
    return found


def attribute(page: bytes, selector: str, name: str) -> str:
    found = LexborHTMLParser(page).css_first(selector)
    assert found
    return found.attributes[name] or ""


def led_by(node: LexborNode) -> list[str]:
    names = ("href", "action", "formaction", "hx-get", "hx-post")
    values = [node.attributes.get(name) or "" for name in names if name in node.attributes]
    if "ticket-off" in (node.attributes.get("class") or ""):
        return []
    return [each for each in values if not each.startswith(("#", "/static/", "http", "data:"))]


def wrong_with(answer: Any) -> list[str]:
    """What of an answer has lost the ticket that was in the address."""
    if answer.status_code in (301, 302):
        return [] if ticket_in(answer["Location"]) == [TICKET] else [answer["Location"]]
    if b"<html" not in answer.getvalue():
        return []
    return dropping(answer.content) + ([] if TICKET in chip(answer) else ["no chip"])


def test_every_page_has_its_ticket_and_hands_it_on(
    sign_in_as: SignIn, core: RunningSandbox
) -> None:
    client = sign_in_as(ADMINISTRATOR)
    prove(client)
    before, wrong = Entry.objects.count(), {}
    for route in sorted(MATRIX, key=lambda route: "logout" in route):
        address = address_of(route)
        joint = "&" if "?" in address else "?"
        if "export" not in route:  # a file, and an event
            wrong[route] = wrong_with(client.get(f"{address}{joint}ticket={TICKET}"))
    assert {route: found for route, found in wrong.items() if found} == {}
    assert len(wrong) > 100
    assert (writes(core), Entry.objects.count()) == ([], before)


@pytest.mark.parametrize("name", ["edit", "clear", "delete"])
def test_a_form_begins_with_the_ticket_and_nobody_has_typed_it(manager: Client, name: str) -> None:
    address = f"/c/acme/pools/{ONE_POOL}/{name}/{ASKED}"
    page = manager.get(address)
    assert page.context["form"]["reason"].value() == f"{TICKET} "
    refused = manager.post(address, open_form(manager, address, limit="x", confirm_name="other"))
    if refused.status_code == 422:
        assert refused.context["form"]["reason"].value() == f"{TICKET} "
    assert not page.context["form"].unsaved


def test_the_forms_that_come_of_a_change_begin_with_it_too(
    manager: Client, core: RunningSandbox
) -> None:
    pool = ONE_POOL
    reverted = edit(manager, pool, limit="41")
    forms = [
        manager.get(f"{revert_of(reverted)}{ASKED}"),
        manager.get(f"/c/acme/pools/new/{ASKED}"),
    ]
    held = unknown_edit(manager, core, pool)
    forms.append(manager.get(f"/c/acme/changes/{held}/release/{ASKED}"))
    assert [page.context["form"]["reason"].value() for page in forms] == [f"{TICKET} "] * 3
    assert not any(page.context["form"].unsaved for page in forms)


def test_sent_as_it_stands_the_ticket_is_the_reason(manager: Client) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/clear/{ASKED}"
    answer = manager.post(address, open_form(manager, address))
    assert answer["Location"] == f"/c/acme/pools/{pool}/{ASKED}"
    assert Entry.objects.filter(kind="intent").latest("seq").reason == TICKET
    # What is copied for the ticket begins with it; the way to the change is for everybody.
    text = manager.get(answer["Location"]).context["history"][0].text
    assert text.startswith(f"Ticket: {TICKET}\nClear of pool")
    assert text.count(TICKET) == 2


def test_a_dialog_carries_it_there_and_back(manager: Client) -> None:
    pool = ONE_POOL
    address, page = f"/c/acme/pools/{pool}/clear/{ASKED}", f"/c/acme/pools/{ASKED}"
    opened = manager.get(address, headers={"HX-Request": "true", "HX-Target": "dialog-body"})
    assert dropping(opened.content) == []
    sent = dialog(manager, address, open_form(manager, address), page)
    assert sent.status_code == 200
    assert dropping(sent.content) == []


def test_a_conflict_keeps_it(manager: Client, core: RunningSandbox) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/edit/{ASKED}"
    form = open_form(manager, address, limit="41")
    core.company("acme").change_pool(pool, limit=999)
    answer = manager.post(address, form)
    assert (answer.status_code, chip(answer)[:14]) == (409, f"Ticket {TICKET}")
    assert answer.context["form"]["reason"].value() == f"{TICKET} "
    assert dropping(answer.content) == []


@pytest.mark.parametrize("query", ["search=e", "sort=-limit", "page=2&per_page=10", "search=%22"])
def test_search_order_and_pages_keep_it(manager: Client, query: str) -> None:
    answer = manager.get(f"/c/acme/pools/?{query}&ticket={TICKET}")
    assert answer.status_code == 200
    assert dropping(answer.content) == []


def test_what_is_found_leads_on_with_it(manager: Client) -> None:
    manager.get("/c/acme/pools/")
    for headers in ({}, {"HX-Request": "true", "HX-Target": "hits"}):
        answer = manager.get(f"/find/?q=shopify&ticket={TICKET}", headers=headers)
        assert f'href="/c/acme/pools/2/{ASKED}"' in answer.text
        assert dropping(answer.content) == []


def test_a_page_of_a_slow_core_has_it_in_both_pieces(
    manager: Client, core: RunningSandbox, settings: Any
) -> None:
    settings.PAGE_PATIENCE_SECONDS = 0.05
    core.set_fault("latency=0.3;only=reads")
    page = streamed(manager.get(f"/c/acme/pools/{ASKED}")).encode()
    core.set_fault(None)
    assert page.count(b"<html") == page.count(b"</html>") == 1
    assert dropping(page) == []


def test_a_missing_token_and_adding_one_keep_it(
    sign_in_as: SignIn, acme: Company, core: RunningSandbox
) -> None:
    client = sign_in_as("Operator", token=None)
    prove(client)
    missing = client.get(f"/c/acme/pools/{ASKED}")
    assert (missing.status_code, dropping(missing.content)) == (403, [])
    way = missing.context["problem"].next_href
    added = client.post(
        with_ticket(way, TICKET),
        {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["full"]},
    )
    confirm = client.get(added["Location"])
    assert TICKET in chip(confirm)
    back = client.post(added["Location"])
    assert back["Location"] == f"/c/acme/pools/{ASKED}"


def test_a_refused_token_and_its_replacement_keep_it(manager: Client, core: RunningSandbox) -> None:
    prove(manager)
    address = f"/c/acme/pools/{ONE_POOL}/clear/{ASKED}"
    form = open_form(manager, address)
    core.set_fault("status=401")
    refused = manager.post(address, form)
    core.set_fault(None)
    assert (refused.status_code, dropping(refused.content)) == (403, [])
    way = with_ticket(refused.context["problem"].next_href, TICKET)
    new = {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["full"]}
    answer = manager.post(way, new)
    while "/confirm/" in answer["Location"]:
        answer = manager.post(answer["Location"])
    assert answer["Location"] == address
    assert manager.get(address).context["form"]["reason"].value() == f"{TICKET} "


def test_signing_in_keeps_it(operator: User) -> None:
    client = Client()
    way = client.get(f"/changes/{ASKED}")["Location"]
    page = client.get(way)
    assert TICKET in chip(page)
    assert dropping(page.content) == []
    back = attribute(page.content, 'input[name="next"]', "value")
    typed = {"login": "olga", "password": PASSWORD, "next": back}
    assert client.post(way, typed)["Location"] == f"/changes/{ASKED}"


def test_signing_in_without_a_way_on_keeps_it(operator: User) -> None:
    typed = {"login": "olga", "password": PASSWORD}
    assert Client().post(f"/accounts/login/{ASKED}", typed)["Location"] == f"/{ASKED}"


def test_what_is_asked_for_in_a_page_whose_session_has_ended_keeps_it() -> None:
    page = f"http://testserver/c/acme/pools/{ASKED}"
    headers = {"HX-Request": "true", "HX-Target": "pool-table", "HX-Current-URL": page}
    way = Client().get(f"/c/acme/pools/{ASKED}&page=2", headers=headers)["HX-Redirect"]
    assert ticket_in(way) == [TICKET]
    assert ticket_in(parse_qs(urlsplit(way).query)["next"][0]) == [TICKET]


def test_what_was_typed_comes_back_and_the_ticket_is_not_taken_for_it(
    acme: Company, core: RunningSandbox
) -> None:
    give_token(make_person("mara", "Manager"), acme, core.keys["acme"]["full"])
    client = Client()
    client.post("/accounts/login/", {"login": "mara", "password": PASSWORD})
    address = f"/c/acme/pools/{ONE_POOL}/edit/"
    form = open_form(client, f"{address}{ASKED}", limit="41")
    client.session.flush()
    way = client.post(f"{address}{ASKED}", form)["Location"]
    client.post(way, {"login": "mara", "password": PASSWORD})
    # Dismissed on the way: only what was typed is there again.
    again = client.get(address).context["form"]
    assert (again["limit"].value(), again["reason"].value()) == ("41", "")


def test_dismissing_leads_to_the_same_page_without_it(manager: Client) -> None:
    answer = manager.get(f"/c/acme/pools/?page=2&ticket={TICKET}&per_page=10")
    off = attribute(answer.content, "a.ticket-off", "href")
    assert off == "/c/acme/pools/?page=2&per_page=10"
    page = manager.get(off)
    assert (page.status_code, chip(page), TICKET in page.text) == (200, "", False)


def test_dismissing_while_signing_in_forgets_it_for_afterwards() -> None:
    client = Client()
    page = client.get(client.get(f"/changes/{ASKED}&who=mara")["Location"])
    off = attribute(page.content, "a.ticket-off", "href")
    assert off == "/accounts/login/?next=/changes/%3Fwho%3Dmara"


def test_two_tabs_with_two_tickets_do_not_mix(manager: Client) -> None:
    pool = ONE_POOL
    one, other = (f"/c/acme/pools/{pool}/clear/?ticket=ZD-{number}" for number in (1, 2))
    first, second = (open_form(manager, address) for address in (one, other))
    assert ticket_in(manager.post(other, second)["Location"]) == ["ZD-2"]
    assert ticket_in(manager.post(one, first)["Location"]) == ["ZD-1"]
    reasons = Entry.objects.filter(kind="intent").order_by("seq").values_list("reason", flat=True)
    assert list(reasons) == ["ZD-2", "ZD-1"]


def test_its_link_leads_to_the_ticket(manager: Client, settings: Any) -> None:
    settings.TICKETS = tickets_of(r"ZD-\d+", "https://desk.example/tickets/{ticket}")
    page = manager.get(f"/c/acme/pools/{ONE_POOL}/{ASKED}")
    address = f"https://desk.example/tickets/{TICKET}"
    assert attribute(page.content, ".ticket a", "href") == address
    assert attribute(page.content, ".ticket a", "rel") == "noreferrer"


def without_its_own(answer: Any) -> str:
    """A page without what differs each time, and without the address that it was asked by."""
    return re.sub(r'name="next" value="[^"]*"|[0-9a-f]{32}|\w{64}', "", answer.text)


def test_what_is_no_ticket_is_as_if_it_were_not_there(manager: Client) -> None:
    plain = without_its_own(manager.get("/changes/"))
    for value in HOSTILE:
        assert without_its_own(manager.get("/changes/", {"ticket": value})) == plain, value


@pytest.mark.parametrize("pattern", [r"(?s).+", r"\S+"])
def test_whatever_the_pattern_accepts_a_ticket_is_text_and_no_more(
    settings: Any, pattern: str
) -> None:
    settings.TICKETS = tickets_of(pattern, "https://desk.example/{ticket}")
    for value in HOSTILE:
        assert_inert(Client(), value)


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("/", "/?ticket=A-1"),
        ("/a/?b=c", "/a/?b=c&ticket=A-1"),
        ("/help/#limit", "/help/?ticket=A-1#limit"),
        ("?page=2", "?page=2&ticket=A-1"),
        ("/a/?ticket=A-1", "/a/?ticket=A-1"),
        ("/a/?b=c&ticket=A-1", "/a/?b=c&ticket=A-1"),
        ("#top", "#top"),
        ("/static/a.css", "/static/a.css"),
        ("//desk.example/", "//desk.example/"),
        ("https://desk.example/", "https://desk.example/"),
        ("mailto:ana@corp.example", "mailto:ana@corp.example"),
    ],
)
def test_only_what_leads_on_in_the_panel_carries_it(address: str, leads: str) -> None:
    assert with_ticket(address, "A-1") == leads


def test_texts_and_values_are_left_as_they_are() -> None:
    page = '<p title="href=&#34;/x&#34;">a href=&#34;/x&#34;</p><input value="/x"><pre>/x</pre>'
    assert carried(page.encode(), "A-1").decode() == page


def test_without_a_ticket_an_address_stays_as_it_is() -> None:
    assert without_ticket("/a/?b=1&b=2") == "/a/?b=1&b=2"
