"""The XMS door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.batches import Draft
from heliograph.domain.errors import HeliographError, InvalidField, NotFound, Unauthenticated
from heliograph.doors import Call, Door
from heliograph.doors.door import bearer_token
from heliograph.doors.filters import originator_filter
from heliograph.numbers import Check, InvalidNumber, normalise
from heliograph.protocols.xms import shapes, wire
from heliograph.protocols.xms.errors import code_for
from heliograph.protocols.xms.operations import OPERATIONS
from heliograph.services.services import Services
from heliograph.store.batches import BatchFilter
from heliograph.store.inbound import InboundFilter

#: How far back a listing without `start_date` looks.
LOOKS_BACK = timedelta(hours=24)


class XmsDoor(Door):
    operations = OPERATIONS

    def __init__(self, services: Services, *, max_body_bytes: int) -> None:
        super().__init__(max_body_bytes=max_body_bytes)
        self._services = services

    async def authenticate(self, request: Request) -> Principal:
        """The token must belong to the service plan in the path; another plan's is as wrong as none."""
        token = bearer_token(request)
        if token is None:
            raise Unauthenticated("The request has no bearer token.")
        plan = request.path_params["service_plan_id"]
        return await self._services.access.authenticate(CredentialKind.XMS, plan, token)

    def render_error(self, error: HeliographError) -> Response:
        status, code = code_for(error)
        body = msgspec.json.encode(wire.ErrorReply(code=code, text=error.message))
        return Response(body, status, media_type="application/json")

    async def create_batch(self, call: Call) -> wire.BatchReply:
        # XMS itself asks no more of an MSISDN than its shape.
        created = await self._services.batches.create(call.account, _draft(call.body), check=Check.SHAPE)
        return shapes.batch(created.batch)

    async def list_batches(self, call: Call) -> wire.BatchPage:
        query: wire.BatchListQuery = call.query
        since, until = _period(query.start_date, query.end_date)
        wanted = BatchFilter(
            originators=[originator_filter(text) for text in wire.listed(query.originators)],
            tags=wire.listed(query.tags),
            client_reference=query.client_reference,
            since=since,
            until=until,
        )
        found = await self._services.batches.page(
            call.account, wanted, limit=query.page_size, offset=query.page * query.page_size
        )
        count = await self._services.batches.count(call.account, wanted)
        return wire.BatchPage(
            page=query.page, page_size=len(found), count=count, batches=[shapes.batch(batch) for batch in found]
        )

    async def dry_run(self, call: Call) -> wire.DryRunReply:
        query: wire.DryRunQuery = call.query
        try:
            per_recipient = wire.decode_flag("per_recipient", query.per_recipient)
        except wire.XmsFormatError as error:
            raise InvalidField(str(error), field=error.field) from error
        found = await self._services.batches.dry_run(
            call.account,
            _draft(call.body),
            list_first=query.number_of_recipients if per_recipient else 0,
            check=Check.SHAPE,
        )
        return shapes.dry_run(found, per_recipient=per_recipient)

    async def fetch_batch(self, call: Call) -> wire.BatchReply:
        return shapes.batch(await self._services.batches.get(call.account, call.path["batch_id"]))

    async def cancel_batch(self, call: Call) -> wire.BatchReply:
        return shapes.batch(await self._services.batches.cancel(call.account, call.path["batch_id"]))

    async def fetch_delivery_report(self, call: Call) -> wire.BatchReportReply:
        query: wire.ReportQuery = call.query
        if query.type not in {"summary", "full"}:
            raise NotFound(f"There is no delivery report of type {query.type!r}.")
        try:
            codes = wire.decode_codes("code", query.code)
        except wire.XmsFormatError as error:
            raise InvalidField(str(error), field=error.field) from error
        full = query.type == "full"
        found = await self._services.reports.of_batch(call.account.id, call.path["batch_id"], with_recipients=full)
        return shapes.batch_report(found, full=full, statuses=wire.listed(query.status), codes=codes)

    async def fetch_recipient_delivery_report(self, call: Call) -> wire.RecipientReportReply:
        try:
            msisdn = normalise(call.path["msisdn"], check=Check.SHAPE)
        except InvalidNumber as error:
            raise NotFound(f"{call.path['msisdn']!r} is not a recipient of this batch.") from error
        batch, message = await self._services.reports.of_recipient(call.account, call.path["batch_id"], msisdn)
        return shapes.recipient_report(batch, message)

    async def list_inbounds(self, call: Call) -> wire.InboundPage:
        query: wire.InboundListQuery = call.query
        since, until = _period(query.start_date, query.end_date)
        wanted = InboundFilter(to=[originator_filter(text) for text in wire.listed(query.to)], since=since, until=until)
        found = await self._services.inbound.page(
            call.account, wanted, limit=query.page_size, offset=query.page * query.page_size
        )
        count = await self._services.inbound.count(call.account, wanted)
        return wire.InboundPage(
            page=query.page, page_size=len(found), count=count, inbounds=[shapes.inbound(entry) for entry in found]
        )

    async def fetch_inbound(self, call: Call) -> wire.InboundReply:
        return shapes.inbound(await self._services.inbound.get(call.account, call.path["inbound_id"]))


def _draft(wanted: wire.BatchCreate) -> Draft:
    try:
        return shapes.draft(wanted)
    except wire.XmsFormatError as error:
        raise InvalidField(str(error), field=error.field) from error


def _period(start: str | None, end: str | None) -> tuple[datetime, datetime | None]:
    try:
        since = datetime.now(UTC) - LOOKS_BACK if start is None else wire.decode_instant("start_date", start)
        until = None if end is None else wire.decode_instant("end_date", end)
    except wire.XmsFormatError as error:
        raise InvalidField(str(error), field=error.field) from error
    return since, until
