"""Does the demo's first minute over HTTP: signs in and opens a list of pools.

`signs_in.py ADDRESS`, or with `--gone` checks that nothing answers there now.
"""

import http.cookiejar
import re
import socket
import sys
import urllib.parse
import urllib.request
from typing import Final

PAGE: Final = "/c/acme/pools/"


def signs_in(address: str) -> bool:
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(cookies)
    login = f"{address}/accounts/login/?next={PAGE}"
    form = browser.open(login, timeout=20).read().decode()
    word = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    fields = {"csrfmiddlewaretoken": word[1] if word else "", "login": "viewer"}
    answer = browser.open(
        login, urllib.parse.urlencode({**fields, "password": "pools-demo"}).encode(), timeout=20
    )
    page = answer.read().decode()
    print(f"{answer.status} {answer.url}, 257 pools: {'257' in page}")
    return urllib.parse.urlsplit(answer.url).path == PAGE and "257" in page


def is_gone(address: str) -> bool:
    place = urllib.parse.urlsplit(address)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


if __name__ == "__main__":
    fine = is_gone(sys.argv[2]) if sys.argv[1] == "--gone" else signs_in(sys.argv[1])
    sys.exit(0 if fine else 1)
