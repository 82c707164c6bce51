"""What turns the direction of a text is shown as a mark on every page, and sent back as it was."""

from typing import Any, Final

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client

from pools.pages.direction import DirectionMiddleware, marked_page
from pools.wording.direction import marked
from pools.wording.names import isolated
from sandbox.running import RunningSandbox
from tests.fixtures.awkward_names import Page
from tests.fixtures.panel import json_of, told
from tests.views.changing import open_form

NAME: Final = "orders \u202egnp.exe\u202c"
SHOWN: Final = "orders ⟨U+202E⟩gnp.exe⟨U+202C⟩"


@pytest.mark.parametrize("character", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_each_has_a_mark(character: str) -> None:
    assert marked(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"


@pytest.mark.parametrize("text", ["שלום \u200f(א)\u200e", "\u061cمرحبا", "e\u0301", "👩\u200d👩"])
def test_what_languages_need_is_left_alone(text: str) -> None:
    assert marked(text) == text


def test_a_name_in_a_sentence_ends_no_isolate_of_ours() -> None:
    assert isolated("a\u2069\u202eb") == "“\u2068a⟨U+2069⟩⟨U+202E⟩b\u2069”"


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<b>\u202ex</b>", "<b>⟨U+202E⟩x</b>"),
        ("<title>\u202ex</title>", "<title>⟨U+202E⟩x</title>"),
        ('<a title="\u202ex" href="/\u202ex">', '<a title="⟨U+202E⟩x" href="/\u202ex">'),
        ('<a aria-label="\u202ex>y">', '<a aria-label="⟨U+202E⟩x>y">'),
        ('<i value="\u202ex" placeholder="\u202d">', '<i value="\u202ex" placeholder="⟨U+202D⟩">'),
        ("<option value='\u202ex'>\u202ex</option>", "<option value='\u202ex'>⟨U+202E⟩x</option>"),
        ("<textarea>\u202ex</textarea>\u202e", "<textarea>\u202ex</textarea>⟨U+202E⟩"),
        ("<!-- \u202e -->\u202e", "<!-- \u202e -->⟨U+202E⟩"),
        ("\u202e &lt;b title=\u202e", "⟨U+202E⟩ &lt;b title=⟨U+202E⟩"),
        ("<bdi>\u2067x\u2069</bdi>", "<bdi>\u2067x\u2069</bdi>"),
        ("<b>\u202ex\u202c</b>\u202d", "<b>⟨U+202E⟩x⟨U+202C⟩</b>⟨U+202D⟩"),
        ('<i title="\u202d\u202c" id="\u202d">', '<i title="⟨U+202D⟩⟨U+202C⟩" id="\u202d">'),
    ],
)  # fmt: skip
def test_texts_are_marked_and_what_is_sent_back_is_not(page: str, shown: str) -> None:
    assert marked_page(page) == shown


@pytest.fixture
def pool(core: RunningSandbox, manager: Client) -> int:
    return core.company("acme").add_pool(NAME, 5).id


def test_a_name_is_marked_wherever_it_is_read(manager: Client, pool: int) -> None:
    home = f"/c/acme/pools/{pool}/"
    form = open_form(manager, f"{home}edit/", limit="7", reason=f"for {NAME}")
    manager.post(f"{home}edit/", form)
    for address in ("/c/acme/pools/?search=gnp", home, f"{home}clear/", "/c/acme/changes/"):
        page = manager.get(address).text
        assert SHOWN in page, address
        assert "\u202e" not in page.replace('value="', ""), address


def test_a_name_is_marked_in_what_is_said_of_it(manager: Client, pool: int) -> None:
    address = f"/c/acme/pools/{pool}/edit/"
    page = manager.post(address, open_form(manager, address, limit="7"), follow=True)
    assert f"“{SHOWN}”" in told(page)


def test_beside_a_field_stands_what_nobody_sees_in_it(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    """The field itself cannot mark anything: what it holds is sent back."""
    address = f"/c/acme/pools/{pool}/edit/"
    said = told(manager.get(address))
    assert "U+202E (right-to-left override), U+202C (pop directional formatting)." in said
    assert "It stays as it is unless you change the name." in said
    # What was typed, as well; and nothing of a name that is all to be seen.
    form = open_form(manager, address, name="a\u200bb \u3164", limit="x")
    said = told(manager.post(address, form))
    assert "U+200B (zero width space), U+3164 (hangul filler)." in said
    plain = core.company("acme").add_pool("Naïve חנות  orders", 5).id
    assert "U+" not in told(manager.get(f"/c/acme/pools/{plain}/edit/"))


def test_a_name_comes_back_from_a_form_as_it_was(
    manager: Client, core: RunningSandbox, pool: int
) -> None:
    address = f"/c/acme/pools/{pool}/edit/"
    page = Page(manager.get(address).text)
    (field,) = page.tree.css('input[name="name"]')
    assert field.attributes["value"] == NAME
    manager.post(address, open_form(manager, address, name=f"{NAME}!"))
    assert json_of(next(r for r in core.journal if r.method == "PUT")) == {"name": f"{NAME}!"}


@pytest.mark.parametrize("typed", [NAME, SHOWN, "orders gnp.exe"])
def test_a_name_is_confirmed_as_it_is_or_as_it_is_shown(
    manager: Client, core: RunningSandbox, typed: str
) -> None:
    connected = core.company("acme").pools()[0].id
    core.company("acme").change_pool(connected, name=NAME)
    address = f"/c/acme/pools/{connected}/delete/"
    answer = manager.post(address, open_form(manager, address, confirm_name=typed))
    assert answer.status_code == 302


def respond(response: Any) -> Any:
    return DirectionMiddleware(lambda request: response)(HttpRequest())


def test_only_pages_are_marked() -> None:
    page = HttpResponse("<b>\u202e</b>")
    assert respond(page).text == "<b>⟨U+202E⟩</b>"
    table = HttpResponse("\u202e", content_type="text/csv; charset=utf-8")
    assert respond(table).text == "\u202e"
    stream = StreamingHttpResponse(iter(["\u202e"]))
    assert b"".join(respond(stream)) == "\u202e".encode()
