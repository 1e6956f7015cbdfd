"""The HTTP application: every door at its place."""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp

from heliograph.api.description import Description
from heliograph.api.server import NativeDoor
from heliograph.console.people import person_routes
from heliograph.console.server import console_routes, static_files
from heliograph.console.sessions import GoodKeys, Sessions
from heliograph.console.shell import shell_routes
from heliograph.doors.routes import Mounts
from heliograph.doors.settings import DoorSettings
from heliograph.doors.webhooks import webhook_route
from heliograph.engine.engine import Engine
from heliograph.protocols.registry import HTTP_PROTOCOLS
from heliograph.public.optout import optout_routes
from heliograph.public.pages import style_route
from heliograph.public.short_links import FILES, SHORT, OwnDomain, link_routes
from heliograph.runtime.providers import Providers
from heliograph.runtime.settings import Settings
from heliograph.runtime.watching import watch_routes
from heliograph.sandbox.phones import Phones
from heliograph.services.services import Services

API_MOUNT = "/v1"
OPENAPI = API_MOUNT + "/openapi.json"
REFERENCE = API_MOUNT + "/reference"
_REFERENCE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"}


def web_application(
    services: Services,
    engine: Engine,
    settings: Settings,
    providers: Providers,
    phones: Phones | None,
    good_keys: GoodKeys,
) -> ASGIApp:
    """Make the application; `good_keys` are those of the link that opens the `phones`, if there are some."""
    limit = settings.max_body_bytes
    for_doors = DoorSettings(
        max_body_bytes=limit,
        public_url=settings.public_url.rstrip("/"),
        link_url=settings.link_url.rstrip("/"),
        short=SHORT,
        files=FILES,
    )
    native = NativeDoor(services, for_doors, phones)
    description = Description(native.operations, API_MOUNT)

    async def openapi(_request: Request) -> Response:
        return Response(await asyncio.to_thread(description.document), media_type="application/json")

    async def reference(_request: Request) -> Response:
        return Response(await asyncio.to_thread(description.page), headers=_REFERENCE_HEADERS, media_type="text/html")

    doors: dict[str, ASGIApp] = {API_MOUNT: native}
    for protocol in HTTP_PROTOCOLS:
        doors |= {protocol.mount: protocol.door(services, for_doors), **protocol.more_doors(services, for_doors)}
    refused = engine.metrics.credential_refused
    link = None if phones is None else Sessions(good_keys, partial(refused, "console"))
    others = Router(
        [
            Route(OPENAPI, openapi),
            Route(REFERENCE, reference),
            *(Mount(place, door) for place, door in doors.items()),
            webhook_route(providers.find, limit, partial(refused, "provider")),
            *watch_routes(engine, settings),
            *optout_routes(services.optouts),
            *link_routes(services.links),
            style_route(),
            static_files(),
            *person_routes(services.signing_in, services.federated, services.access, for_doors.public_url),
            *shell_routes(services, link, for_doors.public_url),
            *(() if phones is None or link is None else console_routes(phones, link)),
        ],
        redirect_slashes=False,
    )
    everything = Mounts(
        {place: door for place, door in doors.items() if place.count("/") == 1}, others, kept=[OPENAPI, REFERENCE]
    )
    return OwnDomain(everything, settings.link_url, services.links) if settings.link_url else everything
