"""A user name that was recorded for somebody is never another's; their own is theirs again."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from pools.ledger.recorded_names import recorded_names
from pools.models import Invitation
from pools.people.user_names import (
    Bearer,
    NameHolder,
    NameTaken,
    bearers,
    earlier_names,
    must_be_free,
)
from tests.changes.recorded import a_change, an_event
from tests.fixtures.panel import PASSWORD, make_person, told
from tests.fixtures.people import sign_in
from tests.fixtures.sampling import paired
from tests.people.inviting import FORM, invite, join

pytestmark = pytest.mark.django_db
REFUSED = "The history shows somebody else under this user name"
# As typed by somebody who means the same name, or one that nobody can tell from it.
SPELLINGS = ["olga", "OLGA", "olga\u3164", "ｏｌｇａ"]


def rename(person: User, name: str) -> None:
    User.objects.filter(pk=person.pk).update(username=name)


def delete(person: User) -> None:
    person.delete()


def leave(person: User) -> None:
    rename(person, "olga.k")


@pytest.fixture(params=[delete, leave], ids=["deleted", "renamed"])
def olga(request: pytest.FixtureRequest, db: None) -> None:
    """Somebody called olga signed in, and is not called so any more."""
    person = make_person("olga", "Operator")
    sign_in("olga")
    request.param(person)


def by_invitation(name: str, admin: Client, monkeypatch: pytest.MonkeyPatch) -> str:
    return told(admin.post("/people/invite/", FORM | {"username": name}))


def by_administration(name: str, admin: Client, monkeypatch: pytest.MonkeyPatch) -> str:
    User.objects.create_superuser("root", "root@panel.example", PASSWORD)
    return told(added_there(sign_in("root"), name))


def by_renaming(name: str, admin: Client, monkeypatch: pytest.MonkeyPatch) -> str:
    User.objects.create_superuser("root", "root@panel.example", PASSWORD)
    other = make_person("other", "Operator")
    return told(renamed_there(sign_in("root"), other, name))


def by_createsuperuser(name: str, admin: Client, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-long-first-password")
    said = StringIO()
    try:
        call_command("createsuperuser", "--no-input", username=name, email="", stdout=said)
    except CommandError as refused:
        return str(refused)
    return said.getvalue()


def by_environment(name: str, admin: Client, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PANEL_ADMIN_NAME", name)
    monkeypatch.setenv("PANEL_ADMIN_PASSWORD", "a-long-first-password")
    said = StringIO()
    call_command("ensure_admin", stdout=said)
    return said.getvalue()


def added_there(client: Client, name: str) -> Any:
    form = {"username": name, "usable_password": "true"}
    form |= {"password1": "a-long-new-password-7", "password2": "a-long-new-password-7"}
    return client.post("/admin/auth/user/add/", form)


def renamed_there(client: Client, person: User, name: str) -> Any:
    form = {"username": name, "first_name": "", "last_name": "", "email": "", "is_active": "on"}
    return client.post(f"/admin/auth/user/{person.pk}/change/", form)


WAYS = [by_invitation, by_administration, by_renaming, by_createsuperuser, by_environment]


@pytest.mark.parametrize(("way", "spelling"), paired(WAYS, SPELLINGS))
def test_no_way_in_gives_a_recorded_name_to_somebody_else(
    way: Callable[..., str],
    spelling: str,
    olga: None,
    admin: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = set(User.objects.values_list("pk", "username"))
    assert REFUSED in way(spelling, admin, monkeypatch)
    added = set(User.objects.values_list("pk", "username")) - before
    assert {name for _, name in added} <= {"root", "other"}
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_takes_a_name_with_marks_on_its_letters(
    way: Callable[..., str], admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = way("नीना", admin, monkeypatch)
    people = User.objects.values_list("username", flat=True)
    assert "नीना" in {*people, *Invitation.objects.values_list("username", flat=True)}, said


@pytest.mark.parametrize("spelling", [each for each in SPELLINGS if "\u3164" not in each])
def test_an_invitation_from_before_gives_no_recorded_name(admin: Client, spelling: str) -> None:
    code = invite(admin, username=spelling)
    person = make_person("olga", "Operator")
    sign_in("olga")
    delete(person)
    _, answer = join(code)
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors() == [
        f"{REFUSED}, so you can't have it. Ask for another one."
    ]
    assert not User.objects.filter(username=spelling).exists()


@pytest.mark.parametrize(
    ("recorded", "typed"),
    [
        ("Zoë.K", "zoë.k"),
        ("zoë", "zoe\u0308"),
        ("zoe\u0308", "ZOË"),
        ("olga", " olga\u00a0"),
        ("olga", "ol\u200bga"),
        ("straße", "STRASSE"),
    ],
)
def test_names_are_compared_as_people_see_them(recorded: str, typed: str) -> None:
    a_change(who=recorded)
    with pytest.raises(NameTaken) as taken:
        must_be_free(typed)
    assert taken.value.holder is NameHolder.HISTORY


@pytest.mark.parametrize("blank", ["", "\u3164"])
def test_so_are_those_of_people_who_are_here_and_of_the_invited(admin: Client, blank: str) -> None:
    make_person("olga", "Operator")
    invite(admin)
    page = admin.post("/people/invite/", FORM | {"username": f"ＯLGA{blank}"})
    assert "Somebody already has this user name." in told(page)
    page = admin.post("/people/invite/", FORM | {"username": f"ＮINA{blank}"})
    assert "This user name has an open invitation." in told(page)


def test_who_never_did_anything_keeps_their_name_too(admin: Client) -> None:
    User.objects.create_superuser("root", "root@panel.example", PASSWORD)
    root = sign_in("root")
    added_there(root, "olga")
    person = User.objects.get(username="olga")
    renamed_there(root, person, "olga.k")
    root.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=person.pk).exists()
    for name in ("olga", "OLGA.K"):
        assert REFUSED in told(admin.post("/people/invite/", FORM | {"username": name}))
        must_be_free(name, person_id=person.pk)


def test_another_name_is_free(olga: None, admin: Client) -> None:
    for name in ("olga2", "olg", "ölga"):
        must_be_free(name)


def test_a_name_of_ones_own_is_given_back(admin: Client) -> None:
    User.objects.create_superuser("root", "root@panel.example", PASSWORD)
    root = sign_in("root")
    person = make_person("olga", "Operator")
    sign_in("olga")
    for name in ("olga.k", "OLGA", "olga"):
        assert renamed_there(root, person, name).status_code == 302, name
        person.refresh_from_db()
        assert person.username == name


def test_whose_history_has_an_old_name_of_another_keeps_their_own(olga: None) -> None:
    """Saving a person's page with the name as it is asks nothing."""
    User.objects.create_superuser("root", "root@panel.example", PASSWORD)
    root = sign_in("root")
    namesake = make_person("olga", "Operator")
    assert renamed_there(root, namesake, "olga").status_code == 302


def test_the_first_administrator_can_be_handed_over(
    olga: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anybody who administrates, the panel needs another name; with, it starts."""
    with pytest.raises(CommandError, match=f"No administrator was created. {REFUSED}"):
        by_environment("olga", Client(), monkeypatch)
    make_person("ada", "Administrator")
    assert REFUSED in by_environment("olga", Client(), monkeypatch)
    assert not User.objects.filter(username="olga").exists()


def test_each_name_is_recorded_with_each_person_it_was() -> None:
    a_change(who="ada")
    a_change(who="ada")
    a_change(who="")
    an_event(action="signed_in")
    make_person("bo", "Operator")
    sign_in("bo")
    bo = str(User.objects.get(username="bo").pk)
    assert [tuple(each) for each in recorded_names()] == [("ada", "1"), ("bo", bo)]


def test_a_renamed_persons_page_says_what_they_were_recorded_as(admin: Client) -> None:
    person = make_person("olga", "Operator")
    sign_in("olga")
    page = f"/people/{person.pk}/"
    assert "recorded as" not in told(admin.get(page))
    leave(person)
    assert "Also recorded as “olga”." in told(admin.get(page))
    person.refresh_from_db()
    assert earlier_names(person) == ["olga"]


def test_the_bearers_of_a_name() -> None:
    first = make_person("olga", "Operator")
    sign_in("olga")
    leave(first)
    sign_in("olga.k")
    assert bearers("OLGA") == [Bearer("olga.k", ("olga.k",))]
    assert bearers("olga.k") == [Bearer("olga.k", ("olga",))]
    first.delete()
    assert bearers("olga") == [Bearer(None, ("olga.k",))]
    # As in a record from before names were kept.
    make_person("olga", "Operator")
    assert bearers("olga") == [Bearer(None, ("olga.k",)), Bearer("olga", ())]
    assert bearers("environment") == []


def test_an_id_that_is_none_ends_no_page() -> None:
    a_change(who="olga", actor_id="of nobody")  # type: ignore[arg-type]
    assert bearers("olga") == [Bearer(None, ())]
