"""Awkward names as whatever has a name: what their pages, exports and log lines must be.

Each function takes the names, and compares with what plain names give: as many as one likes.
"""

import csv
import io
import json
import logging
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.contrib.auth.models import User
from django.test import Client

from adminpanel.logs import line_formatter
from pools.ledger.appending import Actor, append, record_event
from pools.ledger.canonical import storable
from pools.models import Company, Token
from pools.models.vocabulary import Kind
from sandbox.running import RunningSandbox, running_sandbox
from tests.changes.recorded import NOON
from tests.fixtures.awkward_names import Page, as_parsed
from tests.fixtures.panel import give_token, make_company, make_person, streamed

ROWS: Final = {"HX-Request": "true", "HX-Target": "pool-table"}
PER_PAGE: Final = 100
Record = Callable[[str, Sequence[str]], None]


def plain(count: int) -> list[str]:
    return [f"name {number}" for number in range(count)]


def looked_at(answer: Any, status: int = 200) -> Page:
    """The page of an answer: whatever it shows, nothing in it leads away."""
    assert answer.status_code == status, answer.content[:300]
    page = Page(answer.content.decode())
    assert page.leads_away() == []
    return page


@contextmanager
def crowded_core(names: Sequence[str]) -> Iterator[RunningSandbox]:
    """A Core with pools of awkward names in `blank`, and of plain ones in `northwind`.

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


def signed_in(name: str, role: str) -> Client:
    client = Client()
    client.force_login(make_person(name, role))
    return client


def manager_of_both(core: RunningSandbox) -> Client:
    """A manager of both companies of a crowded Core."""
    client = signed_in("mara", "Manager")
    for slug in ("blank", "northwind"):
        company = make_company(core, slug, slug.title())
        give_token(User.objects.get(username="mara"), company, core.keys[slug]["full"])
    return client


def list_shows(client: Client, names: Sequence[str]) -> None:
    """The rows of the list of pools: every name and every system's, and nothing but text."""
    row = looked_at(client.get(f"/c/northwind/pools/?per_page={PER_PAGE}", headers=ROWS))
    like = row.shape("tbody *")
    shown: list[str] = []
    systems: list[str] = []
    for number in range(1, len(names) // PER_PAGE + 1):
        address = f"/c/blank/pools/?per_page={PER_PAGE}&page={number}"
        part = looked_at(client.get(address, headers=ROWS))
        assert part.shape("tbody *") == like, number
        shown += part.texts("tbody th bdi")
        systems += part.texts("td.cell-systems bdi")
    assert Counter(shown) == Counter(map(as_parsed, names))
    assert Counter(systems) == Counter(map(as_parsed, names))


def whole_page_of_the_list_is_only_text(client: Client, number: int) -> None:
    query = f"?per_page={PER_PAGE}&page={number}"
    like = looked_at(client.get(f"/c/northwind/pools/{query}")).shape()
    assert looked_at(client.get(f"/c/blank/pools/{query}")).shape() == like


def page_of_a_pool_shows(
    client: Client, core: RunningSandbox, names: Sequence[str], at_once: int
) -> None:
    """A pool with so many of them at once as connectors, and half as many as systems."""
    like = None
    for slug, given in (
        ("northwind", plain(at_once)),
        *(("blank", names[at : at + at_once]) for at in range(0, len(names), at_once)),
    ):
        half = at_once // 2
        pool = core.company(slug).add_pool("Busy")
        for number, name in enumerate(given):
            system = {"id": number % half, "name": given[number % half]}
            core.company(slug).add_connector(pool.id, name=name, system=system)
        page = looked_at(client.get(f"/c/{slug}/pools/{pool.id}/"))
        core.company(slug).delete_pool(pool.id)
        assert Counter(page.texts(".system h3 bdi")) == Counter(map(as_parsed, given[:half]))
        assert Counter(page.texts(".system li bdi")) == Counter(map(as_parsed, given))
        like = like or page.shape()
        assert page.shape() == like


def lists_of_companies_show(names: Sequence[str]) -> None:
    """The names as companies' and in labels of tokens."""
    client = signed_in("mara", "Manager")
    mara = User.objects.get(username="mara")
    names_at = {"/": ".companies bdi", "/tokens/": ".list bdi", "/tokens/add/": "option"}

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
        assert page.shape() == one.grown(two, len(given)), address
        shown = {text.strip() for text in page.texts(names_at[address])}
        labels = [f"{name}!" for name in given] if address == "/tokens/" else []
        assert {as_parsed(name).strip() for name in [*given, *labels]} <= shown, address


def list_of_people_shows(names: Sequence[str]) -> None:
    client = signed_in("ada", "Administrator")

    def page(given: Sequence[str]) -> Page:
        User.objects.exclude(username="ada").delete()
        User.objects.bulk_create(
            User(username=f"{number}{name}", first_name=name, last_name="x")
            for number, name in enumerate(given)
        )
        return looked_at(client.get("/people/"))

    given = [name[:140] for name in names]
    one, two, many = page(plain(1)), page(plain(2)), page(given)
    assert many.shape() == one.grown(two, len(given))
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


# How it is recorded, what finds it, and how many plain names fill three pages of it.
RECORDS: Final[dict[str, tuple[Record, str, int]]] = {
    "changes": (record_changes, "", 600),
    "events": (record_events, "&kind=events", 1500),
}


def record_shows(names: Sequence[str], what: str) -> None:
    """The pages of changes or events, like the first, a middle and the last one of plain names.

    The names repeat where they do not fill three pages, and fill their last page.
    """
    record, query, fill_three_pages = RECORDS[what]
    auditor = signed_in("otto", "Auditor")
    repeated = [*names] * -(-fill_three_pages // len(names))
    given = [storable(name) for name in repeated]
    record("plain", plain(fill_three_pages))
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


def exports_hold(names: Sequence[str], what: str) -> None:
    """Both exports of changes or events: every name as it is, and no cell that is a formula."""
    record, query, _ = RECORDS[what]
    auditor = signed_in("otto", "Auditor")
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
    pieces = [piece for cell in cells for piece in re.split("[;\t\r\n]", cell)]
    assert not [piece for piece in pieces if re.match(r"[\s\u200b-\u200f]*[=+@-]", piece)]
    assert not [cell for cell in cells if cell[:1] in ("\t", "\r", "\n")]


def lines_of_the_log_stay_lines(names: Sequence[str], style: str) -> None:
    rendered = line_formatter(style)
    for name in names:
        record = logging.LogRecord("x", logging.INFO, "", 0, name.replace("%", "%%"), (), None)
        record.__dict__.update(msg=name, args=())
        line = rendered.format(record)
        assert len(line.splitlines()) == 1, name
        assert "\x1b" not in line, name
