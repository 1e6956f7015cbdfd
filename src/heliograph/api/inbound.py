"""Operations on messages from phones."""

from __future__ import annotations

import msgspec

from heliograph.api import wire
from heliograph.api.resource import NativeResource, page
from heliograph.api.streams import Stream, coming
from heliograph.domain import inbound
from heliograph.domain.accounts import Account, Scope
from heliograph.domain.batches import BodyKind
from heliograph.domain.channels import Channel
from heliograph.domain.filters import InboundFilter
from heliograph.doors import Call, Operation
from heliograph.doors.filters import msisdn_filter, originator_filter
from heliograph.doors.operations import EVENT_STREAM
from heliograph.numbers import plus_kept, with_plus


class InboundMessages(NativeResource):
    operations = (
        Operation(
            name="list_inbound",
            method="GET",
            path="/inbound",
            scope=Scope.INBOUND_READ,
            query=wire.InboundQuery,
            response=wire.InboundPage,
            summary="List inbound messages, newest first",
        ),
        Operation(
            name="follow_inbound",
            method="GET",
            path="/inbound/events",
            scope=Scope.INBOUND_READ,
            query=wire.InboundEventsQuery,
            files=(EVENT_STREAM,),
            summary="Inbound messages as they come, as server-sent events",
        ),
        Operation(
            name="get_inbound",
            method="GET",
            path="/inbound/{inbound_id}",
            scope=Scope.INBOUND_READ,
            response=wire.Inbound,
            summary="Get an inbound message",
        ),
        Operation(
            name="delete_inbound",
            method="DELETE",
            path="/inbound/{inbound_id}",
            scope=Scope.MESSAGES_SEND,
            status=204,
            summary="Delete an inbound message",
        ),
    )

    async def list_inbound(self, call: Call[wire.InboundQuery, None]) -> wire.InboundPage:
        query = call.query
        wanted = msgspec.structs.replace(_filter(query, call.account), since=query.since, until=query.until)
        found = await self._services.inbound.page(call.account, wanted, limit=query.limit, before=query.before)
        return page(wire.InboundPage, [shown_inbound(message) for message in found], query.limit)

    async def follow_inbound(self, call: Call[wire.InboundEventsQuery, None]) -> Stream:
        account, wanted = call.account, _filter(call.query, call.account)

        async def next_after(after: str, limit: int) -> list[wire.Inbound]:
            found = await self._services.inbound.page(account, wanted, limit=limit, after=after)
            return [shown_inbound(message) for message in reversed(found)]

        topic = f"inbound:{account.id}"
        return coming(self._services.live, call, topic, next_after, scope=Scope.INBOUND_READ)

    async def get_inbound(self, call: Call[None, None]) -> wire.Inbound:
        return shown_inbound(await self._services.inbound.get(call.account, call.path["inbound_id"]))

    async def delete_inbound(self, call: Call[None, None]) -> None:
        await self._services.inbound.delete(call.account, call.path["inbound_id"])


def _filter(query: wire.InboundQuery | wire.InboundEventsQuery, account: Account) -> InboundFilter:
    return InboundFilter(
        to=[originator_filter(query.to)] if query.to else [],
        msisdns=msisdn_filter(plus_kept(query.msisdn), account.default_region) if query.msisdn else [],
    )


def shown_inbound(stored: inbound.Inbound) -> wire.Inbound:
    binary = stored.kind is BodyKind.BINARY
    return wire.Inbound(
        id=stored.id,
        msisdn=with_plus(stored.msisdn),
        to=with_plus(stored.to),
        text=None if binary else stored.body,
        data=stored.body if binary else None,
        udh=stored.udh if binary else None,
        keyword=stored.keyword,
        received_at=stored.received_at,
        channel=Channel(stored.channel).value,
        missing_parts=stored.missing_parts,
        provider_facts=stored.provider_facts,
    )
