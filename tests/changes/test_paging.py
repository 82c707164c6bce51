"""Finding changes and events: each filter, the order, the pages, and what they are read by."""

import random
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pools.changes import release_lease
from pools.changes.filtering import Filters
from pools.changes.lines import NoSuchPosition, by_day, lines, names, page, whole_change
from pools.changes.paging import newest, walk
from pools.ledger.appending import Actor
from pools.models import IndexTerm
from pools.models.index_term import words_of
from pools.models.vocabulary import Action, Kind, Outcome, Verdict
from tests.changes.recorded import NOON, a_change, an_event, ended, minutes, settled
from tests.fixtures.clock import travel

pytestmark = pytest.mark.django_db


def found(**filters: object) -> list[UUID]:
    """The changes that filters find, newest first."""
    wanted = Filters(**filters)  # type: ignore[arg-type]
    return [line.item.change_id for line in page(wanted, 50).lines]  # type: ignore[union-attr]


def test_newest_first() -> None:
    old, new = a_change(NOON), a_change(NOON + minutes(1))
    assert found() == [new, old]


def test_changes_of_one_moment_are_in_the_order_of_the_ledger() -> None:
    first, second = a_change(NOON), a_change(NOON)
    assert found() == [second, first]


def test_who_is_matched_whole() -> None:
    hers = a_change(who="ada")
    a_change(who="adam")
    assert found(who="ada") == [hers]


def test_who_is_found_without_regard_to_case() -> None:
    changes = [a_change(who="Zoë.K"), a_change(who="ZOË.K", company="other")]
    a_change(who="zoe.k")
    an_event()
    for typed in ("zoë.k", "ZOË.K", "Zoe\u0308.K"):
        assert found(who=typed) == changes[::-1]
    assert len(newest(Filters(who="ADA", events=True), 50)) == 1
    assert newest(Filters(who="zoë.k", events=True), 50) == []
    assert found(who="nobody") == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics")
@pytest.mark.parametrize("events", [True, False])
def test_each_name_on_the_ledger_is_found_by_a_seek(events: bool) -> None:
    with CaptureQueriesContext(connection) as queries:
        newest(Filters(who="nobody", events=events), 50)
    (names,) = queries
    seeks = [step for step in _plan(names["sql"]) if "pools_entry" in step]
    by_name = "SEARCH pools_entry USING COVERING INDEX actor_of_name"
    assert [step.startswith(by_name) for step in seeks].count(True) == 4
    # The event that tells the names of entries in an archive.
    archived = sorted(step for step in seeks if not step.startswith(by_name))
    assert archived == [
        "SEARCH pools_entry USING INDEX event_by_action (action=?)",
        "SEARCH pools_entry USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_action() -> None:
    a_change(action=Action.EDIT)
    clear = a_change(action=Action.CLEAR)
    assert found(action="clear") == [clear]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_outcome(outcome: Outcome) -> None:
    changes = {each: a_change(outcome=each) for each in Outcome}
    assert found(outcome=outcome) == [changes[outcome]]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_outcome_in_a_company(outcome: Outcome) -> None:
    mine = a_change(outcome=outcome)
    a_change(outcome=outcome, company="northwind")
    assert found(outcome=outcome, companies=frozenset({"acme"})) == [mine]


def test_the_last_word_on_an_outcome_counts() -> None:
    change = a_change(outcome=Outcome.UNKNOWN)
    settled(change, NOON + minutes(5), Verdict.APPLIED)
    assert found(outcome=Outcome.UNKNOWN) == []
    assert found(outcome=Verdict.APPLIED) == [change]


def test_a_change_that_nothing_was_said_of_is_unknown_in_the_end() -> None:
    silent = a_change(outcome=None, held=True)
    with travel(NOON + timedelta(seconds=1), tick=False):
        assert found(outcome=Outcome.UNKNOWN) == []
    with travel(NOON + minutes(1), tick=False):
        assert found(outcome=Outcome.UNKNOWN) == [silent]


def test_a_silent_change_stays_unknown_when_its_pool_is_released() -> None:
    silent = a_change(outcome=None, held=True)
    with travel(NOON + minutes(1), tick=False):
        release_lease(silent, Actor(2, "bo"), "looked at Core")
        assert found(outcome=Outcome.UNKNOWN) == [silent]


def test_a_held_change_is_listed_once() -> None:
    change = a_change(outcome=Outcome.UNKNOWN, held=True)
    assert found(outcome=Outcome.UNKNOWN) == [change]


def test_pool_by_id() -> None:
    seventh = a_change(pool_id=7)
    a_change(pool_id=77)
    assert found(pool="7") == [seventh]


def test_a_pool_is_found_by_its_id_from_its_creation_on() -> None:
    created = a_change(action=Action.CREATE, pool_id=9)
    assert found(pool="9") == [created]


def test_pool_by_words_of_its_name() -> None:
    orders = a_change(pool_name="NetSuite orders")
    a_change(pool_name="NetSuite returns")
    assert found(pool="ORDERS netsuite") == [orders]


def test_from_is_included_and_to_is_not() -> None:
    early, middle = a_change(NOON), a_change(NOON + minutes(1))
    late = a_change(NOON + minutes(2))
    assert found(begin=NOON + minutes(1)) == [late, middle]
    assert found(end=NOON + minutes(2)) == [middle, early]


@pytest.mark.parametrize("words", ["4711", "sup-4711", "STUCK sup", "«stuck»"])
def test_all_words_must_be_in_the_reason(words: str) -> None:
    stuck = a_change(reason="SUP-4711: orders stuck")
    a_change(reason="SUP-4712: orders late")
    assert found(words=words) == [stuck]


@pytest.mark.parametrize("words", ["471", "stuck late", "order"])
def test_words_are_whole(words: str) -> None:
    a_change(reason="SUP-4711: orders stuck")
    assert found(words=words) == []


def test_words_are_the_same_in_every_spelling_of_unicode() -> None:
    assert words_of("STRASSE Cafe\u0301 \ufb01le") == ["strasse", "café", "file"]
    assert words_of("straße CAFÉ file") == ["strasse", "café", "file"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("订单卡住了，请看工单4711", ["订单", "卡住", "工单", "单", "卡住了"]),
        ("NetSuiteの注文が止まりました", ["netsuite", "注文", "まし", "注文が止まり"]),
        ("ｵｰﾀﾞｰが停止", ["オーダー", "ｵｰﾀﾞｰ", "停止"]),
        ("คำสั่งซื้อค้างอยู่ในระบบ", ["คำสั่งซื้อ", "ค้าง", "ระบบ"]),
        ("주문이 멈췄습니다", ["주문", "멈췄", "주문이"]),
        ("ऑर्डर रुके हुए हैं", ["ऑर्डर", "रुके"]),
    ],
)  # fmt: skip
def test_words_are_found_in_scripts_that_put_no_blanks_between_them(
    reason: str, words: list[str]
) -> None:
    stuck = a_change(reason=reason, pool_name="A")
    named = a_change(reason="", pool_name=reason)
    a_change(reason="订看 文注 止停 ซื้งสั่ 문주 डर", pool_name="订看 文注 止停 ซื้งสั่ 문주 डर")
    assert [found(words=word) for word in words] == [[stuck]] * len(words)
    assert [found(pool=word) for word in words] == [[named]] * len(words)
    assert found(words=f"{words[0]}停电") == []


def test_what_was_recorded_before_is_found_after_the_migration() -> None:
    stuck, named = a_change(reason="请看工单"), a_change(pool_name="订单 2")
    an_event(reason="请看工单")
    a_change(reason="stuck")
    # As they were indexed before: a text without blanks was one word.
    IndexTerm.objects.exclude(term__in=["reason:请看工单", "event:请看工单", "name:2"]).delete()
    migration = import_module("pools.migrations.0008_words_without_blanks")
    for _ in range(2):
        migration.index_what_is_there(apps, connection.schema_editor())
        assert (found(words="工单"), found(pool="订单")) == ([stuck], [named])
        assert len(newest(Filters(words="工单", events=True), 50)) == 1


def test_a_word_keeps_the_marks_of_its_letters() -> None:
    assert words_of("हिन्दी ❤️ ×️") == ["हिन्दी"]


def test_the_longest_text_that_a_filter_takes_is_searched() -> None:
    reason = "".join(chr(0x4E00 + number) for number in range(1000))
    change = a_change(reason=reason)
    assert found(words=reason[500:755]) == [change]
    assert found(words=reason[-1]) == [change]
    assert found(words=reason[:254] + "龠") == []


def test_a_reason_of_any_length_is_indexed() -> None:
    change = a_change(reason="x" * 500 + " " + " ".join(map(str, range(1000))))
    assert found(words="42") == [change]


def test_every_company_those_that_are_gone_included() -> None:
    changes = [a_change(company=slug) for slug in ("acme", "gone")]
    assert found() == changes[::-1]


def test_several_companies_are_in_one_order() -> None:
    first, second = a_change(NOON), a_change(NOON + minutes(1), company="northwind")
    third = a_change(NOON + minutes(2))
    a_change(NOON + minutes(3), company="other")
    assert found(companies=frozenset({"acme", "northwind"})) == [third, second, first]


def test_no_company_no_change() -> None:
    a_change()
    assert found(companies=frozenset()) == []
    assert found(companies=frozenset(), outcome=Outcome.DONE) == []
    assert found(companies=frozenset(), words="x") == []


def test_events_are_no_changes() -> None:
    a_change()
    an_event(reason="orders")
    (event,) = page(Filters(events=True, words="orders"), 50).lines
    assert event.action == "signed_in"  # type: ignore[union-attr]
    assert len(page(Filters(events=True), 50).lines) == 1
    assert found(words="orders") == []


def test_pages_meet_without_a_gap_or_a_repetition() -> None:
    changes = [a_change(NOON + minutes(number // 3)) for number in range(10)][::-1]
    first = page(Filters(), 4)
    second = page(Filters(), 4, before=first.lines[-1].seq)
    third = page(Filters(), 4, before=second.lines[-1].seq)
    seen = [line.item.change_id for part in (first, second, third) for line in part.lines]  # type: ignore[union-attr]
    assert seen == changes
    assert [(part.newer, part.older) for part in (first, second, third)] == [
        (False, True),
        (True, True),
        (True, False),
    ]


def test_going_back_shows_the_page_before() -> None:
    for number in range(10):
        a_change(NOON + minutes(number // 3))
    first = page(Filters(), 4)
    second = page(Filters(), 4, before=first.lines[-1].seq)
    again = page(Filters(), 4, after=second.lines[0].seq)
    assert (again.lines, again.newer, again.older) == (first.lines, False, True)


def test_a_page_at_an_entry_that_is_not_there() -> None:
    with pytest.raises(NoSuchPosition):
        page(Filters(), 4, before=10**12)


def test_walking_meets_every_change_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pools.changes.paging.CHUNK", 3)
    changes = [a_change(NOON + minutes(number // 4)) for number in range(10)]
    seen = [
        line.item.change_id  # type: ignore[union-attr]
        for chunk in walk(Filters())
        for line in lines(Filters(), chunk)
    ]
    assert seen == changes[::-1]


def test_every_combination_finds_what_looking_at_each_change_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pools.changes.paging.LOOKED_UP", 5)
    dice = random.Random(1)
    told = [_told(dice) for _ in range(150)]
    ids = [a_change(**facts) for facts in told]  # type: ignore[arg-type]
    with travel(NOON + timedelta(days=9), tick=False):
        for _ in range(80):
            wanted = _wanted(dice)
            fitting = [
                (facts["at"], number) for number, facts in enumerate(told) if _fits(facts, wanted)
            ]
            expected = [ids[number] for _, number in sorted(fitting, reverse=True)]
            assert found(**wanted) == expected[:50], wanted
            everything = walk(Filters(**wanted))  # type: ignore[arg-type]
            assert sum(map(len, everything)) == len(expected)


def _told(dice: random.Random) -> dict[str, object]:
    return {
        "at": NOON + timedelta(hours=dice.randrange(48)),
        "who": dice.choice(["ada", "bo"]),
        "company": dice.choice(["acme", "northwind", "other"]),
        "action": dice.choice([Action.EDIT, Action.CLEAR, Action.DELETE]),
        "pool_id": dice.randrange(1, 4),
        "pool_name": dice.choice(["NetSuite orders", "Shopify orders"]),
        "outcome": dice.choice([*Outcome, Outcome.DONE, Outcome.DONE]),
        "reason": dice.choice(["SUP-1 stuck", "SUP-2 late", "late", ""]),
    }


def _wanted(dice: random.Random) -> dict[str, object]:
    every = {
        "companies": frozenset(dice.sample(["acme", "northwind", "other"], dice.randrange(1, 3))),
        "who": "ada",
        "action": str(dice.choice([Action.EDIT, Action.CLEAR])),
        "outcome": dice.choice(list(Outcome)),
        "pool": dice.choice(["1", "2", "orders", "netsuite orders"]),
        "begin": NOON + timedelta(hours=dice.randrange(48)),
        "end": NOON + timedelta(hours=dice.randrange(48)),
        "words": dice.choice(["late", "sup", "sup-1"]),
    }
    return {name: every[name] for name in dice.sample(sorted(every), dice.randrange(4))}


def _fits(told: dict[str, object], wanted: dict[str, object]) -> bool:
    pool = wanted.get("pool", "")
    return all(
        (
            told["company"] in wanted.get("companies", {told["company"]}),  # type: ignore[operator]
            told["who"] == wanted.get("who", told["who"]),
            told["action"] == wanted.get("action", told["action"]),
            told["outcome"] == wanted.get("outcome", told["outcome"]),
            str(told["pool_id"]) == pool
            or (not str(pool).isdigit() and _has(told["pool_name"], pool)),
            told["at"] >= wanted.get("begin", told["at"]),  # type: ignore[operator]
            "end" not in wanted or told["at"] < wanted["end"],  # type: ignore[operator]
            _has(told["reason"], wanted.get("words", "")),
        )
    )


def _has(text: object, words: object) -> bool:
    return set(words_of(str(words))) <= set(words_of(str(text)))


SINGLE = {
    "nothing": {},
    "company": {"companies": frozenset({"acme"})},
    "companies": {"companies": frozenset({"acme", "other"})},
    "who": {"who": "ada"},
    "action": {"action": "edit"},
    "action in a company": {"action": "edit", "companies": frozenset({"acme"})},
    "done": {"outcome": Outcome.DONE},
    "refused": {"outcome": Outcome.REFUSED},
    "unknown in a company": {"outcome": Outcome.UNKNOWN, "companies": frozenset({"acme"})},
    "pool": {"pool": "7"},
    "pool's name": {"pool": "orders"},
    "from": {"begin": NOON},
    "to": {"end": NOON + minutes(9)},
    "words": {"words": "stuck"},
    "events": {"events": True},
    "events of a person": {"events": True, "who": "ada"},
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics")
@pytest.mark.parametrize("filters", SINGLE.values(), ids=SINGLE)
def test_each_filter_is_read_in_order_by_an_index(filters: dict[str, object]) -> None:
    a_change()
    an_event()
    with CaptureQueriesContext(connection) as queries:
        newest(Filters(**filters), 50)  # type: ignore[arg-type]
    plans = [step for query in queries for step in _plan(query["sql"])]
    assert plans
    # Leases are few, and those that hold a pool are read whole.
    assert [step for step in plans if _reads_it_all(step)] == []


def test_a_change_is_read_with_its_reverts_and_nothing_else() -> None:
    """Asked for either, PostgreSQL goes through every entry that there is."""
    change = a_change()
    with CaptureQueriesContext(connection) as queries:
        whole_change(change)
    (sql,) = (query["sql"] for query in queries)
    if connection.vendor == "sqlite":
        assert [step for step in _plan(sql) if step.startswith("SCAN pools_entry")] == []
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}".replace("%", "%%"))
        steps = [row[0] for row in cursor.fetchall()]
    assert [step for step in steps if "Filter:" in step and "SubPlan" in step] == []


def _plan(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}".replace("%", "%%"))
        return [row[3] for row in cursor.fetchall()]


def _reads_it_all(step: str) -> bool:
    return step in {"SCAN pools_entry", "SCAN pools_indexterm"} or (
        step == "USE TEMP B-TREE FOR ORDER BY"
    )


@pytest.mark.parametrize("filters", [{}, {"outcome": Outcome.DONE}, {"words": "stuck"}])
def test_queries_do_not_grow_with_lines(filters: dict[str, object]) -> None:
    wanted = Filters(**filters)  # type: ignore[arg-type]
    a_change(reason="stuck")
    with CaptureQueriesContext(connection) as few:
        page(wanted, 50)
    for _ in range(9):
        a_change(reason="stuck")
    with CaptureQueriesContext(connection) as many:
        page(wanted, 50)
    assert len(many) == len(few)


def test_changes_are_counted_by_day_of_the_readers_zone() -> None:
    late = datetime(2026, 5, 12, 23, 30, tzinfo=UTC)
    a_change(late)
    a_change(late, action=Action.CLEAR)
    a_change(late - timedelta(hours=1))
    days = by_day(Filters(), ZoneInfo("Europe/London"), late + timedelta(hours=1), 30)
    assert days.whole
    assert [(day, sum(counts.values())) for day, counts in days.counts[-2:]] == [
        (date(2026, 5, 12), 1),
        (date(2026, 5, 13), 2),
    ]
    assert days.counts[-1][1][Action.CLEAR] == 1
    assert len(days.counts) == 30


def test_the_days_end_where_the_filter_ends() -> None:
    a_change(NOON)
    end = datetime(2026, 5, 14, tzinfo=UTC)
    days = by_day(Filters(begin=NOON - timedelta(days=1), end=end), UTC, NOON + minutes(9999), 30)
    assert [day for day, _ in days.counts] == [date(2026, 5, day) for day in (11, 12, 13)]


def test_too_many_to_count_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pools.changes.lines.CHARTED_LINES", 2)
    for days in range(3):
        a_change(NOON - timedelta(days=days))
    counted = by_day(Filters(), UTC, NOON, 30)
    assert not counted.whole
    assert [sum(counts.values()) for _, counts in counted.counts] == [1, 1]


def test_names_are_of_those_whose_changes_can_be_seen() -> None:
    a_change(who="Bo")
    a_change(who="ada")
    a_change(who="stranger", company="other")
    assert names(frozenset({"acme"})) == ["ada", "Bo"]


def test_one_change_whole() -> None:
    change = a_change()
    whole = whole_change(change)
    assert whole
    assert (whole.line.company, whole.address, whole.status) == ("acme", "192.0.2.7", 200)
    assert [step.kind for step in whole.steps] == [Kind.INTENT, Kind.OUTCOME]
    assert whole.wanted
    assert whole.wanted.limit == 10


def test_no_such_change() -> None:
    assert whole_change(UUID(int=0)) is None


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_found_and_stands_in_place_of_unknown(verdict: Verdict) -> None:
    change = a_change(outcome=Outcome.UNKNOWN)
    a_change(outcome=Outcome.UNKNOWN)
    settled(change, NOON + minutes(5), verdict)
    assert found(outcome=verdict) == [change]
    assert change not in found(outcome=Outcome.UNKNOWN)


def test_an_outcome_that_was_never_written_counts_as_its_verdict() -> None:
    change = a_change(outcome=None)
    settled(change, NOON + minutes(5), Verdict.NOT_APPLIED)
    assert found(outcome=Verdict.NOT_APPLIED) == [change]
    assert found(outcome=Outcome.UNKNOWN) == []


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_after_the_verdict_counts_where_it_is_clear(outcome: Outcome) -> None:
    change = a_change(outcome=None)
    settled(change, NOON + minutes(5), Verdict.NOT_APPLIED)
    ended(change, NOON + minutes(6), outcome)
    clear = outcome is not Outcome.UNKNOWN
    assert found(outcome=outcome) == ([change] if clear else [])
    assert found(outcome=Verdict.NOT_APPLIED) == ([] if clear else [change])


def test_which_word_is_rare_is_looked_up_each_time_and_the_rest_is_put_together_once() -> None:
    """A kept query would go on with the word that was rare when it was made."""
    a_change(reason="stock returns")
    for filters, statements in ((Filters(words="stock returns"), 4), (Filters(action="edit"), 2)):
        for _ in range(2):
            with CaptureQueriesContext(connection) as asked:
                assert len(page(filters, 50).lines) == 1
            assert len(asked) == statements


def test_a_filter_finds_its_own_whatever_was_asked_before() -> None:
    acme, other = a_change(), a_change(company="other", action=Action.CLEAR)
    for _ in range(2):
        assert found() == [other, acme]
        assert found(companies=frozenset({"acme"})) == [acme]
        assert found(companies=frozenset({"other"})) == [other]
        assert found(action="clear") == [other]
        assert found(action="edit") == [acme]
        assert found(begin=NOON + minutes(1)) == []
        assert found(begin=NOON) == [other, acme]
