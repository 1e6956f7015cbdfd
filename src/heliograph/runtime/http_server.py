"""Servers of HTTP: of every HTTP door, mounted in one application, and of what those who watch look at."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

import uvicorn
from starlette.types import ASGIApp

from heliograph.doors.servers import BACKLOG, Server
from heliograph.runtime.connections import LOCAL, Connections, limits_of
from heliograph.runtime.settings import Settings


class HttpServer(Server):
    name = "http"

    def __init__(
        self,
        application: ASGIApp,
        settings: Settings,
        listener: socket.socket,
        base_url: str,
        on_ended: Callable[[], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Serve an application at `listener`, with `tls` or without; `base_url` is how others reach it.

        `on_ended` is called when it serves no more, whatever the reason.
        """
        self.addresses = (base_url,)
        self._listener = listener
        self._on_ended = on_ended
        self._serving: asyncio.Task[None]
        self._uvicorn = _Uvicorn(_config(application, settings, listener, tls))

    async def start(self) -> None:
        self._serving = asyncio.create_task(self._uvicorn.serve(sockets=[self._listener]), name="http")
        self._serving.add_done_callback(lambda _: self._ended())
        await self._uvicorn.accepting.wait()
        if self._serving.done():
            self._serving.result()

    def _ended(self) -> None:
        self._uvicorn.accepting.set()
        self._on_ended()

    async def stop(self) -> None:
        self._uvicorn.should_exit = True
        await self._serving

    def stop_at_once(self) -> None:
        self._uvicorn.force_exit = True


class Monitor(HttpServer):
    """The server of what those who watch look at."""

    name = "monitor"


def _config(
    application: ASGIApp, settings: Settings, listener: socket.socket, tls: ssl.SSLContext | None
) -> uvicorn.Config:
    proxies = [str(network) for network in settings.trusted_proxies]
    if listener.family == socket.AF_UNIX:
        proxies.append(LOCAL)
    config = _Config(
        application,
        http=Connections(limits_of(settings)).protocol,  # type: ignore[arg-type]  # it is called, and no more
        ws="none",
        timeout_keep_alive=ceil(settings.idle_timeout_s),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=ceil(settings.drain_s),
        backlog=BACKLOG,
        forwarded_allow_ips=proxies,
    )
    config.context = tls
    return config


class _Config(uvicorn.Config):
    context: ssl.SSLContext | None = None

    def load(self) -> None:
        super().load()
        self.ssl = self.context


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.accepting.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process: uvicorn would raise them again at its end, before the platform has stopped."""
        yield
