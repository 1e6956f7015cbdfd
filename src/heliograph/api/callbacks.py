"""Events as the native API posts them.

`X-Heliograph-Event` is the event's id, constant over all attempts. `X-Heliograph-Signature` is `t=SECONDS,v1=HEX`:
HMAC-SHA256 with the account's callback secret over `SECONDS.BODY`, so that neither can be changed or replayed later.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

from heliograph.api import shapes, wire
from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.instants import from_ms
from heliograph.doors.callbacks import CallbackWriter


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
        seconds = int(time.time())
        return {
            "X-Heliograph-Event": event.id,
            "X-Heliograph-Signature": f"t={seconds},v1={sign(secret, seconds, body)}",
        }


def sign(secret: str, seconds: int, body: bytes) -> str:
    """The hexadecimal signature of a body posted at `seconds` since 1970."""
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
