"""What decides is said while somebody types, and not a second time when they save."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.any_database
ALLOWANCES = "/c/acme/allowances/"
SYSTEM = "Peoplevox"


@pytest.fixture
def allowance(manager: Page) -> Page:
    """Of a system that no other test is about."""
    manager.goto(ALLOWANCES)
    manager.get_by_role("textbox", name="System").fill(SYSTEM)
    manager.get_by_role("textbox", name="Allowance").fill("1000")
    manager.keyboard.press("Enter")
    saved = f"The allowance for “{SYSTEM}” is 1,000."
    expect(manager.locator("#outcome")).to_contain_text(saved)
    return manager


def test_a_limit_says_what_it_makes_of_the_allowance_before_it_is_saved(allowance: Page) -> None:
    page = allowance
    page.goto("/c/acme/pools/?search=Peoplevox orders US")
    page.get_by_role("link", name="Peoplevox orders US").click()
    page.locator("#pencil-pool").click()
    dialog = page.get_by_role("dialog")
    line = dialog.locator(".allowance", has_text=SYSTEM)
    # What other pools have of it depends on which of them were read.
    above, below = (str(1000 - int(line.get_attribute("data-others") or 0) + by) for by in (7, -1))
    for limit, says in ((above, "1,007"), (f"{above}x", ""), (below, "999")):
        dialog.get_by_label("Limit").fill(limit)
        pattern = (
            rf"; this would make it at least {says}\b" if says else r"given to \d+ pools?\s+read"
        )
        expect(line).to_have_text(re.compile(pattern))
        if says:
            expect(line).to_have_class(re.compile("over" if limit == above else "^allowance *$"))
    dialog.get_by_label("Limit").fill(above)
    dialog.get_by_label("Reason").fill("ZD-4711")
    dialog.get_by_role("button", name="Save changes").click()
    history = page.get_by_role("region", name="History")
    expect(history.get_by_text("raised the limit").first).to_be_visible()
    page.goto(ALLOWANCES)
    page.get_by_role("button", name=f"Remove: {SYSTEM}").click()


def test_a_name_that_another_pool_has_is_said_while_it_is_typed(manager: Page) -> None:
    """In the dialog and on a page of its own; what is typed stays, and the focus too."""
    manager.goto("/c/acme/pools/?search=Peoplevox orders US")
    manager.keyboard.press("n")
    dialog = manager.get_by_role("dialog")
    for place in (dialog, manager.get_by_role("main")):
        name = place.get_by_label("Name")
        name.focus()
        manager.keyboard.type("Peoplevox orders US")
        expect(place.locator("#namesakes")).to_contain_text("Another pool has this name")
        expect(name).to_be_focused()
        manager.keyboard.type("A")
        expect(place.locator("#namesakes")).to_be_empty()
        expect(name).to_have_value("Peoplevox orders USA")
        name.fill("")
        manager.goto("/c/acme/pools/new/")
