"""What those who run the installation, and their machines, look at: is it alive, is it ready, how does it do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from heliograph.domain.errors import NotNow
from heliograph.engine.addresses import EVERYWHERE, Network
from heliograph.engine.engine import Engine
from heliograph.runtime.settings import Settings
from heliograph.services.access import is_within
from heliograph.store.queue import depth
from heliograph.store.tx import Tx

READY_WITHIN_S = 2.0
"""A store that takes longer than this, in seconds, to answer a question about nothing is not there."""


def watch_routes(engine: Engine, settings: Settings) -> list[Route]:
    """Make the routes; each is 404 to whom the settings don't name."""

    async def live(_request: Request) -> Response:
        """Answer 200 while the process does what it was started for: a process that does not is started anew."""
        return _said("ok") if engine.is_alive() else _said("a part of it has ended; the log has the cause", 503)

    async def ready(_request: Request) -> Response:
        """Answer 200 while there is use in asking this process for anything."""
        if engine.notifier.closed:
            return _said("it stops", 503)
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await engine.store.read(_nothing)
        except (NotNow, TimeoutError):
            return _said("the store does not answer", 503)
        return _said("ready")

    async def health(_request: Request) -> Response:
        """Answer 200 while the store answers, with how much waits."""
        waiting = await engine.store.read(depth)
        return Response(msgspec.json.encode({"status": "ok", **waiting}), media_type="application/json")

    async def metrics(_request: Request) -> Response:
        """Answer what Prometheus collects. It names providers, and says how much is sent."""
        try:
            await engine.observe()
        except NotNow:
            engine.metrics.nothing_seen()  # the others are worth more than ever
        return Response(generate_latest(engine.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    probes, figures = settings.health_networks, settings.metrics_networks
    return [
        Route("/livez", _for(probes, live)),
        Route("/readyz", _for(probes, ready)),
        Route("/healthz", _for(probes, health)),
        Route("/metrics", _for(figures, metrics)),
    ]


def watch_application(engine: Engine, settings: Settings) -> ASGIApp:
    """Make the application of a server that nobody but those who watch can reach."""
    return Router(list(watch_routes(engine, settings)), redirect_slashes=False)


_Answer = Callable[[Request], Awaitable[Response]]


def _for(networks: Sequence[Network], answer: _Answer) -> _Answer:
    if set(networks) >= set(EVERYWHERE):  # also to whoever has no address, as by a Unix socket
        return answer

    async def guarded(request: Request) -> Response:
        if request.client is None or not is_within(request.client.host, networks):
            return Response(status_code=404)
        return await answer(request)

    return guarded


def _said(status: str, code: int = 200) -> Response:
    return Response(msgspec.json.encode({"status": status}), code, media_type="application/json")


def _nothing(_tx: Tx) -> None:
    pass
