"""A person's tokens through the pages: three ways in, and never shown again."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from pools.models import Company, Entry, Token
from pools.wording.situations import token_href
from sandbox.running import RunningSandbox
from tests.core.raw_server import Handler, RawServer, always, in_turn, json_answer
from tests.fixtures.panel import PASSWORD, SignIn, person_of, told

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
    assert "accept this e-mail and password." in page
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    ("fault", "title"),
    [
        ("redirect", "The company's sign-in address redirects somewhere else. Is it right?"),
        ("status=200,empty", "The answer was empty."),
        ("status=200,html", "A web page answered. Is the company's sign-in address right?"),
        ("status=404", "Nothing was found at Acme's sign-in address (404)."),
    ],
)
def test_what_the_sign_in_address_answers_is_not_said_of_the_other_address(
    newcomer: Client, core: RunningSandbox, fault: str, title: str
) -> None:
    core.set_fault(f"{fault};only=sign-in")
    page = unescape(enter(newcomer, kind="sign_in", email="a@b.example", password="x" * 8))
    assert title in page
    assert "Ask an administrator to check the company's sign-in address." in page
    assert "company's address" not in page


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("status=404", "Nothing was found at Acme's address (404)."),
        ("status=401", "The sign-in worked, but Acme at Patchworks doesn't accept"),
        ("redirect", "The company's address redirects somewhere else. Is it right?"),
    ],
)
def test_what_the_other_address_answers_after_signing_in_is_not_said_of_the_sign_in(
    newcomer: Client, core: RunningSandbox, fault: str, said: str
) -> None:
    core.set_fault(f"{fault};only=list")
    who = next(person for person in core.people if person.company == "acme")
    page = unescape(enter(newcomer, kind="sign_in", email=who.email, password=core.password))
    assert said in page
    assert "this e-mail and password" not in page
    assert "The token was not stored." in page


@pytest.mark.parametrize(
    ("kind", "secret"), [("api_key", "token"), ("bearer", "token"), ("sign_in", "password")]
)
@pytest.mark.parametrize("fault", ["status=500", "status=503", "rate-limit=30"])
def test_what_is_secret_has_to_be_entered_again_and_the_page_says_so(
    newcomer: Client, core: RunningSandbox, kind: str, secret: str, fault: str
) -> None:
    core.set_fault(fault)
    typed = {"token": core.keys["acme"]["full"], "email": "a@b.example", "password": "x" * 8}
    page = unescape(enter(newcomer, kind=kind, **typed))
    assert f"You'll need to enter the {secret} again." in page
    assert "Your entries are" not in page


def test_a_token_that_has_expired_before_it_is_added_is_not_one_to_replace(
    newcomer: Client,
) -> None:
    claims = base64.urlsafe_b64encode(b'{"exp": 1600000000}').decode().rstrip("=")
    page = unescape(enter(newcomer, kind="bearer", token=f"e30.{claims}.c2lnbmF0dXJl"))
    assert "This token for Acme has expired." in page
    assert "Your entries are" not in page


@pytest.mark.parametrize(
    ("status", "title", "reason"),
    [
        (422, "Patchworks refused to list the pools (422).", "name: Nor this."),
        (404, "Nothing was found at Acme's address (404).", "Not Found"),
        (403, "Your token for Acme may not list pools.", "This action is unauthorized."),
        (503, "Patchworks had an error (503).", "Service Unavailable"),
    ],
)
def test_verify_quotes_the_reason(
    manager: Client, core: RunningSandbox, status: int, title: str, reason: str
) -> None:
    core.set_fault(f"status={status},json;only=list")
    page = manager.post("/tokens/acme/verify/", follow=True)
    (message,) = page.context["messages"]
    assert message.message.startswith(f"{title} Patchworks said: “\u2068")
    assert reason in message.message


@pytest.fixture
def short(settings: LazySettings) -> None:
    """A deadline in which two slow calls have no room."""
    settings.CORE_LIMITS = replace(settings.CORE_LIMITS, deadline_seconds=2.5, read_retries=0)


def test_signing_in_and_looking_what_it_shows_share_one_deadline(
    newcomer: Client, core: RunningSandbox, short: None
) -> None:
    who = next(person for person in core.people if person.company == "acme")
    core.set_fault("latency=1.0")
    page = enter(newcomer, kind="sign_in", email=who.email, password=core.password)
    assert "Is this the right token?" not in page
    assert not Token.objects.exists()


def test_verifying_has_one_deadline_for_all_its_calls(
    manager: Client, core: RunningSandbox, short: None
) -> None:
    """A Core that does not know the include is asked twice."""
    core.switch(includes="refused")
    core.set_fault("latency=1.4")
    page = manager.post("/tokens/acme/verify/", follow=True).content.decode()
    assert "Your token for" not in page
    assert [request.method for request in core.journal][-2:] == ["GET", "GET"]


AWKWARD = [
    "",
    "short",
    "with a space",
    "new\nline-key",
    "x" * 5000,
    "ключ-ключ-ключ",
    "tab\tkey-abc",
]


def test_awkward_tokens_are_refused_before_anything_is_sent(
    newcomer: Client, core: RunningSandbox
) -> None:
    core.reset()
    for text in AWKWARD:
        answer = newcomer.post(ADD, {"company": "acme", "kind": "api_key", "token": text})
        assert answer.status_code == 422, text
        assert list(answer.context["form"].errors) == ["token"], text
        assert core.journal == [], text


def test_a_token_that_core_refuses_is_not_stored(newcomer: Client) -> None:
    page = enter(newcomer, token="not-a-key-that-opens-anything")
    assert "accept this token for Acme." in page
    assert not Token.objects.exists()


def test_no_page_shows_the_token(newcomer: Client, core: RunningSandbox) -> None:
    key = core.keys["acme"]["full"]
    pages = [enter(newcomer, token=key)]
    newcomer.post("/tokens/acme/confirm/")
    addresses = ("/tokens/", "/tokens/acme/replace/", "/tokens/acme/remove/", "/")
    pages += [newcomer.get(address).content.decode() for address in addresses]
    assert not [page for page in pages if key in page]


def test_verify_says_that_it_works(manager: Client) -> None:
    page = manager.post("/tokens/acme/verify/", follow=True)
    (said,) = (str(message) for message in page.context["messages"])
    assert said.startswith(
        "Your token for Acme works. It gives access to 257 pools, starting with “"
    )


PASTED = [
        "{}\n", " {}", "\u00a0{}\u200b", "\ufeff{}", "Bearer {}", "bearer  {} ",
        "Authorization: Bearer {}\r\n", '"{}"', "'{}'", "`{}`", "“{}”", '"{}",', '"Bearer {}"',
        'Bearer "{}"', '"Authorization": "Bearer {}",', '"Authorization: Bearer {}"',
]  # fmt: skip


def test_what_was_copied_along_with_a_token_is_left_out(
    newcomer: Client, core: RunningSandbox
) -> None:
    bearer = core.bearer("acme", "manager")
    for pasted in PASTED:
        core.reset()
        Token.objects.all().delete()
        typed = pasted.format(bearer)
        assert "257 pools" in enter(newcomer, kind="bearer", token=typed), pasted
        assert core.journal[-1].header("Authorization") == f"Bearer {bearer}", pasted


def test_a_quote_that_is_part_of_a_key_stays(newcomer: Client, core: RunningSandbox) -> None:
    for key in ("quo'ted-key", '"half-quoted', "'a'b'c'd'"):
        enter(newcomer, token=key)
        assert core.journal[-1].header("Authorization") == key


def test_a_token_pasted_with_its_scheme_is_a_bearer_token(
    newcomer: Client, core: RunningSandbox
) -> None:
    page = enter(newcomer, kind="api_key", token=f"Bearer {core.bearer('acme', 'manager')}")
    assert "257 pools" in page
    assert Token.objects.get().kind == "bearer"


@pytest.fixture
def sign_ins(acme: Company) -> Iterator[Callable[..., RawServer]]:
    """A sign-in service of Patchworks that answers as it is told to."""
    with ExitStack() as stack:

        def serve(handler: Handler) -> RawServer:
            server = RawServer(handler)
            stack.callback(server.stop)
            acme.sign_in_url = f"{server.url}/fabric/api/login"
            acme.save()
            return server

        yield serve


def test_what_patchworks_says_of_the_fields_of_a_sign_in_is_told(
    newcomer: Client, core: RunningSandbox, sign_ins: Callable[..., RawServer]
) -> None:
    about = {"email": ["The email must be a valid email address.", "Too long."]}
    refusal = {"message": "The given data was invalid.", "errors": about}
    sign_ins(always(json_answer(refusal, 422)))
    page = unescape(enter(newcomer, kind="sign_in", email="kim", password="x" * 8))
    assert (
        "The given data was invalid. email: The email must be a valid email address. "
        "email: Too long." in page
    )


def test_a_user_name_is_tried_where_the_email_is_refused(
    newcomer: Client, core: RunningSandbox, sign_ins: Callable[..., RawServer]
) -> None:
    refused = always(json_answer({"message": "These credentials do not match."}, 401))
    good = always(json_answer({"token": core.bearer("acme", "manager"), "expires_in": 86400}))
    server = sign_ins(in_turn(refused, good))
    assert "257 pools" in enter(newcomer, kind="sign_in", email="ana.p", password="pw-at-core")
    assert [json.loads(request.body) for request in server.received] == [
        {"email": "ana.p", "password": "pw-at-core"},
        {"username": "ana.p", "password": "pw-at-core"},
    ]


@pytest.mark.parametrize("message", ["Two factor required, ", ""], ids=["said", "Laravel's own"])
def test_a_sign_in_that_wants_a_second_factor_leads_to_an_api_key(
    newcomer: Client, sign_ins: Callable[..., RawServer], message: str
) -> None:
    said = {"message": f"{message}pw-at-core"} if message else {}
    sign_ins(always(json_answer({**said, "two_factor": True})))
    page = unescape(enter(newcomer, kind="sign_in", email="ana", password="pw-at-core"))
    assert "Patchworks gave no token for this sign-in." in page
    assert message in page
    assert "add an API key instead: we can't ask for the second factor." in page
    assert "doesn't look like Patchworks" not in page
    assert "pw-at-core" not in page


def test_reasons_against_a_sign_in_stand_at_their_fields(
    newcomer: Client, sign_ins: Callable[..., RawServer]
) -> None:
    errors = {
        "email": ["Not a company address."],
        "username": ["Unknown."],
        "password": ["Expired."],
        "tenant": ["Locked."],
    }
    sign_ins(always(json_answer({"message": "No.", "errors": errors}, 422)))
    form = {"company": "acme", "kind": "sign_in", "email": "ana", "password": "pw-at-core"}
    answer = newcomer.post(ADD, form)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "email": ["Not a company address.", "Unknown."],
        "password": ["Expired."],
        "__all__": ["Locked."],
    }
    assert all(sentence in answer.text for sentence in ("Unknown.", "Expired.", "Locked."))


@pytest.mark.parametrize("page", ["remove", "replace"])
def test_the_password_is_asked_for_again(manager: Client, page: str) -> None:
    answer = manager.post(f"/tokens/acme/{page}/", {"token": "typed-but-not-yet-trusted"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert "typed-but-not-yet-trusted" not in str(dict(manager.session))
    assert Token.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_token_added_in_place_of_another_asks_for_the_password_too(
    manager: Client, core: RunningSandbox, method: str
) -> None:
    """The act decides, not the page: what *Add token* adds may replace one as well."""
    in_use = Token.objects.get()
    enter(manager, token=core.keys["acme"]["read_only"])
    answer = getattr(manager, method)("/tokens/acme/confirm/")
    assert answer["Location"] == "/accounts/reauthenticate/?next=/tokens/acme/confirm/"
    assert Token.objects.get(confirmed_at__isnull=False) == in_use


def test_a_first_token_asks_for_no_password(sign_in_as: SignIn, core: RunningSandbox) -> None:
    client = sign_in_as("Manager", token=None)
    enter(client, token=core.keys["acme"]["full"])
    assert client.post("/tokens/acme/confirm/")["Location"] == "/c/acme/pools/"


def test_discarding_a_new_token_leaves_the_one_in_use(
    newcomer: Client, core: RunningSandbox
) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    newcomer.post("/tokens/acme/confirm/")
    in_use = Token.objects.get()
    enter(newcomer, token=core.keys["acme"]["read_only"])
    answer = newcomer.post("/tokens/acme/discard/", {"next": "/c/acme/pools/?page=2"}, follow=True)
    assert answer.redirect_chain == [("/c/acme/pools/?page=2", 302)]
    assert "The new token for Acme was discarded. Your current token stays in use." in told(answer)
    assert list(Token.objects.all()) == [in_use]


def test_removing_the_token_in_use_leaves_the_one_that_waits(
    newcomer: Client, core: RunningSandbox
) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    newcomer.post("/tokens/acme/confirm/")
    in_use = Token.objects.get()
    enter(newcomer, token=core.keys["acme"]["read_only"])
    assert in_use.fingerprint in newcomer.get("/tokens/acme/remove/").text
    newcomer.post("/tokens/acme/remove/")
    assert Token.objects.get().confirmed_at is None
    assert newcomer.get("/tokens/acme/remove/").status_code == 404


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
    assert page.context["scope"].differs_from_current is True


def test_mending_leads_back(newcomer: Client, core: RunningSandbox) -> None:
    form = {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["full"]}
    answer = newcomer.post(f"{ADD}?next=/c/acme/pools/%3Fpage%3D2", form, follow=True)
    target = answer.redirect_chain[-1][0]
    assert newcomer.post(target)["Location"] == "/c/acme/pools/?page=2"


def test_mending_leads_back_with_everything_in_the_address(
    newcomer: Client, core: RunningSandbox
) -> None:
    place = "/c/acme/pools/?search=a%26b&sort=-limit&page=2"
    form = {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["full"]}
    mend = token_href(Company.objects.get(), "token_add", place)
    shown = newcomer.get(mend)
    assert shown.context["next"] == shown.context["cancel_href"] == place
    confirm = newcomer.post(mend, form)["Location"]
    assert newcomer.get(confirm).context["next"] == place
    assert newcomer.post(confirm)["Location"] == place


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


def test_token_events_say_where_they_came_from(newcomer: Client, core: RunningSandbox) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    newcomer.post("/tokens/acme/confirm/")
    newcomer.post("/tokens/acme/verify/")
    newcomer.post("/tokens/acme/remove/")
    entries = Entry.objects.filter(kind="event", action__startswith="token_").order_by("seq")
    assert [(entry.action, json.loads(entry.facts)["address"]) for entry in entries] == [
        (action, "127.0.0.1")
        for action in ("token_added", "token_confirmed", "token_verified", "token_removed")
    ]


def test_a_moved_company_closes_its_tokens(manager: Client, acme: Company) -> None:
    acme.base_url = "http://127.0.0.1:9/other"
    acme.save()
    page = manager.get("/c/acme/pools/")
    assert page.status_code == 403
    assert page.context["problem"].title == "Your stored token for Acme no longer works."


def test_who_is_signed_in_is_the_owner(newcomer: Client, core: RunningSandbox) -> None:
    enter(newcomer, token=core.keys["acme"]["full"])
    assert Token.objects.get().user == person_of(newcomer)


def test_a_token_in_its_last_hours_warns_where_one_works(manager: Client) -> None:
    Token.objects.update(expires_at=timezone.now() + timedelta(minutes=90))
    page = manager.get("/c/acme/pools/")
    assert page.context["token_notice"]["label"] == "Replace"
    assert "Your token for Acme expires at" in told(page)


def test_an_expired_token_is_known_without_a_call(manager: Client, core: RunningSandbox) -> None:
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = manager.get("/c/acme/pools/")
    assert page.context["problem"].title == "Your token for Acme has expired."
    assert core.journal == []


@pytest.mark.parametrize(("days", "said"), [(179, False), (181, True)])
def test_an_old_key_that_never_expires_gets_a_word(manager: Client, days: int, said: bool) -> None:
    Token.objects.update(created_at=timezone.now() - timedelta(days=days))
    assert (f"In use for {days} days." in manager.get("/tokens/").content.decode()) is said
