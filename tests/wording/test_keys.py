"""The list of keys is what the pages and the scripts do."""

import re
from typing import Final

from adminpanel.settings import BASE_DIR
from pools.models.vocabulary import Action
from pools.wording.actions import words_for
from pools.wording.keys import CHANGES, HOME, KEYS

STATIC: Final = BASE_DIR / "static"
# Not the letters that stand on a page, nor the keys that every browser has a name for.
LETTERS: Final = {press.removeprefix("Ctrl ").lower() for key in KEYS for press in key.pressed}
NAMED: Final = {"ctrl", "shift", "enter"}
ON_PAGES: Final = {words_for(action).key for action in Action} - {""}


def test_every_letter_of_an_action_is_in_the_list_under_its_right() -> None:
    assert {key.pressed[0] for key in KEYS if key.right} >= ON_PAGES


def test_scripts_have_the_letters_of_the_list_that_stand_on_no_page() -> None:
    acts = re.search(
        r"const keys = \{(.*?)\n  \};", (STATIC / "js/panel.js").read_text(), re.DOTALL
    )
    assert acts
    known = set(re.findall(r'^    "?([^\s"])"?: ', acts[1], re.MULTILINE))
    assert known == LETTERS - NAMED - ON_PAGES - {HOME, CHANGES}


def test_the_style_sheet_draws_the_tools_by_letters_that_there_are() -> None:
    drawn = re.findall(r'\[data-key="(.)"\]', (STATIC / "css/components.css").read_text())
    assert drawn
    assert set(drawn) <= ON_PAGES
