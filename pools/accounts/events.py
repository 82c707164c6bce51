"""Sign-ins on the ledger: good and failed ones, second factors, sessions, passwords.

Signing in must work while the ledger cannot be written: such an event then goes to the
log with everything it says. What administrators do to people is stricter: pools.people.acts.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from allauth.account.signals import password_changed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out
from django.db import DatabaseError, transaction
from django.http import HttpRequest

from pools.ledger.appending import record_event
from pools.metrics import count_sign_in
from pools.pages.actors import actor_of

log = structlog.get_logger("panel.accounts")


def record_or_log(
    action: str,
    request: HttpRequest,
    user: User | None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Records an event if that is possible, and logs it as an error if it is not."""
    count_sign_in(action)
    actor = actor_of(request, user)
    try:
        with transaction.atomic():
            record_event(action, actor, facts=facts)
    except DatabaseError:
        log.exception("event not recorded", action=action, actor=actor.name, facts=facts)


def _signed_out(sender: Any, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        record_or_log("signed_out", request, user)


def _password_changed(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    record_or_log("password_changed", request, user)


def _factor_added(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    record_or_log("second_factor_added", request, user, _about(authenticator))


def _factor_removed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    record_or_log("second_factor_removed", request, user, _about(authenticator))


def _factor_reset(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    record_or_log("recovery_codes_made", request, user)


def _factor_failed(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    record_or_log("second_factor_failed", request, user, _about(authenticator))


def _provider_added(sender: Any, request: HttpRequest, sociallogin: Any, **_: Any) -> None:
    record_or_log("single_sign_on_connected", request, sociallogin.user)


def _provider_removed(sender: Any, request: HttpRequest, socialaccount: Any, **_: Any) -> None:
    record_or_log("single_sign_on_disconnected", request, socialaccount.user)


def _about(factor: Authenticator) -> dict[str, str]:
    facts = {"factor": str(factor.type)}
    if factor.type == Authenticator.Type.WEBAUTHN:
        facts["name"] = factor.wrap().name
    return facts


def connect() -> None:
    """Listens to what allauth tells, once, when the app is ready."""
    for signal, record in (
        (user_logged_out, _signed_out),
        (password_changed, _password_changed),
        (authenticator_added, _factor_added),
        (authenticator_removed, _factor_removed),
        (authenticator_reset, _factor_reset),
        (authentication_failed, _factor_failed),
        (social_account_added, _provider_added),
        (social_account_removed, _provider_removed),
    ):
        signal.connect(record, dispatch_uid=f"pools.accounts.{record.__name__}")
