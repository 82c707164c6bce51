"""From ticks on the list of pools to a frozen list: what is offered, asked, refused and kept."""

import json
from typing import Any

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from pools.batches.caps import CAPS
from pools.catalogue.keeping import keep
from pools.core import Connector, Pool, System
from pools.models import Batch, BatchItem, Company, Entry, Token
from pools.models.batch import Operation
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, query_of, told

LIST = "/c/acme/pools/"
NEW = "/c/acme/batches/new/"
FREEZE = {"freeze": "1", "origin": "1", "reason": "ZD-4711"}


def parsed(answer: Any) -> LexborHTMLParser:
    return LexborHTMLParser(answer.content)


def frozen(answer: Any) -> Batch:
    """The batch that an answer leads to."""
    assert answer.status_code == 302, told(answer)
    batch = Batch.objects.get()
    assert answer["Location"] == f"/c/acme/batches/{batch.pk}/"
    return batch


def wanted(batch: Batch) -> dict[int | None, Any]:
    items = BatchItem.objects.filter(batch=batch)
    return {each.pool_id: json.loads(each.wanted or "null") for each in items}


def offered(answer: Any) -> list[str | None]:
    return [each.attributes["value"] for each in parsed(answer).css("[name='operation']")]


# --- What the list offers ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "operations"),
    [
        ("Operator", ["limit", "timeout", "clear"]),
        ("Manager", ["limit", "timeout", "clear", "delete"]),
    ],
)
def test_each_role_can_choose_pools_for_what_it_may_do(
    sign_in_as: SignIn, role: str, operations: list[str]
) -> None:
    client = sign_in_as(role)
    page = client.get(LIST, {"per_page": "10", "search": "orders", "sort": "-limit"})
    ticks = parsed(page).css("tbody td > [name='pool'][form='chosen']")
    assert [int(each.attributes["value"] or 0) for each in ticks] == [
        r.id for r in page.context["rows"]
    ]
    assert {each.attributes["aria-label"] for each in ticks} == {
        r.name for r in page.context["rows"]
    }
    (query,) = parsed(page).css("[name='query'][form='chosen']")
    assert query.attributes["value"] == "search=orders"
    assert query.attributes["data-says"] == "All 37 that match"
    assert offered(page) == operations
    assert offered(client.post(NEW, {"origin": "1", "pool": "1"})) == operations


def test_who_may_only_read_has_nothing_to_tick(reader: Client) -> None:
    page = parsed(reader.get(LIST))
    assert page.css("[name='pool'], #chosen, script[src*='choose']") == []
    assert reader.post(NEW, {"origin": "1", "pool": "1"}).status_code == 403


def test_a_line_that_was_changed_in_place_keeps_its_tick(manager: Client) -> None:
    address = f"{LIST}1/edit/"
    form = manager.get(address).context["form"]
    fields = {name: str(form[name].value() or "") for name in form.fields} | {"limit": "77"}
    headers = {
        "HX-Request": "true",
        "HX-Target": "dialog-body",
        "HX-Current-URL": f"http://testserver{LIST}",
    }
    answer = manager.post(address, fields, headers=headers)
    line = '<tr hx-swap-oob="outerHTML:tr:has([href^=\'1/\'])"><td><input type="checkbox"'
    assert line in answer.text


# --- What the form shows -------------------------------------------------------------------


def test_the_form_names_what_was_ticked_and_asks_core_nothing(
    manager: Client, core: RunningSandbox
) -> None:
    manager.get(LIST)
    core.reset()
    chosen = {"origin": "1", "pool": ["2", "1", "2"], "pools": "3,99999", "operation": "timeout"}
    page = manager.post(NEW, chosen)
    lines = parsed(page).css(".chosen-pools li")
    said = [" ".join(each.text().split()) for each in lines]
    names = {row.id: row.name for row in manager.get(LIST).context["rows"]}
    assert said[2].startswith(f"{names[2]} 2 limit ")
    assert [line.split(" limit")[0] for line in said] == [
        f"{names[3]} 3",
        "99999",
        f"{names[2]} 2",
        f"{names[1]} 1",
    ]
    assert [
        each.attributes["value"] for each in parsed(page).css("[name='operation'][checked]")
    ] == ["timeout"]
    assert "Change 4 pools" in told(page)


def test_how_many_match_is_asked_of_core_when_the_form_opens(
    manager: Client, core: RunningSandbox
) -> None:
    page = manager.post(NEW, {"origin": "1", "matching": "1", "query": "search=orders"})
    assert "All 37 pools that match “orders”." in told(page)
    assert [query_of(each)["filter[name]"] for each in core.journal] == ["orders"]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"origin": "1"}, "No pool is chosen."),
        ({"origin": "1", "pool": "1; DROP"}, "This form is damaged"),
        ({"origin": "1", "pool": "9223372036854775808"}, "This form is damaged"),
        ({"origin": "1", "pools": "1,,2"}, "This form is damaged"),
        ({"origin": "2", "pool": "1"}, "the company's address has changed"),
        ({"pool": "1"}, "the company's address has changed"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_frozen(
    manager: Client, core: RunningSandbox, sent: dict[str, str], says: str
) -> None:
    for more in ({}, {"freeze": "1", "operation": "clear"}):
        page = manager.post(NEW, sent | more)
        assert says in told(page)
        assert "Nothing was sent." in told(page)
        assert parsed(page).css("[name='freeze']") == []
    assert (Batch.objects.count(), core.journal) == (0, [])


def test_a_query_that_no_list_has_is_refused(manager: Client) -> None:
    page = manager.post(NEW, {"origin": "1", "matching": "1", "query": "serach=orders"})
    assert page.status_code == 400


# --- Freezing what was ticked --------------------------------------------------------------


def test_ticked_pools_are_read_at_core_by_pages_and_frozen(
    manager: Client, core: RunningSandbox
) -> None:
    acme = core.company("acme")
    gone = acme.add_pool("Gone").id
    acme.delete_pool(gone)
    at_nine = acme.add_pool("Nine", 9).id
    ids = [1, 2, 120, 257, at_nine, gone]
    sent = FREEZE | {"operation": "limit", "limit_to": "9", "pool": [str(each) for each in ids]}
    batch = frozen(manager.post(NEW, sent))
    assert (batch.operation, batch.how, batch.reason) == ("limit", '{"to":9}', "ZD-4711")
    assert (batch.source, batch.query, batch.made_by_name) == ("ticked", "", "manager")
    left_out = dict(BatchItem.objects.filter(batch=batch).values_list("pool_id", "left_out"))
    assert left_out == {1: "", 2: "", 120: "", 257: "", at_nine: "nothing_to_do", gone: "gone"}
    # Three pages, and the one that none of them has.
    assert [each.path.rpartition("/")[2] for each in core.journal] == [
        *["connection-pools"] * 3,
        str(gone),
    ]


def test_a_few_are_asked_for_one_by_one(manager: Client, core: RunningSandbox) -> None:
    frozen(manager.post(NEW, FREEZE | {"operation": "clear", "pool": ["3", "7"]}))
    assert [each.path[-2:] for each in core.journal] == ["/3", "/7"]


@pytest.mark.parametrize(
    ("typed", "after"),
    [
        ({"limit_by": "-4"}, {1: 6, 2: 1, 3: 1}),
        ({"limit_by": "2"}, {1: 12, 2: 5, 3: 3}),
        ({"limit_percent": "50"}, {1: 5, 2: 2, 3: 1}),
        ({"limit_percent": "150"}, {1: 15, 2: 5, 3: 2}),
    ],
)
def test_a_limit_can_be_set_by_so_many_and_by_percent(
    manager: Client, core: RunningSandbox, typed: dict[str, str], after: dict[int, int]
) -> None:
    for pool_id, limit in {1: 10, 2: 3, 3: 1}.items():
        core.company("acme").change_pool(pool_id, limit=limit)
    sent = FREEZE | {"operation": "limit", "pool": ["1", "2", "3"]}
    assert wanted(frozen(manager.post(NEW, sent | typed))) == {
        pool_id: {"limit": limit} for pool_id, limit in after.items()
    }


@pytest.mark.parametrize(
    ("typed", "value"), [({"timeout_to": "30"}, 30), ({"timeout_none": "on"}, None)]
)
def test_a_timeout_can_be_set_and_taken_away(
    manager: Client, typed: dict[str, str], value: int | None
) -> None:
    sent = FREEZE | {"operation": "timeout", "pool": "2", "limit_to": "not read"}
    assert wanted(frozen(manager.post(NEW, sent | typed))) == {2: {"timeout": value}}


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"operation": "limit"}, "limit_to", "Enter a number here, or in one of the two fields"),
        ({"operation": "limit", "limit_to": "5", "limit_by": "1"}, "limit_by", "Fill in only one"),
        ({"operation": "limit", "limit_to": "0"}, "limit_to", "At least 1."),
        ({"operation": "limit", "limit_to": "1.000"}, "limit_to", "Enter a whole number"),
        ({"operation": "limit", "limit_by": "0"}, "limit_by", "leaves every limit as it is"),
        ({"operation": "limit", "limit_percent": "100"}, "limit_percent", "leaves every limit"),
        (
            {"operation": "timeout", "timeout_to": ""},
            "timeout_to",
            "Enter the seconds",
        ),
        ({"operation": "timeout", "timeout_to": "3", "timeout_none": "on"}, "timeout_to", "Either"),
        ({"operation": "clear", "reason": " "}, "reason", "This field is required."),
        ({"operation": "explode"}, "operation", "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    manager: Client,
    acme: Company,
    core: RunningSandbox,
    typed: dict[str, str],
    field: str,
    says: str,
) -> None:
    Company.objects.update(reason_required_for=["clear"])
    page = manager.post(NEW, FREEZE | {"pool": ["1", "2"], "timeout_to": "77"} | typed)
    assert (page.status_code, core.journal, Batch.objects.count()) == (422, [], 0)
    form = page.context["form"]
    assert list(form.errors) == [field]
    assert says in str(form.errors[field])
    kept = {"reason": "ZD-4711", "timeout_to": "77"} | typed
    assert {name: form[name].value() for name in kept if name != "timeout_none"} == {
        name: value for name, value in kept.items() if name != "timeout_none"
    }
    ticked = parsed(page).css(".chosen-pools [name='pool'][checked]")
    assert [each.attributes["value"] for each in ticked] == ["1", "2"]


@pytest.mark.parametrize(
    ("operation", "cap", "deed"), [("limit", 500, "changed"), ("delete", 50, "deleted")]
)
def test_more_than_one_list_may_have_is_said_before_anything_is_read(
    manager: Client, core: RunningSandbox, operation: str, cap: int, deed: str
) -> None:
    ids = ",".join(str(each) for each in range(1, cap + 2))
    sent = FREEZE | {"operation": operation, "limit_to": "5", "pools": ids}
    page = manager.post(NEW, sent)
    assert f"These are {cap + 1} pools: at most {cap} can be {deed} at once." in told(page)
    assert (page.status_code, core.journal, Batch.objects.count()) == (422, [], 0)


@pytest.fixture
def at_most_200(monkeypatch: pytest.MonkeyPatch) -> None:
    for operation in (Operation.LIMIT, Operation.TIMEOUT):
        monkeypatch.setitem(CAPS, operation, 200)


@pytest.mark.usefixtures("at_most_200")
def test_more_than_any_list_may_have_is_said_where_they_are_chosen_and_leads_to_no_form(
    manager: Client,
) -> None:
    says = "All 257 pools (at most 200 at once)"
    listed = parsed(manager.get(LIST))
    assert listed.css("[name='query'][form='chosen']")[0].attributes["data-says"] == says
    assert listed.css("[name='matching']")[0].text() == says
    sent = {"origin": "1", "matching": "1", "query": "per_page=10"}
    page = manager.post(NEW, sent)
    text = told(page)
    assert "These are 257 pools: at most 200 can be changed at once. Nothing was sent." in text
    assert "Search for fewer, choose a system, or tick the ones that you mean." in text
    assert parsed(page).css("#batch-new") == []
    assert parsed(page).css("main a.button")[0].attributes["href"] == f"{LIST}?per_page=10"
    # What a search finds of them may be few enough.
    few = manager.post(NEW, sent | {"query": "search=orders"})
    assert parsed(few).css("#batch-new") != []


@pytest.mark.usefixtures("at_most_200")
def test_of_too_many_ticked_ones_some_may_be_left_out(manager: Client) -> None:
    page = manager.post(NEW, {"origin": "1", "pools": ",".join(map(str, range(1, 203)))})
    assert "These are 202 pools: at most 200 can be changed at once." in told(page)
    assert len(parsed(page).css(".chosen-pools [name='pool']")) == 202


# --- Freezing all that match ---------------------------------------------------------------


def test_what_matches_is_what_core_says_when_the_list_is_frozen(
    manager: Client, core: RunningSandbox
) -> None:
    acme = core.company("acme")
    sent = {"origin": "1", "matching": "1", "query": "search=zeta", "pool": "1"}
    first, second = acme.add_pool("Zeta one").id, acme.add_pool("Zeta two").id
    assert "All 2 pools that match “zeta”." in told(manager.post(NEW, sent))
    acme.delete_pool(first)
    third = acme.add_pool("More zeta").id
    batch = frozen(manager.post(NEW, FREEZE | sent | {"operation": "clear"}))
    assert list(wanted(batch)) == [third, second]
    assert (batch.source, batch.query) == ("matching", "search=zeta")
    assert Entry.objects.get(action="batch_frozen").batch == batch.pk


def test_all_pools_are_read_page_by_page_and_once_more(
    manager: Client, core: RunningSandbox
) -> None:
    sent = FREEZE | {"operation": "limit", "limit_by": "1", "matching": "1", "query": ""}
    batch = frozen(manager.post(NEW, sent))
    assert len(wanted(batch)) == 257
    assert [query_of(each)["page"] for each in core.journal] == ["1", "2", "3"] * 2


def test_too_many_matches_are_known_from_the_first_page(
    manager: Client, core: RunningSandbox
) -> None:
    page = manager.post(NEW, FREEZE | {"operation": "clear", "matching": "1", "query": ""})
    assert "These are 257 pools: at most 50 can be cleared at once." in told(page)
    assert "Search for fewer, choose a system, or tick the ones that you mean." in told(page)
    assert (page.status_code, len(core.journal), Batch.objects.count()) == (422, 1, 0)


def test_nothing_that_matches_is_no_list(manager: Client) -> None:
    sent = {"operation": "clear", "matching": "1", "query": "search=no+such+pool"}
    assert "No pool matches any more." in told(manager.post(NEW, FREEZE | sent))


def test_all_that_match_of_a_system_are_each_read_again(
    manager: Client, acme: Company, core: RunningSandbox
) -> None:
    at_core = core.company("acme")
    has, lost = at_core.add_pool("Has it").id, at_core.add_pool("Lost it").id
    at_core.add_connector(has, name="Live", system={"id": 900, "name": "Cegid"})
    cegid = (Connector(1, "Live", System(900, "Cegid"), {}),)
    keep(
        acme,
        [Pool(each, "Seen", 5, None, None, None, cegid, frozenset(), {}) for each in (has, lost)],
    )
    sent = {"origin": "1", "matching": "1", "query": "system=Cegid"}
    page = manager.post(NEW, sent)
    assert "All 2 pools with a connector of Cegid, as last seen." in told(page)
    assert core.journal == []
    assert list(wanted(frozen(manager.post(NEW, FREEZE | sent | {"operation": "clear"})))) == [has]


# --- What goes wrong on the way ------------------------------------------------------------


def test_what_was_chosen_and_typed_waits_while_a_token_is_mended(
    manager: Client, core: RunningSandbox
) -> None:
    core.company("acme").revoke_key()
    sent = FREEZE | {"operation": "limit", "limit_by": "-2", "pool": ["1", "2"], "pools": "5"}
    refused = manager.post(NEW, sent)
    assert (refused.status_code, Batch.objects.count()) == (403, 0)
    Token.objects.update(refused_at=None)
    page = manager.get(NEW)
    ticked = parsed(page).css(".chosen-pools [name='pool'][checked]")
    assert [each.attributes["value"] for each in ticked] == ["5", "1", "2"]
    form = page.context["form"]
    assert (form["operation"].value(), form["limit_by"].value()) == ("limit", "-2")
    assert form["reason"].value() == "ZD-4711"


def test_a_core_that_does_not_answer_leaves_the_form_as_it_was(
    manager: Client, core: RunningSandbox
) -> None:
    core.set_fault("status=503")
    page = manager.post(NEW, FREEZE | {"operation": "clear", "pool": ["1", "2"]})
    assert "Patchworks had an error (503)" in told(page)
    assert page.context["form"]["reason"].value() == "ZD-4711"
    assert Batch.objects.count() == 0


def test_the_ticket_stands_in_the_reason(manager: Client) -> None:
    page = manager.post(f"{NEW}?ticket=ZD-4711", {"origin": "1", "pool": "1"})
    assert page.context["form"]["reason"].value() == "ZD-4711 "


def test_back_at_a_form_whose_list_may_have_run_nothing_is_said_of_what_was_sent(
    manager: Client, core: RunningSandbox
) -> None:
    pool = core.company("acme").add_pool("Orders", 5).id
    order = FREEZE | {"operation": "limit", "limit_to": "7", "pool": str(pool)}
    assert manager.post(NEW, order).status_code == 302
    page = told(manager.get(NEW))
    assert "Your entries are still here. Preview makes a new list of them" in page
    assert "Nothing was sent" not in page
