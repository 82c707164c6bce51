"""Who gets in, what they see, and what they may do."""

import base64
import json
import time

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from sandbox.store import Role, StoredPool

from .calls import POOLS, Caller, Reply, with_key

NOT_FOUND = "No query results for model [App\\Models\\ConnectionPool] {}"


def sign_in(core: RunningSandbox, **fields: str) -> Reply:
    """What the sign-in answers."""
    return Caller(core).send_target("POST", "/fabric/api/login", fields)


@pytest.mark.parametrize(
    "credential", ["", "nonsense", "Bearer", "Bearer nonsense", "Bearer a.b.c", "Bearer é.é.é"]
)
def test_invalid_credential_is_unauthenticated(core: RunningSandbox, credential: str) -> None:
    answer = Caller(core, credential).list()
    assert (answer.status, answer.document) == (401, {"message": "Unauthenticated."})


def test_api_key_as_bearer_is_unauthenticated(core: RunningSandbox) -> None:
    assert Caller(core, f"Bearer {core.keys['acme']['full']}").list().status == 401


def test_revoked_key_is_unauthenticated(core: RunningSandbox, acme: Caller) -> None:
    core.company("acme").revoke_key()
    assert acme.list().status == 401


def test_every_key_opens_its_own_company(core: RunningSandbox) -> None:
    totals = {
        company: with_key(core, company).list().document["meta"]["total"] for company in core.keys
    }
    assert totals == {"acme": 257, "northwind": 3, "blank": 0}


def test_keys_are_random(core: RunningSandbox) -> None:
    with running_sandbox() as other:
        mine = {key for keys in core.keys.values() for key in keys.values()}
        theirs = {key for keys in other.keys.values() for key in keys.values()}
    assert len(mine | theirs) == 12


@pytest.mark.parametrize("operation", ["get", "update", "delete", "clear"])
def test_pool_of_another_company_is_not_found(
    core: RunningSandbox, stranger: Caller, pool: StoredPool, operation: str
) -> None:
    answer: Reply = getattr(stranger, operation)(pool.id)
    assert (answer.status, answer.message) == (404, NOT_FOUND.format(pool.id))
    assert core.company("acme").pool(pool.id) == pool


@pytest.mark.parametrize("word", ["word", "0", "999999", "1.0", "-1", "1e3", "9" * 30, "%D9%A3"])
@pytest.mark.parametrize("operation", ["get", "update", "delete", "clear"])
def test_id_without_a_pool_is_not_found(acme: Caller, operation: str, word: str) -> None:
    answer: Reply = getattr(acme, operation)(word)
    assert answer.status == 404


def test_second_delete_is_not_found(acme: Caller, pool: StoredPool) -> None:
    assert [acme.delete(pool.id).status for _ in range(2)] == [200, 404]


@pytest.mark.parametrize("operation", ["update", "delete", "clear"])
def test_read_only_key_may_not_write(
    core: RunningSandbox, reader: Caller, pool: StoredPool, operation: str
) -> None:
    answer: Reply = getattr(reader, operation)(pool.id)
    assert (answer.status, answer.document) == (403, {"message": "This action is unauthorized."})
    assert core.company("acme").pool(pool.id) == pool


def test_read_only_key_may_not_create(core: RunningSandbox, reader: Caller) -> None:
    assert reader.create(name="n", limit=1).status == 403
    assert len(core.company("acme").pools()) == 257


def test_read_only_key_may_read(reader: Caller, pool: StoredPool) -> None:
    assert (reader.list().status, reader.get(pool.id).status) == (200, 200)


@pytest.mark.parametrize(
    ("role", "status"),
    [("administrator", 200), ("manager", 200), ("user", 403), ("read-only", 403)],
)
def test_bearer_acts_with_the_role_of_its_user(
    core: RunningSandbox, pool: StoredPool, role: Role, status: int
) -> None:
    caller = Caller(core, f"Bearer {core.bearer('acme', role)}")
    assert caller.get(pool.id).status == 200
    assert caller.clear(pool.id).status == status


def test_signing_in_gives_a_bearer_token_of_24_hours(core: RunningSandbox) -> None:
    answer = sign_in(core, username="user@acme.example", password=core.password)
    assert (answer.status, set(answer.document)) == (200, {"message", "token", "expires_in"})
    assert answer.document["expires_in"] == 86_400
    header, claims, _ = answer.document["token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"typ": "JWT", "alg": "HS256"}
    expires = json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"]
    assert abs(expires - time.time() - 86_400) < 60


def test_token_from_signing_in_opens_the_company(core: RunningSandbox) -> None:
    answer = sign_in(core, username="User@ACME.example", password=core.password)
    caller = Caller(core, f"bearer {answer.document['token']}")
    assert caller.list().document["meta"]["total"] == 257


def test_service_at_its_own_address_signs_in_too(core: RunningSandbox) -> None:
    fields = {"username": "user@acme.example", "password": core.password}
    assert Caller(core).send("POST", "/api/v1/login", fields).status == 200


@pytest.mark.parametrize(
    ("username", "password"), [("user@acme.example", "wrong"), ("nobody@acme.example", "")]
)
def test_wrong_password_is_unauthenticated(
    core: RunningSandbox, username: str, password: str
) -> None:
    answer = sign_in(core, username=username, password=password or core.password)
    assert (answer.status, set(answer.document)) == (401, {"message"})


def test_password_is_not_trimmed(core: RunningSandbox) -> None:
    assert sign_in(core, username="user@acme.example", password=f" {core.password}").status == 401


def test_sign_in_under_the_other_field_name_is_invalid(core: RunningSandbox) -> None:
    answer = sign_in(core, email="user@acme.example", password=core.password)
    assert answer.status == 422
    assert answer.errors == {"username": ["The username field is required."]}


def test_expired_bearer_is_unauthenticated(core: RunningSandbox) -> None:
    token = core.bearer("acme", "manager", lifetime_seconds=-1)
    assert Caller(core, f"Bearer {token}").list().status == 401


def test_forged_bearer_is_unauthenticated(core: RunningSandbox) -> None:
    header, claims, signature = core.bearer("acme", "user").split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": "1"}
    claims = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    assert Caller(core, f"Bearer {header}.{claims}.{signature}").list().status == 401


def test_bearer_of_another_sandbox_is_unauthenticated(core: RunningSandbox) -> None:
    with running_sandbox() as other:
        token = other.bearer("acme", "manager")
    assert Caller(core, f"Bearer {token}").send("GET", POOLS).status == 401
