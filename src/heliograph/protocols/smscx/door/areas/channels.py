"""Sms, Viber, Whatsapp and Multichannel: sending, estimating, and taking back what is scheduled."""

from __future__ import annotations

from uuid import uuid4

from heliograph.domain.channels import Channel
from heliograph.domain.errors import AlreadyDispatched, NotFound
from heliograph.domain.statuses import Status
from heliograph.doors import AnyCall, Call
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.areas.area import Area
from heliograph.protocols.smscx.door.sending import Content, Wanted
from heliograph.protocols.smscx.wire.errors import Code


class ChannelsArea(Area):
    async def send_sms(self, call: Call[None, wire.sending.SmsRequest]) -> wire.sending.SendReply:
        return await self._send(call, await self._to_numbers(call, await self._sms(call)))

    async def estimate_sms(self, call: Call[None, wire.sending.SmsRequest]) -> wire.sending.SendReply:
        return await self._estimate(call, await self._to_numbers(call, await self._sms(call)))

    async def send_sms_campaign(self, call: Call[None, wire.sending.CampaignRequest]) -> wire.sending.SendReply:
        return await self._send(call, await self._to_groups(call, await self._sms(call)))

    async def estimate_sms_campaign(self, call: Call[None, wire.sending.CampaignRequest]) -> wire.sending.SendReply:
        return await self._estimate(call, await self._to_groups(call, await self._sms(call)))

    async def delete_scheduled_sms(self, call: Call[None, None]) -> wire.sending.DeletedMessage:
        return await self._delete_message(call, Channel.SMS)

    async def delete_scheduled_sms_campaign(self, call: Call[None, None]) -> wire.sending.DeletedCampaign:
        return await self._delete_campaign(call, Channel.SMS)

    async def send_viber_message(self, call: Call[None, wire.sending.TemplateRequest]) -> wire.sending.SendReply:
        return await self._send(call, await self._to_numbers(call, await self._template(call, Channel.VIBER)))

    async def estimate_viber_message(self, call: Call[None, wire.sending.TemplateRequest]) -> wire.sending.SendReply:
        return await self._estimate(call, await self._to_numbers(call, await self._template(call, Channel.VIBER)))

    async def send_viber_campaign(
        self, call: Call[None, wire.sending.TemplateCampaignRequest]
    ) -> wire.sending.SendReply:
        return await self._send(call, await self._to_groups(call, await self._template(call, Channel.VIBER)))

    async def estimate_viber_campaign(
        self, call: Call[None, wire.sending.TemplateCampaignRequest]
    ) -> wire.sending.SendReply:
        return await self._estimate(call, await self._to_groups(call, await self._template(call, Channel.VIBER)))

    async def delete_scheduled_viber_message(self, call: Call[None, None]) -> wire.sending.DeletedMessage:
        return await self._delete_message(call, Channel.VIBER)

    async def delete_scheduled_viber_campaign(self, call: Call[None, None]) -> wire.sending.DeletedCampaign:
        return await self._delete_campaign(call, Channel.VIBER)

    async def send_whatsapp_message(self, call: Call[None, wire.sending.TemplateRequest]) -> wire.sending.SendReply:
        return await self._send(call, await self._to_numbers(call, await self._template(call, Channel.WHATSAPP)))

    async def estimate_whatsapp_message(self, call: Call[None, wire.sending.TemplateRequest]) -> wire.sending.SendReply:
        return await self._estimate(call, await self._to_numbers(call, await self._template(call, Channel.WHATSAPP)))

    async def delete_scheduled_whatsapp_message(self, call: Call[None, None]) -> wire.sending.DeletedMessage:
        return await self._delete_message(call, Channel.WHATSAPP)

    async def send_multichannel_message(
        self, call: Call[None, wire.sending.MultichannelRequest]
    ) -> wire.sending.SendReply:
        return await self._send(call, await self._to_numbers(call, await self._strategy(call)))

    async def estimate_multichannel_message(
        self, call: Call[None, wire.sending.MultichannelRequest]
    ) -> wire.sending.SendReply:
        return await self._estimate(call, await self._to_numbers(call, await self._strategy(call)))

    async def send_multichannel_campaign(
        self, call: Call[None, wire.sending.MultichannelCampaignRequest]
    ) -> wire.sending.SendReply:
        return await self._send(call, await self._to_groups(call, await self._strategy(call)))

    async def estimate_multichannel_campaign(
        self, call: Call[None, wire.sending.MultichannelCampaignRequest]
    ) -> wire.sending.SendReply:
        return await self._estimate(call, await self._to_groups(call, await self._strategy(call)))

    async def delete_scheduled_multichannel_message(self, call: Call[None, None]) -> wire.sending.DeletedMessage:
        return await self._delete_message(call, shapes.MULTICHANNEL)

    async def delete_scheduled_multichannel_campaign(self, call: Call[None, None]) -> wire.sending.DeletedCampaign:
        return await self._delete_campaign(call, shapes.MULTICHANNEL)

    async def _sms(self, call: Call[None, wire.sending.SmsRequest | wire.sending.CampaignRequest]) -> Content:
        return await self._sending.sms(call.principal, call.body)

    async def _template(
        self, call: Call[None, wire.sending.TemplateRequest | wire.sending.TemplateCampaignRequest], channel: Channel
    ) -> Content:
        return await self._sending.template(call.principal, call.body, channel)

    async def _strategy(
        self, call: Call[None, wire.sending.MultichannelRequest | wire.sending.MultichannelCampaignRequest]
    ) -> Content:
        return await self._sending.strategy(call.principal, call.body)

    async def _to_numbers(self, call: Call[None, wire.sending.ToNumbers], content: Content) -> Wanted:
        return await self._sending.to_numbers(call.principal, call.body, content, self.places(call))

    async def _to_groups(self, call: Call[None, wire.sending.ToGroups], content: Content) -> Wanted:
        return await self._sending.to_groups(call.principal, call.body, content, self.places(call))

    async def _send(self, call: Call[None, wire.sending.AnySending], wanted: Wanted) -> wire.sending.SendReply:
        call.request.state.idempotency_id = wanted.draft.idempotency_key or str(uuid4())
        return await self._sending.send(call.account, wanted, call.body)

    async def _estimate(self, call: Call[None, wire.sending.AnySending], wanted: Wanted) -> wire.sending.SendReply:
        return await self._sending.estimate(call.account, wanted, call.body)

    async def _delete_message(self, call: AnyCall, kind: str) -> wire.sending.DeletedMessage:
        message_id = reading.identifier(call.path["message_id"], Code.MESSAGE_ID_INVALID)
        sent = await self._services.history.get(call.account, message_id)
        if shapes.channel_of(sent.batch) != kind:
            raise NotFound(f"There is no such {kind} message.")
        await self._services.messages.cancel(call.account, message_id)
        return wire.sending.DeletedMessage(
            info=wire.sending.DeletedMessageInfo(
                msg_id=call.path["message_id"],
                parts=max(sent.rendered.parts, 1),
                credit_returned=shapes.money(sent.message.price),
                channel=kind,
            )
        )

    async def _delete_campaign(self, call: AnyCall, kind: str) -> wire.sending.DeletedCampaign:
        batch_id = reading.identifier(call.path["campaign_id"], Code.CAMPAIGN_ID_INVALID)
        before = await self._services.history.campaign(call.account, batch_id)
        if shapes.channel_of(before.batch) != kind:
            raise NotFound(f"There is no such {kind} campaign.")
        if not any(status is Status.QUEUED and scheduled for status, _, scheduled, _ in before.standings):
            raise AlreadyDispatched("This campaign is not scheduled any more.")
        await self._services.batches.cancel(call.account, batch_id)
        after = await self._services.history.campaign(call.account, batch_id)
        gone_before, gone = (campaign.sums_of({Status.CANCELED}) for campaign in (before, after))
        return wire.sending.DeletedCampaign(
            info=wire.sending.DeletedCampaignInfo(
                campaign_id=call.path["campaign_id"],
                total_phone_numbers=before.sums.count,
                total_parts=before.sums.parts,
                phone_numbers_deleted=gone.count - gone_before.count,
                parts_deleted=gone.parts - gone_before.parts,
                credit_returned=shapes.money(before.sums.price - after.sums.price),
                channel=kind,
            )
        )
