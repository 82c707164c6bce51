"""Which event of OCSF 1.7.0 an entry is: its class, its activity, how it ended, how grave it is.

Rules in a SIEM are written against these numbers and codes: none changes its meaning. What is
new gets a row of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from pools.models.vocabulary import Action, Kind, Outcome, Readback, Verdict


class Class(IntEnum):
    """The classes of OCSF that are used, all of its category *Identity & Access Management*."""

    ACCOUNT_CHANGE = 3001
    AUTHENTICATION = 3002
    ENTITY_MANAGEMENT = 3004


class Status(IntEnum):
    """How it ended. OTHER: in our own word."""

    UNKNOWN = 0
    SUCCESS = 1
    FAILURE = 2
    OTHER = 99


class Severity(IntEnum):
    """How much it concerns somebody who watches."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


OTHER: Final = 99
CAPTIONS: Final[Mapping[Class, Mapping[int, str]]] = {
    Class.ACCOUNT_CHANGE: {
        1: "Create",
        2: "Enable",
        3: "Password Change",
        4: "Password Reset",
        5: "Disable",
        6: "Delete",
        10: "MFA Factor Enable",
        11: "MFA Factor Disable",
    },
    Class.AUTHENTICATION: {1: "Logon", 2: "Logoff"},
    Class.ENTITY_MANAGEMENT: {
        1: "Create",
        2: "Read",
        3: "Update",
        4: "Delete",
        8: "Enable",
        9: "Disable",
        10: "Activate",
    },
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event of the panel is. `identity`: the fact that names what it is about."""

    of: Class
    activity: int
    entity: str = ""
    identity: str = ""
    severity: Severity = Severity.INFORMATIONAL
    status: Status = Status.SUCCESS


def _account(activity: int, severity: Severity = Severity.LOW) -> Meaning:
    return Meaning(Class.ACCOUNT_CHANGE, activity, severity=severity)


def _sign_in(activity: int, severity: Severity, status: Status = Status.SUCCESS) -> Meaning:
    return Meaning(Class.AUTHENTICATION, activity, severity=severity, status=status)


def _thing(
    entity: str, identity: str, activity: int, severity: Severity = Severity.INFORMATIONAL
) -> Meaning:
    return Meaning(Class.ENTITY_MANAGEMENT, activity, entity, identity, severity)


EVENTS: Final[Mapping[str, Meaning]] = {
    "signed_in": _sign_in(1, Severity.INFORMATIONAL),
    "signed_out": _sign_in(2, Severity.INFORMATIONAL),
    "sessions_ended": _sign_in(2, Severity.LOW),
    "sign_in_failed": _sign_in(1, Severity.LOW, Status.FAILURE),
    "second_factor_failed": _sign_in(1, Severity.MEDIUM, Status.FAILURE),
    "second_factor_added": _account(10),
    "recovery_codes_made": _account(10),
    "second_factor_removed": _account(11, Severity.MEDIUM),
    "password_changed": _account(3),
    "password_link_asked": _account(4),
    "password_link_made": _account(4, Severity.MEDIUM),
    "password_reset": _account(4),
    "user_password_set": _account(4, Severity.MEDIUM),
    "person_invited": _account(OTHER),
    "invitation_accepted": _account(1),
    "invitation_withdrawn": _account(OTHER),
    "person_added": _account(1),
    "user_added": _account(1),
    "user_changed": _account(OTHER),
    "user_removed": _account(6, Severity.MEDIUM),
    "person_deleted": _account(6, Severity.MEDIUM),
    "person_enabled": _account(2),
    "person_disabled": _account(5),
    "roles_changed": _account(OTHER, Severity.MEDIUM),
    "superuser_made": _account(OTHER, Severity.HIGH),
    "single_sign_on_connected": _account(OTHER),
    "single_sign_on_disconnected": _account(OTHER),
    "role_rights_changed": _thing("Role", "role", 3, Severity.MEDIUM),
    "group_added": _thing("Role", "id", 1, Severity.MEDIUM),
    "group_changed": _thing("Role", "id", 3, Severity.MEDIUM),
    "group_removed": _thing("Role", "id", 4, Severity.MEDIUM),
    "token_added": _thing("Token", "token", 1),
    "token_confirmed": _thing("Token", "token", 10),
    "token_replaced": _thing("Token", "token", 3),
    "token_verified": _thing("Token", "token", 2),
    "token_removed": _thing("Token", "token", 4),
    "token_destroyed": _thing("Token", "token", 4),
    "signing_key_used": _thing("Signing key", "", 10, Severity.MEDIUM),
    "batch_frozen": _thing("List of changes", "", 1),
    "batch_started": _thing("List of changes", "", 10),
    "batch_stopped": _thing("List of changes", "", 9),
    "batch_taken_over": _thing("List of changes", "", 3),
    "batch_exported": _thing("List of changes", "", 2, Severity.LOW),
    "company_added": _thing("Company", "id", 1, Severity.LOW),
    "company_changed": _thing("Company", "id", 3, Severity.LOW),
    "company_archived": _thing("Company", "id", 9, Severity.LOW),
    "company_brought_back": _thing("Company", "id", 8, Severity.LOW),
    "allowance_set": _thing("Allowance", "system", 3),
    "allowance_removed": _thing("Allowance", "system", 4),
    "note_pinned": _thing("Note", "", 3),
    "note_removed": _thing("Note", "", 4),
    "lease_released": _thing("Lock of a pool", "", 4, Severity.MEDIUM),
    "lease_put_right": _thing("Lock of a pool", "", 3, Severity.MEDIUM),
    "ledger_verified": _thing("Ledger", "", 2),
    "changes_exported": _thing("Ledger", "", 2, Severity.LOW),
    "events_exported": _thing("Ledger", "", 2, Severity.LOW),
    "ledger_exported": _thing("Ledger", "", 2, Severity.LOW),
    "evidence_made": _thing("Ledger", "", 2, Severity.LOW),
    "ledger_archived": _thing("Ledger", "", 4, Severity.MEDIUM),
    "pools_exported": _thing("Pools", "", 2, Severity.LOW),
}
# Events without a row: told, and nothing is made up about them.
ANY_EVENT: Final = _thing("Record", "", OTHER)
POOL: Final = "Connection pool"
# A clear has no number of its own in OCSF.
ACTIVITIES: Final[Mapping[Action, int]] = {
    Action.CREATE: 1,
    Action.EDIT: 3,
    Action.CLEAR: OTHER,
    Action.DELETE: 4,
    Action.OUTSIDE: 3,
    Action.UNREADABLE: OTHER,
}
# How a change stands by an entry about it: by its kind, and the word that it ends with.
STANDINGS: Final[Mapping[tuple[str, str], tuple[Status, Severity]]] = {
    (Kind.INTENT, ""): (Status.OTHER, Severity.INFORMATIONAL),
    (Kind.OUTCOME, Outcome.DONE): (Status.SUCCESS, Severity.INFORMATIONAL),
    (Kind.OUTCOME, Outcome.REFUSED): (Status.FAILURE, Severity.INFORMATIONAL),
    (Kind.OUTCOME, Outcome.NOT_SENT): (Status.FAILURE, Severity.INFORMATIONAL),
    (Kind.OUTCOME, Outcome.UNKNOWN): (Status.UNKNOWN, Severity.MEDIUM),
    (Kind.READBACK, ""): (Status.OTHER, Severity.INFORMATIONAL),
    (Kind.READBACK, Readback.SHOWN): (Status.SUCCESS, Severity.INFORMATIONAL),
    (Kind.READBACK, Readback.NOT_SHOWN): (Status.FAILURE, Severity.MEDIUM),
    (Kind.READBACK, Readback.NOT_READ): (Status.OTHER, Severity.LOW),
    (Kind.SETTLED, Verdict.APPLIED): (Status.SUCCESS, Severity.LOW),
    (Kind.SETTLED, Verdict.NOT_APPLIED): (Status.FAILURE, Severity.LOW),
    (Kind.SETTLED, Verdict.SUPERSEDED): (Status.OTHER, Severity.MEDIUM),
    (Kind.SETTLED, Verdict.DUPLICATE): (Status.OTHER, Severity.MEDIUM),
    (Kind.SETTLED, Verdict.UNKNOWABLE): (Status.OTHER, Severity.MEDIUM),
    (Kind.RELEASED, ""): (Status.OTHER, Severity.MEDIUM),
    (Kind.DRIFT, ""): (Status.SUCCESS, Severity.LOW),
}
