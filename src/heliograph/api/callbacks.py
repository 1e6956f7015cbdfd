"""Events as the native API posts them.

`X-Heliograph-Event` is the event's id, constant over all attempts. `X-Heliograph-Signature` is `t=SECONDS,v1=HEX`:
HMAC-SHA256 with the account's callback secret over `SECONDS.BODY`, so that neither can be changed or replayed later.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

import msgspec

from heliograph.api import shapes, wire
from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.errors import NotFound
from heliograph.domain.instants import from_ms
from heliograph.services.inbound import InboundMessages
from heliograph.services.reports import Reports
from heliograph.store import Store
from heliograph.store.accounts import account_by_id


class Payload(msgspec.Struct, frozen=True):
    body: bytes
    headers: Mapping[str, str]


class NativeCallbacks:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._reports = Reports(store)
        self._inbound = InboundMessages(store)

    async def encode(self, event: Event) -> Payload | None:
        account = await self._store.read(account_by_id, event.account_id)
        if account is None:
            return None
        try:
            data = await self._data(account, event)
        except NotFound:
            return None
        body = msgspec.json.encode(
            wire.Event(id=event.id, type=event.kind.value, created_at=from_ms(event.created_ms), data=data)
        )
        seconds = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Heliograph",
            "X-Heliograph-Event": event.id,
            "X-Heliograph-Signature": f"t={seconds},v1={sign(account.callback_secret, seconds, body)}",
        }
        return Payload(body, headers)

    async def _data(self, account: Account, event: Event) -> wire.MessageStatus | wire.Report | wire.Inbound:
        if event.kind is EventKind.INBOUND:
            return shapes.inbound_message(await self._inbound.get(account, event.subject_id))
        if event.facts is not None:
            return shapes.message_status(event.subject_id, event.facts)
        return shapes.report(await self._reports.of_batch(account.id, event.subject_id, with_recipients=False))


def sign(secret: str, seconds: int, body: bytes) -> str:
    """The hexadecimal signature of a body posted at `seconds` since 1970."""
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
