"""Events in words: a list is called what its page calls it."""

import pytest

from pools.wording.events import facts_of, nobody_of, shortened, title_of


def test_a_batch_is_a_list_to_people() -> None:
    assert title_of("batch_frozen") == "List frozen"
    assert title_of("batch_taken_over") == "List taken over"
    assert title_of("token_confirmed") == "Token confirmed"


def test_what_a_list_does_and_where_it_came_from() -> None:
    facts = facts_of({"operation": "limit", "how": {"to": 5}, "list": "command", "query": ""})
    assert facts == [("does", "set limit to 5"), ("made", "by command")]
    of_file = {"how": {}, "left_out": 0, "lines": 257, "list": "file", "operation": "apply"}
    assert facts_of(of_file | {"pools": 257}) == [
        ("does", "apply a file"),
        ("made", "from a file"),
        ("pools", "257"),
        ("lines of the file", "257"),
    ]
    revert = facts_of({"how": {}, "left_out": 2, "list": "revert", "operation": "apply"})
    assert revert == [
        ("does", "revert a list"),
        ("made", "from an earlier list"),
        ("left out", "2"),
    ]
    assert facts_of({"left": 257}) == [("still to send", "257")]


def test_an_archive_is_said_with_its_entries_and_a_time_that_people_read() -> None:
    at = "2025-05-01T10:00:00.123456+00:00"
    digest = "0123456789abcdef" * 4
    of_one = {"first": 1, "last": 39, "sha256": digest, "at": at}
    assert facts_of({"through": 39, "older_than": at, "archives": [of_one]}) == [
        ("archive", "entries 1 to 39, 1 May 2025 10:00"),
        ("SHA-256", digest),
        ("up to entry", "39"),
        ("older than", "1 May 2025 10:00"),
    ]


def test_what_only_a_program_can_use_is_not_said() -> None:
    facts = {"invitation": "70a68ea0-0000-4000-8000-000000000000", "roles": ["Manager"]}
    assert facts_of(facts) == [("roles", "Manager")]


def test_what_was_walked_along_is_said_as_entries() -> None:
    walk = {"first": 1, "last": 39, "at": "2026-05-01T10:00:00+00:00"}
    newer = walk | {"first": 40, "last": 52}
    facts = facts_of({"newer": newer, "whole": walk, "findings": ["Entry 7 does not fit."]})
    assert facts == [
        ("entries", "1 to 39"),
        ("newer entries", "40 to 52"),
        ("findings", "Entry 7 does not fit."),
    ]


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("0123456789abcdef" * 4, "0123456789ab…"),
        (
            "example/ledger+0a1b2c3d+AQWmh/ei4mPpHjc4NOdUb3Nr=",
            "example/ledger+0a1b2c3d…",
        ),
        ("0123456789ab", ""),
        ("ABCDEF" * 10, ""),
        ("https://core.example/a-very-long-address-that-somebody-has-set-for-a-company", ""),
        ("a digest " + "0" * 64, ""),
        ("", ""),
    ],
)
def test_digests_and_keys_alone_are_shortened(text: str, beginning: str) -> None:
    assert shortened(text) == beginning


def test_what_the_panel_does_by_itself_names_the_panel() -> None:
    assert nobody_of("ledger_verified") == "the panel"
    assert nobody_of("sign_in_failed") == "not known"


def test_filters_are_said_once() -> None:
    filters = {"action": "edit", "zone": "UTC"}
    assert facts_of({"filters": filters}) == [("filters", "action edit, zone UTC")]
    of_evidence = facts_of({"filters": filters, "words": "Changes of Acme, only edit"})
    assert of_evidence == [("words", "Changes of Acme, only edit")]
