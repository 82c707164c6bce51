"""Checks what became of changes that are open or of unknown outcome."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.changes import Settling, SettlingState, quiet_until, settle_all
from pools.changes.history import changes_by_id
from pools.changes.settling import unread
from pools.ledger import clock
from pools.ledger.appending import LedgerUnwritable
from pools.models import Company, Lease
from pools.upkeep.tending import WrongKeys, refuse_wrong_keys

SENTENCES: Final = {
    SettlingState.ALREADY: "it is no longer open",
    SettlingState.UNDER_WAY: "its call is still running",
    SettlingState.WAITING: "it is too early to check: its quiet time is not over",
    SettlingState.MOVED: "its company's address has changed, or Patchworks was restored, since",
    SettlingState.NO_TOKEN: "the token of the person who made it no longer works",
    SettlingState.NOT_READ: "Core could not be read, or what it shows does not decide",
    SettlingState.SEEN: "the pool shows it now",
    SettlingState.NOT_SEEN: "Core confirmed it, and the pool has other values by now",
    SettlingState.DISAGREE: "the two reads differ; try again",
    SettlingState.UNREADABLE: "an entry about it cannot be read: run verify_audit",
}


class Command(BaseCommand):
    """Exit 0, whatever was found; 1 if the ledger could not be read or written."""

    help = (
        "Checks what became of changes whose outcome is unknown, by reading their pools with "
        "the token of the person who made them, and records the verdict. Without ids: all whose "
        "quiet time is over. Never sends a change again. `tend` does the same all the time."
    )

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        usual: Any = super().get_check_kwargs(options)
        return {**usual, "databases": ["default"]}

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("changes", nargs="*", type=UUID, metavar="CHANGE", help="a change's id")
        parser.add_argument("--company", default="", metavar="SLUG", help="only this company's")

    def handle(self, *, changes: Sequence[UUID], company: str, **options: Any) -> None:
        try:
            refuse_wrong_keys()
            if company and not Company.objects.filter(slug=company).exists():
                raise CommandError(f"There is no company {company}.")
            self._settle(changes, company)
        except WrongKeys as error:
            raise CommandError(str(error)) from None
        except (LedgerUnwritable, AnyDatabaseError) as error:
            raise CommandError(
                f"The ledger cannot be used now: {error.__cause__ or error}"
            ) from None

    def _settle(self, chosen: Sequence[UUID], company: str) -> None:
        leases = Lease.objects.filter(company=company) if company else Lease.objects.all()
        held = changes_by_id(list(leases.values_list("change", flat=True)))
        names = {item.change_id: f"{item.action} of {item.pool_name}" for item in held}
        now = clock.now()
        later = sorted(until for item in held if (until := quiet_until(item)) > now)
        ready = [item.change_id for item in reversed(held) if quiet_until(item) <= now]
        missed = {change: slug for change, slug in unread(now).items() if company in {"", slug}}
        ready += missed
        if chosen:
            # Of another company, or not open: the answer says so for each.
            ready = [change for change in chosen if not company or change in {*names, *missed}]
        for settling in settle_all(ready):
            about = names.get(settling.change_id)
            self.stdout.write(
                f"{settling.change_id}{f' ({about})' if about else ''}: {_result(settling)}."
            )
        if not ready:
            self.stdout.write("Nothing can be settled now.")
        if later and not chosen:
            self.stdout.write(
                f"{len(later)} more can be settled from {later[0]:%Y-%m-%d %H:%M:%S} UTC on."
            )


def _result(settling: Settling) -> str:
    if settling.verdict is not None:
        return str(settling.verdict).replace("_", " ")
    why = f" ({type(settling.error).__name__}: {settling.error})" if settling.error else ""
    return SENTENCES[settling.state] + why
