"""gunicorn's own log, written as the panel's is.

gunicorn quotes what it refuses, as it came. Written as it came, a request could say
anything in the log, and be taken for what the panel says.
"""

import logging
from typing import Any

from gunicorn.glogging import Logger

from adminpanel.environment import log_format
from adminpanel.logs import line_formatter


class PanelLogger(Logger):  # type: ignore[misc]  # (gunicorn has no types)
    """Differs in its lines alone: where they go is gunicorn's own business."""

    def _set_handler(
        self, log: logging.Logger, output: str | None, fmt: logging.Formatter, stream: Any = None
    ) -> None:
        super()._set_handler(log, output, line_formatter(log_format()), stream)
