"""Providers of each wire, started as the settings make them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.protocols.contract.wires import CALLBACK, Wire
from tests.protocols.standing_in import Ears

from heliograph.engine.contract import Provider
from heliograph.engine.provided import ProviderContext
from heliograph.protocols.providers import PROVIDED
from heliograph.runtime.settings import load


@asynccontextmanager
async def started(wire: Wire, origin: str, *, reachable: bool = True) -> AsyncIterator[tuple[Provider, Ears]]:
    """As the settings make it."""
    table = {"type": wire.type} | wire.config(origin)
    environment = {"HELIOGRAPH_PROVIDERS": json.dumps({"line": table})}
    config = load(file=None, environment=environment).settings.providers["line"]
    kind = next(protocol for protocol in PROVIDED if protocol.name == wire.type)
    where = ProviderContext(name="line", account_id="A" * 26, callback_url=CALLBACK if reachable else None)
    provider, ears = kind.provider(config, where), Ears()
    await provider.start(ears)
    try:
        yield provider, ears
    finally:
        await provider.stop()
