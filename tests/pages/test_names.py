"""Awkward names as whatever has a name: on every page, in every export, only text.

tests/proof has 5,000 of them.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.test import Client

from adminpanel.logs import line_formatter
from pools.core.comparing import is_invisible
from pools.forms.checks import control_text
from pools.models import Company, Invitation, Token
from pools.people import acts
from sandbox.running import RunningSandbox
from tests.accounts.forgotten import ask
from tests.changes.recorded import a_change
from tests.fixtures.awkward_names import NASTIEST, TRAP, Page, as_parsed, awkward_names
from tests.fixtures.panel import actor, give_token, make_person
from tests.fixtures.people import prove, sign_in
from tests.fixtures.sampling import at_length
from tests.pages import naming
from tests.views.changing import open_form

COUNT = 300
AT_ONCE = 100
PAGES = [1, 3]
DIALOG: Final = {"HX-Request": "true", "HX-Target": "dialog-body"}


@pytest.fixture(scope="module")
def names() -> Sequence[str]:
    return awkward_names(COUNT)


@pytest.fixture(scope="module")
def crowded(names: Sequence[str]) -> Iterator[RunningSandbox]:
    with naming.crowded_core(names) as core:
        yield core


@pytest.fixture
def client(db: None, crowded: RunningSandbox) -> Client:
    return naming.manager_of_both(crowded)


def test_no_two_are_alike_and_the_nastiest_are_there(names: Sequence[str]) -> None:
    assert len(set(names)) == COUNT
    assert set(NASTIEST) <= set(names)


def test_a_name_that_were_not_escaped_would_be_noticed() -> None:
    safe, open_ = Page("<p title='x'>&lt;b&gt;</p>"), Page("<p title='x'><b></p>")
    assert safe.shape() != open_.shape()
    assert (safe.texts("p"), open_.texts("p")) == (["<b>"], [""])
    assert Page(f'<a href="javascript:fetch(1)">x</a><a href="//x{TRAP}">').leads_away()


def test_pools_and_their_systems_in_the_list(client: Client, names: Sequence[str]) -> None:
    naming.list_shows(client, names)


@pytest.mark.parametrize("number", PAGES)
def test_whole_pages_of_the_list(client: Client, number: int) -> None:
    naming.whole_page_of_the_list_is_only_text(client, number)


def test_connectors_and_systems_on_the_page_of_a_pool(
    client: Client, crowded: RunningSandbox, names: Sequence[str]
) -> None:
    naming.page_of_a_pool_shows(client, crowded, names, at_once=AT_ONCE)


@pytest.mark.parametrize("name", ["\ud83d", "a\udc00b", "\x00", "<\x00script>", "\ud800<b>"])
def test_what_no_page_can_hold_is_replaced(
    client: Client, crowded: RunningSandbox, name: str
) -> None:
    pool = crowded.company("blank").add_pool("Odd")
    crowded.company("blank").add_connector(pool.id, name=name, system={"id": 1, "name": name})
    page = naming.looked_at(client.get(f"/c/blank/pools/{pool.id}/"))
    crowded.company("blank").delete_pool(pool.id)
    clean = "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in name)
    assert page.texts(".system bdi") == [clean, clean]


def test_companies_and_labels_of_tokens(db: None, names: Sequence[str]) -> None:
    naming.lists_of_companies_show(names)


def test_people(db: None, names: Sequence[str]) -> None:
    naming.list_of_people_shows(names)


@pytest.mark.parametrize("what", naming.RECORDS)
def test_the_record(db: None, names: Sequence[str], what: str) -> None:
    naming.record_shows(names, what)


@pytest.mark.parametrize("what", naming.RECORDS)
def test_exports_hold_them_as_they_are_and_defused(
    db: None, names: Sequence[str], what: str
) -> None:
    naming.exports_hold(names, what)


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_line_of_the_log_stays_one_line(names: Sequence[str], style: str) -> None:
    naming.lines_of_the_log_stay_lines(names, style)


def test_a_traceback_in_the_log_begins_no_line_of_its_own() -> None:
    rendered = line_formatter("text")
    error = ValueError("x\n2026-11-24T12:00:00Z [info     ] forged\x1b[31m")
    failed = (ValueError, error, None)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), failed)
    first, *rest = rendered.format(record).split("\n")
    assert "failed" in first
    assert [line for line in rest if not line.startswith("    ")] == []
    assert "\x1b" not in "".join(rest)


def test_mails_have_no_header_from_a_name(
    admin: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_CONFIGURED, settings.DEFAULT_FROM_EMAIL = True, "panel@panel.example"
    for number, name in enumerate(NASTIEST):
        form = {"username": f"n{number}", "full_name": name[:150] or "x", "roles": ["Operator"],
                "email": "nina@panel.example"}  # fmt: skip
        admin.post("/people/invite/", form)
    monkeypatch.setitem(settings.ACCOUNT_RATE_LIMITS, "reset_password", "999/m/ip")
    for number, name in enumerate(NASTIEST):
        User.objects.create_user(f"p{number}", "nina@panel.example", "x", first_name=name[:150])
        ask(f"p{number}")
    assert len(mail.outbox) > 80
    for sent in mail.outbox:
        headers = set(sent.message().keys())
        assert headers <= {"Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject",
                           "From", "To", "Date", "Message-ID"}  # fmt: skip
        assert sent.message().get_content_type() == "text/plain"
        assert sent.recipients() == ["nina@panel.example"]


# --- Each of the nastiest as everything, on every page that has a name ------------------

ROLES: Final = ("company", "user", "first", "last", "label", "pool", "connector", "reason")


class Everywhere:
    """A panel in which everything has one of the given names."""

    def __init__(self, core: RunningSandbox, client: Client) -> None:
        self.core, self.client = core, client
        self.company = Company.objects.get(slug="acme")
        self.user = User.objects.get(username="ada")
        self.other = make_person("other", "Operator")
        self.pool = core.company("acme").add_pool("x").id

    def rename(self, name: dict[str, str]) -> None:
        """Gives everything its name; the ledger and an invitation get new rows."""
        self.company.name = name["company"][:100]
        self.company.save()
        for user, kind in ((self.user, "user"), (self.other, "first")):
            user.username, user.first_name = f"{user.pk}{name[kind]}"[:150], name["first"][:150]
            user.last_name = name["last"][:150]
            user.save()
        access = self.core.company("acme")
        access.delete_pool(self.pool)
        self.pool = access.add_pool(name["pool"][:255]).id
        system = {"id": 1, "name": name["label"]}
        access.add_connector(self.pool, name=name["connector"], system=system)
        Token.objects.update(
            label=name["label"][:100], opens_names=[name["pool"]], opens_ids=[self.pool]
        )
        self.change = a_change(
            who=name["user"], pool_id=self.pool, pool_name=name["pool"], reason=name["reason"]
        )
        Invitation.objects.all().delete()
        # Nobody else is given the name of who made the change, nor one with what nobody can see.
        visible = "".join(each for each in name["user"] if not is_invisible(each))
        self.invitation, _ = acts.invite(
            username=f"{self.pool}{visible}"[:150], full_name=name["first"][:150], email="",
            roles=["Operator"], by=actor(self.user),
        )  # fmt: skip

    def stored_name(self) -> str:
        """The pool's, as Core keeps it."""
        return str(self.core.company("acme").pool(self.pool).name)

    def addresses(self) -> list[str]:
        pools, other = "/c/acme/pools", f"/people/{self.other.pk}"
        of_pool = [f"{pools}/{self.pool}/{act}" for act in ("", "edit/", "clear/", "delete/")]
        of_token = [f"/tokens/acme/{act}/" for act in ("replace", "remove", "confirm")]
        acts = ("", "roles/", "disable/", "sign-out/", "password/", "second-factors/remove/")
        return [
            *of_pool, *of_token, *(f"{other}/{act}" for act in acts),
            f"{pools}/?per_page=10&sort=-created_at", f"{pools}/new/", "/",
            f"/changes/{self.change}/", f"/c/acme/changes/?pool={self.pool}",
            "/tokens/", "/tokens/add/?company=acme", "/people/", "/people/invite/",
            f"/people/invitations/{self.invitation.pk}/withdraw/", "/account/",
            "/accounts/logout/", "/accounts/password/change/", "/accounts/reauthenticate/",
            "/accounts/sessions/", "/accounts/second-factor/", "/no/such/page/",
            "/companies/", "/companies/acme/", f"/admin/auth/user/{self.other.pk}/change/",
            "/admin/pools/entry/", "/admin/pools/token/",
        ]  # fmt: skip

    def shapes(self, some: slice = slice(None)) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, address in [*enumerate(self.addresses())][some]:
            found[f"{number}"] = self._look(address, {})
            if address.startswith("/c/"):
                found[f"{number} in a dialog"] = self._look(address, DIALOG)
        return found

    def _look(self, address: str, headers: dict[str, str]) -> Any:
        answer = self.client.get(address, headers=headers)
        assert answer.status_code in (200, 404), (address, answer.status_code)
        page = Page(answer.content.decode())
        assert [away for away in page.leads_away() if TRAP in away or "evil" in away] == []
        # What everybody did grows with every round, and so does the choice of whose it was, and
        # of systems that were seen.
        grows = address in {"/", "/companies/acme/"} or address.startswith(
            ("/admin/pools/entry/", "/c/acme/changes/")
        )
        return set(page.shape()) if grows else page.shape()

    def messages(self, name: dict[str, str]) -> Page:
        """What is said after something was done, and forms that come back with an error."""
        self.client.post(f"/people/invitations/{self.invitation.pk}/withdraw/")
        self.client.post(f"/people/{self.other.pk}/sign-out/")
        self.client.post("/tokens/acme/verify/")
        said = naming.looked_at(self.client.get("/account/"))
        address = f"/c/acme/pools/{self.pool}/edit/"
        typed = open_form(self.client, address, reason=name["reason"], name=name["label"][:255])
        back = naming.looked_at(self.client.post(address, typed | {"limit": "x"}), 422)
        assert as_parsed(typed["name"]) in [*back.attributes("input[name=name]", "value")]
        return said


@pytest.fixture
def everywhere(acme: Company, core: RunningSandbox) -> Everywhere:
    make_person("ada", "Administrator")
    client = sign_in("ada")
    user = User.objects.get(username="ada")
    user.groups.add(Group.objects.get(name="Manager"))
    give_token(user, acme, core.keys["acme"]["full"])
    return Everywhere(core, client)


# Two parts of the names, with markup in each role, are looked at on every page; of the others
# every second page has one part, and the pages between them the next.
@pytest.mark.parametrize("apart", [2, *at_length([(1,)])])
def test_the_nastiest_as_everything_everywhere(everywhere: Everywhere, apart: int) -> None:
    plain = dict.fromkeys(ROLES, "plain")
    # A form says of a pool's name that there is a line break in it.
    everywhere.rename(plain | {"pool": "on two\nlines"})
    on_two_lines = everywhere.shapes()
    everywhere.rename(plain)
    like, said = everywhere.shapes(), everywhere.messages(plain).shape()
    for part, start in enumerate(range(0, len(NASTIEST), len(ROLES))):
        prove(everywhere.client)
        chosen = [NASTIEST[(start + at) % len(NASTIEST)] for at in range(len(ROLES))]
        name = dict(zip(ROLES, chosen, strict=True))
        everywhere.rename(name)
        some = slice(part % apart, None, apart) if part > 1 else slice(None)
        shapes = everywhere.shapes(some)
        pool = everywhere.stored_name()
        expected = like if control_text(pool) == pool else on_two_lines
        assert {a: shape for a, shape in shapes.items() if shape != expected[a]} == {}, name
        assert everywhere.messages(name).shape() == said, name
