"""Home: what needs attention, one's companies, the pools that one visited last."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from pools.models import Company, Token
from pools.models.vocabulary import Action, Outcome
from pools.views.tokens import COMPANIES
from sandbox.running import RunningSandbox
from tests.changes.recorded import NOON, a_change, a_list, minutes
from tests.fixtures.panel import SignIn, make_company, person_of, told


def texts(page: Any, selector: str) -> list[str]:
    found = LexborHTMLParser(page.content).css(selector)
    return [" ".join(each.text().split()) for each in found]


def test_a_change_of_unknown_outcome_needs_somebody(manager: Client) -> None:
    change = a_change(outcome=Outcome.UNKNOWN, held=True)
    a_change(timezone.now(), outcome=None, held=True, pool_name="Under way")
    a_change(company="northwind", outcome=Outcome.UNKNOWN, held=True)
    page = manager.get("/")
    (line,) = texts(page, "[aria-labelledby=needs-title] li")
    assert line.startswith("unknown Edit of NetSuite orders 7 Acme by ada")
    assert f'action="/c/acme/changes/{change}/check/"' in page.text


def test_a_token_that_is_about_to_expire_needs_somebody(manager: Client) -> None:
    Token.objects.update(expires_at=timezone.now() + timedelta(minutes=30))
    page = manager.get("/")
    (line,) = texts(page, "[aria-labelledby=needs-title] li")
    assert line.startswith("Token expires soon Acme expires in ")
    assert 'href="/tokens/acme/replace/"' in page.text


def test_nothing_needs_somebody_who_has_nothing_to_mend(manager: Client) -> None:
    assert texts(manager.get("/"), "[aria-labelledby=needs-title]") == []


def test_the_pools_that_one_was_at_last_are_those_of_ones_own_changes(manager: Client) -> None:
    me: dict[str, Any] = {"who": "manager", "actor_id": person_of(manager).pk}
    a_change(NOON, pool_id=7, pool_name="Seven", **me)
    a_change(NOON + minutes(1), pool_id=8, pool_name="Eight", **me)
    a_change(NOON + minutes(2), pool_id=8, pool_name="Eight", **me)
    a_change(NOON + minutes(3), pool_id=9, pool_name="Gone", action=Action.DELETE, **me)
    a_change(NOON + minutes(4), pool_id=10, pool_name="Another's", actor_id=99)
    a_change(NOON + minutes(5), company="northwind", pool_id=11, pool_name="Elsewhere", **me)
    page = manager.get("/")
    pools = "[aria-labelledby=pools-title] .opens"
    assert texts(page, pools) == ["Eight 8", "Seven 7"]
    changes = texts(page, "[aria-labelledby=changes-title] .opens")
    assert changes == ["Delete of Gone 9", "Edit of Eight 8", "Edit of Eight 8", "Edit of Seven 7"]


def test_who_has_changed_nothing_sees_what_colleagues_changed_last(reader: Client) -> None:
    a_change(pool_name="Seven", actor_id=99)
    a_change(company="northwind", pool_name="Elsewhere", actor_id=99)
    page = reader.get("/")
    assert texts(page, "[aria-labelledby=changes-title] .opens") == ["Edit of Seven 7"]
    assert texts(page, "#changes-title") == ["Latest changes"]


def test_of_a_list_the_newest_change_alone_is_there_and_leads_to_it(reader: Client) -> None:
    a_change(NOON, pool_name="Before", actor_id=person_of(reader).pk)
    batch, _ = a_list(9, NOON + minutes(1), actor_id=person_of(reader).pk)
    a_change(NOON + minutes(20), pool_name="After", actor_id=person_of(reader).pk)
    page = reader.get("/")
    opens = "[aria-labelledby=changes-title] .opens"
    named = ["Edit of After 7", "Edit of NetSuite orders 7", "Edit of Before 7"]
    assert texts(page, opens) == named
    lists = LexborHTMLParser(page.content).css("[aria-labelledby=changes-title] a[href*=batches]")
    assert [each.attributes["href"] for each in lists] == [f"/c/acme/batches/{batch}/"]


def test_who_sees_all_changes_sees_those_of_companies_without_a_token(
    sign_in_as: SignIn, core: RunningSandbox
) -> None:
    make_company(core, "northwind", "Northwind")
    a_change(company="northwind", pool_name="Elsewhere")
    opens = "[aria-labelledby=changes-title] .opens"
    assert texts(sign_in_as("Auditor", token=None).get("/"), opens) == ["Edit of Elsewhere 7"]
    assert texts(sign_in_as("Operator", token=None).get("/"), opens) == []


def test_the_latest_changes_of_very_many_companies_are_found_too(
    sign_in_as: SignIn, core: RunningSandbox
) -> None:
    url = core.url
    Company.objects.bulk_create(
        Company(slug=f"c{n}", name=f"Company {n}", base_url=url) for n in range(600)
    )
    for n in (3, 599):
        a_change(NOON + minutes(n), company=f"c{n}", pool_name=f"Pool of {n}")
    opens = "[aria-labelledby=changes-title] .opens"
    page = sign_in_as("Auditor", token=None).get("/")
    assert texts(page, opens) == ["Edit of Pool of 599 7", "Edit of Pool of 3 7"]


def test_the_first_day_leads_to_the_first_token(sign_in_as: SignIn) -> None:
    page = sign_in_as("Operator", token=None).get("/")
    assert texts(page, "#first-token .button") == ["Add token"]
    assert "Your first token" in told(page)
    assert texts(page, ".companies .button") == ["Add token: Acme"]


def test_of_many_companies_those_with_a_token_of_ones_own_come_first(
    sign_in_as: SignIn, acme: Company
) -> None:
    for number in range(COMPANIES):
        name = f"C{number:02}"
        Company.objects.create(slug=name.lower(), name=name, base_url=acme.base_url)
    manager = sign_in_as("Manager")
    for address, rows, name in (("/", ".companies", ".company"), ("/tokens/", ".list", "h2")):
        page = manager.get(address)
        assert texts(page, "details summary") == [f"{COMPANIES} more, where you have no token"]
        assert texts(page, f"details {name}") == [f"C{number:02}" for number in range(COMPANIES)]
        assert texts(page, f"{rows} {name}")[0] == "Acme"
    nobody = sign_in_as("Operator", token=None)
    assert len(texts(nobody.get("/"), ".companies .company")) == COMPANIES + 1
    Company.objects.get(slug="c00").delete()
    for address, name in (("/", ".companies .company"), ("/tokens/", ".list h2")):
        assert texts(manager.get(address), "details") == []
        assert len(texts(manager.get(address), name)) == COMPANIES


def test_nothing_is_asked_of_core(manager: Client, core: RunningSandbox) -> None:
    a_change(outcome=Outcome.UNKNOWN, held=True)
    assert manager.get("/").status_code == 200
    assert core.journal == []


def test_what_a_ticket_says_is_typed_first_without_a_script_too(manager: Client) -> None:
    (form,) = LexborHTMLParser(manager.get("/").content).css("main .find-form")
    assert (form.attributes["method"], form.attributes["action"]) == ("get", "/find/")
    (box,) = form.css("input[type=search]")
    assert "autofocus" in box.attributes
    found = manager.get(
        "/find/", {"q": "x"}, headers={"HX-Request": "true", "HX-Target": "find-home"}
    )
    assert 'id="find-home"' in found.text
    assert "<title>" not in found.text
