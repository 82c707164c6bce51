"""Ten thousand calls of two people over shared connections: none gets another's answer."""

from tests.core.two_people import THREADS, calls_of_two_people


def test_ten_thousand_calls_of_two_people_are_never_mixed_up() -> None:
    assert calls_of_two_people(625) == ([], 10_000, THREADS)
