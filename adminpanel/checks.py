"""What must hold before the panel serves anyone; otherwise it does not start.

The same function runs under gunicorn (wsgi.py) and as a system check of every
management command, so that neither way in can be forgotten.
"""

from collections.abc import Collection
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles.storage import (
    ManifestStaticFilesStorage,
    staticfiles_storage,
)
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connections

from adminpanel.database import reasons_against_its_state, reasons_against_the_database
from pools.ledger.signed_notes import COSIGNATURE, BadNote, read_key

# Below these, a rule that the panel relies on is known not to hold.
FLOORS: Final = {
    "django": (5, 2, 19),
    "requests": (2, 33),
    "urllib3": (2, 8),
    "gunicorn": (27, 0, 1),
}
# gunicorn's `graceful_timeout`; a test compares the two.
GRACEFUL_SECONDS: Final = 30
LOOPBACK: Final = {"127.0.0.1", "localhost", "[::1]", "testserver"}


def reasons_not_to_start() -> list[str]:
    """Each reason in one sentence; empty when all is well."""
    return [*_old_parts(), *_wrong_settings()]


def refuse_unsafe_start() -> None:
    """Before anyone is served. Also asks the database: it, the keys and the ledger must be fit."""
    for look in (
        reasons_not_to_start,
        _missing_static_files,
        reasons_against_the_database,
        _wrong_keys,
        _unguarded_ledger,
    ):
        if reasons := look():
            raise ImproperlyConfigured(" ".join(reasons))


# Not for every command: `migrate` and `rotate_keys` must run to mend what this finds.
@register(deploy=True)
def stored_state(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    reasons = reasons_against_the_database() or [
        *_wrong_keys(),
        *_unguarded_ledger(),
        *_unfit_leases(),
    ]
    return [Error(reason, id="panel.E002") for reason in reasons]


@register(Tags.database)
def state_of_the_database(
    app_configs: Any, databases: Collection[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Before `migrate`, which is the first to write, and before `tend` and `settle`."""
    try:
        reasons = reasons_against_its_state() if databases else []
    except DatabaseError:
        reasons = []  # not reached: the command says so itself, or waits
    return [Error(reason, id="panel.E003") for reason in reasons]


def _missing_static_files() -> list[str]:
    """Without them no page can be made: it would show with the first visitor."""
    if not isinstance(staticfiles_storage, ManifestStaticFilesStorage):
        return []
    if (Path(settings.STATIC_ROOT) / staticfiles_storage.manifest_name).is_file():
        return []
    collect = "run `manage.py collectstatic --no-input` first."
    return [f"There are no static files in {settings.STATIC_ROOT}: {collect}"]


def _wrong_keys() -> list[str]:
    # Imported late: the keys' rooms need the models.
    from pools.ledger.chain import wrong_audit_keys
    from pools.tokens.vault import wrong_token_keys

    return [*wrong_token_keys(), *wrong_audit_keys()]


def _unguarded_ledger() -> list[str]:
    from pools.ledger.guarding import reasons_against_its_guard

    return reasons_against_its_guard()


def _unfit_leases() -> list[str]:
    """No reason not to start: the pools that are concerned are held, by what the ledger says."""
    from pools.ledger.leases import reasons_against_leases

    try:
        reasons = reasons_against_leases()
    except DatabaseError:
        return []
    if not reasons:
        return []
    advice = "Run `manage.py verify_audit`, then `manage.py guard_ledger` to correct them."
    return [f"The leases do not fit the ledger: {' '.join(reasons)} {advice}"]


@register()
def starting_conditions(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [Error(reason, id="panel.E001") for reason in reasons_not_to_start()]


def _old_parts() -> list[str]:
    old = []
    for name, floor in FLOORS.items():
        installed = version(name)
        if _numbers(installed) < floor:
            wanted = ".".join(map(str, floor))
            old.append(f"{name} {installed} is installed; {wanted} or newer is needed.")
    return old


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdecimal())


def _wrong_settings() -> list[str]:
    wrong = [
        f"ATOMIC_REQUESTS must be off for the database {alias}: with it, the record of a "
        "change can be rolled back after the change was made."
        for alias in connections
        if connections[alias].settings_dict["ATOMIC_REQUESTS"]
    ]
    if settings.DEBUG and not LOOPBACK.issuperset(settings.ALLOWED_HOSTS):
        wrong.append(
            "DEBUG shows secrets to visitors. Turn it off, or let ALLOWED_HOSTS name only "
            "loopback hosts."
        )
    wrong += [
        f"{name} is set, but SIGNING_KEYS is not: there is no signed checkpoint to copy. "
        "Run `manage.py newkeys --key-id ID` to make a key."
        for name in ("CHECKPOINT_FILE", "CHECKPOINT_URL")
        if getattr(settings, name) and not settings.SIGNING_KEYS
    ]
    wrong += _wrong_witnesses()
    # Imported late: it needs the models.
    from pools.changes.settling_times import longest_check

    # Longer than any change.
    if longest_check() >= timedelta(seconds=GRACEFUL_SECONDS):
        wrong.append(
            "CORE_DEADLINE_SECONDS and SETTLE_READS_APART_SECONDS together must be below 29.5, "
            "so that *Check again* is answered within gunicorn's graceful timeout."
        )
    if settings.SINGLE_SIGN_ON:
        # Imported late: roles need the models.
        from pools.people.roles import ROLES

        unknown = sorted(set(settings.SINGLE_SIGN_ON.role_map.values()) - set(ROLES))
        wrong += [
            f"OIDC_ROLE_MAP names {role}, which isn't a role. The roles are: {', '.join(ROLES)}."
            for role in unknown
        ]
    return wrong


def _wrong_witnesses() -> list[str]:
    wrong = (
        "WITNESS_KEYS has something that is no public key of a witness. Take what "
        "`manage.py witness --show-key` prints at the witness."
    )
    return [] if all(map(_is_a_witness, settings.WITNESS_KEYS)) else [wrong]


def _is_a_witness(text: str) -> bool:
    try:
        return read_key(text).kind == COSIGNATURE
    except BadNote:
        return False
