"""5,000 awkward names as whatever has a name: on every page, in every export, only text."""

from collections.abc import Iterator, Sequence

import pytest
from django.test import Client

from sandbox.running import RunningSandbox
from tests.fixtures.awkward_names import NASTIEST, awkward_names
from tests.pages import naming

pytestmark = [pytest.mark.any_database, pytest.mark.timeout(400)]
COUNT = 5000
AT_ONCE = 1000
PAGES = [1, 2, 25, 50]


@pytest.fixture(scope="module")
def names() -> Sequence[str]:
    return awkward_names(COUNT)


@pytest.fixture(scope="module")
def crowded(names: Sequence[str]) -> Iterator[RunningSandbox]:
    with naming.crowded_core(names) as core:
        yield core


@pytest.fixture
def client(db: None, crowded: RunningSandbox) -> Client:
    return naming.manager_of_both(crowded)


def test_no_two_are_alike_and_the_nastiest_are_there(names: Sequence[str]) -> None:
    assert len(set(names)) == COUNT
    assert set(NASTIEST) <= set(names)


def test_pools_and_their_systems_in_the_list(client: Client, names: Sequence[str]) -> None:
    naming.list_shows(client, names)


@pytest.mark.parametrize("number", PAGES)
def test_whole_pages_of_the_list(client: Client, number: int) -> None:
    naming.whole_page_of_the_list_is_only_text(client, number)


def test_connectors_and_systems_on_the_page_of_a_pool(
    client: Client, crowded: RunningSandbox, names: Sequence[str]
) -> None:
    naming.page_of_a_pool_shows(client, crowded, names, at_once=AT_ONCE)


def test_companies_and_labels_of_tokens(db: None, names: Sequence[str]) -> None:
    naming.lists_of_companies_show(names)


def test_people(db: None, names: Sequence[str]) -> None:
    naming.list_of_people_shows(names)


@pytest.mark.parametrize("what", naming.RECORDS)
def test_the_record(db: None, names: Sequence[str], what: str) -> None:
    naming.record_shows(names, what)


@pytest.mark.parametrize("what", naming.RECORDS)
def test_exports_hold_them_as_they_are_and_defused(
    db: None, names: Sequence[str], what: str
) -> None:
    naming.exports_hold(names, what)


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_line_of_the_log_stays_one_line(names: Sequence[str], style: str) -> None:
    naming.lines_of_the_log_stay_lines(names, style)
