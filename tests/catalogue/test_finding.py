"""Finding pools by words: what is found, what is not, and what is forgiven."""

import random
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pools.catalogue.finding import find_pools
from pools.catalogue.keeping import keep
from pools.catalogue.typos import begins_nearly
from pools.core import Connector, Pool, System
from pools.guidance.notes import note_on, pin_note
from pools.ledger.appending import Actor
from pools.models import Company
from sandbox.running import RunningSandbox
from tests.fixtures.panel import make_company

SYSTEMS = ["NetSuite", "Shopify", "SAP Business One", "Magento", "受注システム", "Küche & Café"]


def connector(system: str, name: str, id_: int) -> Connector:
    return Connector(id_, name, System(1, system), {})


def pool(id_: int, name: str, *connectors: Connector) -> Pool:
    return Pool(id_, name, 5, None, None, None, connectors, frozenset(), {})


@pytest.fixture
def some(acme: Company) -> Company:
    keep(
        acme,
        [
            pool(41, "Orders – EU (v2)", connector("NetSuite", "Acme Live", 9001)),
            pool(412, "Returns", connector("Shopify", "Web shop", 9002)),
            pool(7, "Crème brûlée", connector("NetSuite", "Sandbox", 9003)),
            pool(8, "受注処理 night", connector("受注システム", "本番", 9004)),
            pool(9, "100% _all_ 'quoted'"),
        ],
    )
    return acme


def names(company: Company, typed: str) -> list[str | None]:
    return [row.name for row in find_pools([company], typed, 20).pools]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("orders", ["Orders – EU (v2)"]),
        ("EU orders", ["Orders – EU (v2)"]),
        ("v2 netsuite acme", ["Orders – EU (v2)"]),
        ("orders acme live", ["Orders – EU (v2)"]),
        ("netsuite", ["Crème brûlée", "Orders – EU (v2)"]),
        ("suite", ["Crème brûlée", "Orders – EU (v2)"]),
        ("creme BRULEE", ["Crème brûlée"]),
        ("crème", ["Crème brûlée"]),
        ("ｎｅｔｓｕｉｔｅ eu", ["Orders – EU (v2)"]),
        ("受注", ["受注処理 night"]),
        ("処理", ["受注処理 night"]),
        ("注シ", ["受注処理 night"]),
        ("41", ["Orders – EU (v2)", "Returns"]),
        ("412", ["Returns"]),
        ("9003", ["Crème brûlée"]),
        ("100%", ["100% _all_ 'quoted'"]),
        ("'quoted'", ["100% _all_ 'quoted'"]),
        ("orders returns", []),
        ("%", []),
        ("_", []),
        ("'", []),
        ("", []),
        ("🚀" * 255, []),
        ("9" * 30, []),
        ("x" * 100_000, []),
        ("a b c d e f g h i j k l m n o p q r s t u v w x y z " * 4, []),
        ("\0", []),
    ],
)
def test_words_are_found_in_any_order_over_all_that_is_known(
    some: Company, typed: str, found: list[str]
) -> None:
    assert sorted(map(str, names(some, typed))) == sorted(found)


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("netsiute", True),
        ("netsute", True),
        ("nettsuite", True),
        ("netsuitr", True),
        ("betsuite", True),
        ("nesuite brulee", True),
        ("netusite", True),
        ("nxtsuitx", False),
        ("ords", True),
        ("xyz", False),
        ("shp", False),
    ],
)
def test_one_letter_of_a_word_is_forgiven_and_no_more(
    some: Company, typed: str, near: bool
) -> None:
    found = find_pools([some], typed, 20)
    assert (bool(found.pools), found.near) == (near, near)


def test_of_what_is_close_the_names_come_first(some: Company) -> None:
    keep(some, [pool(700 + n, f"A lane {n}", connector("Sage", "Live", n)) for n in range(30)])
    keep(some, [pool(800, "Sagittal"), pool(801, "Sage orders")])
    assert names(some, "sgae")[0] == "Sage orders"
    assert names(some, "sgae")[1:3] == ["A lane 0", "A lane 1"]


def test_nothing_is_forgiven_where_something_is_found_as_typed(some: Company) -> None:
    keep(some, [pool(500, "Orderx")])
    assert names(some, "orderx") == ["Orderx"]


def test_the_pool_of_that_id_comes_first(some: Company) -> None:
    keep(some, [pool(600, "41 lanes"), pool(601, "Lane 412")])
    assert names(some, "41")[0] == "Orders – EU (v2)"


def test_only_the_companies_that_are_given_are_looked_in(
    some: Company, core: RunningSandbox
) -> None:
    other = make_company(core, "northwind", "Northwind")
    keep(other, [pool(1, "Orders of another")])
    assert names(some, "orders") == ["Orders – EU (v2)"]
    assert names(other, "northwind orders") == ["Orders of another"]
    assert find_pools([], "orders", 20).pools == []


def test_a_pool_is_found_by_the_note_that_is_pinned_to_it(some: Company) -> None:
    by = Actor(7, "Ada")
    pin_note(some, 412, "Returns", "Tier 1: ask Ana", 0, by=by)
    assert names(some, "ana tier") == ["Returns"]
    note = note_on(some, 412)
    assert note is not None
    pin_note(some, 412, "Returns", "", note.entry, by=by)
    assert names(some, "ana") == []


def test_a_note_from_before_a_pool_was_seen_is_found_too(some: Company) -> None:
    pin_note(some, 77, "Night", "Tier 1: ask Ana", 0, by=Actor(7, "Ada"))
    keep(some, [pool(77, "Night")])
    keep(some, [pool(77, "Night again")])
    assert names(some, "ana") == ["Night again"]


def test_what_was_known_at_an_earlier_address_is_not_found(some: Company) -> None:
    some.base_url = "https://elsewhere.example"
    some.save()
    assert names(some, "orders") == []


def test_no_more_than_asked_for_and_that_there_are_more_is_said(some: Company) -> None:
    keep(some, [pool(1000 + number, f"Lane {number}") for number in range(30)])
    found = find_pools([some], "lane", 20)
    assert (len(found.pools), found.more) == (20, True)


def one_edit(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    letter = rng.choice(string.ascii_lowercase)
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
        ]
    )


def test_every_edit_of_one_letter_is_forgiven(some: Company) -> None:
    rng = random.Random(12)
    for _ in range(150):
        typed = one_edit("netsuite", rng)
        assert "Crème brûlée" in names(some, typed), typed


@settings(max_examples=300, deadline=None)
@given(st.text("abc", min_size=4, max_size=8), st.text("abc", min_size=1, max_size=9))
def test_nearly_is_as_a_plain_reckoning_has_it(typed: str, word: str) -> None:
    assert begins_nearly(typed, word) == any(
        distance(typed, word[:end]) <= 1 for end in range(len(word) + 1)
    )


def distance(one: str, other: str) -> int:
    """Optimal string alignment, as in any textbook."""
    table = [[i + j for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = one[i - 1] != other[j - 1]
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


def fill(core: RunningSandbox, companies: int, pools: int) -> list[Company]:
    rng = random.Random(7)
    words = ["orders", "returns", "stock", "invoices", "night", "eu", "us", "live", "sync", "price"]
    made = []
    for number in range(companies):
        company = make_company(core, f"company-{number}", f"Company {number}")
        keep(
            company,
            [
                pool(
                    id_,
                    " ".join(rng.sample(words, 3)) + f" {id_}",
                    *(
                        connector(rng.choice(SYSTEMS), f"{rng.choice(words)} {n}", 90_000 + n)
                        for n in range(rng.randrange(4))
                    ),
                )
                for id_ in range(1, pools + 1)
            ],
        )
        made.append(company)
    return made


@pytest.mark.parametrize("typed", ["netsuite", "orders eu", "o", "netsiute ordrs", "zzzz", "412"])
def test_twenty_companies_are_searched_at_once(
    typed: str, db: None, core: RunningSandbox, django_assert_max_num_queries: Any
) -> None:
    """With one query for the words as they are, and two for what is nearly so."""
    companies = fill(core, 20, 12)
    with django_assert_max_num_queries(3):
        find_pools(companies, typed, 20)
