"""Texts are compared by what can be seen of them; everything else by what it is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.core.comparing import may_be_kept_as, same_value, visible_form
from sandbox.inputs import TRIMMED

names = st.text(st.characters() | st.sampled_from(TRIMMED["laravel-12"]), max_size=30)


@pytest.mark.parametrize("version", TRIMMED)
@given(name=names)
def test_what_any_laravel_trims_cannot_be_seen(version: str, name: str) -> None:
    assert visible_form(name.strip(TRIMMED[version])) == visible_form(name)


@given(names)
def test_the_visible_form_is_its_own(name: str) -> None:
    assert visible_form(visible_form(name)) == visible_form(name)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@given(name=st.text(max_size=30))
def test_accents_may_be_written_in_either_way(form: str, name: str) -> None:
    assert same_value(unicodedata.normalize(form, name), name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Orders", "orders"),
        ("Two  blanks", "Two blanks"),
        ("a\u200bb", "ab"),
        ("ﬁ", "fi"),
        ("it\u2019s", "it's"),
        ("\u2764\ufe0f", "\u2764"),
        ("", "Orders"),
        ("5", 5),
        (None, ""),
        (None, 0),
        (5, 6),
    ],
)
def test_what_can_be_seen_to_differ_differs(one: object, other: object) -> None:
    assert not same_value(one, other)


def test_a_name_of_nothing_visible_is_like_another_such_name() -> None:
    assert same_value("\u200f", "\u2800")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Zé  new", "ZÉ NEW"),
        ("Zé new", "Ze new"),
        ("Tom & Jerry <3", "Tom &amp; Jerry &lt;3"),
        ("Orders of the shop in Paris", "Orders of the shop"),
    ],
)
def test_a_name_may_have_been_changed_by_core(sent: str, kept: str) -> None:
    assert may_be_kept_as(sent, kept)
    assert not same_value(sent, kept)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Orders", "Returns"),
        ("★", "♥"),
        ("Orders EU", "Orders"),
        ("Orders", "Orders of the shop in Paris"),
    ],
)
def test_another_name_is_another(sent: str, kept: str) -> None:
    assert not may_be_kept_as(sent, kept)
