"""Asking for a new password, mail and all."""

import threading
from typing import Any

from django.test import Client

from pools.accounts.mailing import THREAD_NAME

ASK = "/accounts/password/forgotten/"


def ask(name: str, client: Client | None = None, **extra: Any) -> Any:
    answer = (client or Client()).post(ASK, {"login": name}, **extra)
    for thread in threading.enumerate():
        if thread.name == THREAD_NAME:
            thread.join()
    return answer
