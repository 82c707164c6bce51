"""Answers as Laravel, or the nginx in front of it, writes them."""

import html
import json
from typing import Any

from sandbox.http_messages import HTML, JSON, Answer, Refusal, Request, reason_phrase

NO_CACHE = ("Cache-Control", "no-cache, private")


def encode(value: Any) -> bytes:
    """JSON as PHP writes it: no spaces, slashes and everything beyond ASCII escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", r"\/").encode("ascii")


def json_answer(value: Any, status: int = 200) -> Answer:
    """A JSON answer of Laravel's."""
    return Answer(status, (("Content-Type", JSON), NO_CACHE), encode(value))


def with_plain_json(answer: Answer) -> Answer:
    """The same answer in the JSON that most others write."""
    if ("Content-Type", JSON) not in answer.headers or not answer.body:
        return answer
    text = json.dumps(json.loads(answer.body), separators=(",", ":"), ensure_ascii=False)
    return answer.with_body(text.encode("utf-8"))


def refusal_answer(request: Request, refusal: Refusal, login_url: str, *, as_json: bool) -> Answer:
    """A refusal as JSON, or, to a client that did not ask for JSON, as a redirect or a page."""
    if as_json:
        answer = json_answer(refusal.body(), refusal.status)
    elif refusal.status == 401:
        answer = redirect_answer(302, login_url)
    elif refusal.status == 422:
        answer = redirect_answer(302, request.header("Referer", "/"))
    else:
        answer = page_answer(refusal.status, reason_phrase(refusal.status))
    return answer.with_headers(*refusal.headers)


def redirect_answer(status: int, location: str) -> Answer:
    """A redirect with the small page that Symfony sends along."""
    safe = html.escape(location)
    page = (
        f'<!DOCTYPE html>\n<html>\n    <head>\n        <meta charset="UTF-8" />\n'
        f'        <meta http-equiv="refresh" content="0;url=\'{safe}\'" />\n\n'
        f"        <title>Redirecting to {safe}</title>\n    </head>\n    <body>\n"
        f'        Redirecting to <a href="{safe}">{safe}</a>.\n    </body>\n</html>'
    )
    return Answer(
        status, (("Location", location), ("Content-Type", HTML), NO_CACHE), page.encode("utf-8")
    )


def page_answer(status: int, title: str) -> Answer:
    """Laravel's plain error page."""
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n    <head>\n        <meta charset="utf-8">\n'
        f"        <title>{title}</title>\n    </head>\n    <body>\n"
        f"        <div>{status}</div>\n        <div>{title}</div>\n    </body>\n</html>\n"
    )
    return Answer(status, (("Content-Type", HTML), NO_CACHE), page.encode("utf-8"))


def login_page_answer() -> Answer:
    """Where a redirect of an unauthenticated browser ends: a page with status 200."""
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n    <head><title>Log in</title></head>\n    <body>\n'
        '        <form method="post"><input name="username"><input type="password" '
        'name="password"><button>Log in</button></form>\n    </body>\n</html>\n'
    )
    return Answer(200, (("Content-Type", HTML), NO_CACHE), page.encode("utf-8"))


def nginx_answer(status: int) -> Answer:
    """The page that nginx sends when Laravel cannot."""
    title = f"{status} {reason_phrase(status)}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status, (("Content-Type", "text/html"),), page.encode("ascii"))
