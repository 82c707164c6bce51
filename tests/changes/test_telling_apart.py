"""Two names side by side: nobody has to guess what is different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.changes import Snapshot, differences
from pools.changes.telling_apart import told_apart
from pools.wording.versions import Versions


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("5020 5026", "5020  5026", ("5020 5026", "5020 ⟨space⟩5026")),
        (
            "5020 5026",
            "5020\u00a05026",
            ("5020⟨space⟩5026", "5020⟨no-break space⟩5026"),
        ),
        ("A\nB", "A B", ("A⟨line break⟩B", "A⟨space⟩B")),
        ("Orders", "Ord\u200bers", ("Orders", "Ord⟨U+200B⟩ers")),
        ("Orders", "\u041erders", ("O⟨U+004F⟩rders", "\u041e⟨U+041E⟩rders")),
        ("caf\u00e9", "cafe\u0301", ("caf\u00e9⟨U+00E9⟩", "cafe⟨U+0065⟩⟨U+0301⟩")),
        ("A - B", "A \u2013 B", ("A -⟨U+002D⟩ B", "A \u2013⟨U+2013⟩ B")),
        ("Orders ", "Orders", ("Orders⟨space⟩", "Orders")),
    ],
)
def test_what_looks_alike_has_marks_where_it_differs(
    one: str, other: str, shown: tuple[str, str]
) -> None:
    assert told_apart(one, other) == shown


@pytest.mark.parametrize(
    ("one", "other"),
    [("Orders", "Orders EU"), ("Orders", "\u00d6rders"), ("5", "7"), ("A  B", "A  B"), ("", "A")],
)
def test_what_can_be_seen_to_differ_stays_as_it_is(one: str, other: str) -> None:
    assert told_apart(one, other) == (one, other)


@given(st.text(max_size=30), st.text(max_size=30))
def test_different_names_are_never_shown_the_same(one: str, other: str) -> None:
    shown = told_apart(one, other)
    assert (one == other) == (shown[0] == shown[1]) or "⟨" in one + other


def test_every_version_of_a_conflict_is_told_from_the_one_beside_it() -> None:
    opened, now, own = (
        Snapshot(name, 5, None) for name in ("5020 5026", "5020  5026", "5020\u00a05026")
    )
    row = Versions.of(opened, now, own).by_field["name"]
    assert (row.opened, row.now) == ("5020 5026", "5020 ⟨space⟩5026")
    assert row.wanted == "5020⟨no-break space⟩5026"
    left_alone = Versions.of(opened, now, now).by_field["name"]
    assert left_alone.wanted == left_alone.now == "5020 ⟨space⟩5026"


def test_a_difference_is_told_with_its_marks() -> None:
    (found,) = differences(Snapshot("A B", 5, None), Snapshot("A  B", 5, None))
    assert (found.before, found.after) == ("A B", "A ⟨space⟩B")
