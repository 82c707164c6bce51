"""Inviting somebody and joining, as both do it in a browser."""

import re
from typing import Any

from django.test import Client

FORM = {"username": "nina", "full_name": "Nina Berg", "email": "", "roles": ["Operator"]}
PASSWORD = "long-enough-for-nina-7"


def invite(admin: Client, **values: Any) -> str:
    """The code in the link that the administrator is shown."""
    page = admin.post("/people/invite/", FORM | values)
    found = re.search(r">http://testserver/join/#([^<]+)<", page.content.decode())
    assert found, page.content.decode()
    return found.group(1)


def join(code: str, password: str = PASSWORD, again: str | None = None) -> tuple[Client, Any]:
    """A browser that used the code and chose a password; and the last answer."""
    client = Client()
    answer = client.post("/join/", {"code": code})
    if answer.status_code == 302:
        form = {"password": password, "again": again or password}
        answer = client.post("/join/", form)
    return client, answer
