"""`python -m adminpanel.alive`: asks the panel of this container whether it is alive.

Ends with 0 or 1. It loads neither Django nor the settings: it runs twice a minute.
"""

import http.client
import os
import sys
from pathlib import Path


def alive(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        # The panel answers to the names it was given, and 127.0.0.1 need not be one.
        connection.request("GET", "/healthz", headers={"Host": _allowed_host()})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _allowed_host() -> str:
    hosts = os.environ.get("ALLOWED_HOSTS", "")
    if file := os.environ.get("ALLOWED_HOSTS_FILE"):
        hosts = Path(file).read_text()
    return hosts.split(",")[0].strip() or "localhost"


if __name__ == "__main__":
    bound_port = os.environ.get("WEB_BIND", "").rpartition(":")[2]
    sys.exit(0 if alive(int(bound_port or 8000)) else 1)
