"""How answers come compressed: as the browser asks, whole, and of a length that tells nothing."""

import gzip
from collections.abc import Callable

import brotli
import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from adminpanel.compressing import CompressingMiddleware

TEXT = "A page of the panel, with names like Überlauf. ".encode() * 200
Answer = Callable[[HttpRequest], HttpResponse]


def answered(accepts: str, answer: Answer = lambda _: HttpResponse(TEXT)) -> HttpResponse:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepts} if accepts else {})
    response = CompressingMiddleware(answer)(request)
    assert isinstance(response, HttpResponse | StreamingHttpResponse)
    return response  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        *(("gzip, deflate, br, zstd", "br"), ("br", "br"), ("br;q=0.5, gzip", "br")),
        *(("gzip, br;q=0", "gzip"), ("br; q=0.0, gzip", "gzip"), ("gzip", "gzip")),
        *(("", None), ("brx", None), ("identity", None)),
    ],
)
def test_an_answer_is_compressed_as_the_browser_asks(accepts: str, encoding: str | None) -> None:
    response = answered(accepts)
    assert response.get("Content-Encoding") == encoding
    assert "Accept-Encoding" in response["Vary"]
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert unpack(response.content) == TEXT
    assert encoding is None or int(response["Content-Length"]) == len(response.content)


def test_brotli_is_smaller_than_gzip() -> None:
    text = b"".join(b'<tr><td class="cell-%d">Pool %d</td></tr>' % (n, n * n) for n in range(500))
    both = [min(_sizes(accepts, text)) for accepts in ("br", "gzip")]
    assert both[0] < both[1]


def _sizes(accepts: str, text: bytes) -> list[int]:
    return [len(answered(accepts, lambda _: HttpResponse(text)).content) for _ in range(20)]


@pytest.mark.parametrize("accepts", ["br", "gzip"])
def test_the_length_of_the_same_answer_varies(accepts: str) -> None:
    """Otherwise it tells whether a guess is in the page, next to what is secret (BREACH)."""
    sizes = _sizes(accepts, TEXT)
    assert len(set(sizes)) > 5
    assert max(sizes) - min(sizes) <= 100


def test_what_is_short_or_compressed_already_stays_as_it_is() -> None:
    assert answered("br", lambda _: HttpResponse("Done.")).content == b"Done."
    packed = HttpResponse(b"as it was" * 50, headers={"Content-Encoding": "gzip"})
    assert answered("br", lambda _: packed).content == b"as it was" * 50


def test_what_streams_is_not_held_back_for_brotli() -> None:
    response = answered("br", lambda _: StreamingHttpResponse([TEXT]))  # type: ignore[arg-type,return-value]
    assert response.get("Content-Encoding") is None


@pytest.mark.usefixtures("core")
def test_a_page_of_the_panel_comes_compressed(manager: Client) -> None:
    page = manager.get("/c/acme/pools/", headers={"Accept-Encoding": "gzip, br"})
    assert page["Content-Encoding"] == "br"
    assert brotli.decompress(page.content).endswith(b"</html>")
