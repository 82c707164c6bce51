"""Both sides of each point where Core is silent or says otherwise."""

import time

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from sandbox.store import StoredPool

from .calls import Caller, with_key


def test_create_answers_201(core: RunningSandbox, acme: Caller) -> None:
    core.switch(create_status=201)
    assert acme.create(name="n", limit=1).status == 201


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [("list", 200, b"[]"), ("nothing", 200, b""), ("no-content", 204, b"")],
)
def test_clear_answers_otherwise(
    core: RunningSandbox, acme: Caller, pool: StoredPool, kind: str, status: int, body: bytes
) -> None:
    core.switch(clear_answer=kind)
    answer = acme.clear(pool.id)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize("page", [0, "x", -3])
def test_lenient_page_bounds_show_page_one(core: RunningSandbox, acme: Caller, page: str) -> None:
    core.switch(page_bounds="lenient")
    assert acme.list(page=page).document["meta"]["current_page"] == 1


def test_lenient_page_bounds_have_no_cap(core: RunningSandbox, acme: Caller) -> None:
    core.switch(page_bounds="lenient")
    assert len(acme.list(per_page=257).names) == 257


def test_per_page_comes_back_as_text(core: RunningSandbox, acme: Caller) -> None:
    core.switch(per_page_as="text")
    assert acme.list(per_page=25).document["meta"]["per_page"] == "25"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "n"}, "The limit field is required."),
        ({}, "The name field is required. (and 1 more error)"),
        ({"limit": -1.5}, "The name field is required. (and 2 more errors)"),
    ],
)
def test_summary_is_the_first_error_and_a_count(
    core: RunningSandbox, acme: Caller, fields: dict[str, object], message: str
) -> None:
    core.switch(summary="first-error")
    assert acme.create(**fields).message == message


def test_refusals_of_the_contract_have_no_body(
    core: RunningSandbox, reader: Caller, acme: Caller
) -> None:
    core.switch(refusal_body="nothing")
    for answer, status in ((Caller(core).list(), 401), (reader.create(name="n", limit=1), 403)):
        assert (answer.status, answer.body) == (status, b"")
        assert (answer.headers["Content-Length"], answer.headers["Content-Type"]) == ("0", None)
    assert acme.get(999_999).message.startswith("No query results")


@pytest.mark.parametrize(
    ("wanted", "sent", "status"),
    [
        ("username", "username", 200),
        ("username", "email", 422),
        ("email", "email", 200),
        ("email", "username", 422),
        ("either", "username", 200),
        ("either", "email", 200),
    ],
)
def test_sign_in_wants_one_field_name_or_either(
    core: RunningSandbox, wanted: str, sent: str, status: int
) -> None:
    core.switch(sign_in_field=wanted)
    fields = {sent: "user@acme.example", "password": core.password}
    assert Caller(core).send_target("POST", "/fabric/api/login", fields).status == status


def test_unset_timeout_is_absent(core: RunningSandbox, acme: Caller) -> None:
    core.switch(unset_timeout="absent")
    assert "timeout" not in acme.create(name="n", limit=1).document["data"]


def test_connectors_are_empty_without_include(core: RunningSandbox, stranger: Caller) -> None:
    core.switch(connectors_without_include="empty")
    assert [pool["connectors"] for pool in stranger.list().document["data"]] == [[], [], []]


def test_tied_rows_are_restless(core: RunningSandbox, acme: Caller) -> None:
    core.switch(tied_rows="restless")
    pages = [acme.list(sort="limit", per_page=100).document["data"] for _ in range(3)]
    orders = {tuple(pool["id"] for pool in page) for page in pages}
    assert len(orders) == 3
    assert [pool["limit"] for pool in pages[0]] == sorted(pool["limit"] for pool in pages[0])


def test_delete_answers_nothing(core: RunningSandbox, acme: Caller, pool: StoredPool) -> None:
    core.switch(delete_answer="no-content")
    answer = acme.delete(pool.id)
    assert (answer.status, answer.body) == (204, b"")
    assert not core.company("acme").has(pool.id)


def test_names_are_kept_as_they_were_sent(core: RunningSandbox, acme: Caller) -> None:
    core.switch(text_input="as-sent")
    assert acme.create(name=" n ", limit=1).document["data"]["name"] == " n "


@pytest.mark.parametrize(
    ("version", "kept"),
    [
        ("laravel-8", "\u200f\xa0\ufeffn\f"),
        ("laravel-11", "\u200f\xa0\ufeffn"),
        ("laravel-12", "n"),
        ("as-sent", "\u200f\xa0\ufeffn\f\0 "),
    ],
)
def test_each_version_trims_in_its_way(
    core: RunningSandbox, acme: Caller, version: str, kept: str
) -> None:
    core.switch(text_input=version)
    name = "\u200f\xa0\ufeffn\f\0 "
    assert acme.create(name=name, limit=1).document["data"]["name"] == kept


def test_name_of_spaces_is_none_even_as_sent(core: RunningSandbox, acme: Caller) -> None:
    core.switch(text_input="as-sent")
    assert acme.create(name="  ", limit=1).errors == {"name": ["The name field is required."]}


@pytest.mark.parametrize("limit", ["5", 5.0, True])
def test_what_is_not_a_number_is_refused(core: RunningSandbox, acme: Caller, limit: object) -> None:
    core.switch(number_input="strict")
    answer = acme.create(name="n", limit=limit)
    assert answer.errors == {"limit": ["The limit field must be an integer."]}


def test_strict_numbers_are_taken(core: RunningSandbox, acme: Caller) -> None:
    core.switch(number_input="strict")
    assert acme.create(name="n", limit=5).status == 200


def test_huge_number_is_invalid(core: RunningSandbox, acme: Caller) -> None:
    core.switch(huge_numbers="invalid")
    message = "The limit field must not be greater than 2147483647."
    assert acme.create(name="n", limit=10**20).errors == {"limit": [message]}


def test_update_without_a_difference_touches_the_pool(core: RunningSandbox, acme: Caller) -> None:
    core.switch(unchanged_update="touches")
    old = core.company("acme").pools()[0]
    assert acme.update(old.id).document["data"]["updated_at"] > old.updated_at


def test_unknown_words_are_ignored(core: RunningSandbox, stranger: Caller) -> None:
    core.switch(unknown_words="ignored")
    query = {"filter[limit]": "1", "sort": "timeout,name", "include": "connectors"}
    answer = stranger.list(**query)
    assert answer.names == ["NetSuite", "Returns desk", "Shopify orders"]
    assert "connectors" not in answer.document["data"][0]


def test_filter_on_get_is_ignored(core: RunningSandbox, acme: Caller, pool: StoredPool) -> None:
    core.switch(filter_on_get="ignored")
    assert acme.get(pool.id, **{"filter[name]": "other"}).status == 200


def test_missing_right_comes_before_missing_pool(core: RunningSandbox, reader: Caller) -> None:
    core.switch(first_refusal="forbidden")
    assert reader.delete(999_999).status == 403


def test_refusals_are_json_for_everybody(core: RunningSandbox) -> None:
    core.switch(other_accept="json")
    answer = Caller(core).send("GET", "/api/v1/connection-pools", headers={"Accept": "*/*"})
    assert (answer.status, answer.document) == (401, {"message": "Unauthenticated."})


def test_json_is_plain(core: RunningSandbox, acme: Caller) -> None:
    core.switch(json_text="plain")
    assert '"name":"a/é🚚"'.encode() in acme.create(name="a/é🚚", limit=1).body


def test_links_carry_the_believed_host(core: RunningSandbox, acme: Caller) -> None:
    core.switch(believed_url="https://core.elsewhere.example")
    links = acme.list().document["links"]
    assert links["first"] == "https://core.elsewhere.example/api/v1/connection-pools?page=1"


def test_latency_holds_every_answer(core: RunningSandbox, acme: Caller) -> None:
    core.switch(latency_seconds=0.2)
    started = time.monotonic()
    acme.list()
    assert time.monotonic() - started >= 0.2


def test_bearer_lifetime_is_set() -> None:
    with running_sandbox(bearer_lifetime_seconds=1) as core:
        fields = {"username": "user@acme.example", "password": core.password}
        answer = Caller(core).send_target("POST", "/fabric/api/login", fields).document
        assert answer["expires_in"] == 1
        time.sleep(1.1)
        assert Caller(core, f"Bearer {answer['token']}").list().status == 401


def test_good_answers_count_down_the_rate_limit(core: RunningSandbox, acme: Caller) -> None:
    core.switch(rate_limit_per_minute=2)
    for remaining in ("1", "0"):
        headers = acme.list().headers
        assert headers["X-RateLimit-Limit"] == "2"
        assert headers["X-RateLimit-Remaining"] == remaining
        assert headers["Retry-After"] is None


def test_rate_limit_used_up_is_429(core: RunningSandbox, acme: Caller) -> None:
    core.switch(rate_limit_per_minute=1)
    acme.list()
    answer = acme.list()
    assert (answer.status, answer.document) == (429, {"message": "Too Many Attempts."})
    assert 55 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["X-RateLimit-Limit"] == "1"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert 50 <= int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 61


def test_rate_limit_counts_each_credential(core: RunningSandbox, acme: Caller) -> None:
    core.switch(rate_limit_per_minute=1)
    assert (acme.list().status, with_key(core, "northwind").list().status) == (200, 200)


def test_refusal_within_the_rate_limit_counts_too(core: RunningSandbox, acme: Caller) -> None:
    core.switch(rate_limit_per_minute=5)
    answer = acme.get(999_999)
    assert (answer.status, answer.headers["X-RateLimit-Remaining"]) == (404, "4")


def test_no_limit_sends_no_headers(acme: Caller) -> None:
    assert acme.list().headers["X-RateLimit-Limit"] is None


def test_an_include_is_an_unknown_word(core: RunningSandbox, acme: Caller) -> None:
    core.switch(includes="refused")
    answer = acme.list(include="connectors.system")
    assert (answer.status, answer.message.partition(" are ")[0]) == (
        400,
        "Requested include(s) `connectors.system`",
    )
    assert "connectors" not in acme.list().document["data"][0]


def test_an_include_that_is_ignored_gives_no_connectors(core: RunningSandbox, acme: Caller) -> None:
    core.switch(includes="refused", unknown_words="ignored")
    assert "connectors" not in acme.list(include="connectors.system").document["data"][0]


def test_a_largest_page_is_not_said_but_in_meta(core: RunningSandbox, acme: Caller) -> None:
    core.switch(largest_page=15)
    document = acme.list(per_page=100, page=2).document
    meta = {name: document["meta"][name] for name in ("from", "to", "per_page", "last_page")}
    assert meta == {"from": 16, "to": 30, "per_page": 15, "last_page": 18}
    assert len(document["data"]) == 15


def test_pools_are_wrapped_as_in_json_api(core: RunningSandbox, acme: Caller) -> None:
    core.switch(pool_shape="json-api")
    created = acme.create(name="Orders", limit=1).document["data"]
    assert created.keys() == {"id", "type", "attributes"}
    assert (created["type"], created["attributes"]["name"]) == ("connection-pools", "Orders")
    assert acme.list().document["data"][0].keys() == created.keys()
