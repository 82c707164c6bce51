"""A page of a Core that hangs: the frame is there at once, the rest when it has come."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Fault

pytestmark = pytest.mark.any_database
POOLS = "/c/acme/pools/"
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


def test_a_rate_limit_is_counted_down_and_the_list_then_read_again(
    clocked: Page, core_fault: Fault
) -> None:
    core_fault("rate-limit=30;only=list")
    clocked.goto(POOLS)
    line = clocked.get_by_text(re.compile(r"^Try again in (30|2\d) s\.$"))
    expect(line).to_have_attribute("aria-live", "off")
    core_fault("")
    clocked.clock.fast_forward(31_000)
    expect(clocked.locator("#pool-table tbody tr").first).to_be_visible()


def test_a_form_works_again_when_the_rate_limit_is_over(clocked: Page, core_fault: Fault) -> None:
    clocked.goto(f"{POOLS}1/edit/")
    core_fault("rate-limit=30;only=get")
    clocked.get_by_label("Limit").fill("77")
    save = clocked.get_by_role("button", name="Save changes")
    save.click()
    expect(clocked.get_by_role("alert")).to_contain_text("rate-limiting this account")
    expect(save).to_be_disabled()
    clocked.clock.fast_forward(31_000)
    expect(save).to_be_enabled()
    expect(clocked.locator("#announce")).to_have_text("You can try again now.")
    expect(clocked.get_by_label("Limit")).to_have_value("77")


def test_without_javascript_the_time_stands_there(plain: Page, core_fault: Fault) -> None:
    core_fault("rate-limit=30;only=list")
    plain.goto(POOLS)
    expect(plain.get_by_text("Try again in 30 s.")).to_be_visible()
    core_fault("")
    plain.get_by_role("link", name="Try again").click()
    expect(plain.locator("#pool-table tbody tr").first).to_be_visible()
