"""A person's tokens through the pages: three ways in, and never shown again."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pools.models import Company, Entry, Token
from sandbox.running import RunningSandbox
from tests.views.conftest import PASSWORD, SignIn, person_of

ADD = "/tokens/add/"


@pytest.fixture
def newcomer(sign_in_as: SignIn) -> Client:
    """Signed in with the password just now, and without a token."""
    client = sign_in_as("Manager", token=None)
    client.logout()
    client.post("/accounts/login/", {"login": "manager", "password": PASSWORD})
    return client


def enter(client: Client, **values: str) -> str:
    form = {"company": "acme", "kind": "api_key", "token": "", "email": "", "password": ""}
    return client.post(ADD, form | values, follow=True).content.decode()


def test_a_key_is_verified_and_what_it_opens_is_shown(
    newcomer: Client, core: RunningSandbox
) -> None:
    page = enter(newcomer, token=core.keys["acme"]["full"])
    assert "257 pools" in page
    assert not Token.objects.get().confirmed_at


def test_confirming_puts_it_to_use(newcomer: Client, core: RunningSandbox) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    answer = newcomer.post("/tokens/acme/confirm/")
    assert answer["Location"] == "/c/acme/pools/"
    assert newcomer.get("/c/acme/pools/").status_code == 200


def test_signing_in_to_patchworks_makes_a_bearer_token(
    newcomer: Client, core: RunningSandbox
) -> None:
    who = next(person for person in core.people if person.company == "acme")
    page = enter(newcomer, kind="sign_in", email=who.email, password=core.password)
    assert "257 pools" in page
    assert Token.objects.get().expires_at is not None


def test_a_wrong_password_is_said_and_nothing_is_stored(
    newcomer: Client, core: RunningSandbox
) -> None:
    page = enter(newcomer, kind="sign_in", email=core.people[0].email, password="wrong-one")
    assert "Patchworks does not accept this e-mail and password." in page
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["", "short", "with a space", "new\nline-key", "x" * 5000, "ключ-ключ-ключ", "tab\tkey-abc"],
)
def test_awkward_tokens_are_refused_before_anything_is_sent(
    newcomer: Client, core: RunningSandbox, text: str
) -> None:
    core.reset()
    answer = newcomer.post(ADD, {"company": "acme", "kind": "api_key", "token": text})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["token"]
    assert core.journal == []


def test_a_token_that_core_refuses_is_not_stored(newcomer: Client) -> None:
    page = enter(newcomer, token="not-a-key-that-opens-anything")
    assert "Core does not accept this token for Acme." in page
    assert not Token.objects.exists()


def test_no_page_shows_the_token(newcomer: Client, core: RunningSandbox) -> None:
    key = core.keys["acme"]["full"]
    pages = [enter(newcomer, token=key)]
    newcomer.post("/tokens/acme/confirm/")
    addresses = ("/tokens/", "/tokens/acme/replace/", "/tokens/acme/remove/", "/?all")
    pages += [newcomer.get(address).content.decode() for address in addresses]
    assert not [page for page in pages if key in page]


def test_verify_says_that_it_works(manager: Client) -> None:
    page = manager.post("/tokens/acme/verify/", follow=True).content.decode()
    assert "Your token for Acme works: it opens 257 pools" in page


@pytest.mark.parametrize("page", ["remove", "replace"])
def test_the_password_is_asked_for_again(manager: Client, page: str) -> None:
    answer = manager.post(f"/tokens/acme/{page}/", {"token": "typed-but-not-yet-trusted"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert "typed-but-not-yet-trusted" not in str(dict(manager.session))
    assert Token.objects.count() == 1


def test_removing_ends_the_way_in(newcomer: Client, core: RunningSandbox) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    newcomer.post("/tokens/acme/confirm/")
    newcomer.post("/tokens/acme/remove/")
    assert newcomer.get("/c/acme/pools/").status_code == 403


def test_replacing_keeps_the_old_until_confirmed(newcomer: Client, core: RunningSandbox) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    newcomer.post("/tokens/acme/confirm/")
    old = Token.objects.get()
    form = {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["read_only"]}
    newcomer.post("/tokens/acme/replace/", form)
    assert Token.objects.get(confirmed_at__isnull=False) == old
    newcomer.post("/tokens/acme/confirm/")
    assert Token.objects.get() != old


def test_replacing_by_one_that_opens_something_else_warns(
    newcomer: Client, core: RunningSandbox
) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    newcomer.post("/tokens/acme/confirm/")
    form = {"company": "acme", "kind": "api_key", "token": core.keys["northwind"]["full"]}
    page = newcomer.post("/tokens/acme/replace/", form, follow=True)
    assert page.context["opens"].differs_from_current is True


def test_mending_leads_back(newcomer: Client, core: RunningSandbox) -> None:
    form = {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["full"]}
    answer = newcomer.post(f"{ADD}?next=/c/acme/pools/%3Fpage%3D2", form, follow=True)
    target = answer.redirect_chain[-1][0]
    assert newcomer.post(target)["Location"] == "/c/acme/pools/?page=2"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_next_never_leaves_the_panel(newcomer: Client, core: RunningSandbox, target: str) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    answer = newcomer.post("/tokens/acme/confirm/", {"next": target})
    assert answer["Location"] == "/c/acme/pools/"


def test_token_events_are_recorded_without_the_token(
    newcomer: Client, core: RunningSandbox
) -> None:
    key = core.keys["acme"]["full"]
    enter(newcomer, token=key)
    newcomer.post("/tokens/acme/confirm/")
    entries = list(Entry.objects.filter(kind="event", action__startswith="token_"))
    assert len(entries) == 2
    assert not [entry for entry in entries if key in entry.facts + entry.reason]


def test_a_moved_company_closes_its_tokens(manager: Client, acme: Company) -> None:
    acme.base_url = "http://127.0.0.1:9/other"
    acme.save()
    page = manager.get("/c/acme/pools/")
    assert page.status_code == 403
    assert page.context["problem"].title == "Your token for Acme can no longer be opened."


def test_who_is_signed_in_is_the_owner(newcomer: Client, core: RunningSandbox) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    assert Token.objects.get().user == person_of(newcomer)


def test_a_token_in_its_last_hours_warns_where_one_works(manager: Client) -> None:
    Token.objects.update(expires_at=timezone.now() + timedelta(minutes=90))
    page = manager.get("/c/acme/pools/")
    assert page.context["token_notice"]["label"] == "Replace"
    assert "Your token for Acme expires at" in page.content.decode()


def test_an_expired_token_is_known_without_a_call(manager: Client, core: RunningSandbox) -> None:
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = manager.get("/c/acme/pools/")
    assert page.context["problem"].title == "Your token for Acme has expired."
    assert core.journal == []


@pytest.mark.parametrize(("days", "said"), [(179, False), (181, True)])
def test_an_old_key_that_never_expires_gets_a_word(manager: Client, days: int, said: bool) -> None:
    Token.objects.update(created_at=timezone.now() - timedelta(days=days))
    assert (f"In use for {days} days." in manager.get("/tokens/").content.decode()) is said
