"""The process: its servers, the platform behind them, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from heliograph.api.keys import NativeKeys
from heliograph.calling.private_files import write_secrets
from heliograph.console.server import console_path
from heliograph.domain.errors import SetupError
from heliograph.doors.served import ConnectedProtocol
from heliograph.doors.servers import UNIX, Place, Server, listen, url_of
from heliograph.doors.settings import ConnectedSettings
from heliograph.engine.notifier import Notifier
from heliograph.protocols.registry import CONNECTED_PROTOCOLS, SERVED
from heliograph.runtime.connections import LOCAL
from heliograph.runtime.http_server import HttpServer, Monitor
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.processes import Role, require_shared
from heliograph.runtime.settings import Settings
from heliograph.runtime.tls import Certificate, certificate_of
from heliograph.runtime.watching import watch_application
from heliograph.runtime.web import API_MOUNT
from heliograph.sandbox.accounts import FIRST, OTHER, Credentials
from heliograph.services.key_kinds import Key, KeyKind

CONNECTION_FILE = "connection.json"
"""The file in the data directory for the CLI and the SDK on the same machine; its content is that of the ready file."""


class Addresses(msgspec.Struct, omit_defaults=True):
    """The content of the ready file: what a client needs to know. A worker's has nothing in it.

    Credentials and the console are the sandbox's: where there is none, the addresses stand alone.
    """

    base_url: str
    api: dict[str, object]
    console: dict[str, str]
    protocols: dict[str, dict[str, object]]
    providers: dict[str, str]
    """The addresses at which providers' servers tell what they have to tell, by the provider's name."""
    monitor: str | None = None
    """The address at which nothing is served but what those who watch look at, if there is one."""


async def serve(
    settings: Settings,
    *,
    role: Role = Role.ALL,
    ready_file: Path | None,
    announce: Callable[[Addresses], None],
) -> None:
    """Do what a process of this role does until SIGINT or SIGTERM, then drain and return.

    `announce` is called, and `ready_file` written, once requests are accepted. Raises SetupError, in one sentence, if
    the process can't start.
    """
    require_shared(settings, role)
    certificate = certificate_of(settings) if role.serves else None
    with _listening(settings, role) as listeners:
        async with running(settings, role) as platform, _kept_current(certificate):
            stopping = asyncio.Event()
            servers = _servers(platform, listeners, certificate, stopping.set)
            with _on_signals(partial(_stop_soon, servers, stopping)):
                async with _started(servers, platform.engine.notifier):
                    if role.serves:
                        _tell(platform, servers, ready_file, announce)
                    else:
                        _tell_of_a_worker(servers, ready_file, announce)
                    await stopping.wait()


@asynccontextmanager
async def _kept_current(certificate: Certificate | None) -> AsyncIterator[None]:
    if certificate is None:
        yield
        return
    keeping = asyncio.create_task(certificate.keep_current(), name="certificate")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


class _Listeners(NamedTuple):
    """Places that were taken before anything else, so that what is in the way is told at once."""

    monitor: socket.socket | None
    http: socket.socket | None
    """None where nobody is served."""
    connected: Mapping[str, socket.socket]
    """The sockets of protocols that have servers of their own, as far as they are served."""
    settings: ConnectedSettings
    """Of these."""


@contextmanager
def _listening(settings: Settings, role: Role) -> Iterator[_Listeners]:
    with ExitStack() as stack:
        monitor = None
        if settings.monitor is not None:
            by = "in the setting monitor"
            monitor = stack.enter_context(listen(settings.monitor, host_by=by, port_by=by))
        if not role.serves:
            yield _Listeners(monitor, None, {}, _connected(settings))
            return
        place = Place(settings.host, settings.port)
        by_port = "with --port, or any free one with --port 0"
        http = stack.enter_context(listen(place, host_by="with --host", port_by=by_port))
        if settings.host.startswith(UNIX):
            stack.callback(Path(settings.host.removeprefix(UNIX)).unlink, missing_ok=True)
        connected = {}
        for name, place in _places(settings).items():
            by = "in the setting " + ("smpp_port" if name not in settings.listen else f"listen.{name}")
            connected[name] = stack.enter_context(listen(place, host_by=by, port_by=by))
        yield _Listeners(monitor, http, connected, _connected(settings))


def _connected(settings: Settings) -> ConnectedSettings:
    """Read how clients that stay connected are served. Raises SetupError for a certificate that can't be read."""
    tls = None
    if settings.smpp_tls_certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            tls.load_cert_chain(settings.smpp_tls_certificate, settings.smpp_tls_key)
        except (OSError, ssl.SSLError) as error:
            files = f"{settings.smpp_tls_certificate} and {settings.smpp_tls_key}"
            raise SetupError(f"The certificate and the key in {files} can't be used ({error}).") from error
    return ConnectedSettings(
        tls=tls,
        connections=settings.smpp_connections,
        connections_per_key=settings.smpp_binds,
        window=settings.smpp_window,
        alphabet=settings.smpp_alphabet_0,
    )


def _places(settings: Settings) -> dict[str, Place]:
    """Return where each protocol with a server of its own is served. The sandbox serves all, at any free port."""
    host = LOCAL if settings.host.startswith(UNIX) else settings.host
    anywhere = {protocol.name: Place(host, 0) for protocol in CONNECTED_PROTOCOLS} if settings.has_sandbox else {}
    return anywhere | settings.places


def _servers(
    platform: Platform, listeners: _Listeners, certificate: Certificate | None, on_ended: Callable[[], None]
) -> list[Server]:
    """Make all servers of the process, HTTP last: it is what others wait for."""
    settings = platform.settings
    served = msgspec.structs.replace(listeners.settings, chaos=platform.chaos)
    connected = (protocol for protocol in CONNECTED_PROTOCOLS if protocol.name in listeners.connected)
    servers = [protocol.server(platform.services, listeners.connected[protocol.name], served) for protocol in connected]
    if listeners.http is not None:
        tls = None if certificate is None else certificate.context
        base_url = settings.public_url.rstrip("/") or url_of("https" if tls else "http", listeners.http)
        servers.append(HttpServer(platform.web(), settings, listeners.http, base_url, on_ended, tls))
    if listeners.monitor is not None:
        application = watch_application(platform.engine, settings)
        url = url_of("http", listeners.monitor)
        servers.insert(0, Monitor(application, settings, listeners.monitor, url, on_ended))
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


def _stop_soon(servers: Sequence[Server], stopping: asyncio.Event) -> None:
    """Have servers answer what is being asked, and accept nothing more. The second time: stop them at once."""
    if stopping.is_set():
        for server in servers:
            server.stop_at_once()
    stopping.set()


@contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _tell(
    platform: Platform, servers: Sequence[Server], ready_file: Path | None, announce: Callable[[Addresses], None]
) -> None:
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
    content = msgspec.json.format(msgspec.json.encode(addresses), indent=2)
    write_secrets(platform.settings.data_dir / CONNECTION_FILE, content)
    if ready_file is not None:
        write_secrets(ready_file, content)
    announce(addresses)


def _tell_of_a_worker(
    servers: Sequence[Server], ready_file: Path | None, announce: Callable[[Addresses], None]
) -> None:
    """Say that a process runs that serves nobody. Who looks for addresses in the data directory means another one."""
    monitor = _monitor_of(servers)
    nowhere = Addresses(base_url="", api={}, console={}, protocols={}, providers={}, monitor=monitor)
    if ready_file is not None:
        write_secrets(ready_file, msgspec.json.encode(nowhere))
    announce(nowhere)


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
    _calm_the_collector()
    try:
        import uvloop
    except ImportError:
        asyncio.run(coroutine)
        return
    uvloop.run(coroutine)


def _calm_the_collector() -> None:
    """Keep the garbage collector from walking what was imported again and again while requests wait.

    Messages come and go in chunks without cycles, so rare collections find as much as frequent ones.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
