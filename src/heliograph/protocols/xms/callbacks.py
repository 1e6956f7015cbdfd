"""Events as XMS posts them (reference section 10), signed as its newer API signs them.

The nonce of the signature is the event's id: constant over all attempts, so that a receiver can tell a repetition.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

from heliograph.domain.accounts import Account
from heliograph.domain.batches import ReportWish
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.errors import NotFound
from heliograph.doors.callbacks import CallbackWriter
from heliograph.protocols.xms import shapes, wire
from heliograph.store.batches import batch_by_id


class XmsCallbacks(CallbackWriter):
    async def data(
        self, account: Account, event: Event
    ) -> wire.InboundReply | wire.BatchReportReply | wire.RecipientReportReply:
        if event.kind is EventKind.INBOUND:
            return shapes.inbound(await self.inbound.get(account, event.subject_id))
        if event.kind is EventKind.BATCH_SETTLED:
            found = await self.reports.of_batch(account.id, event.subject_id, with_recipients=True)
            return shapes.batch_report(found, full=found.batch.report is ReportWish.FULL)
        batch = await self.store.read(batch_by_id, account.id, event.subject_id)
        if batch is None or event.facts is None:
            raise NotFound()
        return shapes.recipient_event(batch, event.facts)

    def signature(self, secret: str, event: Event, body: bytes) -> Mapping[str, str]:
        timestamp = str(int(time.time()))
        return {
            "X-Sinch-Webhook-Signature": sign(secret, body, event.id, timestamp),
            "X-Sinch-Webhook-Signature-Algorithm": "HmacSHA256",
            "X-Sinch-Webhook-Signature-Nonce": event.id,
            "X-Sinch-Webhook-Signature-Timestamp": timestamp,
        }


def sign(secret: str, body: bytes, nonce: str, timestamp: str) -> str:
    """Base64 of HMAC-SHA256 over `BODY.NONCE.TIMESTAMP`."""
    signed = body + f".{nonce}.{timestamp}".encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
