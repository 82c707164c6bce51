"""docs/asvs.md: each item of level 1 and 2 once, with a test, a reason, or excused."""

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Final

from tests.standard.reading import DOCS, TEST, known_tests, rows

ITEM: Final = re.compile(r"v5\.0\.0-\d+\.\d+\.\d+")
MOST_EXCEPTIONS: Final = 3
EXCEPTION: Final = "**Exception.** "


def asked() -> dict[str, str]:
    """Item → level, of the standard itself."""
    with Path(__file__).with_name("asvs-5.0.0.csv").open() as file:
        return {row["id"]: row["level"] for row in csv.DictReader(file)}


def lines() -> list[list[str]]:
    return rows((DOCS / "asvs.md").read_text())


def mapped() -> list[list[str]]:
    """Item, level, what it asks, what shows it."""
    return [line for line in lines() if len(line) == 4]


def left_out() -> list[list[str]]:
    """Items that do not apply, and why."""
    return [line for line in lines() if len(line) == 2]


def test_the_standard_has_253_items_of_these_levels() -> None:
    assert Counter(asked().values()) == {"1": 70, "2": 183}


def test_every_item_is_there_once() -> None:
    found = Counter(item for line in lines() for item in ITEM.findall(line[0]))
    assert set(found) ^ set(asked()) == set()
    assert [item for item, times in found.items() if times > 1] == []


def test_every_item_has_its_level() -> None:
    assert [line[0] for line in mapped() if asked()[line[0]] != line[1]] == []


def test_every_item_that_applies_has_a_test_that_is_there_or_is_an_exception() -> None:
    for item, _, demand, shown in mapped():
        tests = TEST.findall(shown)
        assert demand, item
        assert bool(tests) != shown.startswith(EXCEPTION), item
        assert [test for test in tests if test not in known_tests()] == [], item


def test_there_are_three_exceptions_at_most_and_each_is_explained() -> None:
    excused = [line[3] for line in mapped() if line[3].startswith(EXCEPTION)]
    assert len(excused) <= MOST_EXCEPTIONS
    assert all(len(text) > 80 for text in excused)


def test_what_does_not_apply_has_a_reason() -> None:
    assert left_out()
    assert [line[0] for line in left_out() if len(line[1]) < 15 or not ITEM.search(line[0])] == []


def test_a_test_that_is_not_there_would_be_noticed() -> None:
    assert "house/test_headers.py::test_plain_http_leads_to_https" in known_tests()
    assert "house/test_headers.py::test_never_written" not in known_tests()
