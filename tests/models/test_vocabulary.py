"""The words of entries: which of them end a change."""

import pytest
from django.db.models import Value

from pools.models.vocabulary import ENDS, Kind, Outcome, ends, leaves_open

BEGUN = (Kind.INTENT, "")
UNKNOWN = (Kind.OUTCOME, Outcome.UNKNOWN)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Kind)
def test_the_database_is_asked_for_the_same_ends(kind: Kind) -> None:
    for outcome in ("", *Outcome):
        asked = ENDS.check({"kind": Value(str(kind)), "outcome": Value(str(outcome))})
        assert asked is ends(kind, outcome), outcome


@pytest.mark.parametrize(
    ("entries", "is_open"),
    [
        ([], False),
        ([UNKNOWN], False),
        ([BEGUN], True),
        ([BEGUN, UNKNOWN], True),
        ([BEGUN, UNKNOWN, (Kind.READBACK, "")], True),
        ([BEGUN, (Kind.OUTCOME, Outcome.DONE)], False),
        ([BEGUN, UNKNOWN, (Kind.SETTLED, "applied")], False),
        ([BEGUN, (Kind.RELEASED, "")], False),
    ],
)
def test_a_change_is_open_until_something_ends_it(
    entries: list[tuple[str, str]], is_open: bool
) -> None:
    assert leaves_open(entries) is is_open
