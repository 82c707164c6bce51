"""A create whose outcome is unknown: there is no pool yet, and no sentence says that there is."""

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client

from pools.models import Entry
from sandbox.running import RunningSandbox
from tests.views.changing import ONE_POOL, check, open_form, unknown_edit

NEW = "/c/acme/pools/new/"
LOCKED = "nobody can create another pool with this name."
# What is only true of a pool that is there.
_OF_A_POOL = re.compile(
    r"(?i)\b(unlock|change|open|read(?:ing|s)?) (?:the|this) pool\b|pool is locked"
)


@pytest.fixture
def unknown(manager: Client, core: RunningSandbox) -> uuid.UUID:
    core.set_fault("status=500;only=writes")
    manager.post(NEW, open_form(manager, NEW, name="Brand new", limit="5"))
    core.set_fault(None)
    change: uuid.UUID | None = Entry.objects.get(kind="intent").change
    assert change is not None
    return change


def said(page: Any) -> str:
    """What a page says, without its marks."""
    text = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]+>", "", page.content.decode())
    return " ".join(unescape(text).split())


def test_no_page_speaks_of_a_pool_that_may_not_be_there(
    manager: Client, unknown: uuid.UUID
) -> None:
    release = f"/c/acme/changes/{unknown}/release/"
    for address in ("/", "/c/acme/pools/", f"/changes/{unknown}/"):
        page = manager.get(address)
        assert LOCKED in said(page), address
        assert not _OF_A_POOL.search(said(page)), address
        assert "Reading the list of pools twice…" in page.text, address
    words = said(manager.get(release))
    assert (
        "Unlocking sends nothing: afterwards a pool with this name can be created again." in words
    )
    assert not _OF_A_POOL.search(words)


def test_a_second_one_with_its_name_waits_for_it(manager: Client, unknown: uuid.UUID) -> None:
    answer = manager.post(NEW, open_form(manager, NEW, name="Brand new", limit="9"))
    assert answer.status_code == 409
    assert "We don't know yet whether a pool with this name was created." in said(answer)
    assert "manager sent its creation. Until we know, nobody can create another one." in said(
        answer
    )
    assert not _OF_A_POOL.search(said(answer))


def test_beside_a_locked_pool_both_are_said(
    manager: Client, core: RunningSandbox, unknown: uuid.UUID
) -> None:
    unknown_edit(manager, core, ONE_POOL)
    both = "nobody can change this pool or create another pool with this name."
    assert both in said(manager.get("/c/acme/pools/"))


def test_unlocked_it_leads_to_the_list(manager: Client, unknown: uuid.UUID) -> None:
    answer = manager.post(f"/c/acme/changes/{unknown}/release/", {"reason": "looked"}, follow=True)
    assert answer.redirect_chain == [("/c/acme/pools/", 302)]
    assert "Unlocked: a pool with this name can be created again." in said(answer)


def test_once_it_is_found_the_list_has_it(
    manager: Client, core: RunningSandbox, unknown: uuid.UUID
) -> None:
    core.company("acme").add_pool("Brand new", 5)
    answer = check(manager, unknown)
    assert "in Acme happened. Find it in the list of pools." in said(answer)


def test_what_does_not_tell_was_read_from_the_list(
    manager: Client, core: RunningSandbox, unknown: uuid.UUID
) -> None:
    core.company("acme").add_pool("Brand new", 5)
    core.set_fault("null=name")
    answer = said(check(manager, unknown))
    assert (
        "We read the list of pools, and what it shows doesn't tell whether it happened." in answer
    )
    assert "then use Unlock anyway." in answer
