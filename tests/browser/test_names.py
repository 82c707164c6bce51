"""The nastiest names before a real browser: it runs nothing and fetches nothing of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pools import POOLS, new_pool
from tests.fixtures.awkward_names import NASTIEST, TRAP

pytestmark = pytest.mark.any_database
LONGEST = 255


def packed() -> Iterator[str]:
    """The names that would fetch or run something, as many in one as a pool's name holds."""
    name = "Trapped "
    for nasty in (each for each in NASTIEST if TRAP in each or "evil" in each or "{" in each):
        if len(name + nasty) > LONGEST:
            yield name
            name = "Trapped "
        name += nasty
    yield name


@pytest.fixture
def fetched(manager: Page) -> Iterator[list[str]]:
    """Every address that the browser asked for, and dialogs that a script opened."""
    found: list[str] = []
    manager.on("request", lambda request: found.append(f"{request.method} {request.url}"))
    manager.on("dialog", lambda dialog: found.append(f"dialog {dialog.message}"))
    yield found
    # The panel asks itself whether a name is taken, with the name as a parameter.
    asked = [each.partition("?")[0] for each in found]
    assert [each for each in asked if TRAP in each or "evil.example" in each] == []
    assert [each for each in asked if each.startswith("dialog")] == []


def test_nothing_of_a_name_is_run_or_fetched(
    manager: Page, fetched: list[str], complaints: list[str]
) -> None:
    names = list(packed())
    for name in names:
        manager.goto(new_pool(manager, name=name, reason=name))
        expect(manager.get_by_role("heading", level=1)).to_contain_text("Trapped")
    manager.goto(f"{POOLS}?search=Trapped&per_page=100")
    expect(manager.locator("tbody tr")).to_have_count(len(names))
    shown = manager.locator("tbody th bdi").all_text_contents()
    assert sorted(shown) == sorted(name.strip() for name in names)
    manager.locator("tbody tr").first.get_by_role("link", name="Edit").click()
    expect(manager.get_by_role("dialog").get_by_label("Name")).to_be_visible()
    manager.goto("/c/acme/changes/")
    manager.locator(".opens").first.click()
    expect(manager.locator("#change-text")).to_contain_text("Trapped")
    assert len(fetched) > len(names)
