"""Heliograph put together: store, engine, services, doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from types import MappingProxyType
from typing import NamedTuple

import structlog
from starlette.types import ASGIApp

from heliograph.api.callbacks import NativeCallbacks
from heliograph.api.resource import PROTOCOL as NATIVE
from heliograph.domain.accounts import Account
from heliograph.engine.addresses import LOOPBACK, AddressGuard
from heliograph.engine.callbacks import CallbackShape
from heliograph.engine.engine import Engine, told_to_nobody
from heliograph.engine.jobs import alone
from heliograph.engine.news import News
from heliograph.engine.notifier import Notifier
from heliograph.engine.routes import Route, RouteRules
from heliograph.engine.tracing import Tracing
from heliograph.protocols.registry import HTTP_PROTOCOLS, KEY_KINDS, SERVED_KEYS, listeners_of
from heliograph.runtime import console_key, providers, seal_key
from heliograph.runtime.configured import configured, note_configured
from heliograph.runtime.privacy import make_private
from heliograph.runtime.processes import Membership, Role, membership, require_shared, shared_key
from heliograph.runtime.reloading import Reloading
from heliograph.runtime.settings import Loaded, Settings, described
from heliograph.runtime.tracing import WithRequests
from heliograph.runtime.values import SANDBOX
from heliograph.runtime.web import web_application
from heliograph.sandbox import accounts as sandbox_accounts
from heliograph.sandbox.chaos import Chaos
from heliograph.sandbox.operator import SandboxOperator
from heliograph.sandbox.phones import Phones, required
from heliograph.services.access import Access
from heliograph.services.accounts import Accounts
from heliograph.services.events import EventSubjects
from heliograph.services.logins import Logins
from heliograph.services.services import Services
from heliograph.services.settings_in_force import SettingsInForce
from heliograph.store import Store, open_store
from heliograph.store.files import Files, open_files

log = structlog.get_logger(__name__)


class Platform:
    """A Heliograph that accepts and sends. `running` makes it."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        engine: Engine,
        credentials: sandbox_accounts.Credentials | None,
        provided: providers.Providers,
        phones: Phones | None,
        console_key: str | None,
        reloading: Reloading,
    ) -> None:
        self.settings = settings
        self.services = services
        self.engine = engine
        self.credentials = credentials
        """Credentials of the sandbox's accounts; None where there is none."""
        self.providers = provided
        self._phones = phones
        self.console_key = console_key
        """The key in the console's link; None where there is no console."""
        self.reloading = reloading

    @property
    def phones(self) -> Phones:
        """Return the sandbox's phones. Raises NotFound where there is no sandbox."""
        return required(self._phones)

    def chaos(self, account: Account) -> Chaos | None:
        """Tell how the network misbehaves to an account of the sandbox's own; None for any other: it never does."""
        is_simulated = self._phones is not None and account.name in (self.credentials or {})
        return self.phones.chaos if is_simulated else None

    def web(self) -> ASGIApp:
        """Make the application of everything that is served over HTTP."""
        good_keys = partial(console_key.good, self.engine.store, self.services.accounts.seal)
        web = web_application(self.services, self.engine, self.settings, self.providers, self._phones, good_keys)
        return web if self.engine.metrics.tracing is None else WithRequests(web)


@asynccontextmanager
async def running(
    settings: Settings,
    role: Role = Role.ALL,
    reread: Callable[[], Loaded] | None = None,
    tracing: Tracing | None = None,
    *,
    sources: Mapping[str, str] = MappingProxyType({}),
    store_at: str | None = None,
) -> AsyncIterator[Platform]:
    """Open the store, start the engine, and stop both again at the end: what is in flight is recorded first.

    What runs is what a process of this `role` does; `reread` reads the settings again, None: they stay as they are.
    `tracing` follows batches, None: nobody does. `sources` says where settings come from that somebody has given.
    `store_at` is the store's address, instead of the setting's. Raises SetupError, in one sentence, if something stands
    in the way.
    """
    require_shared(settings, role)
    had_been_open = make_private(settings.data_dir)
    store = await open_store(settings.store if store_at is None else store_at, settings.data_dir)
    member = None
    try:
        accounts = Accounts(store, Access(store), await seal_key.ensure(settings, store))
        files = open_files(settings.attachments, settings.data_dir, store)
        member = await membership(settings, store, accounts.seal, files, role)
        notifier = Notifier()
        simulated = await _simulated(settings, store, accounts, notifier) if settings.has_sandbox else None
        provided = await providers.ensure(settings, store)
        routes = [*([] if simulated is None else [simulated.route]), *provided.routes]
        engine = await _engine(settings, role, store, accounts, notifier, routes, simulated, files, member)
        engine.metrics.tracing = tracing
        await engine.start()
        key = await shared_key(store, accounts.seal)
        await note_configured(store, configured(settings, key))
        beside = _begun_beside(role, engine, accounts, provided, member)
        loaded = Loaded(settings, sources)
        reloading = Reloading(
            loaded, reread or (lambda: loaded), store, engine, provided, simulated and simulated.route, member, key
        )
        try:
            services = _services(settings, engine, accounts, files, lambda: described(reloading.loaded))
            if simulated is None:
                await sandbox_accounts.withdraw(store, services, SERVED_KEYS, settings.data_dir)
            else:
                await sandbox_accounts.seed(services, SERVED_KEYS, simulated.credentials)
            for path in had_been_open:
                log.warning("other users of this machine could read this until now", path=str(path))
            phones = None if simulated is None else Phones(engine, simulated.operator, services.waits)
            console = await console_key.ensure(store, accounts.seal, settings.data_dir) if phones else None
            yield Platform(
                settings, services, engine, simulated and simulated.credentials, provided, phones, console, reloading
            )
        finally:
            await reloading.end()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await engine.stop(settings.drain_s)
    finally:
        if member is not None:
            await member.leave()
        await store.close()


async def _engine(
    settings: Settings,
    role: Role,
    store: Store,
    accounts: Accounts,
    notifier: Notifier,
    routes: Sequence[Route],
    simulated: _Simulated | None,
    files: Files,
    member: Membership | None,
) -> Engine:
    """Make the engine that a process of this role runs, as the settings have it. `member` is that process."""
    return Engine(
        store,
        notifier,
        routes,
        default_route=settings.default_provider,
        guard=AddressGuard((*settings.callback_networks, *(() if simulated is None else LOOPBACK))),
        shapes=_shapes(store, accounts, settings.public_url.rstrip("/")),
        lease_s=settings.lease_s,
        window=settings.window,
        tariff=settings.tariff,
        rules=await providers.compiled(settings.routes, store),
        lookups=settings.lookup_provider or None,
        quiet_hours=settings.quiet_minutes,
        retention=settings.retention,
        files=files,
        await_parts_s=settings.await_parts_s,
        sends=role.works,
        leads=alone if member is None else member.leads,
        tell_others=told_to_nobody if member is None else partial(_tell, store, member),
        worker=None if member is None else member.id,
    )


def _shapes(store: Store, accounts: Accounts, public_url: str) -> dict[str, CallbackShape]:
    """Make what writes callbacks, by the protocol that they are written in."""
    subjects = EventSubjects(store)
    shapes: dict[str, CallbackShape] = {NATIVE: NativeCallbacks(subjects)}
    for protocol in HTTP_PROTOCOLS:
        if (shape := protocol.callbacks(subjects, accounts, public_url)) is not None:
            shapes[protocol.name] = shape
    return shapes


def _services(
    settings: Settings,
    engine: Engine,
    accounts: Accounts,
    files: Files,
    settings_in_force: SettingsInForce,
) -> Services:
    return Services(
        engine,
        accounts,
        inventory=settings.inventory,
        files=files,
        largest_file=settings.attachment_bytes,
        requests_per_second=settings.rate_limit,
        code_limits=settings.code_limits,
        listeners_of=listeners_of,
        key_kinds=KEY_KINDS,
        issuers=settings.oidc,
        settings_in_force=settings_in_force,
    )


def _begun_beside(
    role: Role, engine: Engine, accounts: Accounts, provided: providers.Providers, member: Membership | None
) -> list[asyncio.Task[None]]:
    """Begin what goes on beside the engine for as long as the process runs, and have logins counted."""
    store, logins = engine.store, accounts.access.logins
    accounts.access.on_refused = engine.metrics.credential_refused
    logins.on_limited = engine.metrics.login_limited
    begun = [asyncio.create_task(accounts.access.uses.keep(), name="uses of keys")]
    if role.works:
        begun.append(asyncio.create_task(providers.log_unusable(provided), name="providers"))
    if member is not None:
        logins.on_wrong = partial(_tell_of_wrong, store, member, count())
        member.on_died = engine.take_over
        begun.append(asyncio.create_task(member.run(), name="membership"))
    if store.bell is not None:
        begun.append(asyncio.create_task(store.bell.run(partial(_hear, engine, logins), _not_heard), name="bell"))
    return begun


def _tell(store: Store, member: Membership, news: News, what: str) -> None:
    """Have other processes look, or know something, if there are some that would."""
    looks = member.others_serve() if news is News.SESSIONS else member.others_work()
    if store.bell is not None and (looks or news is News.PAUSES):
        about = f"{news}:{what.partition(':')[0]}"  # of what is said of one route, the last counts
        store.bell.ring(f"{news}:{what}" if what else news, about)


_LOGIN = "login"


def _tell_of_wrong(store: Store, member: Membership, counted: Iterator[int], wrong: str) -> None:
    """Have other processes count a wrong password, each one for itself."""
    if store.bell is not None and member.others_serve():
        store.bell.ring(f"{_LOGIN}:{wrong}", f"{_LOGIN}:{next(counted)}")


def _hear(engine: Engine, logins: Logins, word: str) -> None:
    """Do what another process says."""
    kind, _, what = word.partition(":")
    try:
        if kind == _LOGIN:
            logins.hear(what)
        else:
            engine.hear(kind, what)
    except ValueError:
        log.warning("another process says what this one does not understand", word=word)


def _not_heard(error: Exception) -> None:
    log.warning("other processes are not heard for now: what they accept is found later", error=str(error))


class _Simulated(NamedTuple):
    """The parts of the sandbox. Its customers are developers, whose callbacks are on the same machine."""

    operator: SandboxOperator
    route: Route
    credentials: sandbox_accounts.Credentials


async def _simulated(settings: Settings, store: Store, accounts: Accounts, notifier: Notifier) -> _Simulated:
    if settings.default_provider != SANDBOX:
        log.warning(
            "the sandbox is on beside real providers: its accounts have printed credentials, and callbacks of every "
            'account reach this machine. Set sandbox = "off" where others are let in.'
        )
    first, credentials = await sandbox_accounts.ensure(store, accounts, SERVED_KEYS, settings.data_dir)
    if settings.tariff.channels:
        await sandbox_accounts.ensure_balances(store, settings.balance)
    operator = SandboxOperator(store, notifier.tell, default_account_id=first.id)
    return _Simulated(operator, Route(operator, RouteRules(per_second=settings.sandbox_rate)), credentials)
