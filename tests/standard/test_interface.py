"""docs/interface.md: each of its 41 rows has a test that is there, or says that there is none."""

import re
from typing import Final

from tests.standard.reading import DOCS, known_tests, rows

TEST: Final = re.compile(r"`([\w/]+\.py::test_\w+)`")
NOTHING: Final = "not there, as said"


def test_every_row_has_a_test_that_is_there_or_says_that_there_is_nothing() -> None:
    found = [line for line in rows((DOCS / "interface.md").read_text()) if len(line) == 4]
    assert len(found) == 41
    for _, feature, here, shown in found:
        tests = TEST.findall(shown)
        assert bool(tests) != (shown == NOTHING), feature
        assert here.startswith("not here") == (shown == NOTHING), feature
        assert [test for test in tests if test not in known_tests()] == [], feature
