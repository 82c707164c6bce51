"""A plain page for demonstrations: what is going on, and which faults are on.

It changes things only by a POST from itself: the form carries a word that only this page
knows, the browser must say that the request comes from here, and the page answers under
an address of this machine alone, so that no other site can reach it by a name of its own.
"""

import hmac
import secrets
from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from sandbox.api import Api
from sandbox.faults import KINDS, RunFaults
from sandbox.http_messages import HTML, Answer, Request
from sandbox.journal import SHOWN

ADDRESS: Final = "/_sandbox/"
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = (
    ("Content-Type", HTML),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", CONTENT_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
)
STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; }
td { border-top: 1px solid #8886; overflow-wrap: anywhere; }
input[name=faults] { width: 24rem; max-width: 100%; font: inherit; }
button { font: inherit; }
"""


class ControlPage:
    """The page of one running sandbox."""

    def __init__(self, api: Api, run_faults: RunFaults) -> None:
        self._api = api
        self._run_faults = run_faults
        self._word = secrets.token_urlsafe(18)

    def answer(self, request: Request) -> Answer:
        """The page, or what became of its form."""
        if urlsplit(f"//{request.header('Host')}").hostname not in LOOPBACK:
            return _page(403, "<p>This page only works on this machine.</p>")
        if request.path != ADDRESS:
            return _page(404, "<p>There is nothing here.</p>")
        if request.method in ("GET", "HEAD"):
            return self._show(200, "", self._run_faults.text)
        if request.method != "POST":
            return _page(405, "<p>This page only takes GET and POST.</p>")
        fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if not self._from_here(request, fields.get("word", "")):
            return _page(
                403, "<p>This request didn't come from this page. Reload it and try again.</p>"
            )
        typed = fields.get("faults", "")
        try:
            self._run_faults.set(typed)
        except ValueError as error:
            return self._show(422, str(error), typed)
        return Answer(303, (("Location", ADDRESS),))

    def _from_here(self, request: Request, word: str) -> bool:
        origin = urlsplit(request.header("Origin"))
        return (
            hmac.compare_digest(word.encode(), self._word.encode())
            and request.header("Sec-Fetch-Site", "same-origin") == "same-origin"
            and origin.netloc in ("", request.header("Host"))
            and request.header("Origin") != "null"
        )

    def _show(self, status: int, problem: str, typed: str) -> Answer:
        current = escape(self._run_faults.text)
        alert = f'<p role="alert"><strong>{escape(problem)}</strong></p>' if problem else ""
        rows = "".join(
            f"<tr><td>{received.at:%H:%M:%S}<td>{escape(received.method)}"
            f"<td>{escape(received.target)}<td>{received.status or '…'}"
            f"<td>{escape(received.request_id)}</tr>"
            for received in reversed(list(self._api.journal.received)[-SHOWN:])
        )
        kinds = "".join(
            f"<tr><td><code>{kind.written(name)}</code><td>{escape(kind.meaning)}</tr>"
            for name, kind in KINDS.items()
        )
        applied = len(self._api.journal.applied)
        form = f"""
<form method="post" action="{ADDRESS}">
<input type="hidden" name="word" value="{self._word}">
<label>Faults, separated by ;
<input name="faults" value="{escape(typed)}" spellcheck="false"></label>
<button>Set</button></form>
<form method="post" action="{ADDRESS}"><input type="hidden" name="word" value="{self._word}">
<button>No faults</button></form>"""
        return _page(
            status,
            f"{alert}<p>Faults now: <code>{current or 'none'}</code></p>{form}"
            f"<h2>Latest requests</h2><p>Changes applied: {applied}</p>"
            f"<table><tr><th>Time (UTC)<th>Method<th>Target<th>Status<th>Request id</tr>{rows}"
            f"</table><h2>Faults you can ask for</h2><table>{kinds}</table>",
        )


def _page(status: int, body: str) -> Answer:
    document = (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>Sandbox Core</title>'
        f"<style>{STYLE}</style><h1>Sandbox Core</h1>{body}</html>"
    )
    return Answer(status, HEADERS, document.encode())
