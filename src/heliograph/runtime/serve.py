"""The process: a socket, the platform behind it, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from heliograph.api.keys import NativeKeys
from heliograph.calling.private_files import write_secrets
from heliograph.console.server import console_link
from heliograph.domain.errors import SetupError
from heliograph.protocols.registry import SERVED
from heliograph.runtime.connections import Connections, limits_of
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.settings import Settings
from heliograph.runtime.web import API_MOUNT
from heliograph.sandbox.accounts import FIRST, OTHER, Credentials
from heliograph.services.key_kinds import Key, KeyKind

CONNECTION_FILE = "connection.json"
"""Left in the data directory for the CLI and the SDK on the same machine: the same as the ready file."""
DRAIN_S = 5


class Addresses(msgspec.Struct):
    """What a client needs to know; the content of the ready file. Credentials and the console are the sandbox's: where
    there is none, the addresses stand alone."""

    base_url: str
    api: dict[str, object]
    console: dict[str, str]
    protocols: dict[str, dict[str, object]]
    providers: dict[str, str]
    """Where each provider's server tells what it has to tell, by the provider's name."""


async def serve(settings: Settings, *, ready_file: Path | None, announce: Callable[[Addresses], None]) -> None:
    """Serves until SIGINT or SIGTERM, then drains and returns.

    `announce` is called, and `ready_file` written, once requests are accepted. SetupError, in one sentence, if the
    process can't start.
    """
    listener = _listen(settings.host, settings.port)
    with listener:
        base_url = settings.public_url.rstrip("/") or _url_of(listener)
        async with running(settings) as platform:
            server = _Server(platform)
            server.when_started = lambda: _tell(platform, base_url, ready_file, announce)
            with _stopping_on_signals(server):
                await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    when_started: Callable[[], None]

    def __init__(self, platform: Platform) -> None:
        self._notifier = platform.engine.notifier
        connections = Connections(limits_of(platform.settings))
        config = uvicorn.Config(
            platform.web(),
            http=connections.protocol,  # type: ignore[arg-type]  # it is called, and asked nothing else
            ws="none",
            timeout_keep_alive=ceil(platform.settings.idle_timeout_s),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=DRAIN_S,
            backlog=2048,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn would raise them again after its end, before the platform has stopped."""
        yield

    def stop(self) -> None:
        """Ends what waits for news, answers what is being asked, and accepts nothing more. The second time: at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._notifier.close()


@contextmanager
def _stopping_on_signals(server: _Server) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise SetupError(f"The address {host} is not known ({error.strerror}); choose another with --host.") from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise SetupError(
            f"Port {port} of {host} cannot be used ({error.strerror}); "
            "choose another with --port, or any free one with --port 0."
        ) from error
    listener.setblocking(False)
    return listener


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - shown as an address that works on this machine
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _tell(platform: Platform, base_url: str, ready_file: Path | None, announce: Callable[[Addresses], None]) -> None:
    keys = platform.credentials
    addresses = Addresses(
        base_url=base_url,
        api={"base_url": base_url + API_MOUNT},
        console={},
        protocols={protocol.name: {**protocol.entry(base_url)} for protocol in SERVED},
        providers=platform.providers.addresses,
    )
    if keys is not None:
        addresses.api |= _shown(NativeKeys(), keys)
        addresses.console["url"] = console_link(base_url, platform.settings.data_dir)
        for protocol in SERVED:
            addresses.protocols[protocol.name] |= _shown(protocol, keys)
    content = msgspec.json.format(msgspec.json.encode(addresses), indent=2)
    write_secrets(platform.settings.data_dir / CONNECTION_FILE, content)
    if ready_file is not None:
        write_secrets(ready_file, content)
    announce(addresses)


def _shown(protocol: KeyKind, keys: Credentials) -> dict[str, object]:
    first, other = (protocol.shown(key) | protocol.seeded(key) for key in _both(keys, protocol.name))
    return {**first, "other": other}


def _both(keys: Credentials, protocol: str) -> tuple[Key, Key]:
    return keys[FIRST][protocol], keys[OTHER][protocol]


def run(coroutine: Any) -> None:
    """Runs the process's only coroutine on the fastest loop there is."""
    _calm_the_collector()
    try:
        import uvloop
    except ImportError:
        asyncio.run(coroutine)
        return
    uvloop.run(coroutine)


def _calm_the_collector() -> None:
    """What was imported stays for good: the collector need not walk it again and again while requests wait.

    Messages come and go in chunks without cycles, so rare collections find as much as frequent ones.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
