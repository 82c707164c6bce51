"""Texts that are no ticket, and what none of them may do as one."""

import re
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

HOSTILE: Final = [
    "", " ", "ZD-4711\n", "ZD-4711\r\nSet-Cookie: a=b", "ZD-4711\0", "\u202eZD-4711", "9" * 10_000,
    "x" * 10_000, "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus='x",
    "javascript:alert(1)", "//evil.example/", "{{ 7*7 }}", "%0d%0aLocation:%20//evil.example",
    "ZD-4711&next=//evil.example", "ZD-4711#x", "ZD-٤٧", "😀" * 255, "'; DROP TABLE x; --", "../..",
    "ZD-4711;ZD-4712", "=cmd()", "ZD‐4711", "ＺＤ-4711",
]  # fmt: skip


def chip(answer: Any) -> str:
    """What stands at the top of a page of the ticket; empty where there is none."""
    found = LexborHTMLParser(answer.content).css_first(".ticket")
    return " ".join(found.text().split()) if found else ""


def ticket_in(address: str) -> list[str]:
    return parse_qs(urlsplit(address).query).get("ticket", [])


def assert_inert(client: Client, value: str) -> None:
    """In an address a text is a chip or nothing: no markup, no header, no way to elsewhere."""
    page = client.get("/accounts/signup/", {"ticket": value})
    shown = settings.TICKETS.named(value)
    assert LexborHTMLParser(page.content).css("script:not([src]), img, [onerror], [onfocus]") == []
    assert chip(page) == (" ".join(["Ticket", *value.split()]) if shown else "")
    sent = client.post(f"/theme/?{urlencode({'ticket': value})}", {"theme": "dark"})
    assert not {"Set-Cookie", "Refresh"} & set(sent.headers)
    assert re.match(r"/(?!/)", sent["Location"])
    assert ticket_in(sent["Location"]) == ([value] if shown else [])
