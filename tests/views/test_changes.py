"""The pages of changes: who may see what, filters in the address, exports, one change whole."""

import csv
import io
import json
import re
import uuid
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from pools.changes.exporting import CHANGE_FIELDS, EVENT_FIELDS, defused
from pools.ledger.appending import NOBODY, record_event
from pools.models import Company, Entry, Token
from pools.models.vocabulary import Action, Outcome, Readback, Verdict
from pools.tickets import tickets_of
from pools.wording.events import facts_of
from tests.changes.recorded import (
    BEFORE,
    NOON,
    a_change,
    a_list,
    an_event,
    minutes,
    read_back,
    settled,
)
from tests.fixtures.ledger_flush import unguarded_ledger
from tests.fixtures.panel import SignIn, make_person, person_of, streamed, told

LIST = "/c/acme/changes/"
ALL = "/changes/"


def lines_of(page: Any) -> list[Any]:
    return [row.line for day in page.context["days"] for row in day["rows"]]


def ids_of(page: Any) -> list[uuid.UUID]:
    return [line.item.change_id for line in lines_of(page)]


def test_a_company_shows_its_own_changes(manager: Client) -> None:
    mine = a_change()
    a_change(company="northwind")
    assert ids_of(manager.get(LIST)) == [mine]


def test_all_companies_are_those_that_one_holds_a_token_for(manager: Client) -> None:
    mine = a_change()
    a_change(company="northwind")
    assert ids_of(manager.get(ALL)) == [mine]


def test_auditors_see_every_company_and_those_that_are_gone(sign_in_as: SignIn) -> None:
    changes = [a_change(), a_change(company="gone")]
    auditor = sign_in_as("Auditor", token=None)
    assert ids_of(auditor.get(ALL)) == changes[::-1]
    assert ids_of(auditor.get(ALL, {"company": "gone"})) == [changes[1]]


def test_the_number_of_an_entry_leads_to_its_change_for_those_who_see_it(
    manager: Client, sign_in_as: SignIn
) -> None:
    change, foreign = a_change(), a_change(company="northwind")
    an_event()
    numbers = {each.change: each.seq for each in Entry.objects.order_by("seq")}
    answer = manager.get(f"/changes/{numbers[change]}/?ticket=ZD-1")
    assert answer.status_code == 302
    assert answer["Location"] == f"/changes/{change}/?ticket=ZD-1"
    for number in (numbers[foreign], numbers[None], 10**6, 2**63 - 1):
        assert manager.get(f"/changes/{number}/").status_code == 404, number
    auditor = sign_in_as("Auditor", token=None)
    assert auditor.get(f"/changes/{numbers[foreign]}/")["Location"] == f"/changes/{foreign}/"


def test_without_a_token_a_companys_changes_are_not_there(sign_in_as: SignIn) -> None:
    change = a_change()
    outsider = sign_in_as("Operator", token=None)
    assert outsider.get(LIST).status_code == 404
    assert outsider.get(f"/changes/{change}/").status_code == 404
    assert outsider.post(f"{LIST}export/", {"format": "csv"}).status_code == 404
    page = outsider.get(ALL)
    assert (page.status_code, page.context["state"]) == (200, "no_token")


def test_a_change_that_never_was_is_404(manager: Client) -> None:
    assert manager.get(f"/changes/{uuid.uuid4()}/").status_code == 404


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ("action=explode", "An action is one of create, edit, clear, delete, outside."),
        ("outcome=maybe", "An outcome is one of done, refused, not_sent, unknown, applied, "),
        ("from=yesterday", "Write a day like 2026-05-01."),
        ("to=2026-02-30", "Write a day like 2026-05-01."),
        ("from=2026-05-02&to=2026-05-01", "The first day is after the last one."),
        ("from=0001-01-01", "Nothing was recorded that far away. Choose another day."),
        ("pool=%21%21", "Enter a pool's id, or words from its name."),
        ("words=%E2%80%94", "Enter words made of letters and digits."),
        ("kind=rumours", "kind can only be events."),
        ("before=x", "before= and after= need the number of an entry."),
        ("before=-1", "before= and after= need the number of an entry."),
        ("before=999999999", "There is no such page in this list."),
        *(
            (f"page={n}", "page= is the number of a page, counted from")
            for n in ("0", "21", "x", "--1")
        ),
        ("before=1&after=1", "Use before= or after=, not both."),
        (f"who={'x' * 256}", "A filter can have at most 255 characters."),
        ("who=%00", "A filter can have at most 255 characters."),
    ],
)
def test_what_the_list_does_not_have_is_said_in_place(
    manager: Client, filters: str, sentence: str
) -> None:
    page = manager.get(f"{LIST}?{filters}")
    assert page.status_code == 400
    assert sentence in unescape(page.text)


def test_another_company_is_refused_as_one_that_never_was(manager: Client) -> None:
    Company.objects.create(slug="northwind", name="Northwind", base_url="https://core.example")
    pages = [manager.get(ALL, {"company": slug}) for slug in ("northwind", "nowhere")]
    assert [page.status_code for page in pages] == [400, 400]
    assert pages[0].context["problem"] == pages[1].context["problem"]


def test_every_filter_is_in_the_address(manager: Client) -> None:
    mine = a_change(who="ada", reason="SUP-1 stuck", action=Action.CLEAR)
    a_change(who="ada", action=Action.CLEAR)
    filters = {
        "who": "ada", "action": "clear", "outcome": "done", "pool": "7",
        "from": "2026-05-12", "to": "2026-05-12", "words": "sup-1",
    }  # fmt: skip
    assert ids_of(manager.get(LIST, filters)) == [mine]


def test_days_are_those_of_the_readers_zone(manager: Client) -> None:
    a_change(datetime.fromisoformat("2026-05-12T23:30:00Z"))
    manager.post("/zone/", {"zone": "Europe/London"})
    page = manager.get(LIST, {"from": "2026-05-13"})
    assert [str(day["day"]) for day in page.context["days"]] == ["2026-05-13"]
    assert page.context["zone"] == "Europe/London"


def test_no_zone_is_the_panels_own(manager: Client) -> None:
    manager.post("/zone/", {"zone": "Europe/London"})
    manager.post("/zone/", {"zone": ""})
    assert manager.get(LIST).context["zone"] == "UTC"


@pytest.mark.parametrize("zone", ["../../etc/passwd", "America", "Nowhere/Else", "/etc/localtime"])
def test_what_is_no_zone_changes_nothing(manager: Client, zone: str) -> None:
    manager.cookies["zone"] = zone
    assert manager.get(LIST).context["zone"] == "UTC"


def test_older_and_newer_pages_keep_the_filters(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pools.views.page_sizes.CHANGES", 2)
    changes = [a_change(NOON + minutes(number)) for number in range(5)][::-1]
    first = manager.get(LIST, {"who": "ada"})
    assert ids_of(first) == changes[:2]
    assert first.context["older_href"].startswith(f"{LIST}?who=ada&before=")
    second = manager.get(first.context["older_href"])
    assert ids_of(second) == changes[2:4]
    assert ids_of(manager.get(second.context["newer_href"])) == changes[:2]
    # Pressed once more before the first was there, the script asks for the page after that.
    on = first.context["older_href"].replace("page=1", "page=2")
    third = manager.get(on)
    assert (ids_of(third), third.context["older_href"]) == (changes[4:], "")
    back = third.context["newer_href"].replace("page=-1", "page=-2")
    newest = manager.get(back)
    assert (ids_of(newest), newest.context["newer_href"]) == (changes[:2], "")
    assert newest.context["older_href"] == first.context["older_href"]
    assert manager.get(on.replace("page=2", "page=3")).context["state"] == "past_end"


@pytest.mark.parametrize("address", [LIST, ALL])
@pytest.mark.parametrize("misspelt", ["outcom=done", "who=ada&Outcome=done", "pages=2", "kinds="])
def test_nothing_is_exported_by_a_name_that_no_filter_has(
    manager: Client, address: str, misspelt: str
) -> None:
    a_change()
    exported = manager.post(f"{address}export/?{misspelt}", {"format": "csv"})
    assert exported.status_code == 400
    unknown = re.search(r"It has “\W*(\w+)\W*”", told(exported))
    assert unknown is not None
    assert f"{unknown[1]}=" in misspelt
    assert "can only have kind, who, action, outcome, pool, " in exported.text
    assert Entry.objects.filter(action="changes_exported").count() == 0


def test_the_fragment_is_the_list_alone(manager: Client) -> None:
    a_change()
    headers = {"HX-Request": "true", "HX-Target": "changes"}
    fragment = manager.get(LIST, headers=headers).content.decode()
    assert "<html" not in fragment
    assert 'id="changes"' in fragment
    assert 'id="filters"' not in fragment


def test_one_link_of_a_line_opens_it_and_the_time_is_none(manager: Client) -> None:
    mine = a_change()
    page = LexborHTMLParser(manager.get(LIST).text)
    (link,) = page.css(".record .opens")
    assert link.attributes["href"] == f"/changes/{mine}/"
    assert link.text() == "Edit: NetSuite orders"
    assert [each.text() for each in page.css(".cell-time a")] == []


def test_what_settling_found_is_beneath_one_of_the_four_outcomes(manager: Client) -> None:
    settled(a_change(outcome=Outcome.UNKNOWN), NOON + minutes(2), Verdict.APPLIED)
    page = LexborHTMLParser(manager.get(LIST).text)
    (chip,) = page.css(".cell-outcome .chip")
    assert [part.text() for part in chip.css(".settled")] == ["→ it happened"]
    assert chip.text().split() == ["unknown", "→", "it", "happened"]


def test_what_the_list_is_narrowed_to_is_said_above_it(manager: Client) -> None:
    a_change(who="<ada>", reason="SUP-1 stuck", action=Action.CLEAR)
    filters = {
        "who": "<ada>", "action": "clear", "outcome": "done", "pool": "7",
        "from": "2026-05-02", "to": "2026-05-12", "words": "sup-1",
    }  # fmt: skip
    page = LexborHTMLParser(manager.get(LIST, filters).text)
    assert [each.text() for each in page.css(".list-head b")] == [
        *("<ada>", "clear", "done", "pool 7", "from 2 May 2026", "to 12 May 2026", "“sup-1”"),
    ]


def test_a_change_has_one_request_id(manager: Client) -> None:
    page = LexborHTMLParser(manager.get(f"/changes/{a_change()}/").text)
    assert [each.text() for each in page.css("dt")].count("Request id") == 1
    (foot,) = page.css(".foot")
    assert "Request" not in foot.text()


def test_the_chart_has_its_numbers_in_a_table(manager: Client) -> None:
    a_change()
    page = manager.get(LIST, {"from": "2026-05-12", "to": "2026-05-12"})
    ((bar, href),) = page.context["chart_days"]
    assert (bar.total, bar.sentence) == (1, "1 edit")
    assert href == f"{LIST}?from=2026-05-12&to=2026-05-12"
    assert "style=" not in page.content.decode()
    assert "1 change since 12 May 2026, most on one day: 1" in told(page)


def test_what_differs_is_marked(manager: Client) -> None:
    page = manager.get(f"/changes/{a_change()}/")
    changed = {row.label: row.differs for row in page.context["rows"]}
    assert changed == {"Name": False, "Limit": True, "Timeout": False, "Connectors": False}
    assert page.context["headings"] == ("Before", "As asked for")
    assert '<span class="mark">changed</span>' in page.content.decode()


def test_an_unknown_outcome_is_said_honestly(manager: Client) -> None:
    page = manager.get(f"/changes/{a_change(outcome=Outcome.UNKNOWN)}/")
    assert "it may or may not have happened" in page.text


def test_a_change_as_text(manager: Client) -> None:
    change = a_change(reason="SUP-1")
    read_back(change, Readback.NOT_SHOWN)
    page = manager.get(f"/changes/{change}/")
    assert page.context["entry"].text.splitlines() == [
        "Edit of pool “NetSuite orders” (id 7) in Acme",
        "Outcome: done, not seen. Patchworks confirmed it, but the pool didn't show it afterwards.",
        "Who: ada, 12 May 2026 12:00:00 UTC",
        "Reason: SUP-1",
        "Limit: 5 → 10 (as asked for)",
        f"Change: http://testserver/changes/{change}/",
    ]


@pytest.mark.parametrize("address", [ALL, LIST, f"{ALL}?kind=events", f"{LIST}?kind=events"])
def test_a_line_has_a_cell_for_each_column(sign_in_as: SignIn, address: str) -> None:
    a_change()
    an_event()
    page = LexborHTMLParser(sign_in_as("Administrator").get(address).text)
    headings = page.css(".record thead th")
    assert {len(row.css("td, th")) for row in page.css(".record tr:not(.day)")} == {len(headings)}


def test_events_are_for_those_who_see_all(sign_in_as: SignIn) -> None:
    an_event(action="role_changed", facts={"changed": {"roles": [[], ["Operator"]]}})
    assert sign_in_as("Manager").get(ALL, {"kind": "events"}).status_code == 403
    auditor = sign_in_as("Auditor", token=None)
    page = auditor.get(ALL, {"kind": "events", "action": "Role changed"})
    (row,) = page.context["days"][0]["rows"]
    assert (row.title, row.facts) == ("Role changed", [("roles", "none → Operator")])


def test_a_digest_and_a_key_stand_short_in_a_line_and_whole_where_the_pointer_rests(
    sign_in_as: SignIn,
) -> None:
    digest, key = "0123456789abcdef" * 4, "panel.example/ledger+0a1b2c3d+AQWmh/ei4mPpHjc4NOdUb3Nr="
    an_event(action="list_frozen", facts={"digest": digest})
    record_event("signing_key_used", NOBODY, reason=key)
    page = LexborHTMLParser(sign_in_as("Auditor", token=None).get(f"{ALL}?kind=events").text)
    briefs = page.css(".record bdi.code")
    assert [(each.text(), each.attributes["title"]) for each in briefs] == [
        ("panel.example/ledger+0a1b2c3d…", key),
        ("0123456789ab…", digest),
    ]
    (who, _) = page.css(".record .cell-who")
    assert who.text(strip=True) == "the panel"


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ({"method": "password, totp"}, ("with", "password, app")),
        ({"factor": "recovery_codes"}, ("kind", "recovery codes")),
        ({"factor": "webauthn"}, ("kind", "passkey")),
    ],
)
def test_an_event_names_ways_in_as_the_pages_do(
    recorded: dict[str, str], said: tuple[str, str]
) -> None:
    assert facts_of(recorded) == [said]


def test_csv_has_a_row_for_each_change_and_is_defused(manager: Client) -> None:
    a_change(NOON, reason='=HYPERLINK("http://evil.example")')
    a_change(NOON + minutes(1), reason="two\nlines, “quoted”")
    answer = manager.post(f"{LIST}export/", {"format": "csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="changes-acme-')
    text = streamed(answer)
    # Without it Excel reads the letters in the code page of the computer.
    assert text.startswith("\ufeffentry,time,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [row["reason"] for row in rows] == [
        "two\nlines, “quoted”",
        '\'=HYPERLINK("http://evil.example")',
    ]
    assert (rows[1]["before_limit"], rows[1]["outcome"]) == ("5", "done")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize(
    "before",
    [
        "",
        " ",
        "\xa0",
        "\u3000",
        "\u2028",
        "\ufeff",
        "\u200b",
        "\u202e",
        "\x00\x1f",
        "\u3164",
        " \x0b ",
    ],
)
def test_no_cell_is_a_formula(before: str, start: str) -> None:
    assert defused(f"{before}{start}1") == f"'{before}{start}1"


@pytest.mark.parametrize("start", ["\t", "\r", "\n"])
def test_no_cell_begins_with_what_spreadsheets_drop(start: str) -> None:
    assert defused(f"{start}1") == f"'{start}1"
    assert defused(f"{start} =1") == f"'{start}' =1"


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r", "\r\n"])
def test_nothing_is_a_formula_where_commas_do_not_separate(separator: str) -> None:
    assert defused(f"so{separator}=1+1") == f"so{separator}'=1+1"
    assert defused(f"so{separator} \u200b@x{separator}-1") == (
        f"so{separator}' \u200b@x{separator}'-1"
    )


@pytest.mark.parametrize("cell", ["so = that", "a-b", "1 + 1", "me@x.example", "", "\u200bso; no"])
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert defused(cell) == cell


def test_json_has_every_text_as_it_was(manager: Client) -> None:
    a_change(reason="=1+1")
    answer = manager.post(f"{ALL}export/", {"format": "json"})
    (change,) = json.loads(streamed(answer))
    assert (change["reason"], change["time"]) == ("=1+1", "2026-05-12T12:00:00.000Z")


@pytest.mark.parametrize(("kind", "fields"), [("", CHANGE_FIELDS), ("?kind=events", EVENT_FIELDS)])
def test_a_cell_stands_below_the_name_of_its_field(
    sign_in_as: SignIn, kind: str, fields: tuple[str, ...]
) -> None:
    a_change()
    client = sign_in_as("Administrator")
    (line, *_) = json.loads(streamed(client.post(f"{ALL}export/{kind}", {"format": "json"})))
    assert tuple(line) == fields


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ({"outcome": Outcome.REFUSED}, ("5", "10", "")),
        ({"outcome": Outcome.NOT_SENT, "action": Action.CREATE, "pool_id": None}, ("", "10", "")),
        ({"outcome": Outcome.DONE, "action": Action.CLEAR}, ("5", "", "")),
    ],
)
def test_an_export_has_what_was_asked_whatever_became_of_it(
    manager: Client, change: dict[str, Any], values: tuple[str, str, str]
) -> None:
    a_change(**change)
    fields = [f"{when}_limit" for when in ("before", "wanted", "after")]
    text = streamed(manager.post(f"{LIST}export/", {"format": "csv"})).removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert tuple(row[field] for field in fields) == values
    (same,) = json.loads(streamed(manager.post(f"{LIST}export/", {"format": "json"})))
    assert tuple("" if same[field] is None else str(same[field]) for field in fields) == values


def test_an_export_has_what_was_asked_beside_what_was_found_later(manager: Client) -> None:
    change = a_change(outcome=Outcome.UNKNOWN)
    settled(change, NOON + minutes(3), Verdict.NOT_APPLIED, after=BEFORE)
    (row,) = json.loads(streamed(manager.post(f"{LIST}export/", {"format": "json"})))
    assert (row["wanted_limit"], row["after_limit"]) == (10, 5)


def test_an_export_of_nothing_is_an_empty_list(manager: Client) -> None:
    answer = manager.post(f"{ALL}export/?who=nobody", {"format": "json"})
    assert json.loads(streamed(answer)) == []


def test_an_export_has_what_is_filtered_and_no_more(manager: Client) -> None:
    a_change(who="ada")
    a_change(who="bo")
    a_change(who="ada", company="northwind")
    answer = manager.post(f"{ALL}export/?who=ada", {"format": "json"})
    assert [change["company"] for change in json.loads(streamed(answer))] == ["acme"]


def test_an_export_has_every_line_once_however_few_are_read_at_a_time(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [str(a_change()) for _ in range(5)]
    monkeypatch.setattr("pools.changes.paging.CHUNK", 3)
    monkeypatch.setattr("pools.changes.lines.EXPORTED_AT_ONCE", 2)
    answer = manager.post(f"{LIST}export/", {"format": "json"})
    assert [each["change"] for each in json.loads(streamed(answer))] == changes[::-1]


def test_an_export_is_recorded_before_its_first_byte(manager: Client) -> None:
    manager.post(f"{LIST}export/?who=ada", {"format": "csv"})
    entry = Entry.objects.get(action="changes_exported")
    facts = json.loads(entry.facts)
    assert (entry.actor_name, entry.company) == ("manager", "acme")
    assert (facts["format"], facts["filters"]) == ("csv", {"who": "ada"})


def test_what_cannot_be_recorded_is_not_exported(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("pools.views.changes.record_event", refuse)
    answer = manager.post(f"{LIST}export/", {"format": "csv"})
    assert answer.status_code == 503
    assert "Nothing was exported." in answer.content.decode()


def test_an_export_is_asked_for_by_a_form(manager: Client) -> None:
    assert manager.get(f"{LIST}export/").status_code == 405
    assert manager.post(f"{LIST}export/", {"format": "exe"}).status_code == 400


def test_ticket_ids_become_links(manager: Client, settings: Any) -> None:
    settings.TICKETS = tickets_of(r"SUP-\d+", "https://tickets.example/{ticket}")
    a_change(reason="see SUP-1 <b>")
    page = manager.get(LIST).content.decode()
    link = '<a href="https://tickets.example/SUP-1" rel="noreferrer">SUP-1</a> &lt;b&gt;'
    assert link in page


def test_a_reason_is_required_where_the_company_says_so(manager: Client, acme: Company) -> None:
    acme.reason_required_for = ["clear"]
    acme.save()
    page = manager.get("/c/acme/pools/3/clear/")
    assert page.context["form"].fields["reason"].required
    assert not manager.get("/c/acme/pools/3/edit/").context["form"].fields["reason"].required
    form = page.context["form"]
    values = {"form_id": str(uuid.uuid4()), "seen": form.initial["seen"], "reason": "  "}
    answer = manager.post("/c/acme/pools/3/clear/", values)
    assert answer.status_code == 422
    assert not Entry.objects.filter(action="clear").exists()


def test_a_pools_history_leads_to_its_changes(manager: Client) -> None:
    change = a_change(pool_id=3)
    page = manager.get("/c/acme/pools/3/").content.decode()
    assert f'href="/changes/{change}/"' in page
    assert 'href="/c/acme/changes/?pool=3"' in page


def test_a_list_of_a_renamed_persons_changes_says_whose_they_are(sign_in_as: SignIn) -> None:
    auditor = sign_in_as("Auditor", token=None)
    person = make_person("olga", "Operator")
    mine = a_change(who="olga", actor_id=person.pk)
    User.objects.filter(pk=person.pk).update(username="olga.k")
    page = auditor.get(ALL, {"who": "OLGA"})
    assert ids_of(page) == [mine]
    assert "“OLGA” is now called “olga.k”." in told(page)
    page = auditor.get(ALL, {"who": "olga.k"})
    assert ids_of(page) == []
    assert "Also recorded as “olga”." in told(page)
    assert 'href="/changes/?who=olga"' in page.text
    later = a_change(who="olga.k", actor_id=person.pk)
    page = auditor.get(ALL, {"who": "olga.k", "action": "edit"})
    assert (ids_of(page), "Also recorded as “olga”." in told(page)) == ([later], True)
    assert "now called" not in told(auditor.get(ALL, {"who": "somebody"}))
    assert "recorded as" not in told(auditor.get(ALL))


def test_a_name_that_two_people_had_is_said_to_be_that(sign_in_as: SignIn) -> None:
    auditor = sign_in_as("Auditor", token=None)
    for number in (71, 72):
        a_change(who="olga", actor_id=number)
    told_there = told(auditor.get(ALL, {"who": "olga"}))
    assert "More than one person is recorded under this name" in told_there
    assert "recorded as" not in told_there


def test_nobody_learns_a_name_from_changes_that_they_do_not_see(manager: Client) -> None:
    a_change(who="olga", actor_id=71, company="northwind")
    a_change(who="olga.k", actor_id=71)
    assert "recorded as" not in told(manager.get(ALL, {"who": "olga.k"}))
    a_change(who="olga.old", actor_id=71)
    page = told(manager.get(ALL, {"who": "olga.k"}))
    assert "Also recorded as “olga.old”." in page
    page = told(manager.get(ALL, {"who": "olga"}))
    assert ("recorded as" in page, "now called" in page) == (False, False)


def test_very_many_companies_are_listed_together(manager: Client) -> None:
    """More than SQLite would take as one query for each of them."""
    mine, user, now = a_change(), person_of(manager), timezone.now()
    made = Company.objects.bulk_create(
        Company(name=f"Company {n}", slug=f"company-{n}", base_url="https://core.example")
        for n in range(520)
    )
    Token.objects.bulk_create(
        Token(user=user, company=each, kind="api_key", created_at=now, confirmed_at=now)
        for each in made
    )
    for query in ("", "?outcome=done", "?company=acme"):
        assert ids_of(manager.get(f"{ALL}{query}")) == [mine], query


def test_a_list_is_one_line_that_unfolds_with_the_state_in_the_address(manager: Client) -> None:
    outcomes = [Outcome.DONE, Outcome.DONE, Outcome.REFUSED]
    batch, changes = a_list(3, outcomes=outcomes, reason="ZD-4711")
    single = a_change(NOON + minutes(20))
    page = manager.get(LIST, {"who": "ada"})
    assert ids_of(page) == [single, changes[-1]]
    text = told(page)
    assert "2 done 1 refused" in text
    assert "Set limit to 10" in text
    assert "3 pools" in text
    (line,) = LexborHTMLParser(page.content).css(f"#list-{batch} [aria-expanded='false']")
    assert line.attributes["href"] == f"{LIST}?who=ada&list={batch}#list-{batch}"
    unfolded = manager.get(LIST, {"who": "ada", "list": str(batch)})
    rows = LexborHTMLParser(unfolded.content)
    assert [
        f"/changes/{each}/" in (row.html or "")
        for each, row in zip(changes[::-1], rows.css("tr.of-list"), strict=True)
    ] == [True] * 3
    (folds,) = rows.css("[aria-expanded='true']")
    assert folds.attributes["href"] == f"{LIST}?who=ada#list-{batch}"
    # Its report is a link away; nothing else on the page is otherwise.
    assert rows.css_first(f"#list-{batch} a[href='/c/acme/batches/{batch}/']")
    assert ids_of(unfolded) == ids_of(page)
    assert unfolded.context["export_href"] == page.context["export_href"]


def test_an_unfolded_list_stays_on_its_page(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pools.views.page_sizes.CHANGES", 1)
    batch, _ = a_list(2)
    newest = a_change(NOON + minutes(20))
    seq = Entry.objects.get(change=newest, kind="intent").seq
    page = manager.get(LIST, {"before": seq})
    (line,) = LexborHTMLParser(page.content).css("[aria-expanded]")
    assert line.attributes["href"] == f"{LIST}?before={seq}&list={batch}#list-{batch}"
    assert (
        len(LexborHTMLParser(manager.get(line.attributes["href"] or "").content).css(".of-list"))
        == 2
    )


@pytest.mark.parametrize("text", ["x", "12", "6f0c7c1e", "{}"])
def test_what_is_no_list_is_said(manager: Client, text: str) -> None:
    page = manager.get(LIST, {"list": text})
    assert (page.status_code, "list= needs the id of a list." in page.text) == (400, True)


def test_a_list_of_a_company_that_is_gone_is_told_from_the_record_alone(sign_in_as: SignIn) -> None:
    a_list(2, company="gone")
    page = sign_in_as("Auditor", token=None).get(ALL)
    assert "▸ Set limit to 10 2 pools gone" in told(page)


def test_an_altered_list_is_still_a_line(manager: Client) -> None:
    a_list(2)
    with unguarded_ledger():
        Entry.objects.filter(action="batch_frozen").update(
            facts='{"operation": "fly", "pools": "x"}'
        )
    assert "▸ List of changes The list 2 pools" in told(manager.get(LIST))


def test_an_export_has_each_change_of_a_list(manager: Client) -> None:
    batch, changes = a_list(2)
    single = a_change(NOON + minutes(20))
    answer = manager.post(f"{ALL}export/", {"format": "json"})
    found = [(line["change"], line["list"]) for line in json.loads(streamed(answer))]
    assert found == [(str(single), None), *((str(each), str(batch)) for each in changes[::-1])]
