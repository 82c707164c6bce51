"""What forms allow is never too large for the server; what is larger is refused in our look."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser

from pools.core.bounds import SEARCH
from pools.views.changes_address import LONGEST_FILTER
from tests.house.gunicorn_panel import Panel, gunicorn_panel

CJK: Final = "界"
EMOJI: Final = "😀"  # four bytes: no character takes more room in an address


def filters(character: str, count: int = 3) -> str:
    """The list of changes with so many texts, each as long as its field allows."""
    names = ("who", "pool", "words")[:count]
    texts = dict.fromkeys(names, character * LONGEST_FILTER)
    return f"/changes/?{urlencode(texts)}&outcome=not+applied&from=2026-01-01&to=2026-12-31"


def inside(address: str, page: str = "/accounts/login/") -> str:
    """The address in the `next` of another."""
    return f"{page}?next={quote(address, safe='')}"


SEARCHED: Final = f"/c/acme/pools/?{urlencode({'search': EMOJI * SEARCH.longest})}"
ADDRESSES: Final = {
    "two filters of CJK letters": filters(CJK, 2),
    "three filters of CJK letters": filters(CJK),
    "three filters of emoji": filters(EMOJI),
    "a search of emoji": SEARCHED,
    "three filters inside a sign-in": inside(filters(EMOJI)),
    "a search inside a sign-in": inside(SEARCHED),
    "a search inside a token inside a sign-in": inside(inside(SEARCHED, "/tokens/acme/replace/")),
}


@pytest.fixture(scope="module")
def panel(ready: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    settings = {
        "LOG_LEVEL": "INFO",
        "HTTPS": "true",
        "TRUSTED_PROXY_COUNT": "1",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    with gunicorn_panel(ready | settings, tmp_path_factory.mktemp("large")) as found:
        yield found


def get(target: str, *headers: str) -> bytes:
    # As a browser's requests come through a proxy: a plain one would be led to HTTPS.
    lines = ["Host: panel.example", "X-Forwarded-Proto: https", *headers, "", ""]
    return "\r\n".join([f"GET {target} HTTP/1.1", *lines]).encode("latin-1")


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_panel_reads_the_longest_address_that_its_forms_make(panel: Panel, name: str) -> None:
    address = ADDRESSES[name]
    before = panel.requests()
    panel.answer(get(address, f"Referer: https://panel.example{address}"))
    page = f"HX-Current-URL: https://panel.example{address}"
    panel.answer(get("/accounts/login/", "HX-Request: true", page))
    reached = panel.requests()[len(before) :]
    assert [path for path, _ in reached] == [address.partition("?")[0], "/accounts/login/"]
    assert {status for _, status in reached} <= {200, 302}


@pytest.mark.parametrize("size", [8_300, 32_000])
def test_cookies_of_the_domain_above_are_read_past(panel: Panel, size: int) -> None:
    cookies = "; ".join(f"c{number}={'x' * 990}" for number in range(size // 1000))
    (status,) = panel.send(get("/accounts/login/", f"Cookie: {cookies}; d={'x' * (size % 1000)}"))
    assert status == b"200"


TOO_LARGE: Final = {
    "address": (get(f"/changes/?words={'x' * 33_000}"), 414, "This address is too long."),
    "a huge address": (get(f"/?{'x' * 80_000}"), 414, "This address is too long."),
    "cookies": (get("/", f"Cookie: c={'x' * 33_000}"), 431, "This request is too large."),
    "a huge header": (get("/", f"X: {'x' * 80_000}"), 431, "This request is too large."),
    "a hundred headers": (
        get("/", *(f"X-{number}: x" for number in range(100))),
        431,
        "This request is too large.",
    ),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_larger_is_refused_in_the_panels_look(panel: Panel, name: str) -> None:
    payload, status, sentence = TOO_LARGE[name]
    before = panel.requests()
    hidden = b"GET /smuggled/ HTTP/1.1\r\nHost: panel.example\r\n\r\n"
    head, _, page = panel.answer(payload + hidden).decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert lines[0].startswith(f"HTTP/1.1 {status} ")
    assert [heading.text() for heading in LexborHTMLParser(page).css("h1")] == [sentence]
    assert headers["X-Request-ID"] in page
    assert re.search(r'<link rel="stylesheet" href="/static/css/[^"]+">', page)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert headers["Connection"] == "close"
    assert int(headers["Content-Length"]) == len(page.encode())
    assert panel.requests() == [*before, ("/", status)]


def test_what_the_stylesheets_are_refused_for_is_told_without_them(panel: Panel) -> None:
    """The browser sends the same cookies for each of them."""
    cookies = f"Cookie: c={'x' * 33_000}"
    page = LexborHTMLParser(panel.answer(get("/", cookies)).partition(b"\r\n\r\n")[2])
    needed = [
        *(node.attributes["href"] for node in page.css("link[rel=stylesheet]")),
        *(node.attributes["src"] for node in page.css("script[src]")),
    ]
    assert len(needed) == 3
    for address in needed:
        assert panel.send(get(str(address), cookies)) == [b"431"]
    (body,) = page.css("body")
    assert [node.tag for node in body.iter()] == ["main"]
    assert body.css("svg, img, dialog, button, input, [hidden], .visually-hidden, .icon") == []
    told = " ".join(body.text().split())
    assert told.startswith(
        "This request is too large. Nothing was done: your browser, or something on the way, sent "
        "more headers than we can read. Most often these are cookies: delete those of this site "
        "and of its parent domain, then try again."
    )
    assert [link.text() for link in body.css("a")] == ["Home"]


def test_nobody_asks_for_that_page_from_outside(panel: Panel) -> None:
    asked = get("/accounts/login/", "panel.too_large: 414", "Panel-Too-Large: 414")
    (status,) = panel.send(asked)
    assert status == b"200"


# Fails while it makes the page.
BROKEN: Final = """
def application(environ, start_response):
    raise ValueError("no page")
"""


def test_a_page_that_fails_leaves_a_bare_refusal(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "LOG_FORMAT": "json"}
    with gunicorn_panel(environment, tmp_path, "broken") as panel:
        assert panel.send(get(f"/?{'x' * 33_000}")) == [b"414"]
        assert "no page for a request that is too large" in panel.log.read_text()
