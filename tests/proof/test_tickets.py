"""Five thousand texts as the ticket of an address: none is more than a text."""

from typing import Any, Final

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pools.tickets import tickets_of
from tests.fixtures.sampling import share_of
from tests.pages.hostile_tickets import HOSTILE, assert_inert

PATTERNS: Final = ["", r"(?s).+", r"\S+", r"[A-Z]+-\d+"]
PIECES: Final = [
    "<", ">", '"', "'", "&", "&amp;", "\r\n", "\n", "\0", "\u202e", "\u2066", "\u200b", "\ud7ff",
    "javascript:", "//", "/", "\\", "#", "?", "=", ";", "%0d%0a", "%00", "{{", "}}", "{%", "-->",
    "ticket=", "next=", "ZD-4711", "<script>", "<form>", "</title>", " ", "\t", "😀", "ticket-off",
]  # fmt: skip
texts = st.one_of(
    st.text(max_size=70),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.sampled_from(HOSTILE),
    st.from_regex(r"[A-Z]{1,3}-[0-9]{1,6}.?", fullmatch=True),
)


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(
    max_examples=share_of(1250),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=texts)
def test_a_text_is_a_chip_or_nothing(
    client: Client, pattern: str, value: str, settings: Any
) -> None:
    settings.TICKETS = tickets_of(pattern, "https://desk.example/{ticket}" if pattern else "")
    assert_inert(client, value)
