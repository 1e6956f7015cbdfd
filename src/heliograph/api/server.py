"""The native door: who is calling, and how errors look. What is served is in a module for each resource."""

from __future__ import annotations

from functools import partial
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from heliograph.api.errors import shown_error
from heliograph.api.operations import RESOURCES
from heliograph.api.sandbox import Sandbox
from heliograph.api.streams import EventStream
from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.errors import HeliographError, Unauthenticated
from heliograph.domain.people import SESSION_PREFIX
from heliograph.doors import Door, Operation
from heliograph.doors.door import address_of, bearer_token, request_id_of
from heliograph.doors.settings import DoorSettings
from heliograph.sandbox.phones import Phones
from heliograph.services.access import ACCOUNT_HEADER
from heliograph.services.accounts import public_part
from heliograph.services.rates import RateState
from heliograph.services.services import Services

PROBLEM = "application/problem+json"


class NativeDoor(Door):
    def __init__(self, services: Services, settings: DoorSettings, phones: Phones | None) -> None:
        """Serve the sandbox's phones, too, if there are any.

        With None for `phones`, the sandbox's addresses are answered as any that do not exist.
        """
        sandbox = () if phones is None else (Sandbox(phones),)
        super().__init__(
            services,
            max_body_bytes=settings.max_body_bytes,
            resources=[*(resource(services, settings) for resource in RESOURCES), *sandbox],
        )
        self._access = services.access

    async def authenticate(self, request: Request) -> Principal:
        token = bearer_token(request)
        if token is None:
            raise Unauthenticated("The request has no bearer token.")
        if token.startswith(SESSION_PREFIX):
            account = request.headers.get(ACCOUNT_HEADER)
            account = None if account is None else unquote(account)
            return await self._access.session(token, account, address=address_of(request))
        return await self._access.authenticate(
            CredentialKind.API_KEY, public_part(token), token, address=address_of(request)
        )

    def finish(self, request: Request, response: Response) -> Response:
        if isinstance(response, EventStream):
            response.guard = partial(self.authenticate, request)
        headers = response.raw_headers
        headers.append((b"x-request-id", request_id_of(request).encode()))
        if (etag := getattr(request.state, "etag", None)) is not None and response.status_code < 300:
            headers.append((b"etag", f'"{etag}"'.encode()))
        standing: RateState | None = getattr(request.state, "standing", None)
        if standing is not None:
            headers.append((b"ratelimit-limit", b"%d" % standing.limit))
            headers.append((b"ratelimit-remaining", b"%d" % standing.left))
            headers.append((b"ratelimit-reset", b"1"))  # seconds: each begins with nothing
        return super().finish(request, response)

    def refuse(self, request: Request, error: HeliographError, operation: Operation | None = None) -> Response:
        return _problem(error, request_id_of(request))

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        return _problem(error, "")


def _problem(error: HeliographError, request_id: str) -> Response:
    headers = {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(msgspec.json.encode(shown_error(error, request_id)), error.http_status, headers, PROBLEM)
