"""Operations on callbacks: what the customer's server was told, and telling it anew."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.resource import NativeResource
from heliograph.domain.accounts import Scope
from heliograph.domain.callbacks import Told
from heliograph.domain.errors import NotFound
from heliograph.domain.filters import EventFilter
from heliograph.doors import Call, Operation


class Callbacks(NativeResource):
    operations = (
        Operation(
            name="list_callbacks",
            method="GET",
            path="/callbacks",
            scope=Scope.MESSAGES_READ,
            query=wire.CallbackQuery,
            response=wire.CallbackPage,
            summary="List what your server was told, or is to be told, newest first",
        ),
        Operation(
            name="get_callback_request",
            method="GET",
            path="/callbacks/{callback_id}/request",
            scope=Scope.MESSAGES_READ,
            response=wire.CallbackRequest,
            summary="Read the request that tells one, as it would be made now, without its signature",
        ),
        Operation(
            name="replay_callbacks",
            method="POST",
            path="/callbacks/replay",
            scope=Scope.MESSAGES_SEND,
            request=wire.Replay,
            response=wire.Replayed,
            summary="Tell anew what was given up: of a time, or some",
        ),
        Operation(
            name="replay_callback",
            method="POST",
            path="/callbacks/{callback_id}/replay",
            scope=Scope.MESSAGES_SEND,
            response=wire.Callback,
            summary="Tell anew one that was given up",
        ),
    )

    async def list_callbacks(self, call: Call[wire.CallbackQuery, None]) -> wire.CallbackPage:
        query = call.query
        wanted = EventFilter(state=query.state, subject_id=query.subject_id, since=query.since, until=query.until)
        found = await self._services.told.listing(call.account, wanted, limit=query.limit, before=query.before)
        return wire.CallbackPage(items=[shown_callback(each) for each in found.items], next=found.next)

    async def get_callback_request(self, call: Call[None, None]) -> wire.CallbackRequest:
        found = await self._services.told.request(call.account, call.path["callback_id"])
        if found is None:
            raise NotFound("It is told to connected clients, or what it is about is gone: there is no request.")
        return wire.CallbackRequest(
            method=found.method, url=found.url, content_type=found.content_type, body=found.body
        )

    async def replay_callbacks(self, call: Call[None, wire.Replay]) -> wire.Replayed:
        body = call.body
        wanted = EventFilter(ids=body.ids, since=body.since, until=body.until)
        return wire.Replayed(replayed=await self._services.told.replay(call.account, wanted))

    async def replay_callback(self, call: Call[None, None]) -> wire.Callback:
        return shown_callback(await self._services.told.replay_one(call.account, call.path["callback_id"]))


def shown_callback(stored: Told) -> wire.Callback:
    return wire.Callback(
        id=stored.id,
        type=stored.kind.value,
        subject_id=stored.subject_id,
        to=stored.sink,
        state=stored.state,
        attempts=stored.attempts,
        error=stored.error,
        created_at=stored.created_at,
        done_at=stored.done_at,
    )
