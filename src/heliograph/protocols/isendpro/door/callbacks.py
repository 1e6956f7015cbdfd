"""Events as iSendPro calls them out: a GET with a query, at the customer's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Event, EventKind, MessageFacts
from heliograph.domain.errors import NotFound
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.statuses import Reason, Status
from heliograph.doors.callbacks import CallbackWriter, own_signature
from heliograph.engine.callbacks import Payload
from heliograph.protocols.isendpro.codes import Code
from heliograph.protocols.isendpro.door.sending import HOME_ZONE, RECIPIENT_FACTS
from heliograph.protocols.isendpro.queries import DELIVERED, FAILED, INBOUND, RECEIPT, filled

_CODES = {Reason.OPTED_OUT: Code.BLACKLISTED, Reason.UNKNOWN_SUBSCRIBER: Code.NOT_ASSIGNED}


class IsendproCallbacks(CallbackWriter):
    async def payload(self, account: Account, event: Event, data: Any) -> Payload:
        default, values = data
        secrets = account.callback_secrets(from_ms(now_ms()))
        headers = {"User-Agent": "Heliograph"} | dict(self.signature(secrets, event, b""))
        return Payload(b"", headers, "GET", filled(event.sink, default, values))

    def signature(self, secrets: Sequence[str], event: Event, body: bytes) -> Mapping[str, str]:
        return own_signature(secrets, event, body)

    async def data(self, account: Account, event: Event) -> tuple[str, dict[str, str]]:
        """Return the default query of an event's callback, and the values of its names.

        Raises NotFound for an event that this protocol does not tell.
        """
        if event.kind is EventKind.INBOUND:
            message = await self.subjects.inbound(account, event)
            at = message.received_at.astimezone(HOME_ZONE)
            values = {"tel": message.msisdn, "text": message.body, "to": message.to}
            return INBOUND, values | {"date": f"{at:%Y-%m-%d %H:%M:%S}"}
        if event.kind is not EventKind.MESSAGE_STATUS or event.facts is None:
            raise NotFound()
        facts = event.facts
        at = from_ms(facts.at_ms).astimezone(HOME_ZONE)
        delivered = facts.status == Status.DELIVERED.value
        code = Code.ACCEPTED if delivered else _CODES.get(Reason(facts.reason)) if facts.reason else None
        return RECEIPT, {
            "tracker": await self._tracker(account, event, facts),
            "tel": facts.msisdn,
            "status": DELIVERED if delivered else FAILED,
            "date": f"{at:%Y-%m-%d %H:%M:%S}",
            "code": "" if code is None else str(int(code)),
        }

    async def _tracker(self, account: Account, event: Event, facts: MessageFacts) -> str:
        """Read what the customer named the message; empty if nothing, or if it is gone."""
        try:
            message = await self.subjects.message(account, facts)
        except NotFound:
            return ""
        return RECIPIENT_FACTS.read(event.protocol, message.recipient_facts).tracker
