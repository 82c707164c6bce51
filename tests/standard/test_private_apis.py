"""docs/private-apis.md: every name that others do not promise to keep, and what would show it."""

from functools import cache

from tests.standard.foreign import is_there, taken
from tests.standard.reading import DOCS, known_tests, named, rows


@cache
def listed() -> dict[str, set[str]]:
    """Each name, and the tests that fail without it."""
    return {
        name: named(row[2])
        for row in rows((DOCS / "private-apis.md").read_text())
        for name in named(row[0])
    }


def test_every_private_name_that_the_code_takes_is_listed() -> None:
    assert len(taken()) > 25
    ends = {name.rpartition(".")[2] for name in listed()}
    assert {name for name in taken() if name not in listed() and name not in ends} == set()


def test_every_name_that_is_listed_is_there() -> None:
    assert [name for name in listed() if not is_there(name)] == []


def test_every_name_has_a_test_that_is_there() -> None:
    assert [name for name, tests in listed().items() if not tests or tests - known_tests()] == []
