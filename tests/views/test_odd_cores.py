"""Cores that answer in a form of their own: what can be used is used, all else is named."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from time import monotonic
from typing import Any, cast

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from pools.models import BatchItem, Company, Entry, Token
from sandbox.http_messages import Answer, Request
from tests.fixtures.panel import told
from tests.views.changing import NEW, check, newest, open_form, outcomes
from tests.views.other_core import (
    Answering,
    OtherCore,
    as_it_is,
    each_pool,
    on_the_wire,
    one_of_its_own,
    rewriting,
)

pytestmark = pytest.mark.any_database

LIST = "/c/acme/pools/"


core = pytest.fixture(one_of_its_own)


def fill(core: OtherCore, count: int) -> list[int]:
    acme = core.sandbox.company("acme")
    return [acme.add_pool(f"Pool {number:03d}", 5).id for number in range(1, count + 1)]


def json_of(value: object, status: int = 200) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(value).encode())


def refusing(word: str, status: int) -> Answering:
    """Refuses every question that has this parameter."""

    def answering(request: Request, answer: Answer) -> Answer:
        if word not in dict(request.query):
            return answer
        if status == 422:
            text = f"The {word.replace('_', ' ')} field is prohibited."
            return json_of({"message": text, "errors": {word: [text]}}, status)
        return json_of({"message": f"Requested {word}(s) are not allowed."}, status)

    return answering


def ignoring(core: OtherCore, word: str) -> Answering:
    """Answers every question as if it had not this parameter."""

    def answering(request: Request, answer: Answer) -> Answer:
        path, _, query = request.target.partition("?")
        name = word.replace("[", "%5B").replace("]", "%5D")
        kept = "&".join(each for each in query.split("&") if not each.startswith(f"{name}="))
        if request.method != "GET" or kept == query:
            return answer
        return core.sandbox.server.api.answer(replace(request, target=f"{path}?{kept}"))

    return answering


def notes(page: Any) -> list[str]:
    assert page.status_code == 200
    found: list[str] = page.context["page_facts"]["notes"]
    assert all(note in unescape(page.text) for note in found)
    return found


def unclear(core: OtherCore) -> Answering:
    """Makes each change, and says that it failed."""
    before = core.answers

    def answering(request: Request, answer: Answer) -> Answer | bytes:
        if request.method != "GET":
            return json_of({"message": "Server Error"}, 500)
        return before(request, answer)

    return answering


def unknown_create(client: Client, core: OtherCore) -> None:
    before = core.answers
    core.answers = unclear(core)
    client.post(NEW, open_form(client, NEW, name="Returns", limit="3"))
    assert outcomes() == ["unknown"]
    core.answers = before


# --- Orders, searches and sizes that a Core does not know ---------------------------------


UNSORTED = ["Patchworks didn't sort these pools by the time of creation"]


@pytest.mark.parametrize("status", [400, 422])
def test_a_list_whose_order_is_refused_is_shown_in_cores_own(
    manager: Client, core: OtherCore, status: int
) -> None:
    fill(core, 3)
    core.answers = refusing("sort", status)
    page = manager.get(LIST, {"sort": "-created_at"})
    assert notes(page) == UNSORTED
    assert [column["direction"] for column in page.context["columns"]] == [""] * 6
    manager.get(LIST, {"sort": "-created_at"})
    asked = ["sort" in each.target for each in core.received]
    assert asked == [True, False, False]


def test_a_list_whose_order_is_ignored_says_so(manager: Client, core: OtherCore) -> None:
    fill(core, 3)
    acme = core.sandbox.company("acme")
    acme.change_pool(acme.pools()[0].id, limit=99)
    core.answers = ignoring(core, "sort")
    page = manager.get(LIST, {"sort": "limit"})
    assert notes(page) == ["Patchworks didn't sort these pools by limit"]
    assert [column["direction"] for column in page.context["columns"]] == [""] * 6


def test_connectors_are_known_from_a_core_that_shows_them_unasked(
    manager: Client, core: OtherCore
) -> None:
    used, unused = fill(core, 2)
    core.sandbox.company("acme").add_connector(used, name="Shop")

    def including(request: Request, answer: Answer) -> Answer | bytes:
        refused = refusing("include", 400)(request, answer)
        if refused is not answer or request.method != "GET":
            return refused
        mark = "&" if request.query else "?"
        asked = replace(request, target=f"{request.target}{mark}include=connectors.system")
        return core.sandbox.server.api.answer(asked)

    core.answers = including
    rows = manager.get(LIST).context["rows"]
    assert {row.id: row.systems and len(row.systems) for row in rows} == {used: 1, unused: None}
    assert manager.get(f"{LIST}{used}/").context["connectors_known"]


def test_what_is_refused_without_a_word_is_left_out(manager: Client, core: OtherCore) -> None:
    fill(core, 3)

    def refusing_silently(request: Request, answer: Answer) -> Answer:
        return json_of({"message": ""}, 400) if "include" in dict(request.query) else answer

    core.answers = refusing_silently
    assert notes(manager.get(LIST)) == ["Patchworks didn't say which connectors use these pools"]


@pytest.mark.parametrize("word", ["sort", "include", "per_page"])
@pytest.mark.parametrize("status", [400, 422])
def test_a_token_can_be_added_where_core_knows_less(
    manager: Client, acme: Company, core: OtherCore, word: str, status: int
) -> None:
    fill(core, 3)
    Token.objects.all().delete()
    core.answers = refusing(word, status)
    typed = {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["full"], "label": ""}
    answer = manager.post("/tokens/add/", typed, follow=True)
    assert "It gives access to 3 pools" in told(answer)


@pytest.mark.parametrize("how", ["refused", "ignored"])
@pytest.mark.parametrize("count", [0, 3, 30, 100])
def test_a_create_is_settled_without_an_order(
    manager: Client, core: OtherCore, how: str, count: int
) -> None:
    last = max(fill(core, count), default=0)
    without = refusing("sort", 400) if how == "refused" else ignoring(core, "sort")

    def an_hour_apart(pool: dict[str, Any]) -> dict[str, Any]:
        made = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=pool["id"])
        return {**pool, "created_at": made.isoformat()} if pool["id"] <= last else pool

    def answering(request: Request, answer: Answer) -> Answer | bytes:
        answer = cast(Answer, without(request, answer))
        return each_pool(an_hour_apart)(request, answer)

    core.answers = answering
    unknown_create(manager, core)
    check(manager, newest())
    (settled,) = Entry.objects.filter(kind="settled")
    assert settled.outcome == "applied"


@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_what_no_order_shows_is_not_concluded(manager: Client, core: OtherCore, how: str) -> None:
    fill(core, 130)
    core.answers = refusing("sort", 400) if how == "refused" else ignoring(core, "sort")
    unknown_create(manager, core)
    answer = check(manager, newest())
    assert "what it shows doesn't tell whether it happened" in unescape(answer.text)
    assert not Entry.objects.filter(kind="settled").exists()


@pytest.mark.parametrize("how", [400, 422, "ignored"])
def test_a_search_that_is_not_made_is_not_taken_for_one(
    manager: Client, core: OtherCore, how: int | str
) -> None:
    fill(core, 5)
    word = "filter[name]"
    core.answers = refusing(word, how) if isinstance(how, int) else ignoring(core, word)
    assert notes(manager.get(LIST, {"search": "shipments"})) == [
        "Patchworks didn't search: these aren't the pools that match"
    ]


def like(core: OtherCore) -> Answering:
    """A search as a database makes it whose wildcards nobody escaped."""

    def answering(request: Request, answer: Answer) -> Answer | bytes:
        asked = dict(request.query)
        if (term := asked.get("filter[name]")) is None:
            return answer
        pattern = re.escape(term.lower()).translate({37: ".*", 95: ".", 44: "|"})
        pools, api = core.sandbox.company("acme").pools(), core.sandbox.server.api
        found = [pool for pool in pools if re.search(pattern, pool.name.lower())]
        page, size = int(asked["page"]), int(asked["per_page"])
        shown = [api.document(pool, []) for pool in found[(page - 1) * size : page * size]]
        meta = {"current_page": page, "per_page": size, "total": len(found)}
        return json_of({"data": shown, "meta": meta})

    return answering


@pytest.mark.parametrize(
    ("search", "named", "note"),
    [
        ("%", 3, "some of these pools don't match"),
        ("_", 3, "some of these pools don't match"),
        ("10%", 2, "some of these pools don't match"),
        ("o_d", 2, "some of these pools don't match"),
        ("o%e%s", 2, "these aren't the pools that match"),
        ("0% O_D", 1, ""),
        ("orders", 2, ""),
        ("-,new", 1, ""),
    ],
)
def test_a_search_whose_wildcards_core_obeys_says_so(
    manager: Client, core: OtherCore, search: str, named: int, note: str
) -> None:
    acme = core.sandbox.company("acme")
    for name in ("Orders 10% o_d", "orders 10", "A-new one"):
        acme.add_pool(name)
    core.answers = like(core)
    page = manager.get(LIST, {"search": search})
    said = [f"Patchworks took % and _ as wildcards: {note}"] if note else []
    assert notes(page) == said
    assert len(page.context["rows"]) == named
    assert page.context["page_facts"]["unsearched"] is bool(note)


# --- Pages ---------------------------------------------------------------------------------


def by_cursor(core: OtherCore) -> Answering:
    """Laravel's cursorPaginate, which knows no page numbers."""

    def answering(request: Request, answer: Answer) -> Answer:
        if request.method != "GET" or not request.path.endswith("/connection-pools"):
            return answer
        first = ignoring(core, "page")(request, answer)
        assert isinstance(first, Answer)
        document = json.loads(first.body)
        meta = {"per_page": document["meta"]["per_page"], "next_cursor": "eyJ", "prev_cursor": None}
        return json_of({"data": document["data"], "meta": meta})

    return answering


def test_pages_by_cursor_do_not_go_on_for_ever(manager: Client, core: OtherCore) -> None:
    fill(core, 30)
    core.answers = by_cursor(core)
    for page in (manager.get(LIST), manager.get(LIST, {"page": "2"})):
        assert notes(page) == [
            "Patchworks doesn't number its pages: search for pools that aren't here"
        ]
        assert (page.context["page_facts"]["first"], page.context["next_href"]) == (1, "")


@pytest.mark.parametrize("total", [40, None])
def test_a_core_that_counts_pages_from_nought_is_seen_to_leave_out_the_first(
    manager: Client, core: OtherCore, total: int | None
) -> None:
    fill(core, 40)

    def from_nought(request: Request, document: Any) -> Any:
        if not request.path.endswith("/connection-pools"):
            return document
        pools, api = core.sandbox.company("acme").pools(), core.sandbox.server.api
        meta = {"current_page": 1, "last_page": 1, "per_page": 25, "from": 26, "total": total}
        return {"data": [api.document(pool, []) for pool in pools[25:]], "meta": meta}

    core.answers = rewriting(from_nought)
    page = manager.get(LIST)
    assert notes(page)[0] == "Patchworks began with pool 26: none of the pools before is shown"
    facts = page.context["page_facts"]
    assert (facts["first"], facts["last"], facts["total"]) == (26, 40, total)


def test_a_list_that_comes_all_at_once_has_one_page(manager: Client, core: OtherCore) -> None:
    fill(core, 40)

    def everything(request: Request, document: Any) -> Any:
        if not request.path.endswith("/connection-pools"):
            return document
        api = core.sandbox.server.api
        return {"data": [api.document(pool, []) for pool in core.sandbox.company("acme").pools()]}

    core.answers = rewriting(everything)
    page = manager.get(LIST, {"page": "2"})
    assert notes(page) == ["Patchworks gave page 1 instead of page 2"]
    facts = page.context["page_facts"]
    assert (facts["first"], facts["last"], page.context["next_href"]) == (1, 40, "")


def test_where_core_names_no_next_page_there_is_none(manager: Client, core: OtherCore) -> None:
    fill(core, 50)

    def simple(request: Request, document: Any) -> Any:
        if not isinstance(document.get("data"), list):
            return document
        return {"data": document["data"], "links": {"next": document["links"]["next"]}}

    core.answers = rewriting(simple)
    assert manager.get(LIST).context["next_href"] == f"{LIST}?page=2"
    assert manager.get(LIST, {"page": "2"}).context["next_href"] == ""


# --- Other forms ---------------------------------------------------------------------------


def unwrapped(request: Request, document: Any) -> Any:
    return document.get("data", document)


def in_text(pool: dict[str, Any]) -> dict[str, Any]:
    return {name: str(each) if type(each) is int else each for name, each in pool.items()}


def in_floats(pool: dict[str, Any]) -> dict[str, Any]:
    return {name: float(each) if type(each) is int else each for name, each in pool.items()}


USABLE: dict[str, Callable[[OtherCore], Answering]] = {
    "a byte order mark": lambda core: (
        lambda request, answer: answer.with_body(b"\xef\xbb\xbf" + answer.body)
    ),
    "numbers as text": lambda core: each_pool(in_text),
    "numbers as floats": lambda core: each_pool(in_floats),
    "no envelope": lambda core: rewriting(unwrapped),
    "other content type": lambda core: (
        lambda request, answer: Answer(answer.status, (("content-type", "text/json"),), answer.body)
    ),
    "no content type": lambda core: lambda request, answer: Answer(answer.status, (), answer.body),
    "http/1.0 until the end": lambda core: (
        lambda request, answer: on_the_wire(answer, length=False).replace(
            b"HTTP/1.1", b"HTTP/1.0", 1
        )
    ),
}


def test_what_can_not_be_read_is_told_as_that_on_both_pages(
    manager: Client, core: OtherCore
) -> None:
    pool = fill(core, 1)[0]
    odd = {name: {"value": 5} for name in ("limit", "timeout", "created_at", "updated_at")}
    core.answers = each_pool(lambda each: each | odd)
    page = manager.get(f"{LIST}{pool}/")
    facts = re.sub(r"\s+", " ", LexborHTMLParser(page.content).css("[aria-label=Facts]")[0].text())
    for name in ("Limit", "Timeout", "Created", "Updated"):
        assert f"{name} unreadable" in facts
    assert "We couldn't read its created_at, limit, timeout, updated_at." in facts
    core.answers = rewriting(
        lambda request, page: {**page, "data": [{"id": -5, "name": "Odd"}, *page["data"]]}
    )
    page = manager.get(LIST)
    assert "Oddunreadable id" in told(page)
    # A box that can't be ticked keeps its line beside the others.
    boxes = LexborHTMLParser(page.content).css("#pool-table tbody [type='checkbox']")
    assert [(each.attributes.get("name"), "disabled" in each.attributes) for each in boxes] == [
        (None, True),
        ("pool", False),
    ]


@pytest.mark.parametrize("form", USABLE.values(), ids=USABLE.keys())
def test_what_can_be_read_in_another_form_is_used(
    manager: Client, core: OtherCore, form: Callable[[OtherCore], Answering]
) -> None:
    first = fill(core, 3)[0]
    core.answers = form(core)
    rows = manager.get(LIST).context["rows"]
    assert [(row.id, row.limit, row.unreadable) for row in rows] == [
        (first + number, 5, frozenset()) for number in range(3)
    ]
    manager.post(NEW, open_form(manager, NEW, name="Returns", limit="3", timeout="60"))
    address = f"{LIST}{first}/"
    manager.post(f"{address}edit/", open_form(manager, f"{address}edit/", limit="7"))
    manager.post(f"{address}clear/", open_form(manager, f"{address}clear/"))
    form_of_delete = open_form(manager, f"{address}delete/", confirm_name="Pool 001")
    manager.post(f"{address}delete/", form_of_delete)
    assert outcomes() == ["done"] * 4
    assert [each.action for each in core.sandbox.applied] == ["create", "update", "clear", "delete"]
    shown = Entry.objects.filter(kind="readback").values_list("outcome", flat=True)
    assert sorted(shown) == ["", "shown", "shown", "shown"]


UUID = "9b1deb4d-3b7d-4bad-9bdd-{:012d}"
IDS = "Patchworks' pools have ids that aren't whole numbers. This panel can't work with those."
ENCODING = "The answer was compressed in a way that we didn't ask for (Content-Encoding)."
UNUSABLE: dict[str, tuple[Answering, str]] = {
    "ids of another kind": (each_pool(lambda pool: {**pool, "id": UUID.format(pool["id"])}), IDS),
    "brotli": (
        lambda request, answer: answer.with_headers(("Content-Encoding", "br")),
        ENCODING,
    ),
    "latin-1": (
        lambda request, answer: answer.with_body('{"data": "é"}'.encode("latin-1")),
        "The answer was not in UTF-8, as JSON has to be.",
    ),
    "deflate": (
        lambda request, answer: answer.with_headers(("Content-Encoding", "deflate")),
        ENCODING,
    ),
}


@pytest.mark.parametrize(("answers", "meaning"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_used_is_named_and_nothing_is_sent(
    manager: Client, core: OtherCore, answers: Answering, meaning: str
) -> None:
    (pool,) = fill(core, 1)
    typed = open_form(manager, NEW, name="Returns", limit="3")
    edit = f"{LIST}{pool}/edit/"
    typed_edit = open_form(manager, edit, limit="7")
    core.answers = answers
    pages = [
        manager.get(LIST),
        manager.get(f"{LIST}{pool}/"),
        manager.post(NEW, typed),
        manager.post(edit, typed_edit),
    ]
    for page in pages:
        problem = page.context["problem"]
        assert (page.status_code, problem.title) == (
            502,
            "We can't read this answer from Patchworks.",
        )
        assert problem.meaning.removesuffix(" Nothing was sent.") == meaning
    assert core.writes == []
    core.answers = as_it_is


# --- Answers that a real Laravel, and a mock of the reference, give ------------------------


def on_writes(core: OtherCore, answer: Answer) -> Answering:
    """Answers each change so, and makes none."""
    core.makes = lambda request: False
    return lambda request, good: good if request.method == "GET" else answer


STATEMENT = "select * from `connection_pools` where `secret` = 'hunter2'"
DEBUGGING = {
    "message": f"SQLSTATE[42S22]: Column not found (Connection: mysql, SQL: {STATEMENT})",
    "exception": "Illuminate\\Database\\QueryException",
    "file": "/app/vendor/laravel/framework/src/Illuminate/Database/Connection.php",
    "trace": [{"file": "/app/Http/Kernel.php", "line": 1}],
}


@pytest.mark.parametrize("keys", [("message",), tuple(DEBUGGING)], ids=["message", "debugging"])
@pytest.mark.parametrize("status", [200, 500])
def test_what_laravel_tells_its_developers_is_told_to_nobody_else(
    manager: Client, core: OtherCore, status: int, keys: tuple[str, ...]
) -> None:
    (pool,) = fill(core, 1)
    told_by_core = {name: DEBUGGING[name] for name in keys} | {"errors": ["x"]}
    core.answers = on_writes(core, json_of(told_by_core, status))
    address = f"{LIST}{pool}/clear/"
    page = manager.post(address, open_form(manager, address), follow=True)
    assert outcomes() == ["unknown"]
    core.answers = lambda request, answer: json_of(told_by_core, 500)
    texts = [page.text, manager.get(LIST).text, *Entry.objects.values_list("facts", flat=True)]
    for secret in ("hunter2", "select *", "/app/", "QueryException"):
        assert not [text for text in texts if secret in text]


@pytest.mark.parametrize(
    "text",
    [
        "The route api/v1/connection-pools/1/clear could not be found.",
        "no Route matched with those values",
        "Route not found",
    ],
    ids=["Laravel", "a gateway", "another router"],
)
def test_a_route_that_is_missing_says_nothing_about_the_pool(
    manager: Client, core: OtherCore, text: str
) -> None:
    (pool,) = fill(core, 1)
    core.answers = on_writes(core, json_of({"message": text}, 404))
    address = f"{LIST}{pool}/clear/"
    problem = manager.post(address, open_form(manager, address)).context["problem"]
    assert outcomes() == ["refused"]
    assert (problem.title, problem.core_text) == (
        "Patchworks refused to clear this pool (404).",
        text,
    )


def test_a_404_to_the_call_that_names_the_pool_is_about_it(
    manager: Client, core: OtherCore
) -> None:
    (pool,) = fill(core, 1)
    text = f"No query results for model [App\\Models\\ConnectionPool] {pool}"
    core.answers = on_writes(core, json_of({"message": text}, 404))
    address = f"{LIST}{pool}/clear/"
    problem = manager.post(address, open_form(manager, address)).context["problem"]
    assert problem.title.startswith("Patchworks says it no longer has ")
    assert problem.meaning.startswith(
        "It was there just before we sent your change, so it was probably deleted outside the "
        "panel in between. Its last values: limit 5, timeout none, connectors none. Nothing was "
    )


def test_the_pause_that_core_asks_for_is_said(manager: Client, core: OtherCore) -> None:
    page = Answer(503, (("Content-Type", "text/html"), ("Retry-After", "60")), b"<html>x</html>")
    core.answers = lambda request, answer: page
    problem = manager.get(LIST).context["problem"]
    assert (problem.title, problem.next_text) == (
        "Patchworks had an error (503).",
        "Try again in 60 s.",
    )


def test_a_pool_whose_deletion_is_unknown_is_not_said_to_be_undeleted(
    manager: Client, core: OtherCore
) -> None:
    (pool,) = fill(core, 1)
    address = f"{LIST}{pool}/delete/"
    typed = open_form(manager, address, confirm_name="Pool 001")
    core.answers = unclear(core)
    page = manager.post(address, typed, follow=True)
    meaning = page.context["problem"].meaning
    assert "manager sent its deletion on" in meaning
    assert "we couldn't tell what happened" in meaning
    assert "It was not deleted" not in meaning


def keeping_deleted(core: OtherCore) -> Answering:
    """Goes on showing what it has deleted, and says since when it is."""
    before, shown = core.answers, dict[str, Answer]()

    def answering(request: Request, answer: Answer) -> Answer | bytes:
        path = request.target.partition("?")[0]
        if request.method == "GET" and answer.status == 200:
            pool = json.loads(answer.body)["data"]
            if isinstance(pool, dict):
                deleted = {"data": {**pool, "deleted_at": "2026-05-12T12:00:00.000000Z"}}
                shown[path] = json_of(deleted)
        elif request.method == "GET" and path in shown:
            return shown[path]
        return before(request, answer)

    return answering


@pytest.mark.parametrize("clear", [True, False], ids=["confirmed", "not answered"])
def test_a_pool_that_is_shown_with_the_time_of_its_deletion_is_deleted(
    manager: Client, core: OtherCore, clear: bool
) -> None:
    (pool,) = fill(core, 1)
    if not clear:
        core.answers = unclear(core)
    core.answers = keeping_deleted(core)
    address = f"{LIST}{pool}/delete/"
    page = manager.post(address, open_form(manager, address, confirm_name="Pool 001"), follow=True)
    assert "the pool is still there" not in told(page)
    if not clear:
        check(manager, newest())
        assert Entry.objects.get(kind="settled").outcome == "applied"
    assert manager.get(f"{LIST}{pool}/").status_code == 404


def test_a_token_that_a_sign_in_gave_is_not_blamed_on_the_password(
    manager: Client, core: OtherCore
) -> None:
    signed_in = json_of({"message": "ok", "token": "a" * 40, "expires_in": 86_400})
    core.answers = lambda request, answer: signed_in if request.method == "POST" else answer
    typed = {"company": "acme", "kind": "sign_in", "email": "a@b.example", "password": "x" * 12}
    problem = manager.post("/tokens/add/", typed).context["problem"]
    assert (problem.title, problem.meaning) == (
        "The sign-in worked, but Acme at Patchworks doesn't accept the token it gave.",
        "The token was not stored.",
    )


@pytest.mark.parametrize(
    ("limit", "told_of_it"),
    [(None, "A limit that Patchworks didn't tell"), ("few", "A limit that we couldn't read")],
    ids=["none", "a word"],
)
def test_a_limit_that_is_not_told_is_no_unreadable_one(
    manager: Client, core: OtherCore, limit: str | None, told_of_it: str
) -> None:
    (pool,) = fill(core, 1)
    core.answers = each_pool(lambda each: {**each, "limit": limit})
    for address in (f"{LIST}{pool}/", f"{LIST}{pool}/edit/"):
        assert told_of_it in told(manager.get(address))


def test_a_pool_without_a_name_to_see_is_not_called_by_it(manager: Client, core: OtherCore) -> None:
    pool = core.sandbox.company("acme").add_pool("\u2800 \u3164", 5).id
    address = f"{LIST}{pool}/edit/"
    page = manager.post(address, open_form(manager, address, limit="7"), follow=True)
    assert f"Saved pool {pool} (no visible name) in Acme: limit 5 → 7." in told(page)


# What Stoplight's Prism makes of the reference, whatever it is asked.
EXAMPLE = {
    "id": 0,
    "limit": 0,
    "timeout": 0,
    "created_at": "2019-08-24T14:15:22Z",
    "updated_at": "2019-08-24T14:15:22Z",
    "name": "string",
    "connectors": [{}],
}
NOUGHTS = dict.fromkeys(("current_page", "from", "last_page", "per_page", "to", "total"), 0)
LINKS = dict.fromkeys(("first", "last", "prev", "next"), "http://example.com")


def of_the_reference(request: Request, _: Answer) -> Answer:
    if request.method == "DELETE":
        return json_of({"message": "string"})
    if request.path.endswith("/clear"):
        return json_of({})
    if request.method == "GET" and request.path.endswith("/connection-pools"):
        return json_of({"data": [EXAMPLE], "meta": NOUGHTS, "links": LINKS})
    return json_of({"data": EXAMPLE})


def test_a_mock_of_the_reference_is_read_as_it_is(manager: Client, core: OtherCore) -> None:
    core.answers = of_the_reference
    page = manager.get(LIST, {"page": "2", "search": "orders"})
    (row,) = page.context["rows"]
    assert (row.id, row.name, row.limit, row.unreadable) == (0, "string", 0, frozenset())
    assert notes(page) == [
        "Patchworks didn't search: these aren't the pools that match",
        "Patchworks gave page 0 instead of page 2",
    ]
    assert page.context["next_href"] == ""
    assert manager.get(f"{LIST}0/").status_code == 200
    problem = manager.get(f"{LIST}260/").context["problem"]
    assert problem.meaning == "Patchworks answered with another pool than the one we asked for."


def test_nothing_is_believed_that_a_mock_of_the_reference_does_not_show(
    manager: Client, core: OtherCore
) -> None:
    core.answers = of_the_reference
    edit, delete = f"{LIST}0/edit/", f"{LIST}0/delete/"
    page = manager.post(edit, open_form(manager, edit, limit="7"), follow=True)
    assert "Patchworks answered with other values than we sent." in told(page)
    assert "didn't happen" in told(check(manager, newest()))
    manager.post(NEW, open_form(manager, NEW, name="Returns", limit="3"))
    assert "doesn't tell whether it happened" in told(check(manager, newest()))
    manager.post(delete, open_form(manager, delete, confirm_name="string"), follow=True)
    assert outcomes() == ["unknown", "unknown", "done"]
    assert Entry.objects.filter(kind="readback").get().outcome == "not_shown"
    assert manager.get(f"{LIST}0/").status_code == 200


PRINTED = b"<br />\n<b>Warning</b>:  No queue in <b>/app/Pool.php</b> on line <b>3</b><br />\n{}"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            Answer(202, (), b"[]"),
            "Patchworks accepted this, but didn't say that it is done (202). We can't tell",
        ),
        (
            Answer(201, (), b"[]"),
            "Patchworks answered with a status that isn't in its documentation (201).",
        ),
        (
            Answer(200, (("Content-Type", "text/html"),), PRINTED),
            (
                "Patchworks printed an error of its own into the answer, so we can't read it. "
                "Patchworks said: “Warning: No queue”. We can't tell whether"
            ),
        ),
        (
            Answer(200, (), b"{}\n<!-- served by proxy 3 -->"),
            "There was something after Patchworks' answer that doesn't belong there.",
        ),
    ],
)
def test_a_clear_that_is_answered_oddly_is_told_as_what_it_was(
    manager: Client, core: OtherCore, answer: Answer, sentence: str
) -> None:
    """And is unknown: what has to be proved is that it was done."""
    (pool,) = fill(core, 1)
    address = f"{LIST}{pool}/clear/"
    form = open_form(manager, address)
    core.answers = lambda request, good: good if request.method == "GET" else answer
    assert sentence in told(manager.post(address, form, follow=True))
    assert outcomes() == ["unknown"]


# --- What PHP makes of names, of none and of lists -----------------------------------------


@pytest.mark.parametrize("none", ["", False])
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "lost"])
def test_no_timeout_is_none_however_it_is_written(
    manager: Client, core: OtherCore, none: object, lost: bool
) -> None:
    (pool,) = fill(core, 1)
    core.answers = each_pool(lambda row: row | {"timeout": row["timeout"] or none})
    address = f"{LIST}{pool}/edit/"
    for timeout in ("30", ""):
        typed = open_form(manager, address, timeout=timeout)
        before = core.answers
        core.answers = unclear(core) if lost else before
        manager.post(address, typed)
        core.answers = before
        if lost:
            assert "happened." in told(check(manager, newest()))
    manager.post(NEW, open_form(manager, NEW, name="Returns", limit="3"))
    assert outcomes() == [*["unknown" if lost else "done"] * 2, "done"]
    assert [row.unreadable for row in manager.get(LIST).context["rows"]] == [set(), set()]
    assert not Entry.objects.filter(kind="settled").exclude(outcome="applied").exists()


def test_a_name_that_core_writes_in_other_letters_is_not_said_not_to_be_there(
    manager: Client, core: OtherCore
) -> None:
    letters = str.maketrans("Заказы", "Zakazy")
    core.answers = each_pool(lambda row: row | {"name": row["name"].translate(letters)[:50]})
    fill(core, 1)
    before = core.answers
    core.answers = unclear(core)
    manager.post(NEW, open_form(manager, NEW, name="Заказы", limit="3"))
    core.answers = before
    page = check(manager, newest())
    assert "We can't tell whether the creation of" in told(page)
    assert "there was a new pool that may be it" in told(page)
    assert "didn't happen" not in told(page)


def numeric(pool: dict[str, Any]) -> dict[str, Any]:
    """As JSON_NUMERIC_CHECK has it."""
    name = str(pool["name"])
    return {**pool, "name": int(name) if name.isdecimal() else name}


def test_a_name_that_comes_as_a_number_is_made_shown_and_changed(
    manager: Client, core: OtherCore
) -> None:
    core.answers = each_pool(numeric)
    manager.post(NEW, open_form(manager, NEW, name="12", limit="3"))
    manager.post(NEW, open_form(manager, NEW, name="Orders", limit="3"))
    (twelve, orders) = (pool.id for pool in core.sandbox.company("acme").pools())
    assert [row.name for row in manager.get(LIST).context["rows"]] == ["12", "Orders"]
    for pool, name in ((twelve, "13"), (orders, "0042")):
        address = f"{LIST}{pool}/edit/"
        manager.post(address, open_form(manager, address, name=name))
    assert outcomes() == ["done"] * 4
    manager.get(f"{LIST}{orders}/")
    assert not Entry.objects.filter(kind="drift").exists()
    shown = Entry.objects.filter(kind="readback").order_by("seq")
    # 42 may be another name than the one that was sent.
    assert list(shown.values_list("outcome", flat=True)) == ["shown"] * 3 + ["not_read"]
    confirmed = open_form(manager, f"{LIST}{twelve}/delete/", confirm_name="13")
    manager.post(f"{LIST}{twelve}/delete/", confirmed)
    assert outcomes()[-1] == "done"


def test_a_name_with_noughts_before_it_is_never_said_not_to_be_there(
    manager: Client, core: OtherCore
) -> None:
    def answers(request: Request, answer: Answer) -> Answer | bytes:
        return each_pool(numeric)(request, answer) if request.method == "GET" else json_of({}, 500)

    core.answers = answers
    manager.post(NEW, open_form(manager, NEW, name="007", limit="3"))
    assert outcomes() == ["unknown"]
    page = check(manager, newest())
    assert "It didn't happen" not in told(page)
    assert not Entry.objects.filter(kind="settled", outcome="not_applied").exists()


def as_objects(value: Any) -> Any:
    """As JSON_FORCE_OBJECT has it."""
    if isinstance(value, list):
        value = dict(zip(map(str, range(len(value))), value, strict=True))
    return {key: as_objects(each) for key, each in value.items()} if type(value) is dict else value


def test_lists_that_come_as_objects_are_lists(manager: Client, core: OtherCore) -> None:
    core.answers = rewriting(lambda request, document: as_objects(document))
    assert "No pools yet" in told(manager.get(LIST))
    first, second = fill(core, 2)
    core.sandbox.company("acme").add_connector(second, name="Live", system={"name": "NetSuite"})
    rows = manager.get(LIST).context["rows"]
    assert [(row.unreadable, len(row.systems)) for row in rows] == [(set(), 0), (set(), 1)]
    assert "No connector uses this pool." in told(manager.get(f"{LIST}{first}/"))


def test_what_was_refused_once_is_asked_for_again_after_a_minute_and_then_after_ten(
    manager: Client, core: OtherCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(core, 1)
    later = 0.0
    monkeypatch.setattr("pools.core.client.monotonic", lambda: monotonic() + later)
    core.answers = refusing("include", 400)

    def asked_for() -> bool:
        core.reset()
        manager.get(LIST)
        return any("include=" in each.target for each in core.received)

    assert asked_for()
    assert not asked_for()
    later = 61.0
    assert asked_for()
    later = 600.0
    assert not asked_for()
    core.answers = as_it_is
    later = 700.0
    assert asked_for()
    # It was answered: a refusal is for a minute again.
    core.answers = refusing("include", 400)
    assert asked_for()
    later = 761.0
    assert asked_for()


def test_a_file_finds_a_name_among_those_that_a_wildcard_finds_besides(
    manager: Client, core: OtherCore
) -> None:
    acme = core.sandbox.company("acme")
    pool = acme.add_pool("a_b")
    for number in range(150):
        acme.add_pool(f"axb {number}")
    core.answers = like(core)
    typed = {"text": "name;limit\na_b;5\n", "create": "on"}
    made = manager.post("/c/acme/pools/apply/", typed)
    assert made.status_code == 302, told(made)
    item = BatchItem.objects.get()
    assert (item.pool_id, item.left_out) == (pool.id, "nothing_to_do")
