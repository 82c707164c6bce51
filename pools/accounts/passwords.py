"""Which passwords are refused: short ones, stolen ones, and those close to a name used here.

No rule says what characters a password must have, and none makes it end: docs/security.md.
"""

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError

from pools.models import Company
from pools.people.roles import ROLES

SHORTEST: Final = 10
# The 20,000 most frequent ones of ten characters and more in published thefts that are not
# in Django's own list: from "10 million passwords" by Mark Burnett, which is in the public
# domain.
STOLEN_FILE: Final = Path(__file__).with_name("breached-passwords.txt.gz")
# Words of this place, besides the panel's name, its companies' and its roles'.
WORDS: Final = ("patchworks", "connection", "pools", "pool", "panel", "core", "password", "admin")
_SHORTEST_WORD: Final = 4
# What must be left of a password without them.
_LEFT: Final = 6


class LengthValidator(MinimumLengthValidator):
    """Not a short one."""

    def __init__(self) -> None:
        super().__init__(SHORTEST)

    def get_help_text(self) -> str:
        return f"At least {SHORTEST} characters."


class StolenPasswordValidator(CommonPasswordValidator):
    """Not one that is in Django's list of stolen passwords or in the panel's own."""

    def __init__(self) -> None:
        super().__init__()
        self.passwords = self.passwords | _stolen()

    def validate(self, password: str, user: Any = None) -> None:
        if password.lower().strip() in self.passwords:
            raise ValidationError(
                "This password is on a list of stolen passwords. Choose another.",
                code="password_stolen",
            )

    def get_help_text(self) -> str:
        return "On no list of stolen passwords."


class NamesValidator(UserAttributeSimilarityValidator):
    """Not what an account says of its owner, and no word that everybody here would think of,
    with a few characters around it. One sentence for both: they are often the same word.
    """

    def validate(self, password: str, user: Any = None) -> None:
        left = password.lower()
        for word in local_words(user):
            left = left.replace(word, "")
        if len(left) < min(_LEFT, len(password)) or self._is_like(password, user):
            raise ValidationError(
                "Too easy to guess: it is close to a name used here. Choose another.",
                code="password_local",
            )

    def _is_like(self, password: str, user: Any) -> bool:
        try:
            super().validate(password, user)
        except ValidationError:
            return True
        return False

    def get_help_text(self) -> str:
        return "Not close to a name used here: yours, the panel's, a company's or a role's."


def local_words(user: Any = None) -> list[str]:
    """The words that count for nothing in a password of this person, longest first."""
    names = [settings.PANEL_NAME, *ROLES]
    if user is not None:
        names += [user.get_username(), user.get_full_name(), user.email.partition("@")[0]]
    for company in Company.objects.all():
        names += [company.name, company.slug]
    words = {word for name in names for word in (name.lower(), *name.lower().split())}
    worthless = {*WORDS, *(word for word in words if len(word) >= _SHORTEST_WORD)}
    return sorted(worthless, key=lambda word: (-len(word), word))


@lru_cache(maxsize=1)
def _stolen() -> frozenset[str]:
    with gzip.open(STOLEN_FILE, "rt", encoding="utf-8") as lines:
        return frozenset(line.rstrip("\n") for line in lines)
