"""Every fault of the sandbox against every operation: what is concluded is true.

*Done* only where it was applied, *refused* and *not sent* only where it was not. The
sandbox keeps the truth: what it received, and what it applied.
"""

from collections.abc import Iterator
from functools import partial

import pytest

from pools.core import (
    ApiKey,
    CoreClient,
    CoreError,
    CoreLimits,
    Forbidden,
    Invalid,
    NotFound,
    PoolChanges,
    PoolFields,
    PoolQuery,
    RateLimited,
    Refused,
    Unanswered,
    Unauthenticated,
    Unexpected,
    sign_in,
)
from pools.secret import Secret
from sandbox.running import RunningSandbox, running_sandbox
from tests.core.side_by_side import side_by_side
from tests.fixtures.kept_connections import close_kept_connections
from tests.fixtures.sampling import paired

LIMITS = CoreLimits(deadline_seconds=5, read_retries=0, calls_at_once=64)
HURRIED = CoreLimits(deadline_seconds=0.6, read_retries=0, calls_at_once=64)

WRITES = ("create", "update", "delete", "clear")
Error = type[CoreError]
# Fault → what becomes of each write: an error, or None for done.
SAME_FOR_ALL: dict[str, Error | None] = {
    "status=400": Invalid,
    "status=401": Unauthenticated,
    "status=403": Forbidden,
    "status=404": NotFound,
    "status=405": Refused,
    "status=409": Refused,
    "status=410": Refused,
    "status=413": Refused,
    "status=415": Refused,
    "status=422": Invalid,
    "status=429": RateLimited,
    "rate-limit=30": RateLimited,
    "status=402": Unexpected,
    "status=418": Unexpected,
    "status=202": Unexpected,
    "status=401,empty": Unauthenticated,
    "status=403,empty": Forbidden,
    "status=401,empty;chunked": Unauthenticated,
    "status=403,empty;chunked": Forbidden,
    "status=401,empty;long-length=1": Unanswered,
    "status=401,html": Unexpected,
    "status=403,html": Unexpected,
    "status=404,html": Unexpected,
    "status=404,empty": Unexpected,
    "status=413,html": Unexpected,
    "status=422,empty": Unexpected,
    "status=500": Unanswered,
    "status=500,html": Unanswered,
    "status=502,html": Unanswered,
    "status=503,empty": Unanswered,
    "status=504,html": Unanswered,
    "redirect=301": Unexpected,
    "redirect=302": Unexpected,
    "redirect=303": Unexpected,
    "redirect=307": Unexpected,
    "redirect=308,https://elsewhere.example/": Unexpected,
    "apply-then-fail": Unanswered,
    "apply-then-fail;status=500": Unanswered,
    "apply-then-fail;status=502,html": Unanswered,
    "reset=before": Unanswered,
    "reset=in": Unanswered,
    "reset=after": Unanswered,
    "reset=body": Unanswered,
    "half-close=before": Unanswered,
    "half-close=in": Unanswered,
    "half-close=after": Unanswered,
    "cut=0": Unanswered,
    "cut=20": Unanswered,
    "cut-chunk": Unanswered,
    "long-length=1": Unanswered,
    "endless-header": Unanswered,
    "endless-body": Unexpected,
    "gzip-bomb=50": Unexpected,
    "chained-encodings=3": Unexpected,
    "short-length=1": Unexpected,
    "deep-json": Unexpected,
    "duplicate-keys": Unexpected,
    "list-for-object": Unexpected,
    "early-hints": None,
    "chunked": None,
    "set-cookie": None,
    "extra-fields": None,
    "create-201": None,
    "clear-list": None,
    "clear-nothing": None,
    "clear-no-content": None,
    "latency=0.05": None,
}
# What one operation alone can meet.
OF_ONE = [
    ("create-201", "create"), ("clear-list", "clear"), ("clear-nothing", "clear"),
    ("clear-no-content", "clear"),
]  # fmt: skip
# Where the fields of a pool are what goes wrong, delete and clear have none to lose.
POOL_FIELDS_WRONG: dict[str, Error] = {
    "nan": Unexpected,
    "huge-integers": Unexpected,
    "text-for-number": Unexpected,
    "text-for-number=limit": Unexpected,
    "null": Unexpected,
    "null=id": Unexpected,
    "null=limit": Unexpected,
    "missing": Unexpected,
    "missing=data": Unexpected,
    "missing=id": Unexpected,
    "missing=limit": Unexpected,
}
UNTIL_THE_DEADLINE = (
    "hang=before",
    "hang=in",
    "hang=after",
    "hang=body",
    "drip-headers=0.05",
    "apply-late=1",
)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox() as core:
        yield core
        close_kept_connections()


@pytest.fixture
def core(running: RunningSandbox) -> RunningSandbox:
    running.reset()
    return running


def attempt(core: RunningSandbox, name: str, limits: CoreLimits = LIMITS) -> CoreError | None:
    """Make one change under the sandbox's present faults; the error, or None for done."""
    fault, acme = core.server.run_faults.text, core.company("acme")
    core.set_fault(None)
    pool = acme.add_pool("before", 5, pending=3)
    core.reset()
    core.set_fault(fault)
    client = CoreClient(core.url, ApiKey(Secret(core.keys["acme"]["full"])), limits)
    try:
        if name == "create":
            client.create_pool(PoolFields("new", 3, 30))
        elif name == "update":
            client.update_pool(pool.id, PoolChanges(limit=9))
        elif name == "delete":
            client.delete_pool(pool.id)
        else:
            client.clear_pool(pool.id)
    except CoreError as error:
        return error
    return None


def assert_true(core: RunningSandbox, error: CoreError | None) -> None:
    """The conclusion fits what the sandbox knows, and the request was made once."""
    assert len(core.journal) == 1
    if error is None:
        assert len(core.applied) == 1
    elif error.final or not error.sent:
        assert core.applied == []


@pytest.mark.parametrize(("fault", "name"), paired(SAME_FOR_ALL, WRITES, besides=OF_ONE))
def test_conclusion_about_a_change_is_true(core: RunningSandbox, fault: str, name: str) -> None:
    core.set_fault(fault)
    error = attempt(core, name)
    assert (None if error is None else type(error)) is SAME_FOR_ALL[fault]
    assert_true(core, error)


@pytest.mark.parametrize("name", ["create", "update"])
@pytest.mark.parametrize("fault", POOL_FIELDS_WRONG)
def test_pool_that_does_not_come_back_as_sent_is_unknown(
    core: RunningSandbox, fault: str, name: str
) -> None:
    core.set_fault(fault)
    error = attempt(core, name)
    assert type(error) is POOL_FIELDS_WRONG[fault]
    assert_true(core, error)


@pytest.mark.parametrize("name", WRITES)
def test_change_without_an_answer_in_time_is_unknown(name: str) -> None:
    def change(fault: str) -> type[CoreError | None]:
        with running_sandbox() as core:
            core.set_fault(fault)
            error = attempt(core, name, HURRIED)
            assert_true(core, error)
        return type(error)

    ends = side_by_side({fault: partial(change, fault) for fault in UNTIL_THE_DEADLINE})
    assert ends == dict.fromkeys(UNTIL_THE_DEADLINE, Unanswered)


@pytest.mark.parametrize("fault", ["list-for-object", "text-for-number", "null", "missing", "nan"])
def test_list_that_tells_nothing_of_its_pools_fails(core: RunningSandbox, fault: str) -> None:
    core.set_fault(fault)
    client = CoreClient(core.url, ApiKey(Secret(core.keys["acme"]["full"])), LIMITS)
    # Rows that tell neither an id nor a name are no pools, and ids that are words no ids.
    with pytest.raises(Unexpected):
        client.list_pools(PoolQuery(per_page=10))


@pytest.mark.parametrize("field", ["limit", "timeout", "name", "created_at", "connectors"])
def test_missing_field_costs_its_cell(core: RunningSandbox, field: str) -> None:
    core.set_fault(f"missing={field}")
    client = CoreClient(core.url, ApiKey(Secret(core.keys["acme"]["full"])), LIMITS)
    rows = client.list_pools(PoolQuery(per_page=10)).pools
    assert {getattr(row, field) for row in rows} == {None}
    assert all(row.id for row in rows)


@pytest.mark.parametrize(
    "switches",
    [
        {"create_status": 201},
        {"clear_answer": "list"},
        {"clear_answer": "nothing"},
        {"clear_answer": "no-content"},
        {"page_bounds": "lenient"},
        {"per_page_as": "text"},
        {"unset_timeout": "absent"},
        {"connectors_without_include": "empty"},
        {"believed_url": "https://elsewhere.example"},
    ],
)
def test_both_sides_of_what_the_reference_leaves_open(
    core: RunningSandbox, switches: dict[str, str | int]
) -> None:
    usual = {name: getattr(core.behaviour, name) for name in switches}
    core.switch(**switches)
    client = CoreClient(core.url, ApiKey(Secret(core.keys["acme"]["full"])), LIMITS)
    try:
        page = client.list_pools(PoolQuery(page=2, per_page=10))
        assert (page.number, page.per_page, len(page.pools)) == (2, 10, 10)
        pool = client.create_pool(PoolFields("unset", 3, None))
        assert pool.id is not None
        assert client.update_pool(pool.id, PoolChanges(timeout=None)).timeout is None
        client.clear_pool(pool.id)
        client.delete_pool(pool.id)
    finally:
        core.switch(**usual)


@pytest.mark.parametrize("field", ["username", "email", "either"])
def test_sign_in_finds_the_name_that_the_service_wants(core: RunningSandbox, field: str) -> None:
    usual = core.behaviour.sign_in_field
    core.switch(sign_in_field=field)
    person = core.people[0]
    try:
        token = sign_in(core.sign_in_url, person.email, Secret(core.password), LIMITS)
    finally:
        core.switch(sign_in_field=usual)
    client = CoreClient(core.url, token, LIMITS)
    assert client.list_pools(PoolQuery()).number == 1


@pytest.mark.parametrize("field", ["username", "email", "either"])
def test_wrong_password_is_refused(core: RunningSandbox, field: str) -> None:
    usual = core.behaviour.sign_in_field
    core.switch(sign_in_field=field)
    try:
        with pytest.raises((Unauthenticated, Invalid)):
            sign_in(core.sign_in_url, core.people[0].email, Secret("wrong one"), LIMITS)
    finally:
        core.switch(sign_in_field=usual)
