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

    async def _fact(self, account: Account, event: Event) -> wire.MessageStatus | wire.Report | wire.Inbound:
        if event.kind is EventKind.INBOUND:
            return shapes.inbound_message(await self.inbound.get(account, event.subject_id))
        if event.facts is not None:
            return shapes.message_status(event.subject_id, event.facts)
        return shapes.report(await self.reports.of_batch(account.id, event.subject_id, with_recipients=False))

    def signature(self, secret: str, event: Event, body: bytes) -> Mapping[str, str]:
        return own_signature(secret, event, body)
