"""5,000 awkward names as whatever has a name: on every page, in every export, only text."""

import csv
import io
import json
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import pytest
import structlog
from django.contrib.auth.models import Group, User
from django.core import mail
from django.test import Client

from adminpanel.logs import logging_settings
from pools import people
from pools.changes import Actor
from pools.models import Company, Invitation, Kind, Token
from pools.models.canonical import storable
from pools.models.ledger import append, record_event
from sandbox.running import RunningSandbox, running_sandbox
from tests.awkward_names import NASTIEST, TRAP, Page, as_parsed, five_thousand
from tests.changes.recorded import NOON, a_change
from tests.people.conftest import admin as admin
from tests.people.conftest import administrator as administrator
from tests.people.conftest import sign_in
from tests.people.test_forgotten import ask
from tests.views.conftest import acme as acme
from tests.views.conftest import core as core
from tests.views.conftest import give_token, make_company, make_person
from tests.views.test_access import prove
from tests.views.test_changes import open_form
from tests.views.test_record import streamed

ROWS: Final = {"HX-Request": "true", "HX-Target": "pool-table"}
DIALOG: Final = {"HX-Request": "true", "HX-Target": "dialog-body"}


def plain(count: int) -> list[str]:
    return [f"name {number}" for number in range(count)]


@pytest.fixture(scope="module")
def names() -> Sequence[str]:
    return five_thousand()


@pytest.fixture(scope="module")
def crowded(names: Sequence[str]) -> Iterator[RunningSandbox]:
    """A Core with 5,000 pools of awkward names in `blank`, and of plain ones in `northwind`.

    Every pool has a connector, whose name and whose system's are awkward as well.
    """
    with running_sandbox() as core:
        for pool in core.company("northwind").pools():
            core.company("northwind").delete_pool(pool.id)
        for company, given in (("blank", list(names)), ("northwind", plain(len(names)))):
            access = core.company(company)
            for number, name in enumerate(given):
                other = given[number - 1]
                system = {"id": number, "name": given[number - 2]}
                access.add_connector(access.add_pool(name).id, name=other, system=system)
        yield core


@pytest.fixture
def client(db: None, crowded: RunningSandbox) -> Client:
    """A manager of both companies."""
    user = make_person("mara", "Manager")
    for slug in ("blank", "northwind"):
        company = make_company(crowded, slug, slug.title())
        give_token(user, company, crowded.keys[slug]["full"])
    client = Client()
    client.force_login(user)
    return client


def looked_at(answer: Any, status: int = 200) -> Page:
    """The page of an answer: whatever it shows, nothing in it leads away."""
    assert answer.status_code == status, answer.content[:300]
    page = Page(answer.content.decode())
    assert page.leads_away() == []
    return page


def test_there_are_5000_and_no_two_are_alike(names: Sequence[str]) -> None:
    assert len(set(names)) == 5000
    assert set(NASTIEST) <= set(names)


def test_a_name_that_were_not_escaped_would_be_noticed() -> None:
    safe, open_ = Page("<p title='x'>&lt;b&gt;</p>"), Page("<p title='x'><b></p>")
    assert safe.shape() != open_.shape()
    assert (safe.texts("p"), open_.texts("p")) == (["<b>"], [""])
    assert Page(f'<a href="javascript:fetch(1)">x</a><a href="//x{TRAP}">').leads_away()


def test_pools_and_their_systems_in_the_list(client: Client, names: Sequence[str]) -> None:
    row = looked_at(client.get("/c/northwind/pools/?per_page=100", headers=ROWS))
    like = row.shape("tbody *")
    shown: list[str] = []
    systems: list[str] = []
    for number in range(1, 51):
        address = f"/c/blank/pools/?per_page=100&page={number}"
        part = looked_at(client.get(address, headers=ROWS))
        assert part.shape("tbody *") == like, number
        shown += part.texts("th.cell-name bdi")
        systems += part.attributes("td.cell-connectors .fit", "title")
    assert Counter(shown) == Counter(map(as_parsed, names))
    assert Counter(systems) == Counter(map(as_parsed, names))


@pytest.mark.parametrize("number", [1, 2, 25, 50])
def test_whole_pages_of_the_list(client: Client, number: int) -> None:
    query = f"?per_page=100&page={number}"
    like = looked_at(client.get(f"/c/northwind/pools/{query}")).shape()
    assert looked_at(client.get(f"/c/blank/pools/{query}")).shape() == like


def test_connectors_and_systems_on_the_page_of_a_pool(
    client: Client, crowded: RunningSandbox, names: Sequence[str]
) -> None:
    like = None
    for slug, given in (
        ("northwind", plain(1000)),
        *(("blank", names[at : at + 1000]) for at in range(0, 5000, 1000)),
    ):
        pool = crowded.company(slug).add_pool("Busy")
        for number, name in enumerate(given):
            system = {"id": number % 500, "name": given[number % 500]}
            crowded.company(slug).add_connector(pool.id, name=name, system=system)
        page = looked_at(client.get(f"/c/{slug}/pools/{pool.id}/"))
        crowded.company(slug).delete_pool(pool.id)
        assert Counter(page.texts(".system h3 bdi")) == Counter(map(as_parsed, given[:500]))
        assert Counter(page.texts(".system li bdi")) == Counter(map(as_parsed, given))
        like = like or page.shape()
        assert page.shape() == like


@pytest.mark.parametrize("name", ["\ud83d", "a\udc00b", "\x00", "<\x00script>", "\ud800<b>"])
def test_what_no_page_can_hold_is_replaced(
    client: Client, crowded: RunningSandbox, name: str
) -> None:
    pool = crowded.company("blank").add_pool("Odd")
    crowded.company("blank").add_connector(pool.id, name=name, system={"id": 1, "name": name})
    page = looked_at(client.get(f"/c/blank/pools/{pool.id}/"))
    crowded.company("blank").delete_pool(pool.id)
    clean = "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in name)
    assert page.texts(".system bdi") == [clean, clean]


def test_companies_and_labels_of_tokens(db: None, names: Sequence[str]) -> None:
    client = Client()
    mara = make_person("mara", "Manager")
    client.force_login(mara)
    names_at = {"/?all": ".list h2 bdi", "/tokens/": ".list bdi", "/tokens/add/": "option"}

    def pages(given: Sequence[str]) -> list[Page]:
        Company.objects.all().delete()
        companies = Company.objects.bulk_create(
            Company(slug=f"c{number}", name=name, base_url="http://127.0.0.1:9")
            for number, name in enumerate(given)
        )
        Token.objects.bulk_create(
            Token(user=mara, company=company, kind="api_key", label=f"{company.name}!",
                  sealed="v1:x", fingerprint="0" * 12, created_at=NOON, confirmed_at=NOON)
            for company in companies
        )  # fmt: skip
        return [looked_at(client.get(address)) for address in names_at]

    given = [name[:99] for name in names]
    ones, twos, many = pages(plain(1)), pages(plain(2)), pages(given)
    for address, one, two, page in zip(names_at, ones, twos, many, strict=True):
        assert page.shape() == one.grown(two, 5000), address
        shown = {text.strip() for text in page.texts(names_at[address])}
        labels = [f"{name}!" for name in given] if address == "/tokens/" else []
        assert {as_parsed(name).strip() for name in [*given, *labels]} <= shown, address


def test_people(db: None, names: Sequence[str]) -> None:
    client = Client()
    client.force_login(make_person("ada", "Administrator"))

    def page(given: Sequence[str]) -> Page:
        User.objects.exclude(username="ada").delete()
        User.objects.bulk_create(
            User(username=f"{number}{name}", first_name=name, last_name="x")
            for number, name in enumerate(given)
        )
        return looked_at(client.get("/people/"))

    given = [name[:140] for name in names]
    one, two, many = page(plain(1)), page(plain(2)), page(given)
    assert many.shape() == one.grown(two, 5000)
    full_names = [as_parsed(f"{name} x".strip()) for name in given]
    assert Counter(many.texts("tbody th .quiet bdi")) == Counter(full_names)


def record_changes(company: str, given: Sequence[str]) -> None:
    """A change for every four names: pool, reason, who, and what the pool was called before."""
    for pool, reason, who, before in zip(*[iter(given)] * 4, strict=True):
        snapshot = {"name": before, "limit": 5, "timeout": None, "connector_ids": []}
        append(
            Kind.INTENT, "edit", Actor(1, who, "192.0.2.7"), company=company, pool_id="7",
            pool_name=pool, reason=reason, change=uuid.uuid4(),
            facts={"before": snapshot, "wanted": snapshot | {"limit": 6}, "request_id": "x"},
        )  # fmt: skip


def record_events(company: str, given: Sequence[str]) -> None:
    """An event for every ten names: who, why, and eight facts."""
    for who, why, *labels in zip(*[iter(given)] * 10, strict=True):
        record_event(
            "token_added", Actor(1, who, "192.0.2.7"), company=company, reason=why,
            facts={f"label_{number}": label for number, label in enumerate(labels)},
        )  # fmt: skip


def pages_of(client: Client, address: str) -> list[Page]:
    """A list from its newest page to its oldest."""
    found = []
    while address:
        answer = client.get(address)
        found.append(looked_at(answer))
        address = answer.context["older_href"]
    return found


def _values(facts: Any) -> list[Any]:
    return list(facts.values()) if isinstance(facts, dict) else []


@pytest.fixture
def auditor(db: None) -> Client:
    client = Client()
    client.force_login(make_person("otto", "Auditor"))
    return client


@pytest.mark.parametrize(
    ("record", "query", "plain_names"),
    [(record_changes, "", 600), (record_events, "&kind=events", 1500)],
)
def test_the_record(
    auditor: Client,
    names: Sequence[str],
    record: Callable[[str, Sequence[str]], None],
    query: str,
    plain_names: int,
) -> None:
    given = [storable(name) for name in names]
    # Three pages: the first, one between others, the last.
    record("plain", plain(plain_names))
    record("awkward", given)
    like, pages = (
        pages_of(auditor, f"/changes/?company={company}{query}") for company in ("plain", "awkward")
    )
    first, between, last = (page.shape() for page in like)
    assert pages[0].shape() == first
    assert [page.shape() for page in pages[1:-1]] == [between] * (len(pages) - 2)
    assert pages[-1].shape() == last
    shown = {text for page in pages for text in page.texts("bdi")}
    kept = given if query else [name for number, name in enumerate(given) if number % 4 != 3]
    lost = [name for name in kept if as_parsed(name) not in shown]
    assert lost == []


@pytest.mark.parametrize(
    ("record", "query"), [(record_changes, ""), (record_events, "&kind=events")]
)
def test_exports_hold_them_as_they_are_and_defused(
    auditor: Client, names: Sequence[str], record: Callable[[str, Sequence[str]], None], query: str
) -> None:
    given = [storable(name) for name in names]
    record("awkward", given)

    def exported(form: str) -> str:
        answer = auditor.post(f"/changes/export/?company=awkward{query}", {"format": form})
        assert answer.status_code == 200, answer.content
        assert answer["Content-Disposition"].startswith("attachment")
        return streamed(answer)

    rows = json.loads(exported("json"))
    told = {text for row in rows for text in (*row.values(), *_values(row.get("facts")))
            if isinstance(text, str)}  # fmt: skip
    assert set(given) - told == set()
    table = list(csv.reader(io.StringIO(exported("csv"), newline="")))
    cells = [cell for row in table for cell in row]
    assert {len(row) for row in table} == {len(table[0])}
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


# --- Each of the nastiest as everything, on every page that has a name ------------------

ROLES: Final = ("company", "user", "first", "last", "label", "pool", "connector", "reason")


class Everywhere:
    """A panel in which everything has one of the given names."""

    def __init__(self, core: RunningSandbox, client: Client) -> None:
        self.core, self.client = core, client
        self.company = Company.objects.get(slug="acme")
        self.user = User.objects.get(username="ada")
        self.other = make_person("other", "Operator")
        self.pool = core.company("acme").add_pool("x").id

    def rename(self, name: dict[str, str]) -> None:
        """Gives everything its name; the ledger and an invitation get new rows."""
        self.company.name = name["company"][:100]
        self.company.save()
        for user, kind in ((self.user, "user"), (self.other, "first")):
            user.username, user.first_name = f"{user.pk}{name[kind]}"[:150], name["first"][:150]
            user.last_name = name["last"][:150]
            user.save()
        access = self.core.company("acme")
        access.delete_pool(self.pool)
        self.pool = access.add_pool(name["pool"][:255]).id
        system = {"id": 1, "name": name["label"]}
        access.add_connector(self.pool, name=name["connector"], system=system)
        Token.objects.update(
            label=name["label"][:100], opens_names=[name["pool"]], opens_ids=[self.pool]
        )
        self.change = a_change(
            who=name["user"], pool_id=self.pool, pool_name=name["pool"], reason=name["reason"]
        )
        Invitation.objects.all().delete()
        self.invitation, _ = people.invite(
            username=name["user"][:150], full_name=name["first"][:150], email="",
            roles=["Operator"], by=self.user, address="",
        )  # fmt: skip

    def addresses(self) -> list[str]:
        pools, other = "/c/acme/pools", f"/people/{self.other.pk}"
        of_pool = [f"{pools}/{self.pool}/{act}" for act in ("", "edit/", "clear/", "delete/")]
        of_token = [f"/tokens/acme/{act}/" for act in ("replace", "remove", "confirm")]
        acts = ("", "roles/", "disable/", "sign-out/", "password/", "second-factors/remove/")
        return [
            *of_pool, *of_token, *(f"{other}/{act}" for act in acts),
            f"{pools}/?per_page=10&sort=-created_at", f"{pools}/new/", "/?all",
            f"/changes/{self.change}/", f"/c/acme/changes/?pool={self.pool}",
            "/tokens/", "/tokens/add/?company=acme", "/people/", "/people/invite/",
            f"/people/invitations/{self.invitation.pk}/withdraw/", "/account/",
            "/accounts/logout/", "/accounts/password/change/", "/accounts/reauthenticate/",
            "/accounts/sessions/", "/accounts/second-factor/", "/no/such/page/",
            "/admin/pools/company/", f"/admin/auth/user/{self.other.pk}/change/",
            "/admin/pools/entry/", "/admin/pools/token/",
        ]  # fmt: skip

    def shapes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, address in enumerate(self.addresses()):
            found[f"{number}"] = self._look(address, {})
            if address.startswith("/c/"):
                found[f"{number} in a dialog"] = self._look(address, DIALOG)
        return found

    def _look(self, address: str, headers: dict[str, str]) -> Any:
        answer = self.client.get(address, headers=headers)
        assert answer.status_code in (200, 404), (address, answer.status_code)
        page = Page(answer.content.decode())
        assert [away for away in page.leads_away() if TRAP in away or "evil" in away] == []
        # What everybody did grows with every round, and so does the choice of whose it was.
        grows = address.startswith(("/admin/pools/entry/", "/c/acme/changes/"))
        return set(page.shape()) if grows else page.shape()

    def messages(self, name: dict[str, str]) -> Page:
        """What is said after something was done, and forms that come back with an error."""
        self.client.post(f"/people/invitations/{self.invitation.pk}/withdraw/")
        self.client.post(f"/people/{self.other.pk}/sign-out/")
        self.client.post("/tokens/acme/verify/")
        said = looked_at(self.client.get("/account/"))
        address = f"/c/acme/pools/{self.pool}/edit/"
        typed = open_form(self.client, address, reason=name["reason"], name=name["label"][:255])
        back = looked_at(self.client.post(address, typed | {"limit": "x"}), 422)
        assert as_parsed(typed["name"]) in [*back.attributes("input[name=name]", "value")]
        return said


@pytest.fixture
def everywhere(acme: Company, core: RunningSandbox) -> Everywhere:
    make_person("ada", "Administrator")
    client = sign_in("ada")
    user = User.objects.get(username="ada")
    user.groups.add(Group.objects.get(name="Manager"))
    give_token(user, acme, core.keys["acme"]["full"])
    return Everywhere(core, client)


def test_the_nastiest_as_everything_everywhere(everywhere: Everywhere) -> None:
    everywhere.rename(dict.fromkeys(ROLES, "plain"))
    like, said = everywhere.shapes(), everywhere.messages(dict.fromkeys(ROLES, "plain")).shape()
    for start in range(0, len(NASTIEST), len(ROLES)):
        prove(everywhere.client)
        chosen = [NASTIEST[(start + at) % len(NASTIEST)] for at in range(len(ROLES))]
        name = dict(zip(ROLES, chosen, strict=True))
        everywhere.rename(name)
        shapes = everywhere.shapes()
        assert {a: shape for a, shape in shapes.items() if shape != like[a]} == {}, name
        assert everywhere.messages(name).shape() == said, name


# --- Beside the pages -------------------------------------------------------------------


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_line_of_the_log_stays_one_line(names: Sequence[str], style: str) -> None:
    formatter = logging_settings(style, "INFO")["formatters"]["line"]
    rendered = structlog.stdlib.ProcessorFormatter(
        processors=formatter["processors"], foreign_pre_chain=formatter["foreign_pre_chain"]
    )
    for name in names:
        record = logging.LogRecord("x", logging.INFO, "", 0, name.replace("%", "%%"), (), None)
        record.__dict__.update(msg=name, args=())
        line = rendered.format(record)
        assert len(line.splitlines()) == 1, name
        assert "\x1b" not in line, name


def test_a_traceback_in_the_log_begins_no_line_of_its_own() -> None:
    formatter = logging_settings("text", "INFO")["formatters"]["line"]
    rendered = structlog.stdlib.ProcessorFormatter(
        processors=formatter["processors"], foreign_pre_chain=formatter["foreign_pre_chain"]
    )
    error = ValueError("x\n2026-11-24T12:00:00Z [info     ] forged\x1b[31m")
    failed = (ValueError, error, None)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), failed)
    first, *rest = rendered.format(record).split("\n")
    assert "failed" in first
    assert [line for line in rest if not line.startswith("    ")] == []
    assert "\x1b" not in "".join(rest)


def test_mails_have_no_header_from_a_name(
    admin: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_CONFIGURED, settings.DEFAULT_FROM_EMAIL = True, "panel@panel.example"
    for number, name in enumerate(NASTIEST):
        form = {"username": f"n{number}", "full_name": name[:150] or "x", "roles": ["Operator"],
                "email": "nina@panel.example"}  # fmt: skip
        admin.post("/people/invite/", form)
    monkeypatch.setitem(settings.ACCOUNT_RATE_LIMITS, "reset_password", "999/m/ip")
    for number, name in enumerate(NASTIEST):
        User.objects.create_user(f"p{number}", "nina@panel.example", "x", first_name=name[:150])
        ask(f"p{number}")
    assert len(mail.outbox) > 80
    for sent in mail.outbox:
        headers = set(sent.message().keys())
        assert headers <= {"Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject",
                           "From", "To", "Date", "Message-ID"}  # fmt: skip
        assert sent.message().get_content_type() == "text/plain"
        assert sent.recipients() == ["nina@panel.example"]
