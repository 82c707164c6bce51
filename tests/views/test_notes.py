"""Notes on pools and companies: who may pin them, where they stand, and that none is lost."""

import pytest
from django.db import connection
from django.test import Client

from pools.guidance.gathering import NoteWritten
from pools.models import Company, Entry, PinnedNote, Token
from sandbox.running import RunningSandbox
from tests.fixtures.ledger import tamper
from tests.fixtures.panel import SignIn, person_of, told
from tests.views.changing import ONE_POOL, edit, open_form

TEXT = "tier 1: never above 5; ask Ana"
COMPANY = "/c/acme/note/"
ON_SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps none such")


def address(pool: int) -> str:
    return f"/c/acme/pools/{pool}/note/"


def pin(client: Client, where: str, text: str) -> None:
    assert client.post(where, open_form(client, where, note=text)).status_code == 302


@pytest.fixture
def pool(manager: Client) -> int:
    # A note is for what somebody has seen.
    manager.get("/c/acme/pools/", {"per_page": 10})
    return ONE_POOL


def test_a_pools_note_stands_on_list_pool_and_every_confirmation(
    manager: Client, pool: int, core: RunningSandbox
) -> None:
    edited = edit(manager, pool, limit="77")
    core.reset()
    pin(manager, address(pool), TEXT)
    assert [r for r in core.journal if r.path.endswith(f"/{pool}")] == []
    pages = [f"/c/acme/pools/{pool}/{each}" for each in ("", "edit/", "clear/", "delete/")]
    for page in ("/c/acme/pools/", *pages, f"/c/acme/changes/{edited}/revert/"):
        answer = manager.get(page)
        assert TEXT in told(answer), page
    assert "manager pinned a note" in told(manager.get(f"/c/acme/pools/{pool}/"))


def test_a_companys_note_stands_on_its_list_and_before_a_create_too(
    manager: Client, pool: int
) -> None:
    pin(manager, COMPANY, "freeze until Monday")
    for page in ("", "new/", f"{pool}/", f"{pool}/clear/"):
        assert "freeze until Monday" in told(manager.get(f"/c/acme/pools/{page}")), page


def test_it_is_removed_and_its_history_stays(manager: Client, pool: int) -> None:
    pin(manager, address(pool), TEXT)
    form = open_form(manager, address(pool))
    assert manager.post(address(pool), {**form, "remove": "yes"}).status_code == 302
    said = told(manager.get(f"/c/acme/pools/{pool}/"))
    assert "manager removed the note" in said
    assert said.count(TEXT) == 2
    assert PinnedNote.objects.count() == 0


def test_two_who_edit_one_note_lose_nothing(manager: Client, pool: int, sign_in_as: SignIn) -> None:
    other = sign_in_as("Operator")
    mine = open_form(manager, address(pool), note="mine")
    pin(other, address(pool), "theirs")
    page = manager.post(address(pool), mine)
    said = told(page)
    assert page.status_code == 409
    assert "operator changed the note while you were writing. It now says: “theirs”" in said
    assert "mine" in page.content.decode()
    assert PinnedNote.objects.get().text == "theirs"
    form = page.context["form"]
    again = {name: form[name].value() for name in form.fields}
    assert manager.post(address(pool), again).status_code == 302
    assert PinnedNote.objects.get().text == "mine"


def test_whose_role_was_taken_is_refused_and_keeps_the_text(manager: Client, pool: int) -> None:
    form = open_form(manager, address(pool), note=TEXT)
    groups = person_of(manager).groups
    held = list(groups.all())
    groups.clear()
    answer = manager.post(address(pool), form)
    assert answer.status_code == 403
    assert "What you typed is kept" in told(answer)
    assert PinnedNote.objects.count() == 0
    groups.set(held)
    assert TEXT in manager.get(address(pool)).content.decode()


def test_without_a_token_that_works_nobody_pins_and_the_text_is_kept(
    manager: Client, pool: int
) -> None:
    form = open_form(manager, address(pool), note=TEXT)
    Token.objects.update(refused_at="2026-05-01T10:00:00Z")
    assert "token" in told(manager.post(address(pool), form))
    assert PinnedNote.objects.count() == 0
    Token.objects.update(refused_at=None)
    assert TEXT in manager.get(address(pool)).content.decode()


def test_a_pool_that_nobody_saw_here_has_no_note(manager: Client, acme: Company) -> None:
    assert manager.get(address(999_999)).status_code == 404


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "Write a note, or remove it."), ("x" * 501, "At most 500 characters; this has 501.")],
)
def test_what_is_no_note_is_refused_in_words(
    manager: Client, pool: int, text: str, says: str
) -> None:
    page = manager.post(address(pool), open_form(manager, address(pool), note=text))
    assert (page.status_code, says in told(page)) == (422, True)


def test_markup_is_a_text_like_any_other(manager: Client, pool: int) -> None:
    pin(manager, address(pool), "<b>bold</b>")
    page = manager.get(f"/c/acme/pools/{pool}/").content.decode()
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page
    assert Entry.objects.filter(action="note_pinned").count() == 1


@pytest.mark.parametrize(
    "damage",
    [
        "facts = '{\"changed\":'",
        "facts = '[]'",
        'facts = \'{"changed":{"note":5}}\'',
        pytest.param("facts = x'ff00'", marks=ON_SQLITE),
        pytest.param("facts = CAST(x'ff' AS TEXT)", marks=ON_SQLITE),
        pytest.param("actor_name = x'ff'", marks=ON_SQLITE),
        pytest.param("at = 'yesterday'", marks=ON_SQLITE),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_an_altered_entry_costs_the_history_that_entry_alone(
    manager: Client, pool: int, damage: str
) -> None:
    pin(manager, address(pool), "first")
    pin(manager, address(pool), TEXT)
    newest = "(SELECT MAX(seq) FROM pools_entry WHERE action = 'note_pinned')"
    tamper(f"UPDATE pools_entry SET {damage} WHERE seq = {newest}")
    page = manager.get(f"/c/acme/pools/{pool}/")
    assert TEXT in told(page)
    pinned = [each for each in page.context["history"] if isinstance(each, NoteWritten)]
    assert [note.after for note in pinned][-1] == "first"
