"""Two pools may have one name: wherever something happens to one, its id stands beside it."""

import re

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from sandbox.running import RunningSandbox
from tests.fixtures.panel import told
from tests.views.changing import check, edit, newest, open_form, revert_of, unknown_edit

pytestmark = pytest.mark.django_db

NAME = "NetSuite orders"


@pytest.fixture
def alike(core: RunningSandbox) -> tuple[int, int]:
    """The ids of two pools of one name."""
    pools = core.company("acme")
    ids = tuple(pools.add_pool(NAME, 5).id for _ in range(2))
    for each in ids:
        pools.add_connector(each, name="Orders")
    return ids  # type: ignore[return-value]


def text_of(client: Client, address: str, part: str = "main") -> str:
    found = LexborHTMLParser(client.get(address).content).css_first(part)
    assert found is not None
    return re.sub(r"\s+", " ", found.text())


@pytest.mark.parametrize("act", ["edit", "clear", "delete"])
def test_a_form_says_which_pool(manager: Client, alike: tuple[int, int], act: str) -> None:
    address = f"/c/acme/pools/{alike[1]}/{act}/"
    assert f"{NAME} {alike[1]}" in text_of(manager, address, "form.form")
    assert f"{NAME} ({alike[1]})" in text_of(manager, address, "title")


def test_reverting_and_unlocking_say_which_pool(
    manager: Client, core: RunningSandbox, alike: tuple[int, int]
) -> None:
    edit(manager, alike[1], limit="7")
    assert f"{NAME} {alike[1]}" in text_of(manager, revert_of(newest()), "form.form")
    change = unknown_edit(manager, core, alike[0])
    assert f"{NAME} {alike[0]}" in text_of(
        manager, f"/c/acme/changes/{change}/release/", "form.form"
    )
    assert f"Edit of {NAME} {alike[0]}" in text_of(manager, "/c/acme/pools/")


@pytest.mark.parametrize("act", ["edit", "clear", "delete"])
def test_what_became_of_it_says_which_pool(
    manager: Client, alike: tuple[int, int], act: str
) -> None:
    address = f"/c/acme/pools/{alike[1]}/{act}/"
    values = {"edit": {"limit": "7"}, "clear": {}, "delete": {"confirm_name": NAME}}[act]
    said = manager.post(address, open_form(manager, address, **values), follow=True)
    assert f"“{NAME}” ({alike[1]})" in told(said)


def test_what_was_found_out_and_the_record_say_which_pool(
    manager: Client, core: RunningSandbox, alike: tuple[int, int]
) -> None:
    change = unknown_edit(manager, core, alike[1])
    assert f"“{NAME}” ({alike[1]})" in told(check(manager, change))
    assert f"{NAME} {alike[1]}" in text_of(manager, "/c/acme/changes/")
    assert f"{NAME} {alike[1]}" in text_of(manager, f"/changes/{change}/")
