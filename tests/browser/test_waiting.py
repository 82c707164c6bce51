"""A page of a Core that hangs: the frame is there at once, the rest when it has come."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Fault

pytestmark = pytest.mark.any_database
WAITING = "Patchworks is slow to answer. Still waiting…"


@pytest.fixture(params=["with a script", "without one"])
def page_of_manager(request: pytest.FixtureRequest) -> Page:
    name = "manager" if request.param == "with a script" else "plain"
    page: Page = request.getfixturevalue(name)
    return page


@pytest.mark.parametrize(
    ("address", "rest"), [("/c/acme/pools/", "tbody tr"), ("/c/acme/pools/2/", "#history-title")]
)
def test_the_frame_comes_before_core_answers(
    page_of_manager: Page, core_fault: Fault, address: str, rest: str
) -> None:
    page = page_of_manager
    core_fault("latency=1;drip-headers=0.004;only=reads")
    page.goto(address, wait_until="commit")
    expect(page.get_by_role("navigation", name="Where you are")).to_contain_text("Acme")
    expect(page.get_by_text(WAITING)).to_be_visible()
    assert page.locator(rest).count() == 0
    expect(page.locator(rest).first).to_be_visible(timeout=10_000)
    expect(page.get_by_text(WAITING)).to_be_hidden()
    expect(page.get_by_role("contentinfo")).to_have_count(1)


def test_a_core_that_never_answers_is_told_on_the_page_that_was_begun(
    page_of_manager: Page, core_fault: Fault
) -> None:
    core_fault("hang=before;only=reads")
    page_of_manager.goto("/c/acme/pools/", wait_until="commit")
    expect(page_of_manager.get_by_text(WAITING)).to_be_visible()
    expect(page_of_manager.locator(".problem")).to_be_visible(timeout=15_000)
    expect(page_of_manager.get_by_text(WAITING)).to_be_hidden()
