"""Sms, Viber, Whatsapp and Multichannel: sending, estimating, and taking back what is scheduled."""

from __future__ import annotations

from uuid import uuid4

from heliograph.domain.channels import Channel
from heliograph.domain.errors import AlreadyDispatched, NotFound
from heliograph.domain.statuses import Status
from heliograph.doors import AnyCall, Call
from heliograph.doors.settings import DoorSettings
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.refusals import Codes
from heliograph.protocols.smscx.door.resource import SmscxOperation, SmscxResource, operation
from heliograph.protocols.smscx.door.sending import Content, Sending, Wanted
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.services import Services

_CODES = Codes(
    fields={
        "to": Code.TO_MISSING,
        "from": (Code.FROM_MISSING, Code.FROM_INVALID),
        "text": Code.TEXT_MISSING,
        "groups": (Code.GROUPS_MISSING, Code.GROUP_TO_SEND_TO_UNKNOWN),
        "scheduledDate": Code.SCHEDULED_DATE_INVALID,
        "dlrCallbackUrl": Code.DLR_CALLBACK_URL_INVALID,
        "callback_url": Code.DLR_CALLBACK_URL_INVALID,
        "idempotencyId": Code.IDEMPOTENCY_ID_INVALID,
        "transliteration": Code.TRANSLITERATION_INVALID,
        "templateId": (Code.TEMPLATE_ID_MISSING, Code.TEMPLATE_ID_INVALID),
        "strategy": Code.STRATEGY_MISSING,
        "channel": Code.STRATEGY_CHANNEL_UNKNOWN,
        "ttl": Code.STRATEGY_TTL_INVALID,
        "alphabet": Code.ALPHABET_UNKNOWN,
        "removeEmojis": Code.REMOVE_EMOJIS_INVALID,
    }
)


def sending(
    channel: str, message: str, to_numbers: type[wire.ToNumbers], to_groups: type[wire.ToGroups] | None
) -> tuple[SmscxOperation, ...]:
    """Describe sending by a channel: to numbers and, if `to_groups` is given, to groups, with an estimate and a way
    back. `message` is what the names end in."""
    campaign = f"{channel}_campaign"
    to_all = () if to_groups is None else _to_groups(channel, campaign, to_groups)
    return (
        *_pair(f"/{channel}", message, to_numbers, "Send to numbers."),
        *to_all,
        operation(
            "DELETE",
            f"/{channel}/scheduled/{{msg_id}}",
            f"delete_scheduled_{message}",
            "Take back one message whose time has not come.",
            response=wire.DeletedMessage,
            codes=Codes(not_found=Code.MESSAGE_UNKNOWN),
        ),
    )


def _to_groups(channel: str, campaign: str, request: type[wire.ToGroups]) -> tuple[SmscxOperation, ...]:
    return (
        *_pair(f"/{channel}/campaign", campaign, request, "Send to the contacts of groups."),
        operation(
            "DELETE",
            f"/{channel}/scheduled/campaign/{{campaign_id}}",
            f"delete_scheduled_{campaign}",
            "Take back all messages of a campaign whose time has not come.",
            response=wire.DeletedCampaign,
            codes=Codes(not_found=Code.CAMPAIGN_UNKNOWN),
        ),
    )


def _pair(path: str, name: str, request: type[wire.AnySending], summary: str) -> tuple[SmscxOperation, SmscxOperation]:
    send, estimate = (
        operation("POST", where, f"{verb}_{name}", said, request=request, response=wire.SendReply, codes=_CODES)
        for verb, where, said in (
            ("send", path, f"{summary} When this returns, the server has it."),
            ("estimate", f"{path}/estimate", "Get what sending it would come to."),
        )
    )
    return send, estimate


class Channels(SmscxResource):
    operations = (
        *sending("sms", "sms", wire.SmsRequest, wire.CampaignRequest),
        *sending("viber", "viber_message", wire.TemplateRequest, wire.TemplateCampaignRequest),
        *sending("whatsapp", "whatsapp_message", wire.TemplateRequest, None),
        *sending("multichannel", "multichannel_message", wire.MultichannelRequest, wire.MultichannelCampaignRequest),
    )

    def __init__(self, services: Services, settings: DoorSettings) -> None:
        super().__init__(services, settings)
        self._sending = Sending(services)

    async def send_sms(self, call: Call[None, wire.SmsRequest]) -> wire.SendReply:
        return await self._send(call, await self._to_numbers(call, await self._sms(call)))

    async def estimate_sms(self, call: Call[None, wire.SmsRequest]) -> wire.SendReply:
        return await self._estimate(call, await self._to_numbers(call, await self._sms(call)))

    async def send_sms_campaign(self, call: Call[None, wire.CampaignRequest]) -> wire.SendReply:
        return await self._send(call, await self._to_groups(call, await self._sms(call)))

    async def estimate_sms_campaign(self, call: Call[None, wire.CampaignRequest]) -> wire.SendReply:
        return await self._estimate(call, await self._to_groups(call, await self._sms(call)))

    async def delete_scheduled_sms(self, call: Call[None, None]) -> wire.DeletedMessage:
        return await self._delete_message(call, Channel.SMS)

    async def delete_scheduled_sms_campaign(self, call: Call[None, None]) -> wire.DeletedCampaign:
        return await self._delete_campaign(call, Channel.SMS)

    async def send_viber_message(self, call: Call[None, wire.TemplateRequest]) -> wire.SendReply:
        return await self._send(call, await self._to_numbers(call, await self._template(call, Channel.VIBER)))

    async def estimate_viber_message(self, call: Call[None, wire.TemplateRequest]) -> wire.SendReply:
        return await self._estimate(call, await self._to_numbers(call, await self._template(call, Channel.VIBER)))

    async def send_viber_campaign(self, call: Call[None, wire.TemplateCampaignRequest]) -> wire.SendReply:
        return await self._send(call, await self._to_groups(call, await self._template(call, Channel.VIBER)))

    async def estimate_viber_campaign(self, call: Call[None, wire.TemplateCampaignRequest]) -> wire.SendReply:
        return await self._estimate(call, await self._to_groups(call, await self._template(call, Channel.VIBER)))

    async def delete_scheduled_viber_message(self, call: Call[None, None]) -> wire.DeletedMessage:
        return await self._delete_message(call, Channel.VIBER)

    async def delete_scheduled_viber_campaign(self, call: Call[None, None]) -> wire.DeletedCampaign:
        return await self._delete_campaign(call, Channel.VIBER)

    async def send_whatsapp_message(self, call: Call[None, wire.TemplateRequest]) -> wire.SendReply:
        return await self._send(call, await self._to_numbers(call, await self._template(call, Channel.WHATSAPP)))

    async def estimate_whatsapp_message(self, call: Call[None, wire.TemplateRequest]) -> wire.SendReply:
        return await self._estimate(call, await self._to_numbers(call, await self._template(call, Channel.WHATSAPP)))

    async def delete_scheduled_whatsapp_message(self, call: Call[None, None]) -> wire.DeletedMessage:
        return await self._delete_message(call, Channel.WHATSAPP)

    async def send_multichannel_message(self, call: Call[None, wire.MultichannelRequest]) -> wire.SendReply:
        return await self._send(call, await self._to_numbers(call, await self._strategy(call)))

    async def estimate_multichannel_message(self, call: Call[None, wire.MultichannelRequest]) -> wire.SendReply:
        return await self._estimate(call, await self._to_numbers(call, await self._strategy(call)))

    async def send_multichannel_campaign(self, call: Call[None, wire.MultichannelCampaignRequest]) -> wire.SendReply:
        return await self._send(call, await self._to_groups(call, await self._strategy(call)))

    async def estimate_multichannel_campaign(
        self, call: Call[None, wire.MultichannelCampaignRequest]
    ) -> wire.SendReply:
        return await self._estimate(call, await self._to_groups(call, await self._strategy(call)))

    async def delete_scheduled_multichannel_message(self, call: Call[None, None]) -> wire.DeletedMessage:
        return await self._delete_message(call, shapes.MULTICHANNEL)

    async def delete_scheduled_multichannel_campaign(self, call: Call[None, None]) -> wire.DeletedCampaign:
        return await self._delete_campaign(call, shapes.MULTICHANNEL)

    async def _sms(self, call: Call[None, wire.SmsRequest | wire.CampaignRequest]) -> Content:
        return await self._sending.sms(call.principal, call.body)

    async def _template(
        self, call: Call[None, wire.TemplateRequest | wire.TemplateCampaignRequest], channel: Channel
    ) -> Content:
        return await self._sending.template(call.principal, call.body, channel)

    async def _strategy(self, call: Call[None, wire.MultichannelRequest | wire.MultichannelCampaignRequest]) -> Content:
        return await self._sending.strategy(call.principal, call.body)

    async def _to_numbers(self, call: Call[None, wire.ToNumbers], content: Content) -> Wanted:
        return await self._sending.to_numbers(call.principal, call.body, content, self.places(call))

    async def _to_groups(self, call: Call[None, wire.ToGroups], content: Content) -> Wanted:
        return await self._sending.to_groups(call.principal, call.body, content, self.places(call))

    async def _send(self, call: Call[None, wire.AnySending], wanted: Wanted) -> wire.SendReply:
        call.request.state.idempotency_id = wanted.draft.idempotency_key or str(uuid4())
        return await self._sending.send(call.account, wanted, call.body)

    async def _estimate(self, call: Call[None, wire.AnySending], wanted: Wanted) -> wire.SendReply:
        return await self._sending.estimate(call.account, wanted, call.body)

    async def _delete_message(self, call: AnyCall, kind: str) -> wire.DeletedMessage:
        message_id = reading.identifier(call.path["msg_id"], Code.MESSAGE_ID_INVALID)
        sent = await self._services.history.get(call.account, message_id)
        if shapes.channel_of(sent.batch) != kind:
            raise NotFound(f"There is no such {kind} message.")
        await self._services.messages.cancel(call.account, message_id)
        return wire.DeletedMessage(
            info=wire.DeletedMessageInfo(
                msg_id=call.path["msg_id"],
                parts=max(sent.rendered.parts, 1),
                credit_returned=shapes.money(sent.message.price),
                channel=kind,
            )
        )

    async def _delete_campaign(self, call: AnyCall, kind: str) -> wire.DeletedCampaign:
        batch_id = reading.identifier(call.path["campaign_id"], Code.CAMPAIGN_ID_INVALID)
        before = await self._services.history.campaign(call.account, batch_id)
        if shapes.channel_of(before.batch) != kind:
            raise NotFound(f"There is no such {kind} campaign.")
        if not any(status is Status.QUEUED and scheduled for status, _, scheduled, _ in before.standings):
            raise AlreadyDispatched("This campaign is not scheduled any more.")
        await self._services.batches.cancel(call.account, batch_id)
        after = await self._services.history.campaign(call.account, batch_id)
        gone_before, gone = (campaign.sums_of({Status.CANCELED}) for campaign in (before, after))
        return wire.DeletedCampaign(
            info=wire.DeletedCampaignInfo(
                campaign_id=call.path["campaign_id"],
                total_phone_numbers=before.sums.count,
                total_parts=before.sums.parts,
                phone_numbers_deleted=gone.count - gone_before.count,
                parts_deleted=gone.parts - gone_before.parts,
                credit_returned=shapes.money(before.sums.price - after.sums.price),
                channel=kind,
            )
        )
