"""What roles may do, in words that follow the table of rights."""

import pytest

from pools.people.roles import ROLES
from pools.wording.roles import not_in_your_role, what_a_role_may
from tests.standard.reading import rows, section


def test_every_role_is_told_by_its_rights() -> None:
    assert {role: what_a_role_may(role) for role in ROLES} == {
        "Read-only": "see pools",
        "Operator": "see, edit and clear pools",
        "Manager": "see, edit, clear, create and delete pools; set allowances",
        "Auditor": "see pools; see every company's changes",
        "Administrator": "see, edit, clear, create and delete pools; set allowances; "
        "see every company's changes; "
        "manage people and companies",
    }


def test_the_words_follow_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROLES, "Operator", ROLES["Operator"] | {"pools.delete_pools"})
    assert what_a_role_may("Operator") == "see, edit, clear and delete pools"


def test_every_right_over_the_panel_has_words() -> None:
    of_the_panel = {right for rights in ROLES.values() for right in rights}
    of_django = {right for right in of_the_panel if right.startswith("auth.")}
    of_admin = {"pools.view_entry", "pools.view_token"}
    rights = of_the_panel - of_django - of_admin
    assert len({not_in_your_role(right) for right in rights}) == len(rights)


def test_the_document_says_the_same() -> None:
    told = {row[0]: row[1] for row in rows(section("security.md", "Roles"))}
    assert told == {role: what_a_role_may(role) for role in ROLES}


@pytest.mark.parametrize(
    ("right", "sentence"),
    [
        ("pools.clear_pools", "Your role doesn't let you clear pools."),
        ("pools.manage_people", "Your role doesn't let you manage people and companies."),
    ],
)
def test_a_refusal_says_what_the_role_lacks(right: str, sentence: str) -> None:
    assert not_in_your_role(right) == sentence
