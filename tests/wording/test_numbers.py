"""A count is said as people say it, whatever it counts."""

from datetime import date

import pytest

from pools.wording import companies, people, tokens
from pools.wording.moments import day_of
from pools.wording.numbers import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 pools"), (1, "1 pool"), (2, "2 pools"), (2.5, "2.5 pools"), (1234, "1,234 pools")],
)  # fmt: skip
def test_one_is_one_and_all_others_are_several(number: float, said: str) -> None:
    assert counted(number, "pool") == said


def test_sentences_with_a_count_are_right_for_one() -> None:
    assert tokens.worth_replacing(1).startswith("In use for 1 day.")
    assert people.sessions_ended(1) == "Ended 1 session."
    assert "1 person's token stops working" in companies.a_new_address(1, 0)
    assert "2 people's tokens stop working" in companies.a_new_address(2, 0)
    assert companies.a_new_address(0, 1).startswith("1 change has no known outcome yet.")
    assert companies.a_new_address(0, 2).startswith("2 changes have no known outcome yet.")


def test_what_is_of_no_day_says_so_for_one_line_and_for_many() -> None:
    assert day_of(None) == "A time that can't be read"
    assert day_of(date(2020, 1, 1)) == ""
