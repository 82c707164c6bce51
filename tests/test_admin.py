"""The administration: who gets in, what it records, what it does not show or let pass."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError
from django.test import Client

from pools.models import Company, Entry, Token
from pools.models.vocabulary import Outcome, Verdict
from pools.secret import Secret
from pools.tokens.keeping import binding_of
from pools.tokens.vault import seal
from tests.changes.recorded import NOON, a_change, minutes, settled
from tests.fixtures.panel import PASSWORD, make_person
from tests.fixtures.people import sign_in

pytestmark = pytest.mark.django_db
CANARY = "canary-token-0123456789"


@pytest.fixture
def administrator() -> Client:
    make_person("ada", "Administrator")
    return sign_in("ada")


@pytest.fixture
def superuser() -> Client:
    User.objects.create_superuser("root", "root@panel.example", PASSWORD)
    return sign_in("root")


@pytest.fixture
def acme() -> Company:
    return Company.objects.create(name="Acme", slug="acme", base_url="https://core.example")


@pytest.fixture
def token(acme: Company) -> Token:
    """Olga's token for Acme."""
    kept = Token(
        user=make_person("olga", "Operator"),
        company=acme,
        kind=Token.Kind.API_KEY,
        label="her key",
        fingerprint="0123456789ab",
        created_at="2026-05-01T10:00:00Z",
        confirmed_at="2026-05-01T10:01:00Z",
        opens_names=["Secret orders"],
        opens_ids=[1],
    )
    kept.sealed = seal(Secret(CANARY), binding_of(kept))
    kept.save()
    return kept


def events(action: str) -> list[dict[str, Any]]:
    found = Entry.objects.filter(action=action).order_by("seq")
    return [json.loads(facts) for facts in found.values_list("facts", flat=True)]


@pytest.mark.parametrize("role", ["Read-only", "Operator", "Manager", "Auditor"])
def test_other_roles_do_not_get_in(role: str) -> None:
    make_person("ada", role)
    assert sign_in("ada").get("/admin/", follow=True).status_code == 403


def test_being_staff_is_no_way_in() -> None:
    person = make_person("ada", "Operator")
    person.is_staff = True
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    person.save()
    assert sign_in("ada").get("/admin/", follow=True).status_code == 403


def test_a_stranger_signs_in_on_the_panels_own_page() -> None:
    answer = Client().get("/admin/pools/token/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")


def test_signing_out_and_passwords_are_the_panels_own(administrator: Client) -> None:
    assert administrator.get("/admin/logout/")["Location"] == "/accounts/logout/"
    place = administrator.get("/admin/password_change/")["Location"]
    assert place == "/accounts/password/change/"


def test_what_cannot_be_recorded_is_not_changed(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    olga = make_person("olga", "Operator")

    def fail(*arguments: Any, **named: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr("pools.admin.record_event", fail)
    with pytest.raises(DatabaseError):
        administrator.post(f"/admin/auth/user/{olga.pk}/change/", {"username": "olga2"})
    olga.refresh_from_db()
    assert olga.username == "olga"


def test_adding_a_person_is_recorded_without_the_password(administrator: Client) -> None:
    form = {"username": "new", "password1": CANARY, "password2": CANARY, "usable_password": "true"}
    administrator.post("/admin/auth/user/add/", form)
    (event,) = events("user_added")
    assert event["changed"]["username"] == ["", "new"]
    assert CANARY not in json.dumps(event)


def test_setting_a_password_is_recorded_without_it(administrator: Client) -> None:
    olga = make_person("olga", "Operator")
    form = {"password1": CANARY, "password2": CANARY, "usable_password": "true"}
    administrator.post(f"/admin/auth/user/{olga.pk}/password/", form)
    assert [event["name"] for event in events("user_password_set")] == ["olga"]
    assert not Entry.objects.filter(facts__contains=CANARY).exists()


def test_an_administrator_makes_no_superuser(administrator: Client) -> None:
    olga = make_person("olga", "Operator")
    form = {"username": "olga", "is_superuser": "on", "is_staff": "on", "is_active": "on"}
    administrator.post(f"/admin/auth/user/{olga.pk}/change/", form)
    olga.refresh_from_db()
    assert (olga.is_superuser, olga.is_staff) == (False, False)


def test_an_administrator_grants_no_permission_directly(administrator: Client) -> None:
    olga = make_person("olga", "Operator")
    every = list(Permission.objects.values_list("pk", flat=True))
    form = {"username": "olga", "is_active": "on", "user_permissions": every}
    administrator.post(f"/admin/auth/user/{olga.pk}/change/", form)
    assert olga.user_permissions.count() == 0


@pytest.mark.parametrize("page", ["change", "password", "delete"])
def test_an_administrator_does_not_touch_a_superuser(administrator: Client, page: str) -> None:
    root = User.objects.create_superuser("root", "", PASSWORD)
    form = {"username": "x", "password1": CANARY, "password2": CANARY, "post": "yes"}
    answer = administrator.post(f"/admin/auth/user/{root.pk}/{page}/", form)
    assert answer.status_code == 403
    assert User.objects.get(pk=root.pk).password == root.password


def test_a_superuser_among_those_to_delete_saves_them_all(administrator: Client) -> None:
    root = User.objects.create_superuser("root", "", PASSWORD)
    olga = make_person("olga", "Operator")
    chosen = {"action": "delete_selected", "_selected_action": [root.pk, olga.pk], "post": "yes"}
    administrator.post("/admin/auth/user/", chosen)
    assert User.objects.filter(pk__in=[root.pk, olga.pk]).count() == 2


@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_an_administrator_does_not_change_what_a_role_may(administrator: Client, page: str) -> None:
    role = Group.objects.get(name="Operator")
    place = "add/" if page == "add" else f"{role.pk}/{page}/"
    form = {"name": "Everything", "permissions": [1], "post": "yes"}
    assert administrator.post(f"/admin/auth/group/{place}", form).status_code == 403
    assert role.permissions.count() == 3


def test_a_superusers_change_of_a_group_is_recorded(superuser: Client) -> None:
    group = Group.objects.create(name="Our own")
    group.permissions.set(Group.objects.get(name="Auditor").permissions.all())
    superuser.post(f"/admin/auth/group/{group.pk}/change/", {"name": "Our own", "permissions": []})
    ((before, after),) = [event["changed"]["permissions"] for event in events("group_changed")]
    assert (len(before), after) == (2, [])


@pytest.mark.parametrize("page", ["change", "delete"])
def test_not_even_a_superuser_changes_a_role_there(superuser: Client, page: str) -> None:
    """The next `migrate` would undo it: roles follow the table of rights."""
    role = Group.objects.get(name="Auditor")
    form = {"name": "Auditor", "permissions": [], "post": "yes"}
    assert superuser.post(f"/admin/auth/group/{role.pk}/{page}/", form).status_code == 403
    assert role.permissions.count() == 2
    assert superuser.get(f"/admin/auth/group/{role.pk}/change/").status_code == 200


def test_a_person_goes_with_their_tokens(administrator: Client, token: Token) -> None:
    administrator.post(f"/admin/auth/user/{token.user.pk}/delete/", {"post": "yes"})
    assert Token.objects.count() == 0
    assert [event["name"] for event in events("person_deleted")] == ["olga"]


@pytest.mark.parametrize("page", ["", "change"])
def test_a_token_is_shown_by_its_metadata_alone(
    administrator: Client, token: Token, page: str
) -> None:
    place = f"{token.pk}/change/" if page else ""
    shown = administrator.get(f"/admin/pools/token/{place}").content.decode()
    assert token.fingerprint in shown
    for hidden in (CANARY, token.sealed, token.sealed.split(":")[-1], "Secret orders"):
        assert hidden not in shown


@pytest.mark.parametrize(
    "question", ["sealed__startswith=v1", "company__tokens__sealed__startswith=v1", "opens_ids=1"]
)
def test_a_token_cannot_be_asked_for_bit_by_bit(
    administrator: Client, token: Token, question: str
) -> None:
    answer = administrator.get(f"/admin/pools/token/?{question}")
    assert token.fingerprint not in answer.content.decode()


@pytest.mark.parametrize("kind", ["token", "entry"])
def test_tokens_and_the_ledger_are_only_to_look_at(
    administrator: Client, token: Token, kind: str
) -> None:
    administrator.get("/account/")
    key = token.pk if kind == "token" else Entry.objects.earliest("seq").pk
    for place in ("add/", f"{key}/delete/"):
        assert (
            administrator.post(f"/admin/pools/{kind}/{place}", {"post": "yes"}).status_code == 403
        )
    assert (
        administrator.post(f"/admin/pools/{kind}/{key}/change/", {"label": "x"}).status_code == 403
    )


def test_the_ledger_is_listed_in_words(administrator: Client) -> None:
    settled(a_change(outcome=Outcome.UNKNOWN), NOON + minutes(2), Verdict.NOT_APPLIED)
    page = administrator.get("/admin/pools/entry/").text
    for cell in ("NetSuite orders (7)", "Edit", "settled: not applied", "outcome: unknown"):
        assert f">{cell}</td>" in page


def test_the_ledger_can_be_looked_at(administrator: Client) -> None:
    assert administrator.get("/admin/pools/entry/").status_code == 200
    first = Entry.objects.earliest("seq")
    assert (
        first.digest in administrator.get(f"/admin/pools/entry/{first.pk}/change/").content.decode()
    )
