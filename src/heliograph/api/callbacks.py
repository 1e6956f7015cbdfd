"""Events as the native API posts them."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.api import shapes, wire
from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.instants import from_ms
from heliograph.doors.callbacks import CallbackWriter, own_signature


class NativeCallbacks(CallbackWriter):
    async def data(self, account: Account, event: Event) -> wire.Event:
        return wire.Event(
            id=event.id,
            type=event.kind.value,
            created_at=from_ms(event.created_ms),
            data=await self._fact(account, event),
        )

    async def _fact(self, account: Account, event: Event) -> wire.EventData:
        if event.kind is EventKind.INBOUND:
            return shapes.inbound_message(await self.subjects.inbound(account, event))
        if event.kind is EventKind.VERIFICATION_SETTLED:
            return shapes.verification(await self.subjects.verification(account, event))
        if event.kind is EventKind.OPTED_OUT:
            return wire.OptOuts(items=[shapes.optout(each) for each in await self.subjects.optouts(account, event)])
        if event.kind in {EventKind.LINK_HIT, EventKind.ATTACHMENT_HIT}:
            return wire.Hits(items=[shapes.hit(hit) for hit, _ in await self.subjects.hits(account, event)])
        if event.kind is EventKind.LOOKED_UP:
            return wire.Lookups(items=[shapes.lookup(each) for each in await self.subjects.lookups(account, event)])
        if event.kind is EventKind.BATCH_PAUSED:
            return shapes.batch(await self.subjects.batch(account, event))
        if event.facts is not None:
            return shapes.message_status(event.subject_id, event.facts)
        return shapes.report(await self.subjects.report(account, event, with_recipients=False))

    def signature(self, secret: str, event: Event, body: bytes) -> Mapping[str, str]:
        return own_signature(secret, event, body)
