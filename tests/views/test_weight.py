"""What the list of pools weighs: 25 of the demo's pools, as they are and as they are compressed.

The benchmark's list has a change in each line, and with it at most 40 kB and 6 kB.
"""

import brotli
import pytest
from django.test import Client

from adminpanel.compressing import OPTIONS
from pools.models import Company
from sandbox.running import RunningSandbox
from tests.batches.lists import frozen
from tests.fixtures.panel import person_of
from tests.fixtures.place import Place
from tests.pages.naming import ROWS

LIST = "/c/acme/pools/"
# On average.
PADDING = 50


@pytest.mark.usefixtures("core")
@pytest.mark.parametrize(
    ("headers", "most", "most_packed"), [({}, 32_500, 5_250), (ROWS, 24_500, 3_200)]
)
def test_a_list_of_25_pools_is_light(
    manager: Client, headers: dict[str, str], most: int, most_packed: int
) -> None:
    answer = manager.get(LIST, headers=headers)
    assert len(answer.context["rows"]) == 25
    assert len(answer.content) <= most
    assert len(brotli.compress(answer.content, **OPTIONS)) + PADDING <= most_packed


def test_the_longest_list_of_changes_is_bearable_on_a_phone(
    manager: Client, acme: Company, core: RunningSandbox
) -> None:
    place = Place(core, core.company("acme"), acme, 1)
    names = [f"{number} {'orders ' * 40}"[:255] for number in range(500)]
    ids = [place.at_core.add_pool(name).id for name in names]
    batch = frozen(place, person_of(manager), ids=ids)
    answer = manager.get(f"/c/acme/batches/{batch.pk}/")
    assert all(name.rstrip() in answer.text for name in names)
    assert len(answer.content) <= 500_000
    assert len(brotli.compress(answer.content, **OPTIONS)) + PADDING <= 40_000
