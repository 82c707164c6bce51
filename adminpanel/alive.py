"""`python -m adminpanel.alive`: asks the panel of this container whether it is alive.

Ends with 0 or 1. It loads neither Django nor the settings: it runs twice a minute.
"""

import http.client
import os
import sys


def alive(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    bound_port = os.environ.get("WEB_BIND", "").rpartition(":")[2]
    sys.exit(0 if alive(int(bound_port or 8000)) else 1)
