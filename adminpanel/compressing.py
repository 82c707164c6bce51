"""Pages compressed as the browser prefers: with Brotli where it reads that, else with gzip.

Brotli's are an eighth smaller, for the same processor time. Browsers ask for it over HTTPS.
"""

import re
import secrets
from typing import Final

import brotli
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

_TAKES_BROTLI: Final = re.compile(r"\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
# As costly as gzip's usual level; a window as long as the longest page keeps its memory small.
OPTIONS: Final = {"quality": 5, "lgwin": 18}


class CompressingMiddleware(GZipMiddleware):
    """Django's own, which pads what it compresses against BREACH. What streams is left to it."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        wanted = _TAKES_BROTLI.search(request.headers.get("Accept-Encoding", ""))
        if not (wanted and isinstance(response, HttpResponse)) or response.has_header(
            "Content-Encoding"
        ):
            return super().process_response(request, response)
        packed = _packed(response.content, secrets.randbelow(self.max_random_bytes) + 1)
        if len(packed) >= len(response.content):
            return super().process_response(request, response)
        patch_vary_headers(response, ("Accept-Encoding",))
        response.content = packed
        response.headers["Content-Length"] = str(len(packed))
        response.headers["Content-Encoding"] = "br"
        return response


def _packed(content: bytes, padding: int) -> bytes:
    """Compressed, behind so many bytes (256 at most) that a reader skips: RFC 7932, 9.2."""
    stream = brotli.Compressor(**OPTIONS)
    # A meta-block that is empty: neither the last one nor reserved, its length in one byte.
    skipped = bytes([0b010110 | (padding - 1 & 0b11) << 6, padding - 1 >> 2]) + bytes(padding)
    started: bytes = stream.flush()
    packed: bytes = stream.process(content) + stream.finish()
    return started + skipped + packed
