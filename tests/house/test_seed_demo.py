"""What `seed_demo` puts into the demo's database, against a real sandbox."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from pools.changes import history_of
from pools.core import PoolFields
from pools.core.errors import Forbidden
from pools.guidance.allowances import allowances_of, remove_allowance
from pools.guidance.notes import note_on
from pools.models import Company, Token
from pools.tokens.keeping import open_core, remove_token, token_for
from sandbox.running import RunningSandbox, running_sandbox
from tests.fixtures.panel import actor

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def core() -> Iterator[RunningSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def keys(core: RunningSandbox, tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": dict(core.keys)}))
    return file


@pytest.fixture(autouse=True)
def is_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANEL_DEMO", "1")


def seed(core: str, keys: Path) -> str:
    said: list[str] = []

    class Out:
        def write(self, text: str) -> None:
            said.append(text)

    call_command("seed_demo", core=core, keys=keys, stdout=Out())
    return "".join(said)


def token_of(name: str, slug: str) -> Token:
    token = token_for(User.objects.get(username=name), Company.objects.get(slug=slug))
    assert token
    return token


def test_everyone_has_the_role_of_their_name(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    assert set(User.objects.values_list("username", "groups__name")) == {
        ("viewer", "Read-only"),
        ("operator", "Operator"),
        ("manager", "Manager"),
        ("auditor", "Auditor"),
        ("admin", "Administrator"),
    }


def test_everyone_signs_in_with_the_demo_password(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    assert all(user.check_password("pools-demo") for user in User.objects.all())


def test_everyone_has_a_full_name(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    names = {user.username: user.get_full_name() for user in User.objects.all()}
    assert names == {
        "viewer": "Second-line support",
        "operator": "Support operator",
        "manager": "Integration manager",
        "auditor": "Compliance auditor",
        "admin": "Panel administrator",
    }


def test_there_is_a_history_and_it_happened_at_core(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    seed(core.url, keys)
    company = Company.objects.get(slug="acme")
    pools = {pool.name: pool for pool in core.company("acme").pools()}
    orders = history_of(company, pools["NetSuite orders"].id)
    assert [(item.actor_name, item.action, item.outcome) for item in orders] == [
        ("manager", "edit", "done"),
        ("operator", "edit", "done"),
        ("operator", "clear", "done"),
    ]
    assert pools["NetSuite orders"].limit == 5
    assert pools["Shopify orders"].timeout == 120


def test_an_allowance_and_a_note_help_to_decide(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    company = Company.objects.get(slug="acme")
    pools = {pool.name: pool for pool in core.company("acme").pools()}
    note = note_on(company, pools["NetSuite orders"].id)
    assert [(each.system, each.number) for each in allowances_of(company)] == [("NetSuite", 15)]
    assert note
    assert "before you go above 8" in note.text
    remove_allowance(company, "NetSuite", by=actor(User.objects.get(username="admin")))
    seed(core.url, keys)
    assert allowances_of(company) == []


def test_who_or_what_the_visitor_deleted_or_renamed_is_not_added_again(
    core: RunningSandbox, keys: Path
) -> None:
    seed(core.url, keys)
    User.objects.get(username="viewer").delete()
    User.objects.filter(username="operator").update(username="olga")
    Company.objects.get(slug="blank").delete()
    told = seed(core.url, keys)
    assert set(User.objects.values_list("username", flat=True)) == {
        *("olga", "manager", "auditor", "admin")
    }
    assert set(Company.objects.values_list("slug", flat=True)) == {"acme", "northwind"}
    gone = "(deleted or renamed here, so not added again)"
    assert [line.split()[0] for line in told.splitlines() if gone in line] == [
        *("viewer", "operator")
    ]


def test_tokens_are_stored_for_all_but_northwind(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    everyone = {"viewer", "operator", "manager", "auditor", "admin"}
    stored = Token.objects.filter(confirmed_at__isnull=False)
    holders = {
        slug: set(stored.filter(company__slug=slug).values_list("user__username", flat=True))
        for slug in Company.objects.values_list("slug", flat=True)
    }
    assert holders == {"acme": everyone, "blank": everyone, "northwind": {"manager", "admin"}}


def test_tokens_open_what_the_companies_are_there_for(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    opened = {slug: token_of("admin", slug).opens_total for slug in ("acme", "northwind", "blank")}
    assert opened == {"acme": 257, "northwind": 3, "blank": 0}


def test_core_itself_refuses_a_change_of_the_viewer(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    with pytest.raises(Forbidden):
        open_core(token_of("viewer", "acme")).create_pool(PoolFields("New", 1, None))


def test_a_second_time_changes_nothing(core: RunningSandbox, keys: Path) -> None:
    first = seed(core.url, keys)
    before = [list(model.objects.order_by("pk").values()) for model in (Company, User, Token)]
    assert seed(core.url, keys) == first
    assert before == [
        list(model.objects.order_by("pk").values()) for model in (Company, User, Token)
    ]


def test_what_people_did_since_is_kept(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    operator = User.objects.get(username="operator")
    operator.set_password("another password")
    operator.save()
    remove_token(token_of("operator", "acme"), by=actor(operator))
    seed(core.url, keys)
    operator.refresh_from_db()
    assert operator.check_password("another password")
    assert token_for(operator, Company.objects.get(slug="acme")) is None


def test_tokens_follow_a_sandbox_that_has_moved(core: RunningSandbox, keys: Path) -> None:
    seed(core.url, keys)
    moved = core.url.replace("127.0.0.1", "localhost")
    seed(moved, keys)
    token = token_of("operator", "acme")
    assert (token.company.base_url, token.company.sign_in_url) == (
        moved,
        f"{moved}/fabric/api/login",
    )
    assert open_core(token).get_pool(core.company("acme").pools()[0].id).name


def test_refuses_without_being_told_that_this_is_the_demo(
    core: RunningSandbox, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PANEL_DEMO")
    with pytest.raises(CommandError, match="PANEL_DEMO=1"):
        seed(core.url, keys)
    assert not User.objects.exists()


@pytest.mark.parametrize("address", ["https://core.example", "http://10.0.0.1", "http://[::2]"])
def test_refuses_a_core_beyond_this_machine(keys: Path, address: str) -> None:
    with pytest.raises(CommandError, match="The address of the sandbox is not on this machine"):
        seed(address, keys)
    assert not User.objects.exists()


def test_refuses_a_database_that_knows_a_real_company(core: RunningSandbox, keys: Path) -> None:
    Company.objects.create(slug="real", name="Real", base_url="https://core.example")
    with pytest.raises(CommandError, match="The address of real is not on this machine"):
        seed(core.url, keys)
    assert not User.objects.exists()
