"""Structured logs, one JSON object a line. Amounts and ids, never names or identity numbers."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import orjson
import structlog

from shared.clock import now

TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The id of the request that is served: every line about it names it."""

# Eighteen characters of an identity number, fifteen of an old one, or a bank card.
_LONG_NUMBER = re.compile(r"(?<![0-9A-Za-z])([0-9]{4})[0-9]{8,14}([0-9]{3}[0-9Xx])(?![0-9A-Za-z])")

# A foreigner's social security number: country, a digit, passport.
_FOREIGNERS_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])([A-Z]{3}[0-9])[0-9A-Z]{10}([0-9A-Z]{4})(?![0-9A-Za-z])"
)


def mask_numbers(text: str) -> str:
    """Hide the middle of every identity or card number in a text."""
    masked = _LONG_NUMBER.sub(r"\1**********\2", text)
    return _FOREIGNERS_NUMBER.sub(r"\1**********\2", masked)


def _traced(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    trace_id = TRACE_ID.get()
    if trace_id is not None:
        event.setdefault("trace_id", trace_id)
    return event


def _masked(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = mask_numbers(value)
    return event


class _JsonLine(logging.Formatter):
    """A formatter that gives the logs of libraries the shape of our own lines."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": mask_numbers(record.getMessage()),
            "logger": record.name,
            "service": self.service,
            "level": record.levelname.lower(),
            "timestamp": now().isoformat(),
        }
        if record.exc_info:
            line["exception"] = mask_numbers(self.formatException(record.exc_info))
        return orjson.dumps(line).decode()


def configure(service: str, level: str = "INFO") -> None:
    """Send this process's logs, the libraries' included, to stderr as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _traced,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _masked,
            structlog.processors.JSONRenderer(
                serializer=lambda value, **_: orjson.dumps(value, default=str).decode()
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLine(service))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def logger() -> Any:
    """The process's logger; call with an event name and facts."""
    return structlog.get_logger()
