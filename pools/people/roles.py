"""What each role may do, and which right each thing wants: the one table that all follows.

After an edit of ROLES, `manage.py migrate` brings the groups into line: `role_groups`.
"""

from typing import Final

SEE_POOLS: Final = "pools.view_pools"
# As `models.vocabulary.RIGHTS` has them; this is loaded before any model.
EDIT_POOLS: Final = "pools.edit_pools"
CLEAR_POOLS: Final = "pools.clear_pools"
CREATE_POOLS: Final = "pools.create_pools"
DELETE_POOLS: Final = "pools.delete_pools"
SEE_ALL_CHANGES: Final = "pools.view_all_changes"
SET_ALLOWANCES: Final = "pools.set_allowances"
MANAGE_PEOPLE: Final = "pools.manage_people"

# What has no right of its own goes with one that there is.
SEE_CHANGES: Final = SEE_POOLS
CHECK_CHANGES: Final = SEE_POOLS
EXPORT_POOLS: Final = SEE_POOLS
EXPORT_CHANGES: Final = SEE_POOLS
TAKE_EVIDENCE: Final = SEE_POOLS
KEEP_OWN_TOKENS: Final = SEE_POOLS
READ_ALL_POOLS: Final = SEE_POOLS
# Each change of a list wants its own right as well.
RUN_LISTS: Final = SEE_POOLS
UNLOCK_POOLS: Final = EDIT_POOLS
APPLY_FILES: Final = EDIT_POOLS
PIN_NOTES: Final = EDIT_POOLS
VERIFY_LEDGER: Final = SEE_ALL_CHANGES
SET_UP_COMPANIES: Final = MANAGE_PEOPLE

_READING: Final = frozenset({SEE_POOLS})
_OPERATING: Final = _READING | {EDIT_POOLS, CLEAR_POOLS}
_MANAGING: Final = _OPERATING | {CREATE_POOLS, DELETE_POOLS, SET_ALLOWANCES}
_AUDITING: Final = _READING | {SEE_ALL_CHANGES}

ROLES: Final[dict[str, frozenset[str]]] = {
    "Read-only": _READING,
    "Operator": _OPERATING,
    "Manager": _MANAGING,
    "Auditor": _AUDITING,
    "Administrator": _MANAGING
    | _AUDITING
    | {
        MANAGE_PEOPLE,
        "pools.view_entry",
        "pools.view_token",
        "auth.add_user",
        "auth.change_user",
        "auth.delete_user",
        "auth.view_user",
        "auth.view_group",
    },
}
