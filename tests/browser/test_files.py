"""The list as a file, and a file as a list of changes: in a browser, with scripts and without."""

import re
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.axe import violations_in_both_themes
from tests.browser.conftest import Fault

EXPORT, APPLY = "/c/acme/pools/export/", "/c/acme/pools/apply/"
SAVED = "Saved. Complete: "


def edited(text: str) -> bytes:
    """The first pool's limit raised by one."""
    head, first, *rest = text.split("\n")
    cells = first.split(",")
    cells[4] = str(int(cells[4]) + 1)
    return "\n".join([head, ",".join(cells), *rest]).encode()


def file_of(content: bytes) -> FilePayload:
    return {"name": "pools.csv", "mimeType": "text/csv", "buffer": content}


def test_an_export_tells_how_far_it_is_and_becomes_a_list_of_changes(manager: Page) -> None:
    manager.goto("/c/acme/pools/?search=orders")
    manager.get_by_role("link", name="Export").click()
    with manager.expect_download() as download:
        manager.get_by_role("button", name="Export CSV").click()
    expect(manager.get_by_role("status").filter(has_text=SAVED)).to_be_visible()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "# complete: " in text
    assert download.value.suggested_filename.startswith("pools-acme-")
    assert violations_in_both_themes(manager) == []
    manager.get_by_role("link", name="apply it").click()
    manager.get_by_label("File").set_input_files(file_of(edited(text)))
    manager.get_by_label("Reason").fill("ZD-4711")
    assert violations_in_both_themes(manager) == []
    manager.get_by_role("button", name="Preview").click()
    manager.wait_for_url(re.compile(r"/c/acme/batches/[0-9a-f-]{36}/$"))
    expect(manager.get_by_role("main")).to_contain_text("Apply a file")


def test_an_export_that_is_cut_off_or_stopped_is_not_saved(
    manager: Page, core_fault: Fault
) -> None:
    downloads: list[object] = []
    manager.on("download", lambda download: downloads.append(download))
    manager.goto(EXPORT)
    core_fault("status=500")
    manager.get_by_role("button", name="Export JSON").click()
    expect(manager.get_by_role("alert")).to_contain_text("Patchworks had an error")
    core_fault("hang=before,4")
    manager.goto(EXPORT)
    manager.get_by_role("button", name="Export JSON").click()
    manager.get_by_role("button", name="Stop").click()
    expect(manager.get_by_text("Stopped. Nothing was saved.")).to_be_visible()
    assert downloads == []


def test_without_scripts_the_browser_saves_it_and_sends_it_back(plain: Page) -> None:
    plain.goto(EXPORT)
    with plain.expect_download() as download:
        plain.get_by_role("button", name="Export CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    plain.goto(APPLY)
    broken = edited(text).replace(b",NetSuite orders,", b",NetSuite orders,x", 1)
    plain.get_by_label("File").set_input_files(file_of(broken))
    plain.get_by_role("button", name="Preview").click()
    expect(plain.get_by_role("alert")).to_contain_text("1 thing to correct. Nothing was sent.")
    expect(plain.get_by_label("Or paste it")).to_have_value(re.compile(",x"))
