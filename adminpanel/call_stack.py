"""One piece of the interpreter's stack for all calls of a request."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

# In words of 8 bytes. The piece for it is the next power of two, 512 kB: 190 kB are left for
# the calls below, which take a fifth of that on the deepest page.
_WORDS: Final = 40_000


def in_one_piece(function: _Function) -> _Function:
    """The function, with room for what it calls on the same piece of the stack.

    CPython keeps the frames of Python calls on pieces of 16 kB, and unmaps a piece as soon as
    the last call on it returns (python/cpython#142183). Where a loop makes its calls across
    the end of a piece, each maps memory and unmaps it: up to half of the time of a page. A
    call that needs more than a piece gets a large one, and those below it go on there. What
    the function asks for is never touched, so it costs addresses and no memory.
    """
    code = function.__code__
    function.__code__ = code.replace(co_stacksize=_WORDS)
    return function
