"""Logging: one line per event on standard output, JSON for machines or text for people.

The request id is bound for the length of a request, so that every line of it can be
found from the number on an error page. Query strings are left out: what people search
for is their customers' business.
"""

import logging.config
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_settings(style: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: `style` is "json" or "text"."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
            }
        },
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            # Said once by the panel's own request line.
            "django.server": {"level": "WARNING"},
            # Its messages quote the address with its query; the panel's line does not.
            "django.request": {"level": "ERROR"},
            # Checkpoints: evidence, whatever level the rest is kept at.
            "panel.ledger": {"level": "INFO"},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: structlog and the standard library share one format."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
