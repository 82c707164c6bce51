"""Creates the first administrator from the environment, for containers. Safe at every start."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.views.decorators.debug import sensitive_variables

from adminpanel.environment import required, required_as_it_stands
from pools.people import acts
from pools.people.user_names import NameTaken, UserNameValidator
from pools.wording.people import LETTERS, refused


class Command(BaseCommand):
    """Exit 0: the administrator is there, made now or before, or has handed over to others.

    Exit 1: what is wrong, a sentence.
    """

    help = (
        "Creates an administrator called PANEL_ADMIN_NAME with the password PANEL_ADMIN_PASSWORD "
        "(or the one in the file PANEL_ADMIN_PASSWORD_FILE). If somebody already has that name, "
        "nothing is changed: neither their password nor their roles."
    )

    @sensitive_variables()
    def handle(self, **options: Any) -> None:
        name = required("PANEL_ADMIN_NAME", "It names the administrator to create.")
        password = required_as_it_stands(
            "PANEL_ADMIN_PASSWORD", "The administrator signs in with it."
        )
        try:
            UserNameValidator(message=LETTERS)(name)
            validate_password(password, User(username=name))
        except ValidationError as error:
            raise CommandError(
                f"No administrator was created. {' '.join(error.messages)}"
            ) from None
        try:
            created = acts.ensure_administrator(name, password)
        except NameTaken as error:
            sentence = f"No administrator was created. {refused(error)}"
            # The first one may be gone by now: the panel is to start even so.
            if not acts.administrators().exists():
                raise CommandError(sentence) from None
            self.stdout.write(sentence)
            return
        if created:
            self.stdout.write(f"Created the administrator {name}.")
        else:
            self.stdout.write(f"{name} already exists. Nothing was changed.")
