"""Calls that wait, all at the same time: together they take as long as one."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.fixtures.kept_connections import close_kept_connections

Result = TypeVar("Result")


def side_by_side(calls: Mapping[str, Callable[[], Result]]) -> dict[str, Result]:
    """What each call gives, under its name. Each has a thread, and so connections, of its own."""

    def call(name: str) -> Result:
        try:
            return calls[name]()
        finally:
            close_kept_connections()

    with ThreadPoolExecutor(len(calls)) as threads:
        return dict(zip(calls, threads.map(call, calls), strict=True))
