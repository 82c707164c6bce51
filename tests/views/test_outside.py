"""What was changed outside the panel, as people see it: what, between when, by nobody known."""

import uuid
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from pools.forms.companies import CompanyForm
from pools.ledger.appending import NOBODY, append
from pools.models import Company, Entry
from pools.models.vocabulary import Action, Kind
from sandbox.running import RunningSandbox
from tests.changes.recorded import AFTER, BEFORE, NOON, a_change, minutes
from tests.fixtures.clock import a_minute_later, travel
from tests.fixtures.panel import told
from tests.views.changing import edit

LIST = "/c/acme/changes/"
WINDOW = "between 12 May 12:00:00 and 12 May 14:18:00"


def seen_outside(until: datetime) -> uuid.UUID:
    """A difference from what the record had of pool 3 at noon, seen later."""
    change = uuid.uuid4()
    facts = {"before": BEFORE.to_json(), "after": AFTER.to_json(), "since": NOON.isoformat()}
    with travel(until, tick=False), transaction.atomic():
        append(
            Kind.DRIFT, Action.OUTSIDE, NOBODY, company="acme", pool_id="3",
            pool_name="NetSuite orders", change=change, facts=facts,
        )  # fmt: skip
    return change


@pytest.fixture
def outside(acme: Company) -> uuid.UUID:
    return seen_outside(NOON + minutes(138))


def row_of(page: Any) -> Any:
    return page.context["days"][0]["rows"][0]


def test_the_history_says_what_and_between_when(manager: Client, outside: uuid.UUID) -> None:
    page = manager.get("/c/acme/pools/3/").text
    assert f'<a href="/changes/{outside}/">Changed outside the panel</a>' in page
    assert f"{WINDOW.replace('b', 'B', 1)}." in page
    assert (
        '<del><bdi translate="no">5</bdi></del> → <ins><bdi translate="no">10</bdi></ins>' in page
    )


def test_nobody_is_credited(manager: Client, outside: uuid.UUID) -> None:
    for address in ("/c/acme/pools/3/", LIST, f"/changes/{outside}/"):
        assert "who=&quot;" not in manager.get(address).text
        assert 'changes/?who="' not in manager.get(address).text
    assert ">not known<" in manager.get(LIST).text


def test_its_page_names_the_window(manager: Client, outside: uuid.UUID) -> None:
    page = manager.get(f"/changes/{outside}/")
    assert WINDOW in page.text
    assert page.context["headings"] == ("Before", "After")
    assert page.context["entry"].text.splitlines() == [
        "Change outside the panel of pool “NetSuite orders” (id 3) in Acme",
        f"Changed outside the panel, {WINDOW}. We don't know who did it.",
        "Limit: 5 → 10",
        f"Change: http://testserver/changes/{outside}/",
    ]


def test_it_is_filtered_and_charted_as_an_action(manager: Client, outside: uuid.UUID) -> None:
    a_change(pool_id=3)
    page = manager.get(LIST, {"action": "outside", "from": "2026-05-12", "to": "2026-05-12"})
    assert row_of(page).line.item.change_id == outside
    ((bar, _),) = page.context["chart_days"]
    assert bar.sentence == "1 change outside the panel"
    assert 'class="bar-outside"' in page.text


def test_it_has_no_revert(manager: Client, outside: uuid.UUID) -> None:
    assert "/revert/" not in manager.get("/c/acme/pools/3/").text
    page = manager.get(f"/c/acme/changes/{outside}/revert/")
    assert (page.status_code, "It was not made in this panel." in page.text) == (409, True)


def test_the_list_of_pools_says_it_was_last_changed_outside(
    manager: Client, outside: uuid.UUID
) -> None:
    page = manager.get("/c/acme/pools/", {"per_page": 100}).text
    assert "<b>outside: " in page


def test_no_reason_can_be_required_of_it(manager: Client) -> None:
    widget = CompanyForm()["reason_required_for"]
    assert [choice.data["value"] for choice in widget] == ["create", "edit", "clear", "delete"]


def test_a_window_of_days_is_told_to_the_minute(manager: Client, acme: Company) -> None:
    change = seen_outside(until=NOON + minutes(24 * 60 + 0.25))
    assert "between 12 May 12:00 and 13 May 12:00." in manager.get(f"/changes/{change}/").text


@pytest.mark.parametrize("page", [LIST, "/c/acme/pools/{pool}/", "/changes/{change}/"])
def test_a_rename_by_a_blank_can_be_seen(manager: Client, core: RunningSandbox, page: str) -> None:
    pool = core.company("acme").add_pool("5020 5026", 5).id
    edit(manager, pool, limit="6")
    core.company("acme").change_pool(pool, name="5020  5026")
    with a_minute_later():
        manager.get(f"/c/acme/pools/{pool}/")
    change = Entry.objects.get(kind=Kind.DRIFT).change
    said = told(manager.get(page.format(pool=pool, change=change)))
    assert "5020 5026 → 5020 ⟨space⟩5026" in said
