"""Leads what providers log into the project's own logging, under `heliograph`."""

from __future__ import annotations

import structlog


def lead_into_logging() -> None:
    """Send what providers log through the project's logging, unless the project has set structlog up itself."""
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
