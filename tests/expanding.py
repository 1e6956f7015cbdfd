"""Looking up groups of batches at a moment that a test names."""

from __future__ import annotations

import asyncio

from heliograph.domain.prices import FREE, Tariff
from heliograph.engine.expanding import Expander
from heliograph.engine.plans import plans
from heliograph.engine.works import Works
from heliograph.store import Store


async def expand_due(store: Store, until_ms: int, tariff: Tariff = FREE) -> int:
    """Look up the groups of batches that are due by then, and return how many messages that makes."""
    works = Works(store, plans(lambda: tariff), lambda: None)
    return await Expander(store, asyncio.Event(), lambda: None, lambda: tariff, works).expand(until_ms)
