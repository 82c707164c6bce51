"""Django's administration: what it must not be a way around."""

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from pools.people import acts
from tests.fixtures.people import sign_in

pytestmark = pytest.mark.django_db


def test_it_shows_none_of_the_tables_of_signing_in() -> None:
    labels = {model._meta.app_label for model in site._registry}
    assert labels == {"auth", "pools"}


def test_roles_and_disabling_are_not_changed_there(
    admin: Client, operator: User, administrator: User
) -> None:
    form = {"username": "olga", "is_active": "", "groups": [], "is_superuser": "on"}
    admin.post(f"/admin/auth/user/{operator.pk}/change/", form)
    operator.refresh_from_db()
    assert (operator.is_active, operator.is_superuser) == (True, False)
    assert acts.roles_of(operator) == ["Operator"]


def test_nobody_deletes_themselves(admin: Client, administrator: User) -> None:
    answer = admin.post(f"/admin/auth/user/{administrator.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert User.objects.filter(pk=administrator.pk).exists()


def test_a_typed_password_is_not_kept_while_the_own_one_is_asked_for(
    administrator: User, operator: User
) -> None:
    client = Client()
    client.force_login(administrator)
    new = "a-new-password-for-olga"
    form = {"password1": new, "password2": new}
    answer = client.post(f"/admin/auth/user/{operator.pk}/password/", form)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    kept = [session.get_decoded() for session in Session.objects.all()]
    assert new not in repr(kept)


def test_an_operator_is_refused_and_not_asked_to_sign_in(operator: User) -> None:
    assert sign_in("olga").get("/admin/").status_code in (302, 403)
    assert sign_in("olga").get("/admin/", follow=True).status_code == 403
