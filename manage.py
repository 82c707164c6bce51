#!/usr/bin/env python
"""Django's command line for the panel."""

import base64
import importlib
import os
import secrets
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adminpanel.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    if sys.argv[1:2] in (["newkeys"], ["witness"]):
        run_without_settings(sys.argv[1])
        return
    if sys.argv[1:2] == ["verify_audit"]:
        make_up_what_no_proof_needs()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The panel does not start: {error}")
    except OperationalError as error:
        from adminpanel.database import cannot_be_used

        sys.exit(f"The panel does not start: {cannot_be_used(error)}")


def run_without_settings(command: str) -> None:
    """What makes the settings' own keys, and what is run by whoever has no panel."""
    from django.conf import settings

    settings.configure()
    module = importlib.import_module(f"pools.management.commands.{command}")
    module.Command().run_from_argv(sys.argv)


def make_up_what_no_proof_needs() -> None:
    """An auditor need not have what opens tokens and signs sessions: the walk uses neither."""
    made_up = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "localhost",
        "TOKEN_KEYS": f"unused:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
    if "--without-keys" in sys.argv:
        made_up["AUDIT_KEYS"] = made_up["TOKEN_KEYS"]
    for name, text in made_up.items():
        if not os.environ.get(name) and not os.environ.get(f"{name}_FILE"):
            os.environ[name] = text


if __name__ == "__main__":
    main()
