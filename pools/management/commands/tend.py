"""Runs beside the panel: settles changes of unknown outcome, and notes the ledger's head."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pools.upkeep.tending import Stopped, Tending, WrongKeys, stopped_by_signals


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT, then exits with 0 within seconds."""

    help = (
        "Settles changes of unknown outcome as soon as their quiet time is over. Writes the "
        "ledger's head to the log at the start, every hour, and at the end; signs and copies "
        "checkpoints; verifies the ledger daily; destroys the tokens of people who left. Run "
        "one beside the panel; several do no harm."
    )

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        usual: Any = super().get_check_kwargs(options)
        return {**usual, "databases": ["default"]}

    def handle(self, **options: Any) -> None:
        tending = Tending()
        with stopped_by_signals():
            try:
                while True:
                    time.sleep(tending.round())
            except Stopped:
                tending.end()
            except WrongKeys as error:
                raise CommandError(str(error)) from None
