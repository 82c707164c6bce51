"""A fixture or a helper is imported from a module of its own, never from a test."""

import re

from tests.standard.reading import TESTS

# Lines of code, also of code in texts that other processes run.
FROM_A_TEST = re.compile(r"^\s*(?:from|import)\s[\w. ]*\btest_\w+", re.MULTILINE)
FROM_TESTS = re.compile(r"^from tests\.(?P<room>\w+)(?P<module>\S*) import", re.MULTILINE)


def test_nothing_is_imported_from_a_test() -> None:
    files = sorted(TESTS.rglob("*.py"))
    found = {file.name: FROM_A_TEST.findall(file.read_text()) for file in files}
    assert len(files) > 100
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_what_rooms_share_is_in_fixtures() -> None:
    """No room takes from the conftest of another, nor the fixtures from a room."""
    taken = set()
    for file in TESTS.rglob("*.py"):
        room = file.relative_to(TESTS).parts[0]
        for line in FROM_TESTS.finditer(file.read_text()):
            foreign = line["room"] not in {room, "fixtures", "settings"}
            if foreign and (room == "fixtures" or line["module"] == ".conftest"):
                taken.add((file.name, line[0]))
    assert taken == set()
