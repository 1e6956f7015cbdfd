"""Logging: to standard error, as text for people or JSON for machines. Bodies and numbers are never logged.

Tracebacks come without the values of variables, among which are secrets, texts and numbers; URLs without users and
passwords.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from heliograph.runtime.masking import masked


def configure(level: str, form: str) -> None:
    """Set up structlog for this process."""
    renderer: structlog.typing.Processor
    if form == "json":
        renderer = structlog.processors.JSONRenderer()
        trace: list[structlog.typing.Processor] = [
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
        ]
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        trace = []
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *trace,
            renderer,
            _without_secrets,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _without_secrets(_logger: object, _method: str, line: Any) -> str:
    """Mask secrets in the line that the renderer has made: this runs after it."""
    return masked(line)
