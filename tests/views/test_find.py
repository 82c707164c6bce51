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
from pools.models import Company, Token
from sandbox.running import RunningSandbox
from tests.fixtures.awkward_names import NASTIEST
from tests.fixtures.panel import SignIn, give_token, make_company, person_of, told


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
