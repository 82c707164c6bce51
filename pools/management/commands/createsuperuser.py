"""Django's createsuperuser, with an event on the ledger: who made whom stays to be seen."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from pools import people
from pools.models.ledger import LedgerUnwritable


class Command(createsuperuser.Command):
    """A superuser who cannot be recorded is not kept."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        before = set(User.objects.values_list("pk", flat=True))
        told = super().handle(*args, **options)
        for person in User.objects.exclude(pk__in=before):
            try:
                people.record_superuser(person)
            except LedgerUnwritable:
                person.delete()
                raise CommandError("Nobody was made: the record cannot be written.") from None
        return told
