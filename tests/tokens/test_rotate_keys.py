"""Moving tokens to a new key: complete, resumable, and honest about what is left."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from pools.models import Entry, Token
from pools.secret import Secret
from pools.tokens.keeping import binding_of
from tests.tokens.rotating import NEW, OLD, keys_used, opened, store
from tests.tokens.sealing import sealed_before


@pytest.fixture(autouse=True)
def old_key(settings: Any) -> None:
    settings.TOKEN_KEYS = (OLD,)


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
    monkeypatch.setattr("pools.upkeep.resealing.BATCH", 2)
    store(5)
    settings.TOKEN_KEYS = (NEW, OLD)
    code, said = rotate()
    assert (code, keys_used()) == (0, {"new"})
    assert opened() == {f"secret-{number}" for number in range(5)}
    assert "Tokens encrypted again: 5. Unreadable: 0 (left as they are)." in said
    assert said.splitlines()[-2:] == [
        "Key new: 5 tokens, used for new tokens.",
        "Key old: 0 tokens, not in use: you can remove it from TOKEN_KEYS.",
    ]


@pytest.mark.django_db
def test_a_second_run_has_nothing_to_do(settings: Any) -> None:
    store(3)
    settings.TOKEN_KEYS = (NEW, OLD)
    rotate()
    sealed = list(Token.objects.values_list("sealed", flat=True))
    assert "Tokens encrypted again: 0." in rotate()[1]
    assert list(Token.objects.values_list("sealed", flat=True)) == sealed


@pytest.mark.django_db
def test_a_token_from_before_is_sealed_again_under_the_same_key() -> None:
    store(2)
    token = Token.objects.select_related("company").get(fingerprint="0")
    token.sealed = sealed_before(Secret("secret-0"), binding_of(token))
    token.save()
    code, said = rotate()
    assert (code, "Tokens encrypted again: 1." in said) == (0, True)
    assert opened() == {"secret-0", "secret-1"}
    assert not Token.objects.filter(sealed__startswith="v1:").exists()


@pytest.mark.django_db
def test_a_token_that_does_not_open_keeps_its_key_and_is_told(settings: Any) -> None:
    store(2)
    Token.objects.filter(fingerprint="0").update(user=User.objects.create(username="eve"))
    settings.TOKEN_KEYS = (NEW, OLD)
    code, said = rotate()
    assert (code, keys_used()) == (1, {"new", "old"})
    assert "Unreadable: 1 (left as they are)." in said
    assert "Key old: 1 token, still in use: keep it." in said


@pytest.mark.django_db
def test_a_token_that_does_not_open_can_be_removed_and_is_recorded(settings: Any) -> None:
    store(2)
    Token.objects.filter(fingerprint="0").update(user=User.objects.create(username="eve"))
    settings.TOKEN_KEYS = (NEW, OLD)
    code, said = rotate("--forget-unreadable")
    assert (code, keys_used()) == (0, {"new"})
    assert "Unreadable: 1 (removed)." in said
    assert Entry.objects.get().action == "token_removed"


@pytest.mark.django_db
def test_a_key_in_use_cannot_be_dropped(settings: Any) -> None:
    store(1)
    settings.TOKEN_KEYS = (NEW,)
    with pytest.raises(CommandError, match="TOKEN_KEYS is missing key old"):
        rotate()
    assert keys_used() == {"old"}
