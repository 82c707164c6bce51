"""Every error that a view may meet has its sentence, whatever the person was doing."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from pools.changes import (
    ChangeResult,
    Conflict,
    OutcomeUnwritten,
    PoolHeld,
    ProposedChange,
    Snapshot,
)
from pools.core import CoreError, Pool, PoolChanges, Reason, errors
from pools.ledger.appending import Actor, LedgerUnwritable
from pools.models import Company
from pools.models.vocabulary import MADE_HERE, Action, Outcome
from pools.tokens.keeping import CompanyArchived, TokenMissing, TokenUnreadable
from pools.wording.actions import words_for
from pools.wording.core_error_reasons import CAUSES, cause_of
from pools.wording.problems import problem_for
from pools.wording.situations import Activity, Problem, Situation, in_one_line

ACME = Company(name="Acme", slug="acme")
POOL = Pool(1, "Orders", 5, None, None, None, None, frozenset(), {})
OTHERS: list[Exception] = [
    CompanyArchived(),
    TokenMissing(),
    TokenUnreadable(),
    PoolHeld(uuid4(), "operator", datetime.now(UTC)),
    PoolHeld(uuid4(), "operator", datetime.now(UTC), under_way=True),
    LedgerUnwritable(),
    *(OutcomeUnwritten(uuid4(), outcome) for outcome in Outcome),
]
DOING: list[Activity | Action] = [*Activity, *MADE_HERE]


def problem(error: Exception | ChangeResult, doing: Activity | Action) -> Problem:
    return problem_for(error, Situation(ACME, "/c/acme/pools/1/", doing))


def not_made(
    action: Action, error: CoreError | None, outcome: Outcome = Outcome.REFUSED
) -> ChangeResult:
    repeated = error is None
    return ChangeResult(uuid4(), action, outcome, 1, "Orders", None, None, None, error, repeated)


def family(of: type[CoreError] = CoreError) -> list[type[CoreError]]:
    return [*of.__subclasses__(), *(sub for each in of.__subclasses__() for sub in family(each))]


def test_a_wait_that_is_said_is_counted_down() -> None:
    limited = problem(errors.RateLimited(retry_after_seconds=12), Activity.READING_LIST)
    assert (limited.next_text, limited.wait_seconds) == ("Try again in 12 s.", 12)
    unsaid = problem(errors.RateLimited(), Activity.READING_LIST)
    assert (unsaid.next_text, unsaid.wait_seconds) == (
        "Patchworks doesn't say for how long. Try again in about a minute.",
        60,
    )
    assert problem(errors.NotSent(), Activity.READING_LIST).wait_seconds is None


@pytest.mark.parametrize("error", [*(kind() for kind in family()), *OTHERS], ids=repr)
def test_every_error_says_what_happened_and_what_to_do(error: Exception) -> None:
    for doing in DOING:
        said = problem(error, doing)
        assert said.title.endswith("."), doing
        assert said.next_text or said.next_href, doing
        assert 400 <= said.status < 600, doing
        assert bool(said.next_href) == bool(said.next_label), doing


@pytest.mark.parametrize("action", [Action.EDIT, Action.CLEAR, Action.DELETE])
def test_a_conflict_says_what_to_do_next(action: Action) -> None:
    change = ProposedChange(
        company=ACME,
        action=action,
        pool_id=1,
        seen=Snapshot("Orders", 4, None),
        fields=None,
        changed=PoolChanges(limit=6) if action is Action.EDIT else None,
        reason="",
        form_id=uuid4(),
        actor=Actor(1, "operator"),
    )
    said = problem(Conflict(POOL, change), action)
    assert said.next_text == words_for(action).once_more
    assert said.versions is not None
    limit = said.versions.rows[1]
    wanted = "6" if action is Action.EDIT else ""
    assert (limit.opened, limit.now, limit.wanted) == ("4", "5", wanted)


@pytest.mark.parametrize("action", MADE_HERE)
@pytest.mark.parametrize("error", [kind() for kind in family() if kind.final or not kind.sent])
def test_a_change_that_was_not_made_says_so(error: CoreError, action: Action) -> None:
    assert words_for(action).nothing in problem(not_made(action, error), action).meaning
    assert "Nothing was sent." in problem(error, action).meaning


@pytest.mark.parametrize("action", MADE_HERE)
@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.REFUSED, "You sent this form before, and Patchworks refused it."),
        (Outcome.NOT_SENT, "You sent this form before, and it didn't reach Patchworks."),
    ],
)
def test_a_second_submit_of_what_was_not_made_says_so(
    action: Action, outcome: Outcome, said: str
) -> None:
    assert problem(not_made(action, None, outcome), action).title == said


@pytest.mark.parametrize(
    ("under_way", "said"),
    [
        (True, "This pool is being changed right now."),
        (False, "This pool is waiting for the result of an earlier change."),
    ],
)
def test_what_holds_a_pool_is_under_way_or_unknown(under_way: bool, said: str) -> None:
    held = PoolHeld(uuid4(), "operator", datetime.now(UTC), under_way=under_way)
    assert problem(held, Action.EDIT).title == said


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason not in (Reason.BUSY, Reason.EXPIRED)]
)
def test_every_reason_has_its_words(reason: Reason) -> None:
    assert reason is Reason.REFUSED_BY_CORE or cause_of(errors.NotSent(reason)) == CAUSES[reason]


def test_an_error_of_patchworks_says_so_first() -> None:
    error = errors.Unanswered(Reason.SERVER_ERROR, status=503)
    assert problem(error, Activity.READING_LIST).title == "Patchworks had an error (503)."


def test_what_patchworks_refused_was_sent() -> None:
    error = errors.Unauthenticated("refused by core", status=401)
    assert problem(not_made(Action.EDIT, error), Action.EDIT).meaning == "Nothing was changed."


@pytest.mark.parametrize(
    ("seconds", "said"), [(30, "30 s"), (119, "119 s"), (150, "3 min"), (100_000, "28 h")]
)
def test_a_wait_is_said_as_people_say_it(seconds: int, said: str) -> None:
    error = errors.RateLimited("refused by core", retry_after_seconds=seconds)
    assert problem(error, Activity.READING_LIST).next_text == f"Try again in {said}."


def test_a_wait_of_years_is_not_taken_at_its_word() -> None:
    error = errors.RateLimited("refused by core", retry_after_seconds=10**9)
    found = problem(error, Activity.READING_LIST)
    assert (found.next_text, found.wait_seconds) == (
        "It asks for 11575 days, which is probably a mistake. Try again later.",
        None,
    )


REFUSALS = [
    errors.Unauthenticated, errors.Forbidden, errors.NotFound, errors.Invalid, errors.RateLimited,
    errors.Refused,
]  # fmt: skip


@pytest.mark.parametrize("kind", REFUSALS)
def test_patchworks_is_quoted_and_never_alone(kind: type[CoreError]) -> None:
    for doing in DOING:
        said = problem(kind("refused by core", status=400, detail="No such include."), doing)
        assert said.core_text == "No such include.", doing
        assert "No such include" not in said.title, doing


@pytest.mark.parametrize(
    ("doing", "title"),
    [
        (Activity.READING_LIST, "Patchworks refused to list the pools (400)."),
        (Activity.READING_POOL, "Patchworks refused to show this pool (400)."),
        (Activity.ADDING_TOKEN, "Patchworks refused to list the pools (400)."),
        (Activity.SIGNING_IN, "Patchworks refused this sign-in (400)."),
        (Action.CREATE, "Patchworks refused to list the pools (400)."),
        (Action.EDIT, "Patchworks refused to show this pool (400)."),
        (Action.CLEAR, "Patchworks refused to show this pool (400)."),
        (Action.DELETE, "Patchworks refused to show this pool (400)."),
    ],
)
def test_a_refused_read_says_what_was_read(doing: Activity | Action, title: str) -> None:
    said = problem(errors.Invalid("refused by core", status=400), doing)
    assert said.title == title
    assert "field" not in said.next_text
    assert "values" not in f"{said.title} {said.meaning} {said.next_text}"


@pytest.mark.parametrize(
    ("action", "title"),
    [
        (Action.CREATE, "Patchworks refused this new pool (422)."),
        (Action.EDIT, "Patchworks refused this edit (422)."),
        (Action.CLEAR, "Patchworks refused to clear this pool (422)."),
        (Action.DELETE, "Patchworks refused to delete this pool (422)."),
    ],
)
def test_a_refused_change_says_which(action: Action, title: str) -> None:
    error = errors.Invalid("refused by core", status=422, fields={"name": ("Taken.",)})
    said = problem(not_made(action, error), action)
    assert said.title == title
    assert ("next to the fields" in said.next_text) == (action in {Action.CREATE, Action.EDIT})


@pytest.mark.parametrize("doing", [Activity.READING_LIST, Activity.ADDING_TOKEN, Action.CREATE])
def test_no_list_at_an_address_is_not_a_pool_that_is_gone(doing: Activity | Action) -> None:
    said = problem(errors.NotFound("refused by core", status=404), doing)
    assert said.title == "Nothing was found at Acme's address (404)."


def test_what_a_framework_says_of_its_classes_is_not_quoted() -> None:
    words = "No query results for model [App\\Models\\ConnectionPool] 42"
    error = errors.NotFound("refused by core", status=404, detail=words)
    assert problem(error, Activity.READING_POOL).core_text == ""


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            errors.Invalid(fields={"limit": ("No.",)}),
            "Patchworks' messages are next to the fields.",
        ),
        (errors.Invalid(fields={"": ("No.",)}), "Check what Patchworks says, then send it again."),
        (errors.Invalid(detail="No."), "Check what Patchworks says, then send it again."),
        (errors.Invalid(), "Patchworks gave no reason."),
    ],
)
def test_a_refusal_sends_people_to_where_its_reasons_are(error: CoreError, says: str) -> None:
    assert problem(not_made(Action.EDIT, error), Action.EDIT).next_text.startswith(says)


@pytest.mark.parametrize(("kept", "said"), [(True, True), (False, False)])
@pytest.mark.parametrize("error", [errors.Unanswered(), errors.Unauthenticated(), TokenMissing()])
def test_entries_are_kept_only_where_there_are_some(
    error: Exception, kept: bool, said: bool
) -> None:
    opening = Situation(ACME, "/c/acme/pools/1/", Action.EDIT, unopened=True, kept=kept)
    found = problem_for(error, opening)
    assert ("Your entries are kept." in found.next_text) is said
    assert "still here" not in found.next_text
    assert found.next_href


def test_where_a_redirect_leads_was_not_said_by_patchworks() -> None:
    error = errors.Unexpected(Reason.REDIRECT, status=301, detail="https://core.example/pools")
    said = problem(error, Activity.READING_LIST)
    assert (said.core_text, said.detail) == ("", "It redirects to https://core.example/pools")


@pytest.mark.parametrize("doing", [*Activity, *MADE_HERE])
def test_only_what_changes_something_wants_more_than_a_read_only_key(
    doing: Activity | Action,
) -> None:
    error = errors.Forbidden("refused by core", status=403)
    assert "read-only" not in problem(error, doing).next_text


@pytest.mark.parametrize("action", MADE_HERE)
def test_a_forbidden_change_may_be_a_read_only_key(action: Action) -> None:
    error = errors.Forbidden("refused by core", status=403)
    assert "read-only key" in problem(not_made(action, error), action).next_text


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("doing", [Activity.READING_LIST, Activity.READING_POOL])
def test_a_reason_against_a_read_is_not_about_the_address(doing: Activity, status: int) -> None:
    error = errors.Invalid("refused by core", status=status, detail="Unknown sort.")
    said = problem(error, doing)
    assert "address" not in said.next_text
    assert said.core_text == "Unknown sort."


@pytest.mark.parametrize("reason", Reason)
def test_no_title_denies_that_it_was_patchworks_where_the_cause_says_so(reason: Reason) -> None:
    said = problem(errors.Unexpected(reason, status=299), Activity.READING_LIST)
    if said.title == "This doesn't look like Patchworks.":
        assert not cause_of(errors.Unexpected(reason)).startswith("Patchworks")


def test_one_line_says_the_cause_too() -> None:
    unreached = in_one_line(problem(errors.NotSent(Reason.DNS), Activity.READING_LIST))
    assert unreached == (
        "We couldn't reach Patchworks. The host name in the company's address was not found."
    )
    led = errors.Unexpected(Reason.REDIRECT, status=302, detail="https://core.example/login")
    assert in_one_line(problem(led, Activity.READING_LIST)).endswith("https://core.example/login.")
