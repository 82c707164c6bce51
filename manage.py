#!/usr/bin/env python
"""Django's command line for the panel."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adminpanel.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    if sys.argv[1:2] == ["newkeys"]:
        # The one command that makes what the settings ask for: it runs without them.
        from django.conf import settings

        from pools.management.commands.newkeys import Command

        settings.configure()
        Command().run_from_argv(sys.argv)
        return
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The panel does not start: {error}")
    except OperationalError as error:
        from adminpanel.database import cannot_be_used

        sys.exit(f"The panel does not start: {cannot_be_used(error)}")


if __name__ == "__main__":
    main()
