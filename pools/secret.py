"""A value that must never be shown: tokens, keys, passwords.

A leaf of the import graph: every room may use it, it uses nothing.
"""

from typing import Any, Final, NoReturn, final

REDACTED: Final = "«secret»"


@final
class Secret:
    """Holds a text that only `reveal()` gives out.

    Every implicit way out (repr, str, format, JSON, pickle, copy into a log)
    redacts or raises, so that a secret leaves only where code asks for it by name.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Every caller is a place to look at in a review."""
        return self._text

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")
