"""What becomes of somebody who left: their stored tokens, and all else that names them.

Disabled, they are shut out at once (`pools.people.acts`), and their tokens are destroyed some
days later, so that coming back the next morning costs nothing. Deleted, nothing outside the
ledger names them. The ledger keeps its entries, and with them the user name.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q

from pools.ledger import clock
from pools.ledger.appending import Actor, lock, record_event
from pools.models import Batch, DisabledSince, Invitation, PinnedNote, Reading, Token
from pools.people.acts import (
    NotAllowed,
    Refusal,
    end_sessions,
    may_touch,
    record_about,
    recording,
)

# How many days stored tokens outlive the disabling of their owner, unless LEAVER_TOKEN_DAYS is set.
TOKEN_DAYS: Final = 7
# Who destroys the tokens when their time is over.
PANEL: Final = Actor(id=0, name="panel")

log = structlog.get_logger("panel.people")


def token_days() -> int:
    """How many days after somebody was disabled their stored tokens are destroyed."""
    days: int | None = settings.LEAVER_TOKEN_DAYS
    return TOKEN_DAYS if days is None else days


def destroyed_after(person: User) -> datetime | None:
    """From when on the stored tokens of a disabled person are destroyed; None without any."""
    since = DisabledSince.objects.filter(user=person).first()
    if since is None or not Token.objects.filter(user=person).exists():
        return None
    return since.at + timedelta(days=token_days())


def destroy_tokens_of_leavers() -> int:
    """Destroys what people stored who have been disabled for long enough, and says how much.

    Whoever was disabled in a way that noted no time, is from now on. Raises LedgerUnwritable.
    """
    now = clock.now()
    for person in User.objects.filter(is_active=False, disabled_since=None):
        DisabledSince.objects.get_or_create(user=person, defaults={"at": now})
    over = now - timedelta(days=token_days())
    due = Token.objects.filter(user__is_active=False, user__disabled_since__at__lte=over)
    destroyed = 0
    for user_id in set(due.values_list("user_id", flat=True)):
        with recording():
            # Only now is it certain that nobody has let them in again.
            tokens = list(due.filter(user_id=user_id).select_related("user", "company"))
            _destroy(tokens, PANEL, "Its owner was disabled.")
        destroyed += len(tokens)
    if destroyed:
        log.info("tokens of disabled people are destroyed", count=destroyed)
    return destroyed


def may_delete(person: User, by: Actor) -> None:
    """Raises NotAllowed where `by` can't delete this person, or can't yet."""
    may_touch(person, by)
    if person.is_active:
        raise NotAllowed(Refusal.STILL_ENABLED)


def delete(person: User, *, by: Actor) -> None:
    """Deletes a disabled person, and what names them outside the ledger."""
    may_delete(person, by)
    with recording():
        # Asked once more under the lock: somebody may have enabled them since.
        if User.objects.filter(pk=person.pk, is_active=True).exists():
            raise NotAllowed(Refusal.STILL_ENABLED)
        delete_within(person, by=by)


def delete_within(person: User, *, by: Actor) -> None:
    """The same of anybody, inside a transaction that the caller has."""
    lock()
    tokens = Token.objects.filter(user=person).select_related("user", "company")
    _destroy(list(tokens), by, "Its owner was deleted.")
    end_sessions(person)
    record_about("person_deleted", person, by)
    _forget(person)
    person.delete()


def _forget(person: User) -> None:
    """Removes a person's name from where it stands in what is not theirs.

    What is theirs goes with them: second factors, addresses, ties to a provider.
    """
    name = person.get_username()
    invited = Q(username__iexact=name)
    if person.email:
        invited |= Q(email__iexact=person.email)
    Invitation.objects.filter(invited).delete()
    Invitation.objects.filter(invited_by=name).update(invited_by="")
    PinnedNote.objects.filter(written_by=name).update(written_by="")
    Reading.objects.filter(by=name).update(by="")
    Batch.objects.filter(made_by=person).update(made_by_name="")


def _destroy(tokens: list[Token], by: Actor, reason: str) -> None:
    """Inside a transaction: the tokens are gone, and each has its event."""
    for token in tokens:
        record_event(
            "token_destroyed",
            by,
            company=token.company.slug,
            reason=reason,
            facts={
                "owner": token.user.get_username(),
                "kind": token.kind,
                "label": token.label,
                "fingerprint": token.fingerprint,
            },
        )
        token.delete()
