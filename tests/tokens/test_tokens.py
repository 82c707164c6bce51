"""A person's token from its first try to its removal."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pools.core import (
    ApiKey,
    BearerToken,
    CredentialExpired,
    Forbidden,
    PoolQuery,
    Unauthenticated,
)
from pools.ledger.appending import LedgerUnwritable
from pools.models import Company, Entry, Token
from pools.secret import Secret
from pools.tokens import keeping
from pools.tokens.keeping import (
    TokenScope,
    TokenUnreadable,
    binding_of,
)
from pools.tokens.state import TokenState, state_of
from tests.tokens.conftest import Place
from tests.tokens.sealing import sealed_before

NOW = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)


def events() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("action", flat=True))


def jwt(**claims: Any) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}.{'s' * 10}"


def test_adding_shows_what_the_token_opens(place: Place) -> None:
    token, scope = place.add_credential(ApiKey(Secret(place.key)), "mine")
    assert scope == TokenScope(4, ("Orders", "Returns", "Refunds"), differs_from_current=False)
    assert (token.kind, token.label, token.confirmed_at) == ("api_key", "mine", None)
    assert token.opens_ids == [pool.id for pool in place.at_core.pools()[:3]]


def test_adding_asks_core_once(place: Place) -> None:
    place.add()
    (request,) = place.sandbox.journal
    assert request.method == "GET"
    assert "sort=created_at" in request.target
    assert "per_page=3" in request.target


def test_a_token_that_core_refuses_is_not_kept(place: Place) -> None:
    with pytest.raises(Unauthenticated):
        place.add("no-such-key-0000")
    assert (Token.objects.count(), events()) == (0, [])


def test_a_new_token_is_not_used_before_it_is_confirmed(place: Place) -> None:
    token = place.add()
    assert keeping.token_for(place.ada, place.company) is None
    keeping.confirm_token(token, by=place.actor)
    assert keeping.token_for(place.ada, place.company) == token


def test_a_second_try_takes_the_place_of_the_first(place: Place) -> None:
    place.add()
    second = place.add()
    assert list(Token.objects.all()) == [second]


def test_confirming_replaces_the_token_in_use(place: Place) -> None:
    older, newer = place.in_use(), place.add()
    assert keeping.token_for(place.ada, place.company) == older
    keeping.confirm_token(newer, by=place.actor)
    assert list(Token.objects.all()) == [newer]
    assert events()[-1] == "token_replaced"


def test_nobody_gets_anothers_token(place: Place) -> None:
    place.in_use()
    assert keeping.token_for(User.objects.create_user("eve"), place.company) is None


def test_a_token_in_use_opens_core(place: Place) -> None:
    core = keeping.open_core(place.in_use(), request_id="r-1")
    assert core.list_pools(PoolQuery()).total == 4
    assert place.sandbox.journal[-1].request_id == "r-1"
    assert place.sandbox.journal[-1].header("Authorization") == place.key


def test_a_bearer_token_is_sent_as_one(place: Place) -> None:
    bearer = place.sandbox.bearer("acme", "manager")
    token, _ = place.add_credential(BearerToken(Secret(bearer)))
    keeping.open_core(token).list_pools(PoolQuery())
    assert place.sandbox.journal[-1].header("Authorization") == f"Bearer {bearer}"


def test_a_bearer_tokens_expiry_is_its_own(place: Place) -> None:
    bearer = place.sandbox.bearer("acme", "manager", lifetime_seconds=3600)
    token, _ = place.add_credential(BearerToken(Secret(bearer)))
    assert token.expires_at is not None
    assert timedelta(minutes=59) < token.expires_at - timezone.now() <= timedelta(hours=1)


def test_the_earlier_of_two_expiries_counts(place: Place) -> None:
    bearer = place.sandbox.bearer("acme", "manager", lifetime_seconds=3600)
    soon = timezone.now() + timedelta(minutes=5)
    token, _ = place.add_credential(BearerToken(Secret(bearer), soon))
    assert token.expires_at == soon


def test_a_token_that_says_that_it_has_expired_is_not_sent(place: Place) -> None:
    with pytest.raises(CredentialExpired):
        place.add_credential(BearerToken(Secret(jwt(exp=1))))
    assert place.sandbox.journal == []


def test_a_stored_token_that_has_expired_is_not_sent(place: Place) -> None:
    token = place.in_use()
    token.expires_at = timezone.now()
    with pytest.raises(CredentialExpired):
        keeping.open_core(token)


def test_a_token_of_another_company_is_warned_of(place: Place) -> None:
    place.in_use()
    other = place.sandbox.keys["northwind"]["full"]
    _, scope = place.add_credential(ApiKey(Secret(other)))
    assert scope.differs_from_current


@pytest.mark.parametrize("began", [1, None], ids=["another origin", "an unknown one"])
def test_what_was_shown_of_another_origin_is_not_compared(place: Place, began: int | None) -> None:
    """Its ids and names were those of other pools; from before, nobody noted which."""
    in_use = place.in_use()
    Company.objects.filter(pk=place.company.pk).update(origin=2)
    Token.objects.update(opens_origin=began)
    in_use, company = Token.objects.get(), Company.objects.get(pk=place.company.pk)
    stranger = ApiKey(Secret(place.sandbox.keys["northwind"]["full"]))
    _, scope = keeping.add_token(place.ada, company, stranger, "", by=place.actor)
    assert not scope.differs_from_current
    for pool in place.at_core.pools():
        place.at_core.change_pool(pool.id, name=f"Once more {pool.name}")
    assert not keeping.verify_token(in_use, by=place.actor).differs_from_current
    # From now on both are of this origin.
    _, scope = keeping.add_token(place.ada, company, stranger, "", by=place.actor)
    assert scope.differs_from_current


def test_names_that_look_the_same_are_the_same(place: Place) -> None:
    pools = place.at_core.pools()
    for pool in pools:
        place.at_core.change_pool(pool.id, name=f"caf\u00e9 {pool.id}")
    place.in_use()
    for pool in pools:
        place.at_core.change_pool(pool.id, name=f"cafe\u0301 {pool.id}")
    assert not keeping.scope_of(place.add()).differs_from_current


def test_another_key_of_the_same_company_is_not_warned_of(place: Place) -> None:
    place.in_use()
    place.at_core.add_pool("One more")
    other = place.sandbox.keys[place.company.slug]["read_only"]
    token, scope = place.add_credential(ApiKey(Secret(other)))
    assert (
        scope == keeping.scope_of(token) == TokenScope(5, ("Orders", "Returns", "Refunds"), False)
    )


def test_verifying_keeps_what_the_token_opens_now(place: Place) -> None:
    token = place.in_use()
    place.at_core.add_pool("One more")
    assert keeping.verify_token(token, by=place.actor).total == 5
    token.refresh_from_db()
    assert token.opens_total == 5
    assert token.verified_at == token.last_worked_at is not None


def test_verifying_a_revoked_token_marks_it_refused(place: Place) -> None:
    token = place.in_use()
    place.at_core.revoke_key()
    with pytest.raises(Unauthenticated):
        keeping.verify_token(token, by=place.actor)
    token.refresh_from_db()
    assert state_of(token, timezone.now()) is TokenState.REFUSED


def test_a_token_that_works_again_is_no_longer_refused(place: Place) -> None:
    token = place.in_use()
    keeping.mark_refused(token)
    keeping.verify_token(token, by=place.actor)
    token.refresh_from_db()
    assert token.refused_at is None


def test_a_failing_core_is_no_judgement_on_the_token(place: Place) -> None:
    token = place.in_use()
    place.sandbox.set_fault("status=403")
    with pytest.raises(Forbidden):
        keeping.verify_token(token, by=place.actor)
    token.refresh_from_db()
    assert token.refused_at is None


def test_working_is_noted_every_five_minutes_at_most(
    place: Place, django_assert_num_queries: Any
) -> None:
    token = place.in_use()
    with django_assert_num_queries(0):
        keeping.mark_worked(token)
    token.last_worked_at = timezone.now() - timedelta(minutes=6)
    with CaptureQueriesContext(connection) as queries:
        keeping.mark_worked(token)
    assert len([query for query in queries if query["sql"].startswith("UPDATE")]) == 1


def test_working_is_noted_at_once_after_a_refusal(place: Place) -> None:
    token = place.in_use()
    keeping.mark_refused(token)
    keeping.mark_worked(token)
    token.refresh_from_db()
    assert token.refused_at is None


def test_removing_forgets_the_token(place: Place) -> None:
    keeping.remove_token(place.in_use(), by=place.actor)
    assert Token.objects.count() == 0


def test_every_step_is_an_event_without_the_token(place: Place) -> None:
    token = place.in_use()
    keeping.verify_token(token, by=place.actor)
    keeping.remove_token(token, by=place.actor)
    assert events() == ["token_added", "token_confirmed", "token_verified", "token_removed"]
    for entry in Entry.objects.all():
        assert (entry.actor_name, entry.company) == ("ada", place.company.slug)
        assert json.loads(entry.facts)["fingerprint"] == token.fingerprint
        assert place.key not in entry.facts


def test_without_its_event_nothing_is_done_to_a_token(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = place.in_use()
    monkeypatch.setattr("pools.ledger.appending.VERSION", "not a number")
    for deed in (lambda: place.add(), lambda: keeping.remove_token(token, by=place.actor)):
        with pytest.raises((LedgerUnwritable, ValueError)):
            deed()
    assert list(Token.objects.all()) == [token]


@pytest.mark.parametrize(
    "binding",
    [
        lambda token, eve: Token.objects.filter(pk=token.pk).update(user=eve),
        lambda token, eve: type(token.company).objects.update(base_url="https://other.example"),
        lambda token, eve: Token.objects.filter(pk=token.pk).update(company=a_neighbour(token)),
        lambda token, eve: type(token.company).objects.update(slug="another-name"),
        lambda token, eve: Token.objects.filter(pk=token.pk).update(kind="bearer"),
        lambda token, eve: Token.objects.filter(pk=token.pk).update(sealed=token.sealed[:-4]),
    ],
    ids=[
        *("another person", "another address", "another company at the same address"),
        *("another company's name", "another kind", "altered"),
    ],
)
def test_a_token_moved_or_altered_does_not_open(place: Place, binding: Any) -> None:
    token = place.in_use()
    binding(token, User.objects.create_user("eve"))
    token = Token.objects.get(pk=token.pk)
    with pytest.raises(TokenUnreadable):
        keeping.open_core(token)
    assert state_of(token, timezone.now()) is TokenState.UNREADABLE


def a_neighbour(token: Token) -> Company:
    """Another company whose Core has the same address, as all of Patchworks' have."""
    address = token.company.base_url
    return Company.objects.create(name="Neighbour", slug="neighbour", base_url=address)


def test_a_token_from_before_is_bound_to_its_company_at_its_next_use(place: Place) -> None:
    token = place.in_use()
    before = sealed_before(Secret(place.key), binding_of(token))
    Token.objects.filter(pk=token.pk).update(sealed=before)
    token = Token.objects.get(pk=token.pk)
    assert keeping.open_core(token).list_pools(PoolQuery()).total == 4
    stored = Token.objects.get(pk=token.pk)
    assert stored.sealed == token.sealed != before
    stored.company = a_neighbour(token)
    with pytest.raises(TokenUnreadable):
        keeping.open_core(stored)


def test_a_token_from_before_works_where_nothing_can_be_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = place.in_use()
    token.sealed = sealed_before(Secret(place.key), binding_of(token))
    token.save()
    with connection.execute_wrapper(_refuse_writing):
        assert keeping.open_core(token).list_pools(PoolQuery()).total == 4
    assert Token.objects.get(pk=token.pk).sealed.startswith("v1:")


def _refuse_writing(execute: Any, sql: str, *arguments: Any) -> Any:
    if sql.startswith("UPDATE"):
        raise DatabaseError("read-only")
    return execute(sql, *arguments)


def test_no_token_is_missing() -> None:
    assert state_of(None, NOW) is TokenState.MISSING


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, TokenState.READY),
        ({"confirmed_at": None}, TokenState.UNCONFIRMED),
        ({"expires_at": NOW + timedelta(hours=2, seconds=1)}, TokenState.READY),
        ({"expires_at": NOW + timedelta(hours=2)}, TokenState.EXPIRING),
        ({"expires_at": NOW}, TokenState.EXPIRED),
        ({"refused_at": NOW}, TokenState.REFUSED),
        ({"refused_at": NOW, "expires_at": NOW}, TokenState.EXPIRED),
        ({"confirmed_at": None, "refused_at": NOW}, TokenState.REFUSED),
    ],
)
def test_the_state_is_the_first_thing_to_know(
    place: Place, facts: dict[str, Any], state: TokenState
) -> None:
    token = place.in_use()
    for field, value in facts.items():
        setattr(token, field, value)
    assert state_of(token, NOW) is state


def test_a_total_beyond_any_column_is_not_kept(place: Place) -> None:
    place.sandbox.set_fault("huge-integers=18")
    token = place.add()
    assert token.opens_total is None or token.opens_total < 2**63
