"""One wrong letter in a word that is looked for: which words are forgiven it, and what is near."""

from collections.abc import Callable, Sequence
from typing import Final

# A shorter word has too many neighbours of one letter.
SHORTEST_FORGIVEN: Final = 4


def intact(word: str) -> list[str]:
    """What of a word is still there if one of its letters is wrong: one of these."""
    if len(word) < SHORTEST_FORGIVEN:
        return [word]
    half = len(word) // 2
    swapped = word[: half - 1] + word[half] + word[half - 1] + word[half + 1 :]
    return [f" {word[:half]}", word[half:], f" {swapped}"]


def nearly_at(
    word: str, texts: Sequence[str], company: str, is_near: Callable[[str], bool]
) -> int | None:
    """How far into a pool's texts, which begin with its name, a word or one close to it is.

    Past them all where it is in its company's name alone; None: nowhere.
    """
    forgiven = len(word) >= SHORTEST_FORGIVEN
    for at, text in enumerate(texts):
        if word in text or (forgiven and is_near(text)):
            return at
    there = word in company or (forgiven and any(map(is_near, company.split())))
    return len(texts) if there else None


def begins_nearly(typed: str, word: str) -> bool:
    """Whether a word begins as was typed, but for one letter (two that changed places are one)."""
    at = next(
        (i for i, (one, other) in enumerate(zip(typed, word, strict=False)) if one != other),
        min(len(typed), len(word)),
    )
    rest = typed[at:]
    return (
        len(rest) <= 1
        or word[at + 1 :].startswith(rest[1:])  # another letter
        or word[at + 1 :].startswith(rest)  # one is missing
        or word[at:].startswith(rest[1:])  # one too many
        or (word[at : at + 2] == rest[1::-1] and word[at + 2 :].startswith(rest[2:]))
    )
