"""Logging: to standard error, as text for people or JSON for machines. Bodies and numbers are never logged.

What libraries log by the standard library, and warn of, goes the same way, so that every line is JSON where one is.
Tracebacks come without the values of variables, among which are secrets, texts and numbers; URLs without users and
passwords, and nothing that is secret in the table of a provider.
"""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import Any

import structlog

from heliograph.runtime.masking import masked_line

JSON = "json"


def configure(level: str, form: str) -> None:
    """Set up structlog and the standard library's logging for this process."""
    renderer: structlog.typing.Processor
    trace: list[structlog.typing.Processor] = []
    if form == JSON:
        renderer = structlog.processors.JSONRenderer()
        trace.append(
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
        )
        sys.excepthook = _log_what_ends_the_process
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    first: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = [*trace, renderer, _without_secrets]
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.captureWarnings(capture=True)


def hand_to_application() -> None:
    """Hand all lines to the logging of the application in whose process this runs, unless it has set structlog up."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.dev.set_exc_info,
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
            _without_secrets,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def process() -> structlog.typing.FilteringBoundLogger:
    """Return the log of what the process as a whole does."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger("heliograph")
    return logger


def _log_what_ends_the_process(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    process().critical("ended by a mistake", exc_info=(kind, error, traceback))


def _without_secrets(_logger: object, _method: str, line: Any) -> str:
    """Mask secrets in the line that the renderer has made: this runs after it."""
    return masked_line(line)
