"""A page that Patchworks keeps waiting: its frame at once, and the rest when it is there.

A read that is answered soon makes an ordinary answer, with its own status. One that takes
longer has its page begun before that: the browser shows the frame and the company, with or
without scripts, and its status can only be 200 by then.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from typing import Any, Final, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from pools.pages import errors
from pools.pages.direction import marked_page
from pools.pages.rendering import fragment_wanted

# Where a page's frame ends; only base.html has it.
_SEAM: Final = "<!-- the rest -->"

_Read = TypeVar("_Read")
_log = logging.getLogger(__name__)


def soon_or_begun(
    request: HttpRequest,
    ask: Callable[[], _Read],
    answer: Callable[[Callable[[], _Read]], HttpResponse],
    frame: dict[str, Any],
) -> HttpResponse:
    """The answer, if what it is made from is read soon; else its frame, and then the rest.

    Soon is within PAGE_PATIENCE_SECONDS; None: however long it takes. `ask` talks to Core
    alone, in a thread of its own. `answer` gets a function that returns
    what was read, or raises what it raised. `frame` is the context of pools/waiting.html.
    """
    patience = settings.PAGE_PATIENCE_SECONDS
    if patience is None or request.method != "GET" or fragment_wanted(request) is not None:
        return answer(ask)
    reading = _readers().submit(copy_context().run, ask)
    # Only waits: what it raised is for the answer.
    with suppress(TimeoutError):
        reading.exception(patience)
    if reading.done():
        return answer(reading.result)
    begun = render(request, "pools/waiting.html", frame).content.decode()
    # What compresses the answer would hold the frame back until there is more.
    request.META["HTTP_ACCEPT_ENCODING"] = "identity"
    pieces = _pieces(request, begun.partition(_SEAM)[0], reading, answer)
    # Nobody looks into it on its way.
    return StreamingHttpResponse(pieces)  # type: ignore[return-value]


@cache
def _readers() -> ThreadPoolExecutor:
    # More than there are calls at once: a request that gets no call says so, and waits here
    # for nobody.
    most = 2 * settings.CORE_LIMITS.calls_at_once
    return ThreadPoolExecutor(most, thread_name_prefix="reads-core")


def _pieces(
    request: HttpRequest,
    begun: str,
    reading: "Future[_Read]",
    answer: Callable[[Callable[[], _Read]], HttpResponse],
) -> Iterator[str]:
    # What comes after the first piece is made when the middleware has gone.
    zone, inside = timezone.get_current_timezone(), copy_context()
    yield marked_page(begun)
    reading.exception()

    def rest() -> str:
        with timezone.override(zone):
            return answer(reading.result).content.decode()

    try:
        page = inside.run(rest)
    except Exception:  # noqa: BLE001 - the answer has begun: whatever it is, the page must end
        _log.exception("a page that was begun could not be finished")
        page = errors.server_error(request).content.decode()
    _, seam, rest_of_page = page.partition(_SEAM)
    yield marked_page(rest_of_page if seam else page)
