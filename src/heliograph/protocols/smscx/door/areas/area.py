"""What all parts of the SMS.CX door share: who is calling, and how answers look."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.errors import HeliographError, Unauthenticated
from heliograph.doors import AnyCall, Call, Door, Operation
from heliograph.doors.door import bearer_token
from heliograph.doors.settings import DoorSettings
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door import reading
from heliograph.protocols.smscx.door.refusals import reply_for
from heliograph.protocols.smscx.door.sending import Places, Sending
from heliograph.services.accounts import public_part
from heliograph.services.exports import Cell, as_csv, as_xlsx
from heliograph.services.rates import RateState
from heliograph.services.services import Services

_CSV = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Chunks = AsyncIterator[Sequence[Sequence[Cell]]]


class Area(Door):
    requests_per_second: ClassVar[int] = 500
    """As at SMS.CX itself (reference: section 4)."""

    def __init__(self, services: Services, settings: DoorSettings) -> None:
        super().__init__(services, max_body_bytes=settings.max_body_bytes)
        self._services = services
        self._settings = settings
        self._sending = Sending(services)

    async def authenticate(self, request: Request) -> Principal:
        """By the API key, or else by the access token."""
        request.state.began = time.monotonic()
        key, token = request.headers.get("x-api-key", "").strip(), bearer_token(request)
        if key:
            return await self._services.access.authenticate(CredentialKind.SMSCX, public_part(key), key)
        if token is not None:
            return await self._services.access.authenticate(CredentialKind.ACCESS_TOKEN, public_part(token), token)
        raise Unauthenticated("The request has neither an API key nor an access token.")

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        status, reply = reply_for(error, None if operation is None else operation.name)
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

    def places(self, call: AnyCall) -> Places:
        """Where recipients of messages reach this server."""
        return Places(self._settings.base_url(call.request), self._settings.short_url(call.request))

    def file_url(self, call: AnyCall, key: str) -> str:
        return f"{self._settings.base_url(call.request)}{self._settings.files}/{key}"


def _file(name: str, suffix: str, media_type: str, content: AsyncIterator[bytes]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(content, media_type=media_type, headers=headers)


def csv_file(
    call: Call[wire.common.ExportQuery | wire.reports.ReportExportQuery, None],
    name: str,
    header: Sequence[str],
    chunks: Chunks,
) -> Response:
    return _file(name, "csv", _CSV, as_csv(header, chunks, bom=reading.flag(call.query.bom)))


def xlsx_file(name: str, header: Sequence[str], chunks: Chunks) -> Response:
    return _file(name, "xlsx", _XLSX, as_xlsx(header, chunks))
