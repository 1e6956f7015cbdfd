"""Webhooks: where providers' servers tell what they have to tell, at `/providers/NAME/SECRET`."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from heliograph.domain.errors import NotNow, RequestError
from heliograph.doors.bodies import read_body
from heliograph.engine.contract import Provider, WebhookRequest, WebhookResponse

log = structlog.get_logger(__name__)

MOUNT = "/providers"


class Registered(NamedTuple):
    """A provider that may be told something, by whoever knows its secret."""

    provider: Provider
    secrets: Callable[[], Awaitable[Sequence[str]]]
    """Those that are good at this moment: while an address changes, there are two."""


def webhook_address(public_url: str, name: str, secret: str) -> str:
    """Return the address at which the server of the provider `name` tells it something."""
    return f"{public_url}{MOUNT}/{name}/{secret}"


def webhook_route(
    find: Callable[[str], Registered | None], max_body_bytes: int, on_refused: Callable[[], None]
) -> BaseRoute:
    """Serve webhooks of the providers that `find` finds by name. Answers 404 for an unknown name or a wrong secret.

    `on_refused` is called for each wrong secret.
    """

    async def handle(request: Request) -> Response:
        found = find(request.path_params["name"])
        secret = request.path_params["secret"].encode()
        if found is None:
            return Response(status_code=404)
        try:
            if not any(hmac.compare_digest(secret, each.encode()) for each in await found.secrets()):
                on_refused()
                return Response(status_code=404)
            said = await found.provider.handle_webhook(await _read(request, max_body_bytes))
        except (NotNow, RequestError) as error:
            return Response(status_code=error.http_status)
        except RecursionError:  # JSON that is nested for its own sake
            return Response(status_code=400)
        except Exception:
            log.exception("provider's webhook failed", provider=found.provider.name)
            return Response(status_code=500)
        return _answer(said)

    return Route(MOUNT + "/{name}/{secret}", handle, methods=["GET", "POST"])


async def _read(request: Request, max_body_bytes: int) -> WebhookRequest:
    return WebhookRequest(
        request.method,
        dict(request.query_params),
        {name.lower(): value for name, value in request.headers.items()},
        await read_body(request, max_body_bytes),
        request.scope["query_string"].decode("latin-1"),
    )


def _answer(said: WebhookResponse) -> Response:
    return Response(said.body, said.status, media_type=said.content_type)
