"""Every action has all its words, and they can be said of any pool."""

from dataclasses import fields

import pytest

from pools.models.vocabulary import MADE_HERE, TRACELESS, Action
from pools.wording.actions import ActionWords, Named, words_for

NAMED = Named("“Orders”", "Acme", "limit 5 → 7")


# Not every action has a key of its own, is risky, cannot be reverted, or leaves no trace.
OWN = {"key", "risky", "no_revert", "nothing_to_check", "lost"}
WORDS = [field.name for field in fields(ActionWords) if field.name not in OWN]


@pytest.mark.parametrize("action", MADE_HERE)
def test_every_word_of_what_is_made_here_is_there(action: Action) -> None:
    for word in WORDS:
        text = getattr(words_for(action), word)
        assert text(NAMED) if callable(text) else text, word


@pytest.mark.parametrize("action", Action)
def test_every_action_is_named(action: Action) -> None:
    words = words_for(action)
    assert words.word
    assert words.title
    assert words.noun
    assert words.nouns


@pytest.mark.parametrize("action", MADE_HERE)
def test_of_what_leaves_no_trace_pages_say_that_checking_and_reverting_show_nothing(
    action: Action,
) -> None:
    words = words_for(action)
    traceless = action in TRACELESS
    assert (bool(words.nothing_to_check), bool(words.lost)) == (traceless, traceless)
