"""What all parts of the SMS.CX door share: who is calling, and how answers look."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.errors import HeliographError, RateLimited, Unauthenticated
from heliograph.doors import Call, Door, Operation
from heliograph.doors.door import bearer_token
from heliograph.doors.limits import RateLimit, Standing
from heliograph.doors.settings import DoorSettings
from heliograph.protocols.smscx import reading
from heliograph.protocols.smscx.errors import reply_for
from heliograph.protocols.smscx.sending import Places, Sending
from heliograph.services.accounts import public_part
from heliograph.services.exports import Cell, as_csv, as_xlsx
from heliograph.services.services import Services

_CSV = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Chunks = AsyncIterator[Sequence[Sequence[Cell]]]


class Area(Door):
    def __init__(self, services: Services, settings: DoorSettings) -> None:
        super().__init__(max_body_bytes=settings.max_body_bytes)
        self._services = services
        self._settings = settings
        self._sending = Sending(services)
        self._limit = RateLimit(settings.rate_limit)

    async def authenticate(self, request: Request) -> Principal:
        """By the API key, or else by the access token. Counts the request; RateLimited if it is one too many."""
        request.state.began = time.monotonic()
        key, token = request.headers.get("x-api-key", "").strip(), bearer_token(request)
        if key:
            principal = await self._services.access.authenticate(CredentialKind.SMSCX, public_part(key), key)
        elif token is not None:
            kind = CredentialKind.ACCESS_TOKEN
            principal = await self._services.access.authenticate(kind, public_part(token), token)
        else:
            raise Unauthenticated("The request has neither an API key nor an access token.")
        standing = request.state.standing = self._limit.take(principal.account.id)
        if standing.exceeded:
            raise RateLimited()
        return principal

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        status, reply = reply_for(error, None if operation is None else operation.name)
        return Response(msgspec.json.encode(reply), status, media_type="application/json")

    def finish(self, request: Request, response: Response) -> Response:
        began = getattr(request.state, "began", None)
        response.headers["X-Request-Id"] = str(uuid4())
        if began is not None:
            response.headers["X-Response-Time"] = f"{(time.monotonic() - began) * 1000:.0f}ms"
        standing: Standing | None = getattr(request.state, "standing", None)
        if standing is not None:
            response.headers["X-Rate-Limit-Limit"] = str(standing.limit)
            response.headers["X-Rate-Limit-Remaining"] = str(standing.left)
            if standing.exceeded:
                # No Retry-After: the published client would obey it in silence (reference: section 4).
                response.headers["X-Rate-Limit-Reset"] = str(standing.reset_at)
        if (idempotency_id := getattr(request.state, "idempotency_id", None)) is not None:
            response.headers["X-Idempotency-Id"] = idempotency_id
        return response

    def places(self, call: Call) -> Places:
        """Where recipients of messages reach this server."""
        return Places(self._settings.base_url(call.request), self._settings.short_url(call.request))

    def file_url(self, call: Call, key: str) -> str:
        return f"{self._settings.base_url(call.request)}{self._settings.files}/{key}"


def _file(name: str, suffix: str, media_type: str, content: AsyncIterator[bytes]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(content, media_type=media_type, headers=headers)


def csv_file(call: Call, name: str, header: Sequence[str], chunks: Chunks) -> Response:
    return _file(name, "csv", _CSV, as_csv(header, chunks, bom=reading.flag(call.query.bom)))


def xlsx_file(name: str, header: Sequence[str], chunks: Chunks) -> Response:
    return _file(name, "xlsx", _XLSX, as_xlsx(header, chunks))
