"""The database refuses: read-only, full, locked, gone. Pages go on, or say why they don't."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db import Error as AnyDatabaseError
from django.test import Client
from structlog.testing import capture_logs

from pools import database_faults
from pools.core import ApiKey
from pools.database_faults import Cause
from pools.models import Company, Entry, Token
from pools.models.vocabulary import Kind
from pools.secret import Secret
from pools.tokens import keeping
from pools.wording.database import Undone, refusal
from sandbox.running import RunningSandbox
from tests.fixtures.panel import PASSWORD, SignIn, actor, person_of, told
from tests.fixtures.people import prove
from tests.fixtures.refusing_database import (
    SQLITE,
    Fault,
    Relay,
    as_soon_as,
    file_moved,
    full,
    gone,
    locked,
    read_only,
    relayed,
    shut,
)

# Noted with each page every five minutes, and so with the next one.
LONG_AGO = {"touched_at": 0, "seen_at": 0}


UNWRITABLE: dict[str, Fault] = {"read-only": read_only, "locked": locked, "full": full}
UNREADABLE: dict[str, Fault] = {"shut": shut, "gone": gone}
CAUSES = {
    "read-only": Cause.READ_ONLY,
    "locked": Cause.LOCKED,
    "full": Cause.FULL,
    "shut": Cause.LOCKED,
    "gone": Cause.GONE,
}
PAGES = [
    "/c/acme/pools/",
    "/c/acme/pools/1/",
    "/c/acme/pools/1/edit/",
    "/c/acme/changes/",
    "/changes/",
    "/tokens/",
    "/account/",
    "/accounts/sessions/",
    "/",
]
EDIT = "/c/acme/pools/1/edit/"
FORMS = {
    "/c/acme/pools/new/": {"name": "Night jobs", "limit": "3", "timeout": "60"},
    EDIT: {"name": "Night jobs", "limit": "3", "timeout": "60"},
    "/c/acme/pools/1/clear/": {},
    "/c/acme/pools/1/delete/": {},
}


@pytest.fixture(autouse=True)
def nothing_refused_before() -> Iterator[None]:
    token = database_faults._waited_at.set(float("-inf"))
    yield
    database_faults._waited_at.reset(token)


@pytest.fixture
def person(transactional_db: None, sign_in_as: SignIn) -> Client:
    """A manager whose session, last-seen time and token are all due to be noted."""
    client = sign_in_as("Manager")
    client.raise_request_exception = False
    age(client)
    return client


def age(client: Client) -> None:
    """Everything that a page notes beside is due; and a session that has ended is to be cleared."""
    ended = {"session_key": uuid4().hex, "ip": "192.0.2.1", "user_agent": ""}
    UserSession.objects.create(user=person_of(client), **ended)
    session = client.session
    session.update(LONG_AGO)
    session.save()
    Token.objects.update(last_worked_at=None)


def sent(client: Client, address: str, entries: dict[str, str]) -> Any:
    """The form at an address, as a browser sends it."""
    form = client.get(address).context["form"]
    hidden = {name: form[name].value() or "" for name in ("form_id", "seen")}
    confirmed = {"confirm_name": form.pool.name} if "delete" in address else {}
    # More than one page of SQLite holds: full is full.
    return {**hidden, **entries, **confirmed, "reason": "ZD-4711 " + "\U0001f511" * 990}


@pytest.mark.parametrize("fault", UNWRITABLE)
def test_reading_goes_on(person: Client, fault: str) -> None:
    for page in PAGES:
        person.get(page)  # a template's first time takes seconds
    age(person)
    with UNWRITABLE[fault]():
        for page in PAGES:
            begun = time.monotonic()
            answer = person.get(page)
            assert answer.status_code == 200, page
            assert time.monotonic() - begun < 2.5, page
    database_faults._waited_at.set(float("-inf"))
    assert person.get("/tokens/").status_code == 200
    assert person.session["touched_at"] > 0


@pytest.mark.parametrize(("fault", "tried"), [("locked", 1), ("read-only", 4)])
def test_a_page_waits_once_however_much_it_would_note(
    person: Client, fault: str, tried: int
) -> None:
    """The session, its person, that the token works, the pool: a refusal comes at once."""
    with UNWRITABLE[fault](), capture_logs() as logs:
        assert person.get("/c/acme/pools/1/").status_code == 200
    assert [log["event"] for log in logs].count("not written") == tried


def test_what_a_page_finds_out_can_be_noted_later(
    person: Client, acme: Company, core: RunningSandbox
) -> None:
    """A pool that was changed outside; then, that the token is refused."""
    person.post(EDIT, sent(person, EDIT, FORMS[EDIT]))
    core.company("acme").change_pool(1, limit=44)
    with read_only():
        assert person.get("/c/acme/pools/1/").status_code == 200
        core.set_fault("status=401")
        assert "no longer accepts your token" in told(person.get("/c/acme/pools/"))
    assert not Entry.objects.filter(kind=Kind.DRIFT).exists()


def test_a_session_past_its_limit_lets_nobody_in(person: Client) -> None:
    session = person.session
    session["started_at"] = 1
    session.save()
    with read_only():
        answer = person.get("/account/")
    assert (answer.status_code, answer["Location"][:17]) == (302, "/accounts/login/?")


@pytest.mark.parametrize("count", [cache.add, cache.set])
def test_what_could_not_be_counted_is_no_silence(person: Client, count: Any) -> None:
    """Attempts that nobody counts would be as many as somebody likes."""
    with read_only(), pytest.raises(AnyDatabaseError):
        count("attempts", 1)


def test_a_form_that_only_notes_something_beside_is_done(person: Client) -> None:
    with read_only():
        assert person.post("/theme/", {"theme": "dark"}).status_code == 302


@pytest.mark.parametrize(
    ("address", "fault"),
    [*((address, "read-only") for address in FORMS), (EDIT, "locked"), (EDIT, "full")],
)
def test_a_form_says_that_nothing_was_sent_and_keeps_its_entries(
    person: Client, core: RunningSandbox, address: str, fault: str
) -> None:
    entries = sent(person, address, FORMS[address])
    age(person)
    core.reset()
    with UNWRITABLE[fault]():
        begun = time.monotonic()
        answer = person.post(address, entries)
        assert time.monotonic() - begun < 4
    assert answer.status_code == 503
    assert "we didn't send it" in told(answer)
    assert refusal(CAUSES[fault], Undone.SENDING).title in told(answer)
    assert "ZD-4711" in answer.content.decode()
    assert [each for each in core.journal if each.method != "GET"] == []
    assert not Entry.objects.filter(kind=Kind.INTENT).exists()


@pytest.mark.parametrize(
    "address",
    ["add/", "acme/replace/", "acme/verify/", "acme/confirm/", "acme/discard/", "acme/remove/"],
)
def test_a_token_stays_as_it_is(
    person: Client, acme: Company, core: RunningSandbox, address: str
) -> None:
    user, key = person_of(person), core.keys["acme"]["full"]
    keeping.add_token(user, acme, ApiKey(Secret(key)), "waits", by=actor(user))
    prove(person)
    before = list(Token.objects.order_by("pk").values())
    with read_only():
        entries = {"company": "acme", "kind": "api_key", "token": key, "label": "Night"}
        answer = person.post(f"/tokens/{address}", entries)
    assert answer.status_code == 503
    assert "Nothing was changed" in told(answer)
    assert refusal(CAUSES["read-only"], Undone.SENDING).title in told(answer)
    page = answer.content.decode()
    assert (key in page, "Night" in page) == (False, "verify" not in address)
    if address not in {"add/", "acme/replace/", "acme/verify/"}:  # those have their own page
        assert "entries are kept on this page, except what is secret." in told(answer)
    assert list(Token.objects.order_by("pk").values()) == before


def test_a_password_is_changed_with_all_that_goes_along_or_not_at_all(person: Client) -> None:
    new = {"password1": "Quite-Another-77", "password2": "Quite-Another-77"}
    with full():
        answer = person.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})
    assert answer.status_code == 503
    assert "Nothing was changed" in told(answer)
    assert "entries are kept" not in told(answer)
    assert person_of(person).check_password(PASSWORD)


def test_signing_out_says_that_it_was_not_done(person: Client) -> None:
    with read_only():
        assert "still signed in" in told(person.post("/accounts/logout/"))
    assert person.get("/account/").status_code == 200


@pytest.mark.parametrize("fault", UNWRITABLE | UNREADABLE)
def test_signing_in_says_why_not_and_counts_no_attempt(person: Client, fault: str) -> None:
    stranger = Client(raise_request_exception=False)
    with (UNWRITABLE | UNREADABLE)[fault]():
        if fault in UNWRITABLE:
            assert stranger.get("/accounts/login/").status_code == 200
        for _ in range(6):
            begun = time.monotonic()
            answer = stranger.post("/accounts/login/", {"login": "manager", "password": PASSWORD})
            assert time.monotonic() - begun < 4
            assert answer.status_code == 503
            assert "nothing to do with your password" in told(answer)
            assert PASSWORD not in answer.content.decode()
            if fault in ("locked", "shut"):
                break
    cache.clear()
    answer = stranger.post("/accounts/login/", {"login": "manager", "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("path", "fault"),
    [("/c/acme/pools/", "gone"), ("/changes/", "gone"), ("/", "gone"), ("/", "shut")],
)
def test_the_page_that_says_why_needs_no_database(person: Client, fault: str, path: str) -> None:
    with UNREADABLE[fault]():
        begun = time.monotonic()
        answer = person.get(path)
        assert time.monotonic() - begun < 3
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert refusal(CAUSES[fault], Undone.READING).title in told(answer)
    assert answer["X-Request-ID"]


@pytest.mark.parametrize("fault", UNREADABLE)
def test_what_was_typed_stays_on_the_page_that_says_why(person: Client, fault: str) -> None:
    entries = sent(person, EDIT, FORMS[EDIT])
    with UNREADABLE[fault]():
        answer = person.post(EDIT, entries)
    assert answer.status_code == 503
    assert "nothing was sent" in told(answer)
    for name, value in entries.items():
        assert f'name="{name}" value="{value}"' in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "sent", "kept"),
    [
        ("/theme/", {"theme": "dark", "next": "/account/"}, False),
        ("/zone/", {"zone": "Europe/Paris"}, False),
        ("/changes/export/", {"format": "json"}, False),
        ("/c/acme/pools/1/clear/", {"seen": "x", "form_id": "y", "reason": ""}, False),
        ("/c/acme/pools/1/clear/", {"seen": "x", "form_id": "y", "reason": "ZD-1"}, True),
    ],
)
def test_a_press_of_a_button_is_no_entry_and_can_be_sent_again_as_it_was(
    person: Client, path: str, sent: dict[str, str], kept: bool
) -> None:
    with gone():
        answer = person.post(path, sent)
    assert answer.status_code == 503
    for name, value in sent.items():
        assert f'name="{name}" value="{value}"' in answer.text
    assert ("entries are kept" in told(answer)) is kept


def test_a_look_that_was_not_chosen_changes_none(person: Client) -> None:
    assert "theme" not in person.post("/theme/", {}).cookies


def test_a_dialog_stays_open_with_what_was_typed(person: Client) -> None:
    with gone():
        answer = person.post(
            "/c/acme/pools/1/edit/",
            {"reason": "ZD-4711"},
            headers={"HX-Request": "true", "HX-Target": "dialog-body"},
        )
    assert (answer.status_code, answer["HX-Retarget"]) == (503, "#dialog-says")
    assert "What you typed is still here" in told(answer)


@pytest.mark.skipif(not SQLITE, reason="there is no file")
def test_a_file_that_was_removed_while_it_was_open_is_gone(person: Client) -> None:
    entries = sent(person, EDIT, FORMS[EDIT])
    with file_moved():
        answer = person.post(EDIT, entries)
    assert answer.status_code == 503
    assert refusal(Cause.GONE, Undone.SENDING).title in told(answer)


@pytest.fixture
def frozen(person: Client) -> Iterator[Relay]:
    """A server that is about to say nothing any more, in the middle of whatever it is asked."""
    longest = database_faults.longest_statement.set(0.0)
    with relayed() as relay:
        person.get("/account/")
        yield relay
    database_faults.longest_statement.reset(longest)


@pytest.mark.skipif(SQLITE, reason="there is no server")
@pytest.mark.parametrize(
    ("path", "entries"),
    [
        ("/c/acme/pools/", None),
        ("/accounts/login/", {"login": "manager", "password": PASSWORD}),
        (EDIT, {"reason": "ZD-4711"}),
    ],
)
def test_a_frozen_server_keeps_nobody_waiting(
    person: Client, frozen: Relay, path: str, entries: dict[str, str] | None
) -> None:
    frozen.freeze()
    begun = time.monotonic()
    answer = person.get(path) if entries is None else person.post(path, entries)
    assert time.monotonic() - begun < 4
    assert answer.status_code == 503
    assert refusal(Cause.GONE, Undone.READING).title in told(answer)
    assert "ZD-4711" in answer.content.decode() or path != EDIT


@pytest.mark.skipif(SQLITE, reason="there is no server")
@pytest.mark.parametrize(
    ("only", "status", "told_of_it"),
    [
        ("reads", 503, "We couldn't record this change, so we didn't send it."),
        ("writes", 500, "Patchworks did it, but we couldn't record that."),
    ],
)
def test_a_server_that_freezes_before_the_change_is_sent_or_after(
    person: Client, frozen: Relay, core: RunningSandbox, only: str, status: int, told_of_it: str
) -> None:
    """The page that says so asks the database for nothing more."""
    entries = sent(person, EDIT, FORMS[EDIT])
    core.reset()
    core.set_fault(f"latency=0.5;only={only}")
    begun = time.monotonic()

    def has_come() -> bool:
        return any((each.method == "GET") == (only == "reads") for each in core.journal)

    with as_soon_as(has_come, frozen.freeze):
        answer = person.post(EDIT, entries)
    # The silence, and a connection that is not made.
    assert time.monotonic() - begun < 8
    assert answer.status_code == status
    assert told_of_it in told(answer)
