"""Reading providers, routes and prices anew while everything runs, because somebody said SIGHUP.

**What holds.** Either all of what is written is right, and is in force for the next message, or nothing of it is, and
one sentence in the log says what is wrong. What is being sent ends by the providers with which it began. A provider
that speaks to the same server in the same way keeps its connections, and what is known of how it does, also if its
rate or its costs are others now.

**How it works.** The settings are read by the same functions as at the start, and what only the store knows (accounts
that they name) is asked. New providers are made and started beside the old ones; what keeps one from starting stops
the others again. Then one transaction writes what has to outlive the process: secrets of new addresses, and the entry
in the audit log. From there on nothing can fail: the router and the prices are exchanged between two decisions of the
one thread that makes them. Providers that are no more stop once what they were handed is recorded, and messages that
wait for one of them look for another.

Other settings than these come into force at the next start; the log names those that have changed. Whether there is a
sandbox is one of them, so what would change that is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import structlog

from heliograph.domain.accounts import new_secret
from heliograph.domain.audit import Act
from heliograph.domain.errors import HeliographError, NotNow, SetupError
from heliograph.engine.contract import Provider
from heliograph.engine.engine import Engine
from heliograph.engine.routes import Route
from heliograph.engine.routing import Routing
from heliograph.runtime.configured import Configured, acts_of, configured, note
from heliograph.runtime.processes import Membership, fingerprints
from heliograph.runtime.providers import Made, Providers, compiled, ensure_secrets, known_secrets, log_unusable, make
from heliograph.runtime.settings import Loaded, Settings
from heliograph.services.audit import audited
from heliograph.store import Store
from heliograph.store.tx import Tx

log = structlog.get_logger(__name__)

RELOADED = ("providers", "default_provider", "routes", "lookup_provider", "prices")
"""The settings that are read anew."""
OLD_STAY = "The providers, routes and prices that were read before stay in force."


def renewed(loaded: Loaded, wanted: Loaded) -> Loaded:
    """Return settings with what is read anew from `wanted`. Raises SetupError if they don't go together."""
    if loaded.settings.has_sandbox != wanted.settings.has_sandbox:
        change = "be a sandbox" if wanted.settings.has_sandbox else "be no sandbox any more"
        raise SetupError(
            f"There would {change}, by the settings `sandbox` and `default_provider`, and that changes only at a start."
        )
    values = {name: getattr(wanted.settings, name) for name in RELOADED}
    sources = {name: wanted.sources[name] for name in RELOADED if name in wanted.sources}
    return Loaded(replace(loaded.settings, **values), {**loaded.sources, **sources})


def _changed(settings: Settings, wanted: Settings) -> list[str]:
    """Name the settings that are others now, and are not read anew."""
    names = (each.name for each in fields(Settings) if each.name not in RELOADED)
    return [name for name in names if getattr(settings, name) != getattr(wanted, name)]


class Reloading:
    """Reads providers, routes and prices of one process anew."""

    def __init__(
        self,
        loaded: Loaded,
        reread: Callable[[], Loaded],
        store: Store,
        engine: Engine,
        providers: Providers,
        simulated: Route | None,
        member: Membership | None,
        key: bytes,
    ) -> None:
        """Begin with what is in force; `reread` reads all settings again, and `key` is that of fingerprints."""
        self.loaded = loaded
        """The settings in force, and where each comes from."""
        self._reread = reread
        self._store = store
        self._engine = engine
        self._providers = providers
        self._simulated = simulated
        self._member = member
        self._key = key
        self._lock = asyncio.Lock()
        self._afterwards: set[asyncio.Task[None]] = set()

    async def reload(self) -> bool:
        """Read the settings anew. Return False, after a sentence in the log, if those before stay in force."""
        async with self._lock:
            try:
                await self._reload()
            except HeliographError as error:
                log.error(f"{error.message} {OLD_STAY}")
                return False
            except Exception:
                log.exception(f"The settings could not be read anew. {OLD_STAY}")
                return False
            return True

    async def end(self) -> None:
        """Stop what old providers wait for, and them."""
        for task in self._afterwards:
            task.cancel()
        await asyncio.gather(*self._afterwards, return_exceptions=True)

    async def _reload(self) -> None:
        wanted = await asyncio.to_thread(self._reread)
        loaded = renewed(self.loaded, wanted)
        settings = loaded.settings
        for name in _changed(self.loaded.settings, wanted.settings):
            log.warning(f"The setting `{name}` is another now, and is in force from the next start on.")
        rules = await compiled(settings.routes, self._store)
        found = await self._made(settings)
        routes = [*([] if self._simulated is None else [self._simulated]), *found.routes]
        before = {id(route.provider): route.provider for route in self._providers.routes}
        fresh = [made for made in found if id(made.route.provider) not in before]
        kept = {id(route.provider) for route in found.routes}
        self._providers.renew(found)
        self._engine.renew(
            Routing(routes, settings.default_provider, rules, settings.lookup_provider or None), settings.tariff
        )
        self.loaded = loaded
        log.info(
            "providers, routes and prices were read anew",
            providers=sorted(settings.providers),
            new=sorted(made.route.name for made in fresh),
            routes=len(settings.routes),
        )
        gone = [provider for identity, provider in before.items() if identity not in kept]
        task = asyncio.create_task(self._settle(gone, fresh), name="old providers")
        self._afterwards.add(task)
        task.add_done_callback(self._afterwards.discard)

    async def _made(self, settings: Settings) -> Providers:
        """Make the providers of settings, start those that are new, and write down what has to outlive the process."""
        now = configured(settings, self._key)
        candidates = {name: new_secret() for name in settings.providers}
        while True:
            secrets = await self._store.read(known_secrets, candidates)
            found = await make(settings, self._store, secrets, self._providers)
            started = await self._started(found)
            try:
                kept = (await audited(self._store, _acts, _commit, secrets, now))[0]
            except BaseException:
                await _stop(started)
                raise
            if kept == secrets:
                return found
            await _stop(started)  # another process has given an address meanwhile, which they should have been told

    async def _started(self, found: Providers) -> list[Provider]:
        """Start the providers that are new. Raises SetupError, with all of them stopped, if one can't be."""
        running = {id(route.provider) for route in self._providers.routes}
        started: list[Provider] = []
        for provider in (route.provider for route in found.routes):
            if id(provider) in running or not self._engine.uses(provider):
                continue
            try:
                await provider.start(self._engine.intake)
            except BaseException as error:
                await _stop(started)
                if isinstance(error, Exception) and not isinstance(error, HeliographError):
                    raise SetupError(f"The provider `{provider.name}` can't be started ({error}).") from error
                raise
            started.append(provider)
        return started

    async def _settle(self, gone: Sequence[Provider], fresh: Sequence[Made]) -> None:
        """Tell other processes, stop the providers that are no more as soon as nothing is with them, try the new."""
        try:
            if self._member is not None:
                await self._member.agree(fingerprints(self.loaded.settings, self._key))
            await self._engine.settle_routes(self.loaded.settings.drain_s)
        except NotNow as error:
            log.warning("what waits for former providers has not been told", error=str(error))
        finally:
            await _stop([provider for provider in gone if self._engine.uses(provider)])
        if self._engine.sends:
            await log_unusable(fresh)


async def _stop(providers: Sequence[Provider]) -> None:
    for provider in providers:
        try:
            await provider.stop()
        except Exception:
            log.exception("a former provider did not stop well", provider=provider.name)


_Committed = tuple[dict[str, str], tuple[Configured, Configured]]


def _commit(tx: Tx, secrets: dict[str, str], now: Configured) -> _Committed:
    return ensure_secrets(tx, secrets), note(tx, now)


def _acts(committed: _Committed) -> list[Act]:
    return list(acts_of(*committed[1]))
