"""What roles let people do, in words that follow the table of rights."""

from typing import Final

from pools.people.roles import (
    CLEAR_POOLS,
    CREATE_POOLS,
    DELETE_POOLS,
    EDIT_POOLS,
    MANAGE_PEOPLE,
    ROLES,
    SEE_ALL_CHANGES,
    SEE_POOLS,
    SET_ALLOWANCES,
)

# What a right over pools lets a person do with them, in the order in which it is listed.
_WITH_POOLS: Final = {
    SEE_POOLS: "see",
    EDIT_POOLS: "edit",
    CLEAR_POOLS: "clear",
    CREATE_POOLS: "create",
    DELETE_POOLS: "delete",
}
_BEYOND_POOLS: Final = {
    SET_ALLOWANCES: "set allowances",
    SEE_ALL_CHANGES: "see every company's changes",
    MANAGE_PEOPLE: "manage people and companies",
}


NO_EVENTS: Final = "Your role doesn't let you see events."


def what_a_role_may(role: str) -> str:
    """For instance: see, edit and clear pools."""
    rights = ROLES[role]
    with_pools = [verb for right, verb in _WITH_POOLS.items() if right in rights]
    beyond = [words for right, words in _BEYOND_POOLS.items() if right in rights]
    return "; ".join([*([f"{_listed(with_pools)} pools"] if with_pools else []), *beyond])


def not_in_your_role(right: str) -> str:
    """The sentence for someone whose role lacks a right."""
    verb = _WITH_POOLS.get(right)
    words = f"{verb} pools" if verb else _BEYOND_POOLS[right]
    return f"Your role doesn't let you {words}."


def _listed(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
