"""Names of which nothing can be seen: a word stands for them, the name itself stays as it is."""

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from pools.core.comparing import has_no_ink
from pools.wording.names import called, shown_name
from sandbox.running import RunningSandbox
from tests.fixtures.panel import told
from tests.views.changing import edit

WORD = "no visible name"
# Controls, format characters, blanks, separators, fillers, variation selectors.
INVISIBLE = [
    *("\t", "\n", "\r\n", "\xa0", "\u3000", "\u2028", "\u2029", "\x1b"),
    *("\u00ad", "\u200b", "\u200e", "\u202e", "\u2060", "\ufeff", "\U000e0041"),
    *("\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u17b4"),
    *("\ufe0f", "\u180b", "\U000e0100", " \u200b\u3164 "),
]


@pytest.mark.parametrize("name", INVISIBLE, ids=ascii)
def test_one_rule_says_what_cannot_be_seen(name: str) -> None:
    assert has_no_ink(name)
    assert shown_name(name) == WORD
    assert called(name, 7) == f"pool 7 ({WORD})"


@pytest.mark.parametrize("name", ["Orders", "-", "\u200bx", "\u0301", "é", "注文", "❤\ufe0f"])
def test_what_can_be_seen_is_shown_as_it_is(name: str) -> None:
    assert shown_name(name) == name


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\t"], ids=ascii)
def test_a_word_stands_for_it_on_every_page(
    manager: Client, core: RunningSandbox, name: str
) -> None:
    pool = core.company("acme").add_pool(name).id
    href = f"/c/acme/pools/{pool}/"
    listed = manager.get("/c/acme/pools/", {"sort": "-created_at"}).text
    link = LexborHTMLParser(listed).css_first(f'th a[href*="{pool}/"]')
    assert link is not None
    assert (link.text(), link.attributes["title"]) == (WORD, name)
    change = edit(manager, pool, limit="7")
    heading = LexborHTMLParser(manager.get(href).text).css_first("h1 bdi")
    assert heading is not None
    assert heading.text() == WORD
    for address in ("/", "/c/acme/changes/", f"/changes/{change}/", f"{href}edit/"):
        assert WORD in told(manager.get(address)), address
