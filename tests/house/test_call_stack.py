"""What a page costs does not depend on how deep in the stack it is made."""

import resource
from collections.abc import Callable

import pytest
from django.test import Client

pytestmark = pytest.mark.any_database
# Frames of `at_depth`, of which about 130 fill a piece of the stack: somewhere it is unlucky.
DEPTHS = range(0, 130, 5)
# Some are the interpreter's own; across the end of a piece there are up to 3,400.
MOST = 150


def at_depth(depth: int, function: Callable[[], object]) -> object:
    return at_depth(depth - 1, function) if depth else function()


def test_a_page_maps_little_memory_at_any_depth(manager: Client) -> None:
    def faults(depth: int) -> int:
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        at_depth(depth, lambda: manager.get("/c/acme/pools/"))
        return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before

    faults(0)
    assert max(map(faults, DEPTHS)) < MOST
