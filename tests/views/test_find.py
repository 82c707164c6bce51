"""Find: who finds what, and how it is shown."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from pools.catalogue.keeping import keep
from pools.core import Connector, Pool, System
from pools.guidance.notes import pin_note
from pools.models import Company, Token
from sandbox.running import RunningSandbox
from tests.fixtures.awkward_names import NASTIEST
from tests.fixtures.panel import SignIn, actor, give_token, make_company, person_of, told


def pool(id_: int, name: str | None, systems: Iterable[str] = ("NetSuite",)) -> Pool:
    connectors = tuple(
        Connector(90 + n, f"{system} Live", System(n, system), {})
        for n, system in enumerate(systems)
    )
    return Pool(id_, name, 5, None, None, None, connectors, frozenset(), {})


@pytest.fixture
def northwind(acme: Company, core: RunningSandbox) -> Company:
    """A company that the people here have no token for, with a pool that somebody has seen."""
    company = make_company(core, "northwind", "Northwind")
    company.colour = "violet"
    company.save()
    keep(company, [pool(3, "Orders of Northwind")])
    keep(acme, [pool(41, "Orders of Acme", ["NetSuite", "Shopify"])])
    return company


def hits(client: Client, typed: str) -> list[str]:
    return [hit.name for hit in client.get("/find/", {"q": typed}).context["hits"]]


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOT_WORKING: dict[str, dict[str, Any]] = {
    "none": {},
    "refused": {"refused_at": LONG_AGO},
    "expired": {"expires_at": LONG_AGO},
    "unconfirmed": {"confirmed_at": None},
    "unreadable": {"sealed": "v1:x:y:z"},
}


@pytest.mark.parametrize("state", NOT_WORKING)
def test_nobody_finds_pools_of_a_company_without_a_working_token(
    manager: Client, northwind: Company, core: RunningSandbox, state: str
) -> None:
    if state != "none":
        give_token(person_of(manager), northwind, core.keys["northwind"]["full"])
        assert hits(manager, "northwind orders") == ["Orders of Northwind"]
    changed = NOT_WORKING[state]
    if changed:
        Token.objects.filter(company=northwind).update(**changed)
    answer = manager.get("/find/", {"q": "orders"})
    assert [hit.name for hit in answer.context["hits"]] == ["Orders of Acme"]
    assert "Orders of Northwind" not in told(answer)
    assert "no working token there: Northwind" in told(answer)


def test_a_disabled_right_finds_nothing(sign_in_as: SignIn, northwind: Company) -> None:
    auditor = sign_in_as("Manager")
    person_of(auditor).groups.clear()
    assert auditor.get("/find/", {"q": "orders"}).status_code == 403


def test_an_archived_company_is_not_searched(manager: Client, northwind: Company) -> None:
    Company.objects.filter(slug="acme").update(archived_at=timezone.now())
    assert hits(manager, "orders") == []


def test_a_hit_says_whose_it_is_what_hangs_on_it_and_from_when_that_is(
    manager: Client, northwind: Company
) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=3, seconds=1)):
        page = manager.get("/find/", {"q": "shopify orders"})
    hit = LexborHTMLParser(page.content).css_first(".hit")
    assert hit is not None
    assert " ".join(hit.text().split()).startswith(
        "Orders of Acme 41 NetSuite Shopify Acme limit 5 seen 3 min ago"
    )
    assert "band-teal" in (hit.attributes["class"] or "")
    assert [a.attributes["href"] for a in hit.css("a")] == [
        "/c/acme/pools/41/",
        "/c/acme/pools/41/edit/",
        "/c/acme/pools/41/clear/",
    ]


def said_of(client: Client, typed: str) -> str:
    hit = LexborHTMLParser(client.get("/find/", {"q": typed}).content).css_first(".hit .hit-of")
    assert hit is not None
    return " ".join(hit.text().split()).partition(" ago ")[2]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("live eu", "connectors EU live 12, EU test live 14"),
        ("11", "connector US live 11"),
        ("sandbox eu", "words in different connectors EU live 12, Sandbox 13, EU test live 14"),
        ("live", "connectors US live 11, EU live 12, EU test live 14 and 2 more"),
        ("live tset", "connector EU test live 14"),
        ("netsuite orders", ""),
        ("acme live eu test", "connector EU test live 14"),
        ("orders acme", ""),
    ],
)
def test_a_hit_says_which_connectors_have_the_words(
    manager: Client, acme: Company, typed: str, said: str
) -> None:
    names = ("US live", "EU live", "Sandbox", "EU test live", "Old live", "New live")
    connectors = tuple(
        Connector(11 + n, name, System(1, "NetSuite"), {}) for n, name in enumerate(names)
    )
    keep(acme, [Pool(41, "Orders", 5, None, None, None, connectors, frozenset(), {})])
    assert said_of(manager, typed) == said


def test_notes_stand_at_what_was_found(manager: Client, acme: Company) -> None:
    keep(acme, [pool(41, "Orders")])
    by = actor(person_of(manager))
    pin_note(acme, 41, "Orders", "Tier 1: ask Ana", 0, by=by)
    pin_note(acme, None, "", "Contract ends <soon>", 0, by=by)
    for typed in ("tier", "orders"):
        assert "Note: Tier 1: ask Ana" in told(manager.get("/find/", {"q": typed}))
    page = manager.get("/find/", {"q": "contract"})
    assert [each.name for each in page.context["companies"]] == ["Acme"]
    assert "Note: Contract ends <soon>" in told(page)


def test_core_is_asked_nothing(manager: Client, core: RunningSandbox, northwind: Company) -> None:
    core.reset()
    hits(manager, "orders")
    assert core.journal == []


def test_only_what_a_role_includes_is_offered(reader: Client, northwind: Company) -> None:
    page = LexborHTMLParser(reader.get("/find/", {"q": "orders acme"}).content)
    assert [a.attributes["href"] for a in page.css(".hit a")] == ["/c/acme/pools/41/"]


def test_companies_and_pages_are_found_too(manager: Client, northwind: Company) -> None:
    found = manager.get("/find/", {"q": "northw"}).context
    assert [each.name for each in found["companies"]] == ["Northwind"]
    assert [each.title for each in manager.get("/find/", {"q": "history"}).context["pages"]] == [
        "Changes"
    ]
    for words in ("stuck", "allowance"):
        (page,) = manager.get("/find/", {"q": words}).context["pages"]
        assert page.title == "Stuck orders"
    assert manager.get("/find/", {"q": "people"}).context["pages"] == []


@pytest.mark.parametrize(
    "typed", ["%", "_", "'", '"', "\\", "🚀" * 200, "9" * 30, "\0", "x" * 201, "x" * 5000]
)
def test_what_finds_nothing_says_so(manager: Client, northwind: Company, typed: str) -> None:
    answer = manager.get("/find/", {"q": typed})
    assert answer.status_code == 200
    assert answer.context["hits"] == []
    assert ("at most 200 characters" if len(typed) > 200 else "Nothing found for") in told(answer)


def test_what_is_close_is_told_from_what_was_typed(manager: Client, northwind: Company) -> None:
    answer = manager.get("/find/", {"q": "ordres acme"})
    assert [hit.name for hit in answer.context["hits"]] == ["Orders of Acme"]
    assert "none with exactly these words" in told(answer)
    assert "data-near" in answer.text
    assert "data-near" not in manager.get("/find/", {"q": "orders acme"}).text


@pytest.mark.parametrize("region", ["found", "find-box"])
def test_a_fragment_is_the_list_alone_in_the_place_that_asked(
    manager: Client, northwind: Company, region: str
) -> None:
    headers = {"HX-Request": "true", "HX-Target": region}
    answer = manager.get("/find/", {"q": "orders"}, headers=headers)
    page = LexborHTMLParser(answer.content)
    assert page.css_first(f"section#{region}") is not None
    assert page.css_first("form") is None
    assert "HX-Request" in answer["Vary"]


def test_names_are_only_text(manager: Client, acme: Company) -> None:
    keep(acme, [pool(1000 + n, f"trap {name}", [name]) for n, name in enumerate(NASTIEST[:20])])
    keep(acme, [pool(2000, None)])
    page = LexborHTMLParser(manager.get("/find/", {"q": "trap"}).content)
    assert page.css_first(".hit script, .hit img, .hit iframe, .hit [hx-get]") is None
    assert len(page.css(".hit")) == min(20, len(NASTIEST))
    assert hits(manager, "2000") == [None]
