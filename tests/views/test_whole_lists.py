"""Lists that are read to their end, from Cores that say one thing of them and give another.

Each way that a Core may page its list, and what an export, *Read all pools*, a list of changes and
the list itself make of it.
"""

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest
from django.test import Client

from pools.core import whole_lists
from pools.models import Batch, BatchItem, Entry, SeenPool
from sandbox.http_messages import Answer, Request
from tests.fixtures.panel import streamed
from tests.fixtures.panel import told as plain
from tests.views.other_core import OtherCore, one_of_its_own

pytestmark = pytest.mark.any_database

LIST: Final = "/c/acme/pools/"
NEW: Final = "/c/acme/batches/new/"
ALL: Final = {"origin": "1", "matching": "1", "query": ""}
FROZEN: Final = ALL | {"freeze": "1", "operation": "limit", "limit_to": "9"}
SAME: Final = "Patchworks keeps giving the same page."
Document = dict[str, Any]


def row(number: int) -> Document:
    return {
        "id": number,
        "name": f"Pool {number:07d}",
        "limit": 5,
        "timeout": None,
        "created_at": f"2026-05-01T10:{number // 60 % 60:02d}:{number % 60:02d}.000000Z",
        "updated_at": "2026-05-01T10:00:00.000000Z",
        "connectors": [],
    }


ROWS: Final = [row(number) for number in range(1, 251)]


class Asked(NamedTuple):
    page: int
    size: int

    def of(self, rows: list[Document], size: int = 0) -> list[Document]:
        """The rows of this page, where a page has so many."""
        size = size or self.size
        return rows[(self.page - 1) * size : self.page * size]


def counted(asked: Asked, rows: list[Document], **meta: Any) -> Document:
    """As Laravel's LengthAwarePaginator tells it, unless `meta` says something else."""
    size = meta.get("per_page", asked.size)
    first = (asked.page - 1) * size + 1
    links = {"next": None} if meta.pop("no_next", False) else {}
    whole = {"current_page": asked.page, "from": first, "to": first + len(rows) - 1}
    whole |= {"per_page": size, "last_page": -(-250 // size), "total": 250}
    return {"data": rows, "meta": whole | meta, "links": links}


def simple(asked: Asked) -> Document:
    """Laravel's simplePaginate."""
    rows = asked.of(ROWS)
    more = {"next": "?" if asked.page * asked.size < 250 else None}
    return {
        "data": rows,
        "meta": {"current_page": asked.page, "per_page": asked.size},
        "links": more,
    }


def by_cursor(asked: Asked) -> Document:
    meta = {"per_page": asked.size, "next_cursor": "eyJ", "prev_cursor": None}
    return {"data": ROWS[: asked.size], "meta": meta}


class Case(NamedTuple):
    """A Core; what an export ends with; why not all can be read, and how many calls each took."""

    answers: Callable[[Asked], Document]
    export: str
    calls: int
    wrong: str = ""


CASES: Final = {
    "counted": Case(lambda a: counted(a, a.of(ROWS)), "complete: 250 pools", 3),
    "simple": Case(simple, "complete: 250 pools", 3),
    "by cursor": Case(
        by_cursor,
        "incomplete: 100 pools. Patchworks doesn't number its pages, so we can only read the "
        "first one.",
        1,
        "Patchworks doesn't number its pages",
    ),
    "all at once": Case(lambda a: {"data": ROWS}, "complete: 250 pools", 1),
    "a bare list, the same for every page": Case(
        lambda a: {"data": ROWS[:3]}, "complete: 3 pools", 2
    ),
    "a bare list, empty after the first page": Case(
        lambda a: {"data": a.of(ROWS[:3])}, "complete: 3 pools", 2
    ),
    "15 a page, whatever is asked, and nothing told": Case(
        lambda a: {"data": a.of(ROWS, 15)}, "complete: 250 pools", 18
    ),
    "15 a page, which it says": Case(
        lambda a: counted(a, a.of(ROWS, 15), per_page=15), "complete: 250 pools", 17
    ),
    "a full page, the same for every page": Case(
        lambda a: {"data": ROWS[:100]}, f"incomplete: 100 pools. {SAME}", 2, SAME
    ),
    "the same page, of more that it counts": Case(
        lambda a: counted(a, ROWS[:100]), f"incomplete: 100 of 250 pools. {SAME}", 2, SAME
    ),
    "the first page, which it says": Case(
        lambda a: counted(Asked(1, a.size), ROWS[:100]),
        f"incomplete: 100 of 250 pools. {SAME}",
        2,
        SAME,
    ),
    "another page than was asked for": Case(
        lambda a: counted(Asked(a.page * 2 - 1, a.size), Asked(a.page * 2 - 1, 50).of(ROWS)),
        "incomplete: 100 of 250 pools. Patchworks gave another page than the one we asked for.",
        2,
        "Patchworks gave another page",
    ),
    "one page, it says, of more that it counts": Case(
        lambda a: counted(a, a.of(ROWS), last_page=1), "complete: 250 pools", 3
    ),
    "no next page, it says, of more that it counts": Case(
        lambda a: counted(a, a.of(ROWS[:100]), no_next=True),
        "incomplete: 100 of 250 pools. Patchworks counts 250 and gave 100.",
        2,
        "Patchworks counts a different number of pools from what it gives.",
    ),
    "fewer than there are": Case(
        lambda a: counted(a, a.of(ROWS), total=100, last_page=9),
        "incomplete: 250 of 100 pools. Patchworks counts 100 and gave 250.",
        3,
        "Patchworks counts a different number of pools from what it gives.",
    ),
    "fewer than there are, and an end": Case(
        lambda a: {
            "data": a.of(ROWS),
            "meta": {"current_page": a.page, "total": 100},
            "links": {"next": "?" if a.page == 1 else None},
        },
        "incomplete: 200 of 100 pools. Patchworks counts 100 and gave 200.",
        2,
        "Patchworks counts a different number of pools from what it gives.",
    ),
    "a row without an id, and always a next page": Case(
        lambda a: {"data": [{"name": "string", "limit": 0}], "links": {"next": "?"}},
        f"incomplete: 1 pool. {SAME}",
        2,
    ),
}


def list_of(core: OtherCore, answers: Callable[[Asked], Any]) -> None:
    def answering(request: Request, answer: Answer) -> Answer:
        if request.method != "GET" or not request.path.endswith("/connection-pools"):
            return answer
        query = dict(request.query)
        document = answers(Asked(int(query["page"]), int(query["per_page"])))
        return Answer(200, (("Content-Type", "application/json"),), json.dumps(document).encode())

    core.answers = answering
    core.reset()


core = pytest.fixture(one_of_its_own)


def exported(manager: Client) -> str:
    answer = manager.post(f"{LIST}export/", {"format": "json"})
    said: str = json.loads(streamed(answer))["end"]
    return said


def test_an_export_says_whether_it_is_whole(manager: Client, core: OtherCore) -> None:
    for name, case in CASES.items():
        list_of(core, case.answers)
        assert (name, exported(manager)) == (name, case.export)
        assert (name, len(core.received)) == (name, case.calls)


@pytest.mark.parametrize("name", [name for name in CASES if "without an id" not in name])
def test_all_pools_are_read_or_it_says_why_not(manager: Client, core: OtherCore, name: str) -> None:
    case = CASES[name]
    list_of(core, case.answers)
    for _ in range(5):
        said = plain(manager.post(f"{LIST}read/", follow=True))
        if "Continue" not in said:
            break
    pools = case.export.removeprefix("complete: ")
    if case.wrong:
        assert f"{case.wrong}" in said
        assert "Some pools may be missing, and reading them again won't help." in said
    else:
        assert f"All {pools} were read" in said
    assert len(core.received) <= case.calls


def test_all_that_match_are_on_a_list_or_it_is_not_made(manager: Client, core: OtherCore) -> None:
    for name, case in CASES.items():
        if "without an id" in name:
            continue
        BatchItem.objects.all().delete()
        Batch.objects.all().delete()
        list_of(core, case.answers)
        answer = manager.post(NEW, FROZEN)
        if case.wrong:
            assert answer.status_code == 502, (name, plain(answer))
            assert case.wrong.rstrip(".") in plain(answer), name
            assert "Pools were added or deleted" not in plain(answer), name
            assert not Batch.objects.exists(), name
        else:
            assert answer.status_code == 302, (name, plain(answer))
            assert (name, case.export) == (name, f"complete: {BatchItem.objects.count()} pools")


def endless(asked: Asked) -> Document:
    rows = [row((asked.page - 1) * asked.size + number) for number in range(1, asked.size + 1)]
    return {"data": rows, "meta": {"current_page": asked.page}, "links": {"next": "?"}}


def test_a_list_without_an_end_is_not_read_for_ever(
    manager: Client, core: OtherCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_lists, "MOST_POOLS", 700)
    list_of(core, endless)
    assert exported(manager) == "incomplete: 700 pools. Patchworks' list has no end."
    assert len(core.received) == 7
    core.reset()
    while "Continue" in (said := plain(manager.post(f"{LIST}read/", follow=True))):
        assert len(core.received) < 7
    assert "Patchworks' list has no end. Some pools may be missing" in said
    # More pages than any list has, of one row each.
    monkeypatch.setattr(whole_lists, "MOST_PAGES", 4)
    list_of(core, lambda asked: endless(Asked(asked.page, 1)))
    assert exported(manager) == "incomplete: 4 pools. Patchworks' list has no end."


def test_far_more_than_core_counts_are_not_read(manager: Client, core: OtherCore) -> None:
    list_of(core, lambda asked: endless(asked) | {"meta": {"total": 250}})
    assert exported(manager) == "incomplete: 400 of 250 pools. Patchworks counts 250 and gave 400."
    core.reset()
    said = plain(manager.post(f"{LIST}read/", follow=True))
    assert "Patchworks counts a different number of pools from what it gives." in said
    assert len(core.received) == 4


NO_MORE: Final = "Patchworks doesn't say whether there are more"


@pytest.mark.parametrize(
    ("answers", "notes", "next_href"),
    [
        (lambda a: {"data": a.of(ROWS, 15)}, [NO_MORE], "?page=2"),
        (lambda a: {"data": a.of(ROWS)}, [NO_MORE], "?page=2"),
        (lambda a: {"data": ROWS[:60]}, [], ""),
        (CASES["counted"].answers, [], "?page=2"),
        (simple, [], "?page=2"),
        (
            lambda a: counted(a, a.of(ROWS), total=60, last_page=1),
            ["Patchworks counts 60 pools, and says that none follow these"],
            "?page=2",
        ),
        (
            lambda a: counted(a, a.of(ROWS), total=25, last_page=9),
            ["Patchworks says both that more pools follow and that none do"],
            "?page=2",
        ),
    ],
)
def test_the_list_says_what_it_cannot_know_of_more_pools(
    manager: Client,
    core: OtherCore,
    answers: Callable[[Asked], Document],
    notes: list[str],
    next_href: str,
) -> None:
    list_of(core, answers)
    page = manager.get(LIST)
    assert page.context["page_facts"]["notes"] == notes
    assert page.context["next_href"] == (next_href and f"{LIST}{next_href}")
    assert len(core.received) == 1


def test_of_a_core_that_tells_nothing_of_pages_each_is_reached_and_none_twice(
    manager: Client, core: OtherCore
) -> None:
    """It gives fewer at a time than it is asked for: a short page is not the last one."""
    list_of(core, lambda a: {"data": a.of(ROWS[:40], 15)})
    shown = []
    address = LIST
    while address:
        page = manager.get(address)
        facts = page.context["page_facts"]
        shown.append((page.context["state"], facts["first"], facts["last"]))
        address = page.context["next_href"]
    assert shown[:3] == [("ok", 1, 15), ("ok", 16, 30), ("ok", 31, 40)]
    assert [state for state, *_ in shown[3:]] == ["past_end"]
    assert "Page 4 is past the end" in plain(page)


def test_pools_that_come_once_more_are_no_further_page(manager: Client, core: OtherCore) -> None:
    list_of(core, lambda a: {"data": ROWS[:25]})
    page = manager.get(manager.get(LIST).context["next_href"])
    assert page.context["state"] == "past_end"
    assert "Page 2 is past the end" in plain(page)
    # Only of a Core that says nothing is it asked.
    core.reset()
    list_of(core, CASES["counted"].answers)
    manager.get(f"{LIST}?page=2")
    assert len(core.received) == 1


MAINTENANCE: Final = {"success": False, "message": "Down for maintenance", "data": []}


@pytest.mark.parametrize(
    "said", [MAINTENANCE, {**MAINTENANCE, "data": ROWS[:3]}, {"error": "Down for maintenance"}]
)
def test_a_success_that_tells_of_an_error_is_no_list(
    manager: Client, core: OtherCore, said: Document
) -> None:
    list_of(core, lambda asked: said)
    page = manager.get(LIST)
    assert page.status_code == 502
    assert "Patchworks answered as if it had worked, but reported an error." in plain(page)
    assert "Down for maintenance" in plain(page)
    export = manager.post(f"{LIST}export/", {"format": "json"})
    assert (export.status_code, SeenPool.objects.count()) == (502, 0)


@pytest.mark.parametrize(
    "said", [{"success": True, "errors": [], "error": None}, {"status": "success", "code": 20000}]
)
def test_a_success_that_tells_of_none_is_a_list(
    manager: Client, core: OtherCore, said: Document
) -> None:
    list_of(core, lambda asked: {**said, **counted(asked, asked.of(ROWS))})
    assert manager.get(LIST).context["page_facts"]["total"] == 250


def test_a_page_that_contradicts_itself_is_no_change(manager: Client, core: OtherCore) -> None:
    """It has a pool twice, with two limits: neither was set outside the panel."""
    pool = core.sandbox.company("acme").add_pool("Orders", 5)
    address = f"{LIST}{pool.id}/edit/"
    form = manager.get(address).context["form"]
    fields = {name: str(form[name].value() or "") for name in form.fields}
    assert manager.post(address, {**fields, "limit": "7"}).status_code == 302
    own = row(pool.id) | {"name": "Orders"}
    twice = [{**own, "limit": limit} for limit in (7, 9)]
    list_of(core, lambda asked: counted(asked, twice, total=2, last_page=1))
    manager.get(LIST)
    assert not Entry.objects.filter(kind="drift").exists()
    list_of(core, lambda asked: counted(asked, twice[1:], total=1, last_page=1))
    manager.get(LIST)
    assert Entry.objects.filter(kind="drift").count() == 1


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (1, {"links": {"next": "?"}}),
        (2, {"meta": {"current_page": 2, "last_page": 3, "total": 250}}),
    ],
)
def test_an_empty_page_before_the_end_is_not_past_it(
    manager: Client, core: OtherCore, page: int, told: Document
) -> None:
    list_of(core, lambda asked: {"data": [], **told})
    answer = manager.get(LIST, {"page": page})
    assert answer.status_code == 502
    assert "Patchworks says that there are more pools, but listed none." in plain(answer)


@pytest.mark.parametrize("meta", [{"total": 3, "last_page": 1}, {"last_page": 9}])
def test_a_pool_without_an_id_is_why_not_all_are_known(
    manager: Client, core: OtherCore, meta: Document
) -> None:
    """Nobody changed anything meanwhile."""
    nameless = [ROWS[0], ROWS[1], {**ROWS[2], "id": None}]
    list_of(core, lambda asked: {"data": nameless, "meta": {"current_page": asked.page, **meta}})
    said = plain(manager.post(f"{LIST}read/", follow=True))
    assert "Patchworks lists pools without an id that we can read. Some pools may" in said


def test_pools_are_not_looked_for_where_the_list_may_go_on(
    manager: Client, core: OtherCore
) -> None:
    """Or else one that is on a further page would be recorded as deleted."""
    acme = core.sandbox.company("acme")
    ids = [acme.add_pool(f"Orders {number}", 5).id for number in range(2)]
    for pool_id in ids:
        address = f"{LIST}{pool_id}/edit/"
        form = manager.get(address).context["form"]
        fields = {name: str(form[name].value() or "") for name in form.fields}
        manager.post(address, {**fields, "limit": "7"})
    (kept, gone) = ids
    acme.delete_pool(gone)
    shown = [row(kept) | {"name": "Orders 0", "limit": 7}]
    whole = {"total": 1, "last_page": 1}
    list_of(core, lambda asked: counted(asked, shown, **whole) | {"links": {"next": "?"}})
    manager.get(LIST)
    assert not Entry.objects.filter(kind="drift").exists()
    list_of(core, lambda asked: counted(asked, shown, **whole))
    manager.get(LIST)
    assert Entry.objects.filter(kind="drift").count() == 1


def test_names_are_searched_for_where_the_list_does_not_show_all(
    manager: Client, core: OtherCore
) -> None:
    """Or else a file would make a second pool of a name."""
    found: list[str] = []

    def answering(asked: Asked) -> Document:
        if not found:
            return counted(asked, ROWS[:100])
        rows = [each for each in ROWS if found[0] in each["name"]]
        return counted(asked, rows, total=len(rows), last_page=1)

    list_of(core, answering)
    answers = core.answers

    def searching(request: Request, answer: Answer) -> Any:
        search = dict(request.query).get("filter[name]")
        found[:] = [search] if search else []
        return answers(request, answer)

    core.answers = searching
    text = "name,limit\nNew one,5\nNew two,5\nPool 0000200,9\n"
    answer = manager.post("/c/acme/pools/apply/", {"text": text, "create": "on"})
    assert (answer.status_code, Batch.objects.exists()) == (422, False), plain(answer)
    assert "Pool 200 has this name, with other values." in plain(answer)


def test_a_list_without_an_end_is_not_looked_through_for_a_few_pools(
    manager: Client, core: OtherCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_lists, "MOST_PAGES", 30)
    list_of(core, endless)
    sent = FROZEN | {"pool": [str(900_000 + number) for number in range(4)]}
    sent.pop("matching")
    assert manager.post(NEW, sent).status_code == 302
    assert len(core.received) == 5 + 4
