"""Moving tokens to a new key: complete, resumable, and honest about what is left."""

import base64
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from pools.models import Company, Entry, Token
from pools.secret import Secret
from pools.tokens import binding_of
from pools.vault import keep_canary, key_id_of, seal, unseal
from tests.panel_process import start_panel_process

OLD = ("old", Secret(base64.b64encode(b"o" * 32).decode()))
NEW = ("new", Secret(base64.b64encode(b"n" * 32).decode()))
TOKENS, BATCH = 45, 15
# Every seal and every read of a batch is a point to be killed at; then it has ended.
POINTS = TOKENS + TOKENS // BATCH + 2
ROTATING = """
import os, signal, sys
from django.conf import settings
from django.core.management import call_command
from pools import resealing
from tests.tokens.test_rotate_keys import BATCH, POINTS, TOKENS, keys_used, opened

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


@pytest.fixture(autouse=True)
def old_key(settings: Any) -> None:
    settings.TOKEN_KEYS = (OLD,)


def store(count: int) -> None:
    """Tokens `secret-0`, `secret-1` … of one person each, under the key in use."""
    company = Company.objects.create(name="Acme", slug="acme", base_url="https://core.example")
    keep_canary()
    for number in range(count):
        token = Token(
            user=User.objects.create(username=f"user-{number}"),
            company=company,
            kind=Token.Kind.API_KEY,
            fingerprint=f"{number}",
            created_at="2026-05-01T10:00:00Z",
        )
        token.sealed = seal(Secret(f"secret-{number}"), binding_of(token))
        token.save()


def opened() -> set[str]:
    tokens = Token.objects.select_related("company")
    return {unseal(token.sealed, binding_of(token)).reveal() for token in tokens}


def keys_used() -> set[str]:
    return {key_id_of(sealed) for sealed in Token.objects.values_list("sealed", flat=True)}


def rotate(*arguments: str) -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("rotate_keys", *arguments, stdout=said, no_color=True)
    except SystemExit as ended:
        return int(str(ended.code)), said.getvalue()
    return 0, said.getvalue()


@pytest.mark.django_db
def test_every_token_gets_the_new_key_and_opens(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pools.resealing.BATCH", 2)
    store(5)
    settings.TOKEN_KEYS = (NEW, OLD)
    code, said = rotate()
    assert (code, keys_used()) == (0, {"new"})
    assert opened() == {f"secret-{number}" for number in range(5)}
    assert "Sealed anew: 5. Did not open: 0 (left as they are)." in said
    assert said.splitlines()[-2:] == [
        "Key new: 5 tokens, used for new tokens.",
        "Key old: 0 tokens, not in use: it can be dropped from TOKEN_KEYS.",
    ]


@pytest.mark.django_db
def test_a_second_run_has_nothing_to_do(settings: Any) -> None:
    store(3)
    settings.TOKEN_KEYS = (NEW, OLD)
    rotate()
    sealed = list(Token.objects.values_list("sealed", flat=True))
    assert "Sealed anew: 0." in rotate()[1]
    assert list(Token.objects.values_list("sealed", flat=True)) == sealed


@pytest.mark.django_db
def test_a_token_that_does_not_open_keeps_its_key_and_is_told(settings: Any) -> None:
    store(2)
    Token.objects.filter(fingerprint="0").update(user=User.objects.create(username="eve"))
    settings.TOKEN_KEYS = (NEW, OLD)
    code, said = rotate()
    assert (code, keys_used()) == (1, {"new", "old"})
    assert "Did not open: 1 (left as they are)." in said
    assert "Key old: 1 tokens, still in use: do not drop it." in said


@pytest.mark.django_db
def test_a_token_that_does_not_open_can_be_removed_and_is_recorded(settings: Any) -> None:
    store(2)
    Token.objects.filter(fingerprint="0").update(user=User.objects.create(username="eve"))
    settings.TOKEN_KEYS = (NEW, OLD)
    code, said = rotate("--forget-unreadable")
    assert (code, keys_used()) == (0, {"new"})
    assert "Did not open: 1 (removed)." in said
    assert Entry.objects.get().action == "token_removed"


@pytest.mark.django_db
def test_a_key_in_use_cannot_be_dropped(settings: Any) -> None:
    store(1)
    settings.TOKEN_KEYS = (NEW,)
    with pytest.raises(CommandError, match="TOKEN_KEYS lacks the key old"):
        rotate()
    assert keys_used() == {"old"}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_anywhere_it_resumes() -> None:
    store(TOKENS)
    keys = f"new:{NEW[1].reveal()},old:{OLD[1].reveal()}"
    process = start_panel_process(ROTATING, environment={"TOKEN_KEYS": keys})
    assert process.communicate(timeout=100) == (f"{POINTS - 1} 1\n", "")
