"""Events as the native API posts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from heliograph.api import wire
from heliograph.api.batches import shown_batch, shown_report
from heliograph.api.inbound import shown_inbound
from heliograph.api.links import shown_hit
from heliograph.api.numbers import shown_lookup
from heliograph.api.optouts import shown_optout
from heliograph.api.verify import shown_verification
from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Event, EventKind, MessageFacts
from heliograph.domain.ids import made_at_ms
from heliograph.domain.instants import from_ms
from heliograph.domain.statuses import Status, explanation
from heliograph.doors.callbacks import CallbackWriter, own_signature


class NativeCallbacks(CallbackWriter):
    async def data(self, account: Account, event: Event) -> wire.Event:
        return wire.Event(
            id=event.id,
            type=event.kind.value,
            created_at=from_ms(made_at_ms(event.id)),
            data=await self._fact(account, event),
        )

    async def _fact(self, account: Account, event: Event) -> wire.EventData:
        if event.kind is EventKind.INBOUND:
            return shown_inbound(await self.subjects.inbound(account, event))
        if event.kind is EventKind.VERIFICATION_SETTLED:
            return shown_verification(await self.subjects.verification(account, event))
        if event.kind is EventKind.OPTED_OUT:
            return wire.OptOuts(items=[shown_optout(each) for each in await self.subjects.optouts(account, event)])
        if event.kind in {EventKind.LINK_HIT, EventKind.ATTACHMENT_HIT}:
            return wire.Hits(items=[shown_hit(hit) for hit, _ in await self.subjects.hits(account, event)])
        if event.kind is EventKind.LOOKED_UP:
            return wire.Lookups(items=[shown_lookup(each) for each in await self.subjects.lookups(account, event)])
        if event.kind is EventKind.BATCH_PAUSED:
            return shown_batch(await self.subjects.batch(account, event))
        if event.facts is not None:
            return shown_status(event.subject_id, event.facts)
        return shown_report(await self.subjects.report(account, event, with_recipients=False))

    def signature(self, secrets: Sequence[str], event: Event, body: bytes) -> Mapping[str, str]:
        return own_signature(secrets, event, body)


def shown_status(batch_id: str, facts: MessageFacts) -> wire.MessageStatus:
    return wire.MessageStatus(
        message_id=facts.message_id,
        batch_id=batch_id,
        to=f"+{facts.msisdn}",
        status=Status(facts.status).value,
        reason=facts.reason,
        explanation=explanation(facts.reason, facts.detail),
        provider_code=facts.provider_code,
        at=from_ms(facts.at_ms),
    )
