"""Who the tests sign in is as the panel itself makes them: `sign_in_as` takes a shorter way."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from pools.ledger.appending import NOBODY
from pools.models import Company, Entry, Token
from pools.models.canary import KeyCanary
from pools.models.index_term import IndexTerm
from pools.tokens import keeping
from sandbox.running import RunningSandbox
from sandbox.store import Access
from tests.fixtures.ledger_chain import verify_chain
from tests.fixtures.panel import SignIn, give_token, make_person, person_of

# What no two rows have in common: numbers and names of people, times, seals, and what is random.
OWN = {"id", "user", "actor_id", "actor_name", "at", "seq", "previous", "digest", "sealed"}


def told(row: Any) -> dict[str, Any]:
    """A row: times as whether there is one, texts without the token's number."""
    fields = [field for field in row._meta.concrete_fields if field.name not in OWN]
    values = {field.name: getattr(row, field.attname) for field in fields}
    moments = {name: value for name, value in values.items() if hasattr(value, "utcoffset")}
    assert all(timezone.now() - moment < timedelta(minutes=1) for moment in moments.values())
    number = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
    return {
        name: "a time" if name in moments else number.sub("the token", str(value))
        for name, value in values.items()
    }


@pytest.mark.parametrize("access", ["full", "read_only"])
def test_who_is_signed_in_has_the_token_that_is_added_and_confirmed_by_hand(
    acme: Company, core: RunningSandbox, sign_in_as: SignIn, access: Access
) -> None:
    put = person_of(sign_in_as("Manager", token=access))
    canary = KeyCanary.objects.get()
    given = make_person("mara", "Manager")
    give_token(given, acme, core.keys["acme"][access])

    tokens = [Token.objects.get(user=user) for user in (put, given)]
    assert told(tokens[0]) == told(tokens[1])
    assert [told(entry) for entry in entries_of(put)] == [
        told(entry) for entry in entries_of(given)
    ]
    assert [json.loads(each.facts)["token"] for each in entries_of(put)] == [str(tokens[0].pk)] * 2
    assert verify_chain() is None
    assert Entry.objects.count() == 4
    assert not IndexTerm.objects.exists()
    assert KeyCanary.objects.get() == canary
    for token in tokens:
        assert keeping.verify_token(token, by=NOBODY).total == token.opens_total


def entries_of(user: User) -> list[Entry]:
    return list(Entry.objects.filter(actor_id=str(user.pk)).order_by("seq"))


def test_who_is_signed_in_has_the_session_that_django_makes(sign_in_as: SignIn) -> None:
    short = sign_in_as("Manager", token=None)
    user = person_of(short)
    seen = user.last_login
    assert seen is not None
    long = Client()
    long.force_login(user)
    assert dict(short.session) == dict(long.session)
    assert short.cookies.keys() == long.cookies.keys()
    assert {one.session_key for one in Session.objects.all()} == {
        client.session.session_key for client in (short, long)
    }
    user.refresh_from_db()
    assert user.last_login is not None
    assert timedelta() <= user.last_login - seen < timedelta(minutes=1)
