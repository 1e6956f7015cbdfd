"""Events as XMS posts them (reference section 10), signed as its newer API signs them.

The nonce of the signature is the event's id: constant over all attempts, so that a receiver can tell a repetition.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

import msgspec

from heliograph.domain.batches import ReportWish
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.errors import NotFound
from heliograph.protocols.xms import shapes
from heliograph.services.inbound import InboundMessages
from heliograph.services.reports import Reports
from heliograph.store import Store
from heliograph.store.accounts import account_by_id
from heliograph.store.batches import batch_by_id


class Payload(msgspec.Struct, frozen=True):
    body: bytes
    headers: Mapping[str, str]


class XmsCallbacks:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._reports = Reports(store)
        self._inbound = InboundMessages(store)

    async def encode(self, event: Event) -> Payload | None:
        account = await self._store.read(account_by_id, event.account_id)
        if account is None:
            return None
        try:
            if event.kind is EventKind.INBOUND:
                shape: msgspec.Struct = shapes.inbound(await self._inbound.get(account, event.subject_id))
            elif event.kind is EventKind.BATCH_SETTLED:
                shape = await self._batch_report(event)
            else:
                shape = await self._recipient_report(event)
        except NotFound:
            return None
        body = msgspec.json.encode(shape)
        timestamp = str(int(time.time()))
        return Payload(
            body,
            {
                "Content-Type": "application/json",
                "User-Agent": "Heliograph",
                "X-Sinch-Webhook-Signature": sign(account.callback_secret, body, event.id, timestamp),
                "X-Sinch-Webhook-Signature-Algorithm": "HmacSHA256",
                "X-Sinch-Webhook-Signature-Nonce": event.id,
                "X-Sinch-Webhook-Signature-Timestamp": timestamp,
            },
        )

    async def _batch_report(self, event: Event) -> msgspec.Struct:
        found = await self._reports.of_batch(event.account_id, event.subject_id, with_recipients=True)
        return shapes.batch_report(found, full=found.batch.report is ReportWish.FULL)

    async def _recipient_report(self, event: Event) -> msgspec.Struct:
        batch = await self._store.read(batch_by_id, event.account_id, event.subject_id)
        if batch is None or event.facts is None:
            raise NotFound()
        return shapes.recipient_event(batch, event.facts)


def sign(secret: str, body: bytes, nonce: str, timestamp: str) -> str:
    """Base64 of HMAC-SHA256 over `BODY.NONCE.TIMESTAMP`."""
    signed = body + f".{nonce}.{timestamp}".encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
