"""The pages of changes: who may see what, filters in the address, exports, one change whole."""

import csv
import io
import json
import uuid
from datetime import datetime
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from pools.changes import Action, Outcome
from pools.changes.exporting import defused
from pools.event_text import facts_of
from pools.models import Company, Entry
from pools.tickets import ticket_links
from tests.changes.recorded import NOON, a_change, an_event, minutes
from tests.views.conftest import SignIn

LIST = "/c/acme/changes/"
ALL = "/changes/"


def lines_of(page: Any) -> list[Any]:
    return [row.line for day in page.context["days"] for row in day["rows"]]


def ids_of(page: Any) -> list[uuid.UUID]:
    return [line.item.change_id for line in lines_of(page)]


def streamed(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


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
        ("action=explode", "An action is create, edit, clear, delete or outside."),
        ("outcome=maybe", "An outcome is one of done, refused, not_sent, unknown, applied, "),
        ("from=yesterday", "Days are written as in 2026-05-01."),
        ("to=2026-02-30", "Days are written as in 2026-05-01."),
        ("from=2026-05-02&to=2026-05-01", "The first day is after the last one."),
        ("from=0001-01-01", "There is nothing on the record from a day like that."),
        ("pool=%21%21", "A pool is looked up by its id or name."),
        ("words=%E2%80%94", "Words are made of letters and digits."),
        ("kind=rumours", "The list has changes, and kind=events."),
        ("before=x", "A page begins before or after the number of an entry."),
        ("before=-1", "A page begins before or after the number of an entry."),
        ("before=999999999", "The list has no page there."),
        ("before=1&after=1", "A page is before one entry or after one, not both."),
        (f"who={'x' * 256}", "A filter has at most 255 characters."),
        ("who=%00", "A filter has at most 255 characters."),
    ],
)
def test_what_the_list_does_not_have_is_said_in_place(
    manager: Client, filters: str, sentence: str
) -> None:
    page = manager.get(f"{LIST}?{filters}")
    assert page.status_code == 400
    assert sentence in page.content.decode()


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
    monkeypatch.setattr("pools.views.record.LINES", 2)
    changes = [a_change(NOON + minutes(number)) for number in range(5)][::-1]
    first = manager.get(LIST, {"who": "ada"})
    assert ids_of(first) == changes[:2]
    assert first.context["older_href"].startswith(f"{LIST}?who=ada&before=")
    second = manager.get(first.context["older_href"])
    assert ids_of(second) == changes[2:4]
    assert ids_of(manager.get(second.context["newer_href"])) == changes[:2]


def test_the_fragment_is_the_list_alone(manager: Client) -> None:
    a_change()
    headers = {"HX-Request": "true", "HX-Target": "changes"}
    fragment = manager.get(LIST, headers=headers).content.decode()
    assert "<html" not in fragment
    assert 'id="changes"' in fragment
    assert 'id="filters"' not in fragment


def test_the_chart_has_its_numbers_in_a_table(manager: Client) -> None:
    a_change()
    page = manager.get(LIST, {"from": "2026-05-12", "to": "2026-05-12"})
    ((bar, href),) = page.context["chart_days"]
    assert (bar.total, bar.sentence) == (1, "1 edit")
    assert href == f"{LIST}?from=2026-05-12&to=2026-05-12"
    assert "style=" not in page.content.decode()


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
    page = manager.get(f"/changes/{change}/")
    assert page.context["entry"].text.splitlines() == [
        "Edit of pool “NetSuite orders” (id 7) in Acme",
        "Outcome: done, not seen. Core confirmed it; reading the pool back did not show it.",
        "Who: ada, 12 May 2026 12:00:00 UTC",
        "Reason: SUP-1",
        "Limit: 5 → 10 (as asked for)",
        f"Change: http://testserver/changes/{change}/",
    ]


def test_events_are_for_those_who_see_all(sign_in_as: SignIn) -> None:
    an_event(action="role_changed", facts={"changed": {"roles": [[], ["Operator"]]}})
    assert sign_in_as("Manager").get(ALL, {"kind": "events"}).status_code == 403
    auditor = sign_in_as("Auditor", token=None)
    page = auditor.get(ALL, {"kind": "events", "action": "Role changed"})
    (row,) = page.context["days"][0]["rows"]
    assert (row.title, row.facts) == ("Role changed", [("roles", "none → Operator")])


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
    rows = list(csv.DictReader(io.StringIO(streamed(answer), newline="")))
    assert [row["reason"] for row in rows] == [
        "two\nlines, “quoted”",
        '\'=HYPERLINK("http://evil.example")',
    ]
    assert (rows[1]["before_limit"], rows[1]["outcome"]) == ("5", "done")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert defused(f"{start}1") == f"'{start}1"


def test_json_has_every_text_as_it_was(manager: Client) -> None:
    a_change(reason="=1+1")
    answer = manager.post(f"{ALL}export/", {"format": "json"})
    (change,) = json.loads(streamed(answer))
    assert (change["reason"], change["time"]) == ("=1+1", "2026-05-12T12:00:00.000Z")


def test_an_export_of_nothing_is_an_empty_list(manager: Client) -> None:
    answer = manager.post(f"{ALL}export/?who=nobody", {"format": "json"})
    assert json.loads(streamed(answer)) == []


def test_an_export_has_what_is_filtered_and_no_more(manager: Client) -> None:
    a_change(who="ada")
    a_change(who="bo")
    a_change(who="ada", company="northwind")
    answer = manager.post(f"{ALL}export/?who=ada", {"format": "json"})
    assert [change["company"] for change in json.loads(streamed(answer))] == ["acme"]


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

    monkeypatch.setattr("pools.views.record.record_event", refuse)
    answer = manager.post(f"{LIST}export/", {"format": "csv"})
    assert answer.status_code == 503
    assert "Nothing was exported." in answer.content.decode()


def test_an_export_is_asked_for_by_a_form(manager: Client) -> None:
    assert manager.get(f"{LIST}export/").status_code == 405
    assert manager.post(f"{LIST}export/", {"format": "exe"}).status_code == 400


def test_ticket_ids_become_links(manager: Client, settings: Any) -> None:
    settings.TICKET_LINKS = ticket_links(r"SUP-\d+", "https://tickets.example/{ticket}")
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
    assert 'href="/c/acme/changes/?who=ada"' in page
