"""Logging: one line per event on standard error, JSON for machines or text for people.

The request id is bound for the length of a request, so that every line of it can be
found from the number on an error page. Query strings are left out: what people search
for is their customers' business.
"""

import logging
import logging.config
from typing import Any, Final

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# One list for good: loggers keep the one that they met first.
_PROCESSORS: list[Any] = [*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]

_MANY_LINES: Final = frozenset({"exception", "stack"})


def one_line(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """For text: what somebody sent neither begins a line of its own nor steers a terminal.

    Tracebacks keep their lines, all of them indented.
    """
    for key, value in event.items():
        if key in _MANY_LINES and isinstance(value, str):
            event[key] = "\n".join(f"    {_escaped(line)}" for line in value.splitlines())
        else:
            event[key] = _escaped(value)
    return event


def _escaped(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)


class OnlyExceptions(logging.Filter):
    """Lets through records of exceptions."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is not None


def line_formatter(style: str) -> logging.Formatter:
    """What makes a line of whatever is logged, by us or by others. `style`: "json" or "text"."""
    renderers: list[Any] = (
        [structlog.processors.JSONRenderer()]
        if style == "json"
        else [one_line, structlog.dev.ConsoleRenderer(colors=False)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            *renderers,
        ],
    )


def logging_settings(style: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: `style` is "json" or "text"."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": line_formatter, "style": style}},
        "filters": {"exceptions": {"()": "adminpanel.logs.OnlyExceptions"}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            # Said once by the panel's own request line.
            "django.server": {"level": "WARNING"},
            # Its messages quote the address with its query; the panel's line does not. What
            # it says of an answer without an exception comes when the request's id is gone.
            "django.request": {"level": "ERROR", "filters": ["exceptions"]},
            # Checkpoints: evidence, whatever level the rest is kept at.
            "panel.ledger": {"level": "INFO"},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: structlog and the standard library share one format."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
