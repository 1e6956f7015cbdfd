"""The process: its servers, the platform behind them, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import structlog

from heliograph.api.keys import NativeKeys
from heliograph.console.server import console_path
from heliograph.domain.errors import HeliographError, SetupError
from heliograph.doors.served import ConnectedProtocol
from heliograph.doors.servers import Server, url_of
from heliograph.doors.settings import ConnectedSettings
from heliograph.engine.notifier import Notifier
from heliograph.protocols.registry import CONNECTED_PROTOCOLS, SERVED
from heliograph.runtime.addresses import Addresses, write_addresses
from heliograph.runtime.http_server import HttpServer, Monitor
from heliograph.runtime.listening import Listeners, listening
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.processes import Role, require_shared
from heliograph.runtime.reloading import OLD_STAY, renewed
from heliograph.runtime.settings import Loaded
from heliograph.runtime.supervising import Parent, Supervisor
from heliograph.runtime.terminals import Terminal
from heliograph.runtime.tls import Certificate, certificate_of, smpp_certificate_of
from heliograph.runtime.tracing import OpenTelemetry, tracing_of
from heliograph.runtime.watching import watch_application
from heliograph.runtime.web import API_MOUNT
from heliograph.sandbox.accounts import FIRST, OTHER, Credentials
from heliograph.services.key_kinds import Key, KeyKind

log = structlog.get_logger(__name__)


def start(
    loaded: Loaded,
    reread: Callable[[], Loaded],
    *,
    role: Role,
    ready_file: Path | None,
    announce: Callable[[Addresses], None],
) -> None:
    """Do what processes of this role do, in as many as the settings say, until SIGINT or SIGTERM; drain and return.

    `announce` is called, and `ready_file` written, once requests are accepted. At SIGHUP `reread` reads the settings
    anew. Raises SetupError, in one sentence, if the process can't start.
    """
    settings = loaded.settings
    require_shared(settings, role)

    def tell(addresses: Addresses) -> None:
        write_addresses(addresses, settings.data_dir, ready_file)
        announce(addresses)

    with listening(settings, role) as listeners:
        if settings.processes == 1:
            run(serve(loaded, reread, role=role, listeners=listeners, announce=tell))
        else:
            _serve_by_many(loaded, reread, role, listeners, tell)


def _serve_by_many(
    loaded: Loaded,
    reread: Callable[[], Loaded],
    role: Role,
    listeners: Listeners,
    announce: Callable[[Addresses], None],
) -> None:
    settings = loaded.settings
    if settings.monitor is None:
        log.warning(
            f"Each of {settings.processes} processes has metrics of its own, and /metrics tells those of whichever is "
            "asked: set `monitor` to HOST:PORT, and each is served at a port of its own, from that one on."
        )

    in_force = loaded

    def child(place: int, parent: Parent) -> int:
        mine = listeners.of_process(place)
        try:
            run(serve(in_force, reread, role=role, listeners=mine, announce=parent.ready, parent=parent))
        except HeliographError as error:
            parent.failed(error.message)
            return 2
        return 0

    def announce_all(found: Sequence[Addresses]) -> None:
        monitors = [each.monitor for each in found if each.monitor is not None]
        announce(msgspec.structs.replace(found[0], monitors=monitors))

    def go_by_others() -> None:
        nonlocal in_force
        try:
            in_force = renewed(in_force, reread())
        except SetupError as error:
            log.error(f"{error.message} {OLD_STAY}")

    calm_the_collector()
    Supervisor(
        settings.processes, child, on_ready=announce_all, on_stop=listeners.close, on_reloaded=go_by_others
    ).run()


async def serve(
    loaded: Loaded,
    reread: Callable[[], Loaded],
    *,
    role: Role,
    listeners: Listeners,
    announce: Callable[[Addresses], None],
    parent: Parent | None = None,
) -> None:
    """Do what one process of this role does until it is to stop, then drain and return.

    It is told so by SIGINT or SIGTERM, or by the `parent` that started it. Raises SetupError.
    """
    settings = loaded.settings
    certificate = certificate_of(settings) if role.serves else None
    for_smpp = smpp_certificate_of(settings) if role.serves else None
    certificates = [each for each in (certificate, for_smpp) if each is not None]
    terminal = Terminal()
    async with (
        _traced() as tracing,
        running(settings, role, reread, tracing, sources=loaded.sources) as platform,
        _kept_current(certificates),
    ):
        stopping = asyncio.Event()
        connected = _connected_settings(platform, for_smpp)
        servers = _servers(platform, listeners, connected, certificate, stopping.set)

        async def reload() -> None:
            for each in certificates:
                each.reload()
            well = await platform.reloading.reload()
            if parent is not None:
                parent.reloaded(well)

        with _told(servers, stopping, parent, reload, terminal):
            async with _started(servers, platform.engine.notifier):
                announce(_addresses(platform, servers) if role.serves else _nowhere(servers))
                await stopping.wait()


@asynccontextmanager
async def _traced() -> AsyncIterator[OpenTelemetry | None]:
    """Follow batches if the environment says so; export in the end what was seen."""
    tracing = tracing_of(os.environ)
    try:
        yield tracing
    finally:
        if tracing is not None:
            await asyncio.to_thread(tracing.close)


@asynccontextmanager
async def _kept_current(certificates: Sequence[Certificate]) -> AsyncIterator[None]:
    keeping = [asyncio.create_task(each.keep_current(), name="certificate") for each in certificates]
    try:
        yield
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)


def _connected_settings(platform: Platform, certificate: Certificate | None) -> ConnectedSettings:
    """Return how clients that stay connected are served."""
    settings = platform.settings
    return ConnectedSettings(
        tls=None if certificate is None else certificate.context,
        connections=settings.smpp_connections,
        connections_per_key=settings.smpp_binds,
        window=settings.smpp_window,
        alphabet=settings.smpp_alphabet_0,
        chaos=platform.chaos,
    )


def _servers(
    platform: Platform,
    listeners: Listeners,
    served: ConnectedSettings,
    certificate: Certificate | None,
    on_ended: Callable[[], None],
) -> list[Server]:
    """Make all servers of the process, HTTP last: it is what others wait for."""
    settings = platform.settings
    connected = (protocol for protocol in CONNECTED_PROTOCOLS if protocol.name in listeners.connected)
    servers = [protocol.server(platform.services, listeners.connected[protocol.name], served) for protocol in connected]
    if listeners.http is not None:
        tls = None if certificate is None else certificate.context
        base_url = settings.public_url.rstrip("/") or url_of("https" if tls else "http", listeners.http)
        servers.append(HttpServer(platform.web(), settings, listeners.http, base_url, on_ended, tls))
    for server in servers:
        platform.engine.metrics.watch_figures(server.figures)
    for monitor in listeners.monitors:
        application = watch_application(platform.engine, settings)
        servers.insert(0, Monitor(application, settings, monitor, url_of("http", monitor), on_ended))
    return servers


@asynccontextmanager
async def _started(servers: Sequence[Server], notifier: Notifier) -> AsyncIterator[None]:
    """Start servers one after the other; in the end, send away whoever waits for news, and stop all together."""
    started: list[Server] = []
    try:
        for server in servers:
            await server.start()
            started.append(server)
        yield
    finally:
        notifier.close()
        ended = await asyncio.gather(*(server.stop() for server in started), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error


@contextmanager
def _told(
    servers: Sequence[Server],
    stopping: asyncio.Event,
    parent: Parent | None,
    reload: Callable[[], Awaitable[None]],
    terminal: Terminal,
) -> Iterator[None]:
    """Do what signals say, or the parent: stop, which is to answer what is being asked; or read the settings anew.

    The second time, a stop waits for nobody. Of a child only the parent says that a second time: signals may reach all
    processes of a command.
    """
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Future[None]] = set()

    def at_once() -> None:
        for server in servers:
            server.stop_at_once()

    def stop() -> None:
        if stopping.is_set() and parent is None:
            at_once()
        stopping.set()

    def reload_soon() -> None:
        task = asyncio.ensure_future(reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    def hung_up() -> None:
        (stop if terminal.is_gone() else reload_soon)()

    handlers = {signal.SIGTERM: stop} | ({} if parent is not None else {signal.SIGINT: stop, signal.SIGHUP: hung_up})
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        with nullcontext() if parent is None else parent.heard(stop, at_once, reload_soon):
            yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
        for task in reloads:
            task.cancel()


def _addresses(platform: Platform, servers: Sequence[Server]) -> Addresses:
    """Say where the process is reached, and by what credentials if there is a sandbox."""
    keys = platform.credentials
    reached = {server.name: server.addresses[0] for server in servers}
    base_url = reached[HttpServer.name]
    addresses = Addresses(
        base_url=base_url,
        api={"base_url": base_url + API_MOUNT},
        console={},
        protocols={},
        providers=platform.providers.addresses,
        monitor=_monitor_of(servers),
    )
    if keys is not None:
        addresses.api |= _shown(NativeKeys(), keys)
    if platform.console_key is not None:
        addresses.console["url"] = base_url + console_path(platform.console_key)
    for protocol in SERVED:
        at = reached.get(protocol.name) if isinstance(protocol, ConnectedProtocol) else base_url
        if at is not None:
            shown = {} if keys is None else _shown(protocol, keys)
            addresses.protocols[protocol.name] = {**protocol.entry(at), **shown}
    return addresses


def _nowhere(servers: Sequence[Server]) -> Addresses:
    """Say that a process runs that serves nobody."""
    return Addresses(base_url="", api={}, console={}, protocols={}, providers={}, monitor=_monitor_of(servers))


def _monitor_of(servers: Sequence[Server]) -> str | None:
    """Return the address of those who watch; None if they have none of their own."""
    return next((server.addresses[0] for server in servers if server.name == Monitor.name), None)


def _shown(protocol: KeyKind, keys: Credentials) -> dict[str, object]:
    first, other = (protocol.shown(key) | protocol.seeded(key) for key in _both(keys, protocol.name))
    return {**first, "other": other}


def _both(keys: Credentials, protocol: str) -> tuple[Key, Key]:
    return keys[FIRST][protocol], keys[OTHER][protocol]


def run(coroutine: Any) -> None:
    """Run the process's only coroutine on the fastest loop there is."""
    calm_the_collector()
    try:
        import uvloop
    except ImportError:
        asyncio.run(coroutine)
        return
    uvloop.run(coroutine)


def calm_the_collector() -> None:
    """Keep the garbage collector from walking what was imported again and again while requests wait.

    Messages come and go in chunks without cycles, so rare collections find as much as frequent ones.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
