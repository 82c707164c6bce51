"""Makes the first administrator from the environment, for containers. May run at every start."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.views.decorators.debug import sensitive_variables

from adminpanel.environment import required
from pools import people


class Command(BaseCommand):
    """Exit 0: the administrator is there, made now or before. Exit 1: what is wrong, a sentence."""

    help = (
        "Makes an administrator named PANEL_ADMIN_NAME with the password PANEL_ADMIN_PASSWORD "
        "(or in the file PANEL_ADMIN_PASSWORD_FILE), unless somebody has that name: then "
        "nothing is touched, neither password nor roles."
    )

    @sensitive_variables()
    def handle(self, **options: Any) -> None:
        name = required("PANEL_ADMIN_NAME", "it names the administrator to make.")
        password = required("PANEL_ADMIN_PASSWORD", "the administrator signs in with it.")
        try:
            UnicodeUsernameValidator()(name)
            validate_password(password, User(username=name))
        except ValidationError as error:
            raise CommandError(f"No administrator was made. {' '.join(error.messages)}") from None
        if people.ensure_administrator(name, password):
            self.stdout.write(f"Made the administrator {name}.")
        else:
            self.stdout.write(f"{name} is there already; nothing was touched.")
