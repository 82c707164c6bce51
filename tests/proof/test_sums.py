"""Ten thousand generated companies: no sum of what is given of an allowance is wrong."""

from tests.guidance.reckoning import wrong


def test_no_sum_of_ten_thousand_generated_companies_is_wrong() -> None:
    assert wrong(2, 10_000) == []
