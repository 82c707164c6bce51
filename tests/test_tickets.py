"""Ticket ids as links: what is a ticket, where it leads, and settings that cannot be."""

import pytest

from pools.tickets import Part, ticket_links

URL = "https://tickets.example/{ticket}?from=panel"


def test_a_text_is_cut_at_its_tickets() -> None:
    links = ticket_links(r"#\d+", URL)
    assert links
    assert links.parts("see #1, #22.") == [
        Part("see "),
        Part("#1", "https://tickets.example/%231?from=panel"),
        Part(", "),
        Part("#22", "https://tickets.example/%2322?from=panel"),
        Part("."),
    ]


def test_no_ticket_no_link() -> None:
    links = ticket_links(r"#\d+", URL)
    assert links
    assert (links.parts("none"), links.parts("")) == ([Part("none")], [])


def test_nothing_set_is_no_links() -> None:
    assert ticket_links("", "") is None


@pytest.mark.parametrize(
    ("pattern", "url", "sentence"),
    [
        ("x", "", "go together"),
        ("", URL, "go together"),
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
        ticket_links(pattern, url)
