"""The Mozilla HTTP Observatory's scoring, for answers of this panel.

Tests and modifiers are those of MDN's Observatory (its grader's score table). What no
server can say of itself is left out: the browsers' preload list (+5) is counted as not
listed. A bonus counts only where the score without any is 90 or more.
"""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

BROAD: Final = {
    "ftp:",
    "http:",
    "https:",
    "*",
    "http://*",
    "http://*.*",
    "https://*",
    "https://*.*",
}
PRIVATE_REFERRERS: Final = {
    "no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin",
}  # fmt: skip
HALF_A_YEAR_SECONDS: Final = 15_768_000


@dataclass(frozen=True)
class Answers:
    """What the Observatory looks at: a page over HTTPS, its cookies, the answer over HTTP."""

    page: Any
    cookies: Any
    plain: Any


def score(answers: Answers) -> tuple[int, dict[str, int]]:
    """The score, and each test's modifier."""
    modifiers = {
        "content-security-policy": _csp(answers),
        "cookies": _cookies(answers),
        "cross-origin-resource-sharing": _cors(answers),
        "redirection": _redirection(answers),
        "referrer-policy": _referrer(answers),
        "strict-transport-security": _hsts(answers),
        "subresource-integrity": _scripts(answers),
        "x-content-type-options": _sniffing(answers),
        "x-frame-options": _framing(answers),
        "cross-origin-resource-policy": _resource_policy(answers),
    }
    without_bonus = 100 + sum(modifier for modifier in modifiers.values() if modifier < 0)
    bonus = sum(modifier for modifier in modifiers.values() if modifier > 0)
    return max(0, without_bonus + (bonus if without_bonus >= 90 else 0)), modifiers


def directives(answers: Answers) -> dict[str, set[str]]:
    """The content security policy, directive by directive."""
    parts = [part.split() for part in _header(answers, "Content-Security-Policy").split(";")]
    return {words[0].lower(): set(words[1:]) for words in parts if words}


def _csp(answers: Answers) -> int:
    policy = directives(answers)
    if not policy:
        return -25
    otherwise = policy.get("default-src", {"*"})
    scripts, objects = policy.get("script-src", otherwise), policy.get("object-src", otherwise)
    styles = policy.get("style-src", otherwise)
    unsafe = BROAD | {"'unsafe-inline'", "data:"}
    if scripts & unsafe or objects & BROAD:
        return -20
    sources = set().union(*policy.values())
    if any(source.startswith(("http:", "ftp:")) for source in sources):
        return -20
    if "'unsafe-eval'" in scripts | styles:
        return -10
    if styles & unsafe:
        return 0
    return 10 if otherwise == {"'none'"} else 5


def _cookies(answers: Answers) -> int:
    worst = 5 if answers.cookies else 0
    for name, cookie in answers.cookies.items():
        in_session = "sess" in name.lower() or "login" in name.lower()
        if not cookie["secure"]:
            worst = min(worst, -10 if in_session else -5)
        if in_session and not cookie["httponly"]:
            worst = min(worst, -30)
        if not cookie["samesite"]:
            worst = min(worst, -20 if "csrf" in name.lower() else 0)
    return worst


def _cors(answers: Answers) -> int:
    open_to_all = _header(answers, "Access-Control-Allow-Origin") not in ("", "*")
    return -50 if open_to_all and _header(answers, "Access-Control-Allow-Credentials") else 0


def _redirection(answers: Answers) -> int:
    if answers.plain.status_code not in (301, 302, 307, 308):
        return -20
    target = urlsplit(answers.plain["Location"])
    if target.scheme != "https":
        return -20
    return 0 if target.hostname == answers.plain.wsgi_request.get_host() else -5


def _referrer(answers: Answers) -> int:
    policy = _header(answers, "Referrer-Policy")
    if not policy:
        return 0
    return 5 if policy in PRIVATE_REFERRERS else -5


def _hsts(answers: Answers) -> int:
    found = re.search(r"max-age=(\d+)", _header(answers, "Strict-Transport-Security"))
    if not found:
        return -20
    return 0 if int(found.group(1)) >= HALF_A_YEAR_SECONDS else -10


def _scripts(answers: Answers) -> int:
    sources = re.findall(r'<script[^>]*\ssrc="([^"]*)"', answers.page.content.decode())
    return 0 if all(re.match(r"/[^/]", source) for source in sources) else -50


def _sniffing(answers: Answers) -> int:
    return 0 if _header(answers, "X-Content-Type-Options") == "nosniff" else -5


def _framing(answers: Answers) -> int:
    if "frame-ancestors" in directives(answers):
        return 5
    return 0 if _header(answers, "X-Frame-Options") in ("DENY", "SAMEORIGIN") else -20


def _resource_policy(answers: Answers) -> int:
    known = {"": 0, "cross-origin": 0, "same-origin": 10, "same-site": 10}
    return known.get(_header(answers, "Cross-Origin-Resource-Policy"), -5)


def _header(answers: Answers, name: str) -> str:
    return str(answers.page.headers.get(name, ""))
