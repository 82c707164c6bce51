"""`manage.py collectstatic`: Django's, and the templates compiled beside what it collects."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands import collectstatic


class Command(collectstatic.Command):
    """Django's; both are made once for each version, and read by every process."""

    def handle(self, **options: Any) -> str | None:
        said: str | None = super().handle(**options)
        if options["dry_run"]:
            return said
        try:
            count = settings.COMPILED_TEMPLATES.keep_all()
        except OSError as error:
            self.stderr.write(
                f"Templates could not be compiled beside {settings.STATIC_ROOT}: {error.strerror}. "
                "The panel works, and starts more slowly."
            )
            return said
        compiled = f"{count} templates compiled."
        return f"{said}\n{compiled}" if said else compiled if options["verbosity"] else None
