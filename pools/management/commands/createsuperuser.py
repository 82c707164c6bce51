"""Django's createsuperuser, with an event on the ledger for whoever was made."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from pools.ledger.appending import LedgerUnwritable
from pools.people import acts
from pools.people.user_names import NameTaken
from pools.wording.people import refused


class Command(createsuperuser.Command):
    """A superuser who cannot be recorded, or has the recorded name of another, is not kept."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        before = set(User.objects.values_list("pk", flat=True))
        answer = super().handle(*args, **options)
        for person in User.objects.exclude(pk__in=before):
            try:
                acts.record_superuser(person)
            except LedgerUnwritable:
                person.delete()
                raise CommandError(
                    "No superuser was created: the ledger can't be written."
                ) from None
            except NameTaken as error:
                person.delete()
                raise CommandError(f"No superuser was created. {refused(error)}") from None
        return answer
