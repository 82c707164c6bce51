"""A rotation of keys that is killed at any of its steps leaves tokens that open, and is resumed."""

from typing import Any

import pytest

from tests.fixtures.panel_process import start_panel_process
from tests.tokens.rotating import NEW, OLD, POINTS, TOKENS, store

ROTATING = """
import os, signal, sys
from django.conf import settings
from django.core.management import call_command
from pools.upkeep import resealing
from tests.tokens.rotating import BATCH, POINTS, TOKENS, keys_used, opened

resealing.BATCH = BATCH
secrets = {f"secret-{number}" for number in range(TOKENS)}

def dying_at(point):
    left = [point]
    def counted(function):
        def call(*arguments):
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return function(*arguments)
        return call
    return counted

def rotate(point, keys):
    settings.TOKEN_KEYS = keys
    counted = dying_at(point)
    resealing.seal, resealing._next_tokens = map(counted, (resealing.seal, resealing._next_tokens))
    call_command("rotate_keys", stdout=open(os.devnull, "w"))

def resume(point, keys):
    settings.TOKEN_KEYS = keys
    assert opened() == secrets, point
    call_command("rotate_keys", stdout=open(os.devnull, "w"))
    assert (opened(), keys_used()) == (secrets, {keys[0][0]}), point

def ends_with(deed, *arguments):
    child = os.fork()
    if not child:
        deed(*arguments)
        os._exit(0)
    return os.waitpid(child, 0)[1]

endings = []
for point in range(POINTS):
    keys = settings.TOKEN_KEYS[:: 1 if point % 2 else -1]
    endings.append(ends_with(rotate, point, keys))
    if ends_with(resume, point, keys):
        sys.exit(f"not resumed after {point} steps")
print(endings.count(signal.SIGKILL), endings.count(0))
"""


@pytest.mark.django_db(transaction=True)
def test_killed_anywhere_it_resumes(settings: Any) -> None:
    settings.TOKEN_KEYS = (OLD,)
    store(TOKENS)
    keys = f"new:{NEW[1].reveal()},old:{OLD[1].reveal()}"
    process = start_panel_process(ROTATING, environment={"TOKEN_KEYS": keys})
    assert process.communicate(timeout=100) == (f"{POINTS - 1} 1\n", "")
