"""Events as XMS posts them (reference section 10), signed as its newer API signs them.

The nonce of the signature is the event's id: constant over all attempts, so that a receiver can tell a repetition.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from heliograph.domain.accounts import Account
from heliograph.domain.batches import ReportWish
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.errors import NotFound
from heliograph.doors.callbacks import CallbackWriter
from heliograph.protocols.xms import wire
from heliograph.protocols.xms.door import shapes
from heliograph.protocols.xms.signature import (
    SIGNATURE,
    SIGNATURE_ALGORITHM,
    SIGNATURE_NONCE,
    SIGNATURE_TIMESTAMP,
    sign,
)


class XmsCallbacks(CallbackWriter):
    async def data(
        self, account: Account, event: Event
    ) -> wire.InboundReply | wire.BatchReportReply | wire.RecipientReportReply:
        if event.kind is EventKind.INBOUND:
            return shapes.inbound(await self.subjects.inbound(account, event))
        if event.kind is EventKind.BATCH_SETTLED:
            found = await self.subjects.report(account, event, with_recipients=True)
            return shapes.batch_report(found, full=found.batch.report is ReportWish.FULL)
        if event.facts is None:
            raise NotFound()
        return shapes.recipient_event(event, event.facts)

    def signature(self, secrets: Sequence[str], event: Event, body: bytes) -> Mapping[str, str]:
        timestamp = str(int(time.time()))
        return {
            SIGNATURE: sign(secrets[0], body, event.id, timestamp),
            SIGNATURE_ALGORITHM: "HmacSHA256",
            SIGNATURE_NONCE: event.id,
            SIGNATURE_TIMESTAMP: timestamp,
        }
