"""A form changes only what its person changed, whatever the pool holds."""

import pytest
from django.test import Client

from pools.changes import history_of
from pools.models import Company
from sandbox.running import RunningSandbox
from tests.fixtures.panel import json_of
from tests.views.changing import edit, newest, open_form, revert_of

pytestmark = pytest.mark.django_db

NAMES = [
    "Two\nlines",
    "Two\r\nlines",
    "one\ttab",
    "two  blanks",
    "no\u00a0break",
    "line\u2028separator",
    "mark\u200f\u05e9\u05dc\u05d5\u05dd",
    "<b>&amp;</b>",
    "\u2003wide\u2003blank",
    "trailing blank ",
]


def made_elsewhere(core: RunningSandbox, name: str, limit: int = 5) -> int:
    """A pool that was made past the panel."""
    return core.company("acme").add_pool(name, limit, 30).id


def as_browser(form: dict[str, str]) -> dict[str, str]:
    """What a browser sends: a text input drops line breaks."""
    inputs = ("name", "limit", "timeout", "confirm_name")
    return {
        field: text.replace("\r", "").replace("\n", "") if field in inputs else text
        for field, text in form.items()
    }


def sent(core: RunningSandbox) -> list[dict[str, object]]:
    return [json_of(request) for request in core.journal if request.method in ("PUT", "POST")]


@pytest.mark.parametrize("name", NAMES)
def test_changing_the_limit_sends_the_limit_alone(
    manager: Client, core: RunningSandbox, name: str
) -> None:
    address = f"/c/acme/pools/{made_elsewhere(core, name)}/edit/"
    manager.post(address, as_browser(open_form(manager, address, limit="6")))
    assert sent(core) == [{"limit": 6}]


@pytest.mark.parametrize("name", NAMES)
def test_saving_what_was_left_alone_sends_nothing(
    manager: Client, core: RunningSandbox, name: str
) -> None:
    address = f"/c/acme/pools/{made_elsewhere(core, name)}/edit/"
    answer = manager.post(address, as_browser(open_form(manager, address)))
    form = answer.context["form"]
    said = list(form.non_field_errors())
    assert (sent(core), said) == ([], ["Nothing to save: the pool already has these values."])
    # Leaving it asks nothing.
    assert not form.unsaved


@pytest.mark.parametrize("broken", ["\n", "\r\n"])
def test_a_browser_that_keeps_line_breaks_renames_nothing(
    manager: Client, core: RunningSandbox, broken: str
) -> None:
    name = "Two\nlines "
    address = f"/c/acme/pools/{made_elsewhere(core, name)}/edit/"
    manager.post(address, open_form(manager, address, name=f"Two{broken}lines ", limit="6"))
    assert sent(core) == [{"limit": 6}]


def test_a_name_with_a_line_break_says_that_it_has_one(
    manager: Client, core: RunningSandbox
) -> None:
    address = f"/c/acme/pools/{made_elsewhere(core, NAMES[0])}/edit/"
    assert "This name has a line break in it" in manager.get(address).content.decode()


@pytest.mark.parametrize("limit", [0, 2**31, 2**63 - 1])
def test_a_limit_that_nobody_could_type_leaves_the_pool_editable(
    manager: Client, core: RunningSandbox, limit: int
) -> None:
    pool = made_elsewhere(core, "Huge", limit)
    address = f"/c/acme/pools/{pool}/edit/"
    manager.post(address, as_browser(open_form(manager, address, name="Huger")))
    assert sent(core) == [{"name": "Huger"}]


def test_a_limit_that_nobody_could_type_is_put_back_by_a_revert(
    manager: Client, core: RunningSandbox, acme: Company
) -> None:
    pool = made_elsewhere(core, "Huge", 2**31)
    address = f"/c/acme/pools/{pool}/edit/"
    manager.post(address, as_browser(open_form(manager, address, limit="6")))
    core.reset()
    address = revert_of(history_of(acme, pool)[0].change_id)
    manager.post(address, open_form(manager, address))
    assert sent(core) == [{"limit": 2**31}]


@pytest.mark.parametrize("name", NAMES[:2])
def test_after_a_conflict_what_was_left_alone_stays(
    manager: Client, core: RunningSandbox, name: str
) -> None:
    pool = made_elsewhere(core, name)
    address = f"/c/acme/pools/{pool}/edit/"
    form = as_browser(open_form(manager, address, limit="6"))
    core.company("acme").change_pool(pool, limit=9, timeout=31)
    again = manager.post(address, form)
    assert again.status_code == 409
    rows = {row.label: row for row in again.context["conflict"].rows}
    # The third version is what would be sent: the timeout, left alone, follows the pool.
    assert (rows["Timeout"].wanted, rows["Limit"].wanted) == ("31", "6")
    shown = again.context["form"]
    posted = {field: str(shown[field].value() or "") for field in shown.fields}
    manager.post(address, as_browser(posted))
    assert sent(core) == [{"limit": 6}]


def test_creating_a_deleted_pool_again_gives_it_its_name_to_the_letter(
    manager: Client, core: RunningSandbox, acme: Company
) -> None:
    pool = made_elsewhere(core, NAMES[0])
    address = f"/c/acme/pools/{pool}/delete/"
    manager.post(address, as_browser(open_form(manager, address, confirm_name="Two lines")))
    deletion = history_of(acme, pool)[0].change_id
    core.reset()
    address = revert_of(deletion)
    manager.post(address, as_browser(open_form(manager, address)))
    assert [fields["name"] for fields in sent(core)] == [NAMES[0]]


def test_reverting_a_rename_puts_the_name_back_to_the_letter(
    manager: Client, core: RunningSandbox
) -> None:
    pool = made_elsewhere(core, NAMES[0])
    edit(manager, pool, name="One line")
    core.reset()
    address = revert_of(newest())
    manager.post(address, as_browser(open_form(manager, address)))
    assert sent(core) == [{"name": NAMES[0]}]


def test_what_was_typed_waits_while_a_token_is_mended_and_the_rest_follows_the_pool(
    manager: Client, core: RunningSandbox
) -> None:
    pool = made_elsewhere(core, NAMES[0])
    address = f"/c/acme/pools/{pool}/edit/"
    form = as_browser(open_form(manager, address, limit="6"))
    core.set_fault("status=401;only=writes")
    manager.post(address, form)
    core.set_fault(None)
    core.reset()
    manager.post(address, as_browser(open_form(manager, address)))
    assert sent(core) == [{"limit": 6}]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("two  blanks", "two blanks"),
        ("one\ttab", "one tab"),
        ("Two\nlines", "Two lines"),
        ("cafe\u0301", "caf\u00e9"),
        ("no\u00a0break", "no break"),
        ("\u202eright\u202c", "right"),
        ("I \u2764\ufe0f it", "I \u2764 it"),
        ("\u2764", "\u2764\ufe0f"),
        ("Ann\u2019s \u201cbest\u201d", 'Ann\'s "best"'),
        ("Ann's", "Ann\u2019s"),
        ("A\u2013B \u2014 C", "A-B - C"),
        ("non\u2011breaking", "non-breaking"),
        ("wait\u2026", "wait..."),
    ],
)
def test_delete_asks_for_what_can_be_seen_and_typed(
    manager: Client, core: RunningSandbox, name: str, typed: str
) -> None:
    pool = made_elsewhere(core, name)
    core.company("acme").add_connector(pool, name="Orders")
    address = f"/c/acme/pools/{pool}/delete/"
    wrong = manager.post(address, as_browser(open_form(manager, address, confirm_name=f"{typed}x")))
    assert wrong.context["form"].errors["confirm_name"] == ["Type the pool's name as shown above."]
    manager.post(address, as_browser(open_form(manager, address, confirm_name=typed)))
    assert [r.path for r in core.journal if r.method == "DELETE"] == [
        f"/api/v1/connection-pools/{pool}"
    ]


def test_a_name_that_nobody_can_type_is_confirmed_by_its_id(
    manager: Client, core: RunningSandbox
) -> None:
    pool = made_elsewhere(core, "\ufe0f")
    core.company("acme").add_connector(pool, name="Orders")
    address = f"/c/acme/pools/{pool}/delete/"
    wrong = manager.post(address, as_browser(open_form(manager, address, confirm_name="")))
    assert "confirm_name" in wrong.context["form"].errors
    manager.post(address, as_browser(open_form(manager, address, confirm_name=str(pool))))
    assert [r.method for r in core.journal if r.method == "DELETE"] == ["DELETE"]
