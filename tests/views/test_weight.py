"""What the list of pools weighs: 25 of the demo's pools, as they are and as gzip packs them."""

import gzip

import pytest
from django.test import Client

from tests.pages.naming import ROWS

LIST = "/c/acme/pools/"


@pytest.mark.usefixtures("core")
@pytest.mark.parametrize(
    # Of these, ticks and what can be done with what is ticked are 2,700 and 700.
    ("headers", "most", "most_packed"),
    [({}, 40_300, 6_760), (ROWS, 30_000, 3_600)],
)
def test_a_list_of_25_pools_is_light(
    manager: Client, headers: dict[str, str], most: int, most_packed: int
) -> None:
    answer = manager.get(LIST, headers=headers)
    assert len(answer.context["rows"]) == 25
    assert len(answer.content) <= most
    assert len(gzip.compress(answer.content, 6)) <= most_packed
