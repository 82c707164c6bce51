"""Names that Core keeps otherwise than they were sent, as each version of Laravel trims them."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from pools.changes import ChangeResult, PoolHeld, drift
from pools.changes.history import changes_by_id
from pools.changes.state import ChangeState
from pools.core import PoolChanges, PoolFields, Reason
from pools.models import Entry
from pools.models.vocabulary import Action, Kind, Outcome, Verdict
from pools.wording.messages import message_for
from pools.wording.outcomes import meaning_of
from pools.wording.situations import Situation
from sandbox.inputs import TRIMMED
from sandbox.running import RunningSandbox
from tests.changes.making import APPLIED, NOT_APPLIED, left, settled
from tests.fixtures.place import Place, make_place
from tests.fixtures.sampling import generated

HEBREW = "\u200fשלום"
# What the client does not send at all: NUL.
ODD = TRIMMED["laravel-12"].replace("\0", "")
ends = st.text(st.sampled_from(ODD), max_size=3)
inner = st.lists(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    | st.sampled_from(["e\u0301", "שלום", *ODD]),
    max_size=12,
).map("".join)
awkward_names = st.builds("{}{}{}".format, ends, inner, ends)
each_version = generated(8, 30, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.fixture(params=TRIMMED)
def trimming(request: pytest.FixtureRequest, sandbox: RunningSandbox) -> Iterator[str]:
    """A version of Laravel whose trimming Core has during the test."""
    usual = sandbox.behaviour.text_input
    sandbox.switch(text_input=request.param)
    yield request.param
    sandbox.switch(text_input=usual)


def judged_rightly(place: Place, name: str, result: ChangeResult) -> None:
    """What Core kept is done, seen, said where it differs, and no change from outside."""
    if result.outcome is Outcome.REFUSED:
        assert not name.strip(TRIMMED["laravel-12"])
        return
    assert result.outcome in {Outcome.DONE, Outcome.NOT_SENT}
    if result.outcome is Outcome.NOT_SENT:
        assert not name.strip()
        return
    assert result.state is ChangeState.DONE
    assert result.pool_id is not None
    kept = place.at_core.pool(result.pool_id).name
    assert result.kept_name == (None if kept == name else kept)
    assert changes_by_id([result.change_id])[0].kept_name == result.kept_name
    drift.read_pool(place.client(), place.company, result.pool_id)
    assert not Entry.objects.filter(company=place.company.slug, kind=Kind.DRIFT).exists()


@each_version
@given(name=awkward_names)
def test_a_create_is_done_whatever_is_trimmed(
    trimming: str, sandbox: RunningSandbox, db: None, name: str
) -> None:
    place = make_place(sandbox)
    fields = PoolFields(name, 3, None)
    judged_rightly(place, name, place.make(Action.CREATE, fields=fields))


@each_version
@given(name=awkward_names)
def test_a_rename_is_done_whatever_is_trimmed(
    trimming: str, sandbox: RunningSandbox, db: None, name: str
) -> None:
    place = make_place(sandbox)
    changed = PoolChanges(name=name)
    result = place.make(Action.EDIT, changed=changed)
    if name != "Orders":
        judged_rightly(place, name, result)


@pytest.mark.parametrize("name", [HEBREW, " Orders\u200d", "Cafe\u0301 \u2060"])
@pytest.mark.parametrize("fault", [APPLIED, NOT_APPLIED])
def test_settling_finds_what_was_kept(
    trimming: str, settled_place: Place, name: str, fault: str
) -> None:
    change = left(settled_place, Action.CREATE, fault, fields=PoolFields(name, 3, None))
    expected = Verdict.APPLIED if fault == APPLIED else Verdict.NOT_APPLIED
    assert settled(change).verdict is expected


def test_settling_a_rename_finds_what_was_kept(trimming: str, settled_place: Place) -> None:
    change = left(settled_place, Action.EDIT, changed=PoolChanges(name=HEBREW))
    assert settled(change).verdict is Verdict.APPLIED


def test_both_looks_agree_where_the_name_was_trimmed_between_them(
    settled_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Core is updated to a version that trims more, and something saves the pool again."""
    place, usual = settled_place, settled_place.sandbox.behaviour.text_input
    place.sandbox.switch(text_input="laravel-8")
    change = left(place, Action.CREATE, fields=PoolFields(HEBREW, 3, None))
    (made,) = [pool for pool in place.at_core.pools() if pool.name == HEBREW]

    def trimmed(_: float) -> None:
        place.sandbox.switch(text_input="laravel-12")
        place.client().update_pool(made.id, PoolChanges(name=HEBREW))

    monkeypatch.setattr("pools.changes.settling.time.sleep", trimmed)
    try:
        assert settled(change).verdict is Verdict.APPLIED
    finally:
        place.sandbox.switch(text_input=usual)
    assert place.at_core.pool(made.id).name != HEBREW


@pytest.mark.parametrize("kept", ["upper-case", "cut", "html"])
@pytest.mark.parametrize("fault", ["", APPLIED, NOT_APPLIED])
def test_a_core_that_changes_names_is_not_said_to_have_done_nothing(
    settled_place: Place, kept: str, fault: str
) -> None:
    sandbox, usual = settled_place.sandbox, settled_place.sandbox.behaviour.name_kept
    sandbox.switch(name_kept=kept)
    try:
        name = "Caf\u00e9 & Cie \u2013 " + 40 * "long "
        change = left(settled_place, Action.CREATE, fault, fields=PoolFields(name, 3, None))
    finally:
        sandbox.switch(name_kept=usual)
    expected = Verdict.NOT_APPLIED if fault == NOT_APPLIED else Verdict.SUPERSEDED
    assert settled(change).verdict is expected


@pytest.mark.parametrize("kept", ["Zakazy", "4711", "?????? 1", "ac"])
def test_a_new_pool_of_any_name_with_the_wanted_values_may_be_the_one(
    settled_place: Place, kept: str
) -> None:
    """Transliterated, numbered, in another encoding, cut: nobody can say that it didn't happen."""
    place = settled_place
    change = left(place, Action.CREATE, fields=PoolFields("Заказы 1", 3, None))
    made = next(pool for pool in place.at_core.pools() if pool.name == "Заказы 1")
    place.at_core.change_pool(made.id, name=kept)
    assert settled(change).verdict is Verdict.SUPERSEDED
    (item,) = changes_by_id([change])
    assert item.after is not None
    assert item.after.name == kept
    assert "a new pool that may be it" in meaning_of(item)


def test_a_new_pool_with_other_values_and_another_name_is_another(settled_place: Place) -> None:
    place = settled_place
    change = left(place, Action.CREATE, NOT_APPLIED, fields=PoolFields("Заказы", 3, None))
    place.at_core.add_pool("Zakazy", 4)
    assert settled(change).verdict is Verdict.NOT_APPLIED


def test_a_new_pool_that_another_create_made_here_is_another(settled_place: Place) -> None:
    place = settled_place
    change = left(place, Action.CREATE, NOT_APPLIED, fields=PoolFields("Заказы", 3, None))
    assert place.make(Action.CREATE, fields=PoolFields("Returns", 3, None)).outcome == Outcome.DONE
    assert settled(change).verdict is Verdict.NOT_APPLIED


@pytest.mark.parametrize("fault", [APPLIED, NOT_APPLIED])
def test_a_new_name_that_core_may_keep_as_the_old_one_leaves_no_trace(
    settled_place: Place, fault: str
) -> None:
    place, usual = settled_place, settled_place.sandbox.behaviour.name_kept
    place.at_core.change_pool(place.pool, name="ORDERS")
    place.sandbox.switch(name_kept="upper-case")
    try:
        changed = PoolChanges(name="Orders")
        change = left(place, Action.EDIT, fault, seen=place.seen(), changed=changed)
    finally:
        place.sandbox.switch(name_kept=usual)
    assert place.at_core.pool(place.pool).name == "ORDERS"
    assert settled(change).verdict is None


def test_what_changed_beside_such_a_name_tells_of_it(settled_place: Place) -> None:
    place = settled_place
    place.at_core.change_pool(place.pool, name="ORDERS")
    changed = PoolChanges(name="Orders", limit=7)
    change = left(place, Action.EDIT, NOT_APPLIED, seen=place.seen(), changed=changed)
    assert settled(change).verdict is Verdict.NOT_APPLIED


def test_what_core_answered_with_is_not_said_not_to_be_there(settled_place: Place) -> None:
    """It kept nothing of the name, nor of the limit: the pool that it answered with may be any."""
    settled_place.sandbox.set_fault("text-for-number=limit;only=create")
    result = settled_place.make(Action.CREATE, fields=PoolFields("Other", 3, None))
    settled_place.sandbox.reset()
    assert result.error is not None
    assert result.error.reason == Reason.MISMATCH
    made = next(pool for pool in settled_place.at_core.pools() if pool.name == "Other")
    settled_place.at_core.change_pool(made.id, name="slug-4711", limit=9)
    assert settled(result.change_id).verdict is None


def test_a_name_that_looks_the_same_is_held_by_an_unknown_create(place: Place) -> None:
    left(place, Action.CREATE, fields=PoolFields(HEBREW, 3, None))
    with pytest.raises(PoolHeld):
        place.make(Action.CREATE, fields=PoolFields(HEBREW.strip("\u200f"), 3, None))


def test_people_are_told_what_core_kept(place: Place) -> None:
    result = place.make(Action.CREATE, fields=PoolFields(HEBREW, 3, None))
    kept = (
        f" Patchworks kept the name as “\u2068{HEBREW[1:]}\u2069”. It looks like the one that was "
        "sent; spaces or invisible characters are different."
    )
    situation = Situation(place.company, "/", Action.CREATE)
    assert message_for(result, situation).text.endswith(kept)
    assert meaning_of(changes_by_id([result.change_id])[0]).endswith(kept)


def test_an_edit_that_sends_no_name_tells_of_none(place: Place) -> None:
    place.at_core.change_pool(place.pool, name="Cafe\u0301 ")
    seen = place.seen()
    assert place.make(Action.EDIT, seen=seen).kept_name is None
