"""Where providers say what they notice: in the project's own logging, under `heliograph`."""

from __future__ import annotations

import structlog


def lead_into_logging() -> None:
    """What the providers log goes the way of everything that a Django project logs, unless the project has set
    structlog up for itself."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
