"""A person's tokens in words."""

import pytest

from pools.tokens.keeping import TokenScope
from pools.tokens.state import TokenState
from pools.wording import tokens


def test_every_state_has_words_of_its_own() -> None:
    assert set(tokens.STATES) == set(TokenState)
    assert len(set(tokens.STATES.values())) == len(TokenState)


@pytest.mark.parametrize(
    ("total", "names", "said"),
    [
        (257, ("Orders",), "257 pools, starting with “\u2068Orders\u2069”."),
        (1, ("Orders",), "1 pool, starting with “\u2068Orders\u2069”."),
        (0, (), "no pools."),
        (None, (), "an unknown number of pools."),
    ],
)
def test_what_a_token_gives_access_to(total: int | None, names: tuple[str, ...], said: str) -> None:
    scope = TokenScope(total, names, differs_from_current=False)
    assert tokens.works("Acme", scope) == (f"Your token for Acme works. It gives access to {said}")
