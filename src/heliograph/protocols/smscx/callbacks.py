"""Events as SMS.CX posts them (reference: section 9). It signs nothing; ours are signed as the native ones are."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.errors import NotFound
from heliograph.domain.instants import from_ms
from heliograph.domain.statuses import Status
from heliograph.doors.callbacks import CallbackWriter, own_signature
from heliograph.numbers import country_of
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.identifiers import to_uuid
from heliograph.protocols.smscx.shapes import ERROR_CODES, NO_COUNTRY, STATUS_CODES, status_of, when


class SmscxCallbacks(CallbackWriter):
    async def data(self, account: Account, event: Event) -> wire.Callback:
        if event.kind is EventKind.INBOUND:
            return wire.Callback(event="receive_sms", data=[await self._inbound(account, event)])
        if event.facts is None:
            raise NotFound()
        facts = event.facts
        status = status_of(Status(facts.status), facts.reason, scheduled=False)
        return wire.Callback(
            event="dlr_update",
            data=[
                wire.DlrItem(
                    campaign_id=to_uuid(event.subject_id),
                    msg_id=to_uuid(facts.message_id),
                    status_code=STATUS_CODES[status],
                    status=status,
                    error_code=None if status in {"DELIVERED", "SENT"} else ERROR_CODES.get(facts.reason),
                    datetime=when(from_ms(facts.at_ms)),
                    track_data=UNSET if event.client_reference is None else event.client_reference,
                )
            ],
        )

    async def _inbound(self, account: Account, event: Event) -> wire.InboundItem:
        message = await self.inbound.get(account, event.subject_id)
        return wire.InboundItem(
            msg_id=to_uuid(message.id),
            from_=f"+{message.msisdn}",
            country_iso=country_of(message.msisdn) or NO_COUNTRY,
            to=f"+{message.to}" if message.to.isdecimal() else message.to,
            text=message.body,
            cost=0.0,
            received_at=when(message.received_at),
        )

    def signature(self, secret: str, event: Event, body: bytes) -> Mapping[str, str]:
        return own_signature(secret, event, body)
