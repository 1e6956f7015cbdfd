"""Heliograph put together: store, engine, services, doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.types import ASGIApp

from heliograph.api.callbacks import NativeCallbacks
from heliograph.api.shapes import PROTOCOL as NATIVE
from heliograph.domain.errors import SetupError
from heliograph.engine.addresses import LOOPBACK, AddressGuard
from heliograph.engine.callbacks import CallbackShape
from heliograph.engine.engine import Engine
from heliograph.engine.lines import Line, LineRules
from heliograph.engine.news import News
from heliograph.protocols.registry import SERVED
from heliograph.protocols.sandbox.operator import SandboxOperator
from heliograph.runtime import providers, sandbox
from heliograph.runtime.settings import Settings
from heliograph.runtime.web import web_application
from heliograph.services.access import Access
from heliograph.services.accounts import Accounts
from heliograph.services.services import Services
from heliograph.store import open_store
from heliograph.store.files import Files


class Platform:
    """A Heliograph that accepts and sends. Made by `running`."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        engine: Engine,
        credentials: sandbox.Credentials,
        configured: providers.Providers,
    ) -> None:
        self.settings = settings
        self.services = services
        self.engine = engine
        self.credentials = credentials
        self.providers = configured

    def web(self) -> ASGIApp:
        """Everything that is served over HTTP."""
        return web_application(self.services, self.engine, self.settings, self.providers)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Platform]:
    """Opens the store, starts the engine, and stops both again: what is in flight is recorded first.

    SetupError, in one sentence, if something stands in the way.
    """
    _make(settings.data_dir)
    store = await open_store(settings.store, settings.data_dir)
    try:
        access = Access(store)
        first, credentials = await sandbox.ensure(Accounts(store, access), settings.data_dir)
        public_url = settings.public_url.rstrip("/")
        shapes: dict[str, CallbackShape] = {NATIVE: NativeCallbacks(store)}
        for protocol in SERVED:
            if (shape := protocol.callbacks(store, public_url)) is not None:
                shapes[protocol.name] = shape
        files = Files(settings.attachments, settings.data_dir)
        news = News()
        await sandbox.ensure_balances(store, settings)
        configured = await providers.ensure(settings, store, first)
        operator = SandboxOperator(store, news.tell, default_account_id=first.id)
        engine = Engine(
            store,
            news,
            [Line(operator, LineRules(per_second=settings.sandbox_rate)), *configured.lines],
            default_line=settings.default_provider,
            # The sandbox's customers are developers: their callbacks are on the same machine.
            guard=AddressGuard((*settings.callback_networks, *LOOPBACK)),
            shapes=shapes,
            lease_s=settings.lease_s,
            window=settings.window,
            tariff=settings.tariff,
            rules=await providers.compiled(settings.routes, store),
            lookups=settings.lookup_provider or None,
            quiet_hours=settings.quiet_minutes,
        )
        await engine.start()
        checking = asyncio.create_task(configured.check(), name="providers")
        try:
            services = Services(
                engine,
                operator,
                inventory=settings.inventory,
                files=files,
                largest_file=settings.attachment_bytes,
            )
            await sandbox.furnish(services, credentials)
            yield Platform(settings, services, engine, credentials, configured)
        finally:
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
            await engine.stop()
    finally:
        await store.close()


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The data directory {directory} is not writable ({error.strerror}); choose another with --data-dir."
        ) from error
