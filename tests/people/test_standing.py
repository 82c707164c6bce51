"""What a person is here: role and rights, by one question."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from pools.people.roles import ROLES
from pools.people.standing import standing_of
from tests.fixtures.panel import make_person

pytestmark = pytest.mark.django_db


def test_role_and_every_right_are_one_question(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    make_person("ada", "Operator")
    ada = User.objects.get(username="ada")
    with django_assert_num_queries(1):
        assert ada.get_all_permissions() == ROLES["Operator"]
        assert not ada.has_perm("pools.delete_pools")
        assert standing_of(ada).role == "Operator"


def test_of_several_roles_the_oldest_is_named_and_all_count() -> None:
    ada = make_person("ada", "Auditor")
    newer = Group.objects.create(name="A newer one")
    newer.permissions.add(Permission.objects.get(codename="edit_pools"))
    ada.groups.add(newer)
    assert standing_of(ada).role == "Auditor"
    assert standing_of(ada).rights == ROLES["Auditor"] | {"pools.edit_pools"}


def test_a_role_without_rights_has_its_name_all_the_same() -> None:
    Group.objects.create(name="Guest")
    assert standing_of(make_person("ada", "Guest")).role == "Guest"
    assert standing_of(User.objects.get()).rights == frozenset()


def test_rights_beside_the_roles_count() -> None:
    ada = User.objects.create_user("ada")
    ada.user_permissions.add(Permission.objects.get(codename="view_group"))
    assert ada.get_all_permissions() == {"auth.view_group"}
    assert standing_of(ada).role == ""


def test_somebody_disabled_has_no_rights() -> None:
    ada = make_person("ada", "Manager")
    ada.is_active = False
    assert ada.get_all_permissions() == set()


def test_the_bar_names_the_role(manager: Client) -> None:
    assert '<span class="quiet">Manager</span>' in manager.get("/account/").text
