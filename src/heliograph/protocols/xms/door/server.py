"""The XMS door."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypedDict

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.batches import Draft
from heliograph.domain.errors import HeliographError, InvalidField, NotFound, Unauthenticated
from heliograph.domain.filters import BatchFilter, InboundFilter, MessageFilter
from heliograph.domain.groups import GroupDraft
from heliograph.doors import AnyCall, Call, Door, Operation
from heliograph.doors.door import address_of, bearer_token
from heliograph.doors.filters import originator_filter
from heliograph.numbers import Check, InvalidNumber, normalise
from heliograph.protocols.xms import wire
from heliograph.protocols.xms.door import shapes
from heliograph.protocols.xms.door.operations import OPERATIONS
from heliograph.protocols.xms.door.refusals import code_for
from heliograph.services.services import Services

#: How far back a listing without `start_date` looks.
LOOKS_BACK = timedelta(hours=24)


class XmsDoor(Door):
    operations = OPERATIONS

    def __init__(self, services: Services, *, max_body_bytes: int) -> None:
        super().__init__(services, max_body_bytes=max_body_bytes)
        self._services = services

    async def authenticate(self, request: Request) -> Principal:
        """Find the account by the token, which must belong to the service plan in the path.

        Raises Unauthenticated for another plan's token, as for a wrong one.
        """
        token = bearer_token(request)
        if token is None:
            raise Unauthenticated("The request has no bearer token.")
        plan = request.path_params["service_plan_id"]
        return await self._services.access.authenticate(CredentialKind.XMS, plan, token, address=address_of(request))

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        status, code = code_for(error)
        body = msgspec.json.encode(wire.ErrorReply(code=code, text=error.message))
        return Response(body, status, media_type="application/json")

    async def create_batch(self, call: Call[None, wire.BatchCreate]) -> wire.BatchReply:
        # XMS itself asks no more of an MSISDN than its shape.
        created = await self._services.batches.create(call.account, _draft(call.body), check=Check.SHAPE)
        return shapes.batch(created.batch)

    async def list_batches(self, call: Call[wire.BatchListQuery, None]) -> wire.BatchPage:
        query = call.query
        since, until = _period(query.start_date, query.end_date)
        wanted = BatchFilter(
            originators=[originator_filter(text) for text in wire.listed(f"{query.originators},{query.to}")],
            tags=wire.listed(query.tags),
            client_reference=query.client_reference,
            since=since,
            until=until,
        )
        found, count = await self._services.batches.page_and_count(call.account, wanted, **_place(query))
        return wire.BatchPage(
            page=query.page, page_size=len(found), count=count, batches=[shapes.batch(batch) for batch in found]
        )

    async def dry_run(self, call: Call[wire.DryRunQuery, wire.BatchCreate]) -> wire.DryRunReply:
        query = call.query
        with _in_our_words():
            per_recipient = wire.decode_flag("per_recipient", query.per_recipient)
        found = await self._services.batches.dry_run(
            call.account,
            _draft(call.body),
            list_first=query.number_of_recipients if per_recipient else 0,
            check=Check.SHAPE,
        )
        return shapes.dry_run(found, per_recipient=per_recipient)

    async def fetch_batch(self, call: Call[None, None]) -> wire.BatchReply:
        return shapes.batch(await self._services.batches.get(call.account, call.path["batch_id"]))

    async def update_batch(self, call: Call[None, wire.BatchUpdate]) -> wire.BatchReply:
        def edit(before: Draft) -> Draft:
            with _in_our_words():
                return shapes.changed(before, call.body, call.account.default_region)

        return await self._rewrite(call, edit)

    async def replace_batch(self, call: Call[None, wire.BatchCreate]) -> wire.BatchReply:
        after = _draft(call.body)
        return await self._rewrite(call, lambda _before: after)

    async def _rewrite(self, call: AnyCall, edit: Callable[[Draft], Draft]) -> wire.BatchReply:
        batch_id = call.path["batch_id"]
        return shapes.batch(await self._services.batches.change(call.account, batch_id, edit, check=Check.SHAPE))

    async def fetch_batch_tags(self, call: Call[None, None]) -> wire.Tags:
        return wire.Tags(tags=await self._services.batches.tags(call.account, call.path["batch_id"]))

    async def replace_batch_tags(self, call: Call[None, wire.Tags]) -> wire.Tags:
        return await self._change_batch_tags(call, lambda _tags: call.body.tags)

    async def update_batch_tags(self, call: Call[None, wire.TagsUpdate]) -> wire.Tags:
        return await self._change_batch_tags(call, lambda tags: _added_then_removed(tags, call.body))

    async def _change_batch_tags(self, call: AnyCall, edit: EditTags) -> wire.Tags:
        return wire.Tags(tags=await self._services.batches.change_tags(call.account, call.path["batch_id"], edit))

    async def send_delivery_feedback(self, call: Call[None, wire.Feedback]) -> None:
        await self._services.batches.confirm(call.account, call.path["batch_id"], call.body.recipients)

    async def create_group(self, call: Call[None, wire.GroupCreate]) -> wire.GroupReply:
        draft = _group_draft(call.body)
        return shapes.group(await self._services.groups.create(call.account, draft, check=Check.SHAPE))

    async def list_groups(self, call: Call[wire.GroupListQuery, None]) -> wire.GroupPage:
        query = call.query
        found, count = await self._services.groups.page(call.account, wire.listed(query.tags), **_place(query))
        return wire.GroupPage(
            page=query.page, page_size=len(found), count=count, groups=[shapes.group(group) for group in found]
        )

    async def fetch_group(self, call: Call[None, None]) -> wire.GroupReply:
        return shapes.group(await self._services.groups.get(call.account, call.path["group_id"]))

    async def update_group(self, call: Call[None, wire.GroupUpdate]) -> wire.GroupReply:
        with _in_our_words():
            change = shapes.group_change(call.body)
        changed = await self._services.groups.change(call.account, call.path["group_id"], change, check=Check.SHAPE)
        return shapes.group(changed)

    async def replace_group(self, call: Call[None, wire.GroupCreate]) -> wire.GroupReply:
        draft = _group_draft(call.body)
        replaced = await self._services.groups.replace(call.account, call.path["group_id"], draft, check=Check.SHAPE)
        return shapes.group(replaced)

    async def delete_group(self, call: Call[None, None]) -> None:
        await self._services.groups.delete(call.account, call.path["group_id"])

    async def fetch_group_members(self, call: Call[None, None]) -> list[str]:
        return await self._services.groups.members(call.account, call.path["group_id"])

    async def fetch_group_tags(self, call: Call[None, None]) -> wire.Tags:
        return wire.Tags(tags=await self._services.groups.tags(call.account, call.path["group_id"]))

    async def replace_group_tags(self, call: Call[None, wire.Tags]) -> wire.Tags:
        return await self._change_group_tags(call, lambda _tags: call.body.tags)

    async def update_group_tags(self, call: Call[None, wire.TagsUpdate]) -> wire.Tags:
        return await self._change_group_tags(call, lambda tags: _added_then_removed(tags, call.body))

    async def _change_group_tags(self, call: AnyCall, edit: EditTags) -> wire.Tags:
        return wire.Tags(tags=await self._services.groups.change_tags(call.account, call.path["group_id"], edit))

    async def cancel_batch(self, call: Call[None, None]) -> wire.BatchReply:
        return shapes.batch(await self._services.batches.cancel(call.account, call.path["batch_id"]))

    async def fetch_delivery_report(self, call: Call[wire.ReportQuery, None]) -> wire.BatchReportReply:
        query = call.query
        if query.type not in {"summary", "full"}:
            raise NotFound(f"There is no delivery report of type {query.type!r}.")
        with _in_our_words():
            codes = wire.decode_codes("code", query.code)
        full = query.type == "full"
        found = await self._services.reports.of_batch(call.account.id, call.path["batch_id"], with_recipients=full)
        return shapes.batch_report(found, full=full, statuses=wire.listed(query.status), codes=codes)

    async def fetch_recipient_delivery_report(self, call: Call[None, None]) -> wire.RecipientReportReply:
        try:
            msisdn = normalise(call.path["msisdn"], check=Check.SHAPE)
        except InvalidNumber as error:
            raise NotFound(f"{call.path['msisdn']!r} is not a recipient of this batch.") from error
        batch, message = await self._services.reports.of_recipient(call.account, call.path["batch_id"], msisdn)
        return shapes.recipient_report(message, batch.client_reference)

    async def list_delivery_reports(self, call: Call[wire.RecipientReportListQuery, None]) -> wire.RecipientReportPage:
        query = call.query
        since, until = _period(query.start_date, query.end_date)
        with _in_our_words():
            like = shapes.report_filter(wire.listed(query.status), wire.decode_codes("code", query.code))
        wanted = MessageFilter(client_reference=query.client_reference, since=since, until=until)
        found, references, count = await self._services.reports.of_messages(
            call.account, wanted, like=like, **_place(query)
        )
        return wire.RecipientReportPage(
            page=query.page,
            page_size=len(found),
            count=count,
            delivery_reports=[shapes.recipient_report(each, references[each.batch_id]) for each in found],
        )

    async def list_inbounds(self, call: Call[wire.InboundListQuery, None]) -> wire.InboundPage:
        query = call.query
        since, until = _period(query.start_date, query.end_date)
        wanted = InboundFilter(to=[originator_filter(text) for text in wire.listed(query.to)], since=since, until=until)
        found, count = await self._services.inbound.page_and_count(call.account, wanted, **_place(query))
        if query.client_reference is not None:
            found, count = [], 0  # no inbound message has one
        return wire.InboundPage(
            page=query.page, page_size=len(found), count=count, inbounds=[shapes.inbound(entry) for entry in found]
        )

    async def fetch_inbound(self, call: Call[None, None]) -> wire.InboundReply:
        return shapes.inbound(await self._services.inbound.get(call.account, call.path["inbound_id"]))


EditTags = Callable[[list[str]], Sequence[str]]


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except wire.XmsFormatError as error:
        raise InvalidField(str(error), field=error.field) from error


def _draft(wanted: wire.BatchCreate) -> Draft:
    with _in_our_words():
        return shapes.draft(wanted)


def _group_draft(wanted: wire.GroupCreate) -> GroupDraft:
    with _in_our_words():
        return shapes.group_draft(wanted)


def _added_then_removed(tags: list[str], change: wire.TagsUpdate) -> list[str]:
    gone = set(change.remove or ())
    return [tag for tag in (*tags, *(change.add or ())) if tag not in gone]


def _place(
    query: wire.BatchListQuery | wire.GroupListQuery | wire.InboundListQuery | wire.RecipientReportListQuery,
) -> Place:
    return {"limit": query.page_size, "offset": query.page * query.page_size}


class Place(TypedDict):
    limit: int
    offset: int


def _period(start: str | None, end: str | None) -> tuple[datetime, datetime | None]:
    with _in_our_words():
        since = datetime.now(UTC) - LOOKS_BACK if start is None else wire.decode_instant("start_date", start)
        until = None if end is None else wire.decode_instant("end_date", end)
    return since, until
