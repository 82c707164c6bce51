"""What holds for every address: its type, that looking changes nothing, what the log says."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import structlog
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import serializers
from django.db import connection
from django.test import Client

from adminpanel.logs import line_formatter, logging_settings
from pools.models import Company, Entry, Invitation, Lease, Token
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn
from tests.fixtures.people import prove, sign_in
from tests.fixtures.sampling import at_length
from tests.views.addresses import MATRIX, address_of

LOOKED_AT = [route for route in MATRIX if "logout" not in route]


@pytest.fixture
def someone(sign_in_as: SignIn) -> Client:
    client = sign_in_as("Administrator")
    prove(client)
    return client


def stored() -> str:
    """What people and the panel keep; not when somebody was here."""
    rows: list[Any] = []
    for model in (Company, Token, Invitation, Lease, Entry):
        rows += model.objects.order_by("pk")
    people = [(u.pk, u.username, u.password, u.is_active) for u in User.objects.order_by("pk")]
    return f"{serializers.serialize('json', rows)}{people}"


class Looked(NamedTuple):
    """Each address's answer to an administrator, and what looking did."""

    answers: dict[str, Any]
    before: str
    after: str
    methods_at_core: set[str]

    @property
    def pages(self) -> dict[str, str]:
        """What is no page, and what is sent piece by piece, is empty."""
        return {
            route: getattr(answer, "content", b"").decode()
            for route, answer in self.answers.items()
        }


@pytest.fixture(scope="module")
def looks() -> list[Looked]:
    return []


@pytest.fixture
def looked(db: None, looks: list[Looked], request: pytest.FixtureRequest) -> Looked:
    """Looked at once, by the first test that asks: several tests look at the answers."""
    if not looks:
        someone, core = request.getfixturevalue("someone"), request.getfixturevalue("core")
        before = stored()
        answers = {route: someone.get(address_of(route)) for route in LOOKED_AT}
        looks.append(Looked(answers, before, stored(), {each.method for each in core.journal}))
    return looks[0]


def test_looking_changes_nothing(looked: Looked) -> None:
    assert looked.after == looked.before
    assert looked.methods_at_core == {"GET"}


@pytest.mark.parametrize("routes", [LOOKED_AT[::3], *at_length([(LOOKED_AT,)])])
def test_nor_does_asking_for_the_head_alone(
    someone: Client, core: RunningSandbox, routes: list[str]
) -> None:
    before = stored()
    for route in routes:
        someone.head(address_of(route))
    assert stored() == before
    assert {request.method for request in core.journal} == {"GET"}


def test_every_answer_says_what_it_is_and_in_which_letters(looked: Looked) -> None:
    for route, page in looked.pages.items():
        kind = looked.answers[route].headers.get("Content-Type", "").replace(chr(34), "")
        assert not page or kind == "application/json" or "charset=utf-8" in kind, (route, kind)


@pytest.mark.parametrize(
    ("file", "kind"),
    [("js/panel.js", "text/javascript"), ("css/page.css", "text/css"), ("icons.svg", "image/svg")],
)
def test_files_say_what_they_are(db: None, settings: Any, file: str, kind: str) -> None:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    answer = Client().get(f"/static/{file}")
    answer.close()
    assert answer["Content-Type"].startswith(kind)
    assert kind.startswith("image/") or 'charset="utf-8"' in answer["Content-Type"]


@pytest.mark.parametrize(
    "address",
    ["/static/", "/static/js/", "/static/../manage.py", "/static/%2e%2e/manage.py", "/.git/config",
     "/.env", "/adminpanel/settings.py", "/static/js/..%2f..%2f..%2fmanage.py", "/media/"],
)  # fmt: skip
def test_no_folder_and_no_file_of_the_code_is_served(
    someone: Client, settings: Any, address: str
) -> None:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    assert someone.get(address).status_code == 404


def test_every_page_of_the_panel_has_the_way_out(looked: Looked) -> None:
    for route, page in looked.pages.items():
        whole = "<html" in page and looked.answers[route].status_code == 200
        if whole and not route.startswith("admin/"):
            assert 'action="/accounts/logout/"' in page, route


def test_no_page_shows_what_only_programs_write(looked: Looked) -> None:
    for route, page in looked.pages.items():
        assert not re.search(r"bound method|function \w+ at 0x|object at 0x", page), route


def test_the_administration_has_it_too(someone: Client) -> None:
    assert 'action="/admin/logout/"' in someone.get("/admin/").content.decode()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as found:
        yield found


def test_who_may_not_is_in_the_log(operator: User, lines: list[Any]) -> None:
    client = sign_in("olga")
    client.get("/people/?secret=search")
    line = [line for line in lines if line["event"] == "request"][-1]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/people/", 403)
    assert line["user"] == operator.pk
    assert "search" not in repr(lines)


@pytest.mark.parametrize(
    ("address", "form", "status"),
    [("/join/", {"code": "guess"}, 429), ("/tokens/acme/verify/", {}, 404),
     ("/c/acme/pools/?per_page=7", None, 400)],
)  # fmt: skip
def test_attempts_to_get_around_something_are_in_the_log(
    acme: Company, operator: User, lines: list[Any], address: str, form: Any, status: int
) -> None:
    client = Client() if "join" in address else sign_in("olga")
    for _ in range(21 if status == 429 else 1):
        answer = client.post(address, form) if form is not None else client.get(address)
    assert answer.status_code in (status, 403)
    line = [line for line in lines if line["event"] == "request"][-1]
    assert line["status"] == answer.status_code


def test_a_form_of_another_site_is_in_the_log(db: None, caplog: pytest.LogCaptureFixture) -> None:
    Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x"})
    assert [record.name for record in caplog.records] == ["django.security.csrf"]


def test_a_sign_in_that_is_not_even_tried_is_in_the_log(operator: User, lines: list[Any]) -> None:
    for _ in range(6):
        sign_in("olga", "wrong", Client())
    assert [line for line in lines if line["event"] == "sign-in refused unseen"]


def test_a_call_to_core_that_fails_is_in_the_log(
    sign_in_as: SignIn, core: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    client = sign_in_as("Manager")
    core.set_fault("status=500")
    with caplog.at_level(logging.WARNING, "pools.core.observing"):
        client.get("/c/acme/pools/")
    assert any("a call to Core failed: list_pools" in record.message for record in caplog.records)


def test_an_error_of_the_panel_is_in_the_log_with_its_traceback(
    admin: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("forced")

    monkeypatch.setattr("pools.views.people_facts.everyone", fail)
    admin.raise_request_exception = False
    admin.get("/people/")
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info


def test_logs_go_to_standard_error_alone_as_json_in_utc() -> None:
    shipped = logging_settings("json", "INFO")
    assert {handler["class"] for handler in shipped["handlers"].values()} == {
        "logging.StreamHandler"
    }
    # Its own stream is standard error.
    assert not [handler for handler in shipped["handlers"].values() if "stream" in handler]
    assert shipped["formatters"]["line"] == {"()": line_formatter, "style": "json"}
    record = logging.LogRecord("x", logging.INFO, "", 0, "said", (), None)
    rendered = line_formatter("json").format(record)
    told = json.loads(rendered)
    assert told["timestamp"].endswith("Z")
    assert {"event", "level", "logger", "timestamp"} <= told.keys()


def test_every_line_of_a_request_has_its_id(operator: User) -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as found:
        answer = Client().get("/accounts/login/")
    assert found
    assert {line["request_id"] for line in found} == {answer["X-Request-ID"]}


def test_sessions_are_in_the_database_and_not_in_the_cookie(operator: User) -> None:
    client = sign_in("olga")
    assert Session.objects.filter(pk=client.cookies["session"].value).exists()
    assert UserSession.objects.filter(user=operator).count() == 1


def test_caches_hold_counts_alone(operator: User, admin: Client) -> None:
    sign_in("olga", "wrong")
    admin.get("/people/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM panel_cache")
        keys = [key for (key,) in cursor.fetchall()]
    assert keys
    assert [key for key in keys if ":allauth:rl:" not in key and ":panel." not in key] == []
