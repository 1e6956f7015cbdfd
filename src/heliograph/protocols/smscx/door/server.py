"""The SMS.CX door: who is calling, and how answers and errors look. What is served is in a module for each resource."""

from __future__ import annotations

import time
from typing import ClassVar
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.errors import HeliographError, Unauthenticated
from heliograph.doors import Door, Operation
from heliograph.doors.door import address_of, bearer_token
from heliograph.doors.settings import DoorSettings
from heliograph.protocols.smscx.door.operations import RESOURCES
from heliograph.protocols.smscx.door.refusals import NO_CODES, reply_for
from heliograph.protocols.smscx.door.resource import SmscxOperation
from heliograph.services.accounts import public_part
from heliograph.services.rates import RateState
from heliograph.services.services import Services


class SmscxDoor(Door):
    requests_per_second: ClassVar[int] = 500
    """Requests an account may make in a second: as many as at SMS.CX itself (reference: section 4)."""

    def __init__(self, services: Services, settings: DoorSettings) -> None:
        super().__init__(
            services,
            max_body_bytes=settings.max_body_bytes,
            resources=[resource(services, settings) for resource in RESOURCES],
        )
        self._access = services.access

    async def authenticate(self, request: Request) -> Principal:
        """Find who is calling by the API key, or else by the access token."""
        request.state.began = time.monotonic()
        address = address_of(request)
        key, token = request.headers.get("x-api-key", "").strip(), bearer_token(request)
        if key:
            return await self._access.authenticate(CredentialKind.SMSCX, public_part(key), key, address=address)
        if token is not None:
            return await self._access.authenticate(
                CredentialKind.ACCESS_TOKEN, public_part(token), token, address=address
            )
        raise Unauthenticated("The request has neither an API key nor an access token.")

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        codes = operation.codes if isinstance(operation, SmscxOperation) else NO_CODES
        status, reply = reply_for(error, codes)
        return Response(msgspec.json.encode(reply), status, media_type="application/json")

    def finish(self, request: Request, response: Response) -> Response:
        began = getattr(request.state, "began", None)
        response.headers["X-Request-Id"] = str(uuid4())
        if began is not None:
            response.headers["X-Response-Time"] = f"{(time.monotonic() - began) * 1000:.0f}ms"
        standing: RateState | None = getattr(request.state, "standing", None)
        if standing is not None:
            response.headers["X-Rate-Limit-Limit"] = str(standing.limit)
            response.headers["X-Rate-Limit-Remaining"] = str(standing.left)
            if standing.exceeded:
                # No Retry-After: the published client would obey it in silence (reference: section 4).
                response.headers["X-Rate-Limit-Reset"] = str(standing.reset_at)
        if (idempotency_id := getattr(request.state, "idempotency_id", None)) is not None:
            response.headers["X-Idempotency-Id"] = idempotency_id
        return response
