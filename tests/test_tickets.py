"""Ticket ids: what is one, where it leads, and settings that cannot be."""

import pytest

from pools.tickets import LONGEST, Part, tickets_of

URL = "https://tickets.example/{ticket}?from=panel"


def test_a_text_is_cut_at_its_tickets() -> None:
    links = tickets_of(r"#\d+", URL)
    assert links.parts("see #1, #22.") == [
        Part("see "),
        Part("#1", "https://tickets.example/%231?from=panel"),
        Part(", "),
        Part("#22", "https://tickets.example/%2322?from=panel"),
        Part("."),
    ]


def test_no_ticket_no_link() -> None:
    links = tickets_of(r"#\d+", URL)
    assert (links.parts("none"), links.parts("")) == ([Part("none")], [])


@pytest.mark.parametrize("pattern", ["", r"#\d+"])
def test_without_an_address_no_text_has_a_link(pattern: str) -> None:
    assert tickets_of(pattern, "").parts("see #1, 22") == [Part("see #1, 22")]


@pytest.mark.parametrize("value", ["4711", "ZD-4711", "ops2-17", "9" * 12, "A" * 16 + "-1"])
def test_without_a_setting_what_is_usual_is_a_ticket(value: str) -> None:
    assert tickets_of("", "").named(value) == Part(value)


@pytest.mark.parametrize(
    "value", ["", "ZD-", "-1", "ZD 1", "ZD-1 ", "call me", "#1", "٤٧", "9" * 13, "A" * 17 + "-1"]
)
def test_and_nothing_else(value: str) -> None:
    assert tickets_of("", "").named(value) is None


def test_an_address_names_a_ticket_as_the_pattern_has_it_whole() -> None:
    links = tickets_of(r"#\d+", URL)
    assert links.named("#22") == Part("#22", "https://tickets.example/%2322?from=panel")
    assert (links.named("see #22"), links.named("#22!"), links.named("ZD-1")) == (None,) * 3


@pytest.mark.parametrize(
    "value",
    ["x" * (LONGEST + 1), "a\nb", "a\r\nSet-Cookie: x", "a\0b", "a\u202eb", " a", "a\u200b"],
)
def test_what_is_long_or_unseen_is_no_ticket_whatever_the_pattern_accepts(value: str) -> None:
    assert tickets_of(r"(?s).+", "").named(value) is None


def test_a_pattern_that_matches_nothing_switches_tickets_off() -> None:
    assert tickets_of("(?!)", "").named("4711") is None


@pytest.mark.parametrize(
    ("pattern", "url", "sentence"),
    [
        ("", URL, "needs TICKET_PATTERN"),
        ("(", URL, "not a regular expression"),
        ("x*", URL, "matches an empty text"),
        ("x", "javascript:{ticket}", "http or https"),
        ("x", "https:///{ticket}", "http or https"),
        ("x", "https://{ticket}.example/", "after its host"),
        ("x", "https://tickets.example/", "after its host"),
    ],
)
def test_settings_that_cannot_be(pattern: str, url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        tickets_of(pattern, url)
