"""Messages by Viber and by WhatsApp: each is a template with the values of its placeholders."""

from __future__ import annotations

from typing import ClassVar

from heliograph.domain.accounts import Account, Principal
from heliograph.domain.bounded import count_in
from heliograph.domain.channels import Channel
from heliograph.domain.directory import TemplateWish
from heliograph.domain.errors import TemplateNotApproved, UnknownTemplate
from heliograph.doors import Call
from heliograph.protocols.smscx.door.drafts import Content, Said
from heliograph.protocols.smscx.door.fields import custom_fields
from heliograph.protocols.smscx.door.refusals import SmscxRefusal, invalid_param
from heliograph.protocols.smscx.door.sending import Sending, to_groups, to_numbers
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.services import Services


class Templated(Sending[wire.TemplateRequest | wire.TemplateCampaignRequest]):
    """Sending templates by one channel."""

    channel: ClassVar[Channel]

    async def content(self, caller: Principal, body: wire.TemplateRequest | wire.TemplateCampaignRequest) -> Content:
        said = await said_by_template(
            self._services, caller.account, body.template_id, self.channel, inactive=Code.CHANNEL_NOT_ACTIVE
        )
        return Content([said], custom=custom_fields(body.custom_fields))


class Viber(Templated):
    channel = Channel.VIBER
    area = channel.value
    operations = (
        *to_numbers(area, "viber_message", wire.TemplateRequest),
        *to_groups(area, wire.TemplateCampaignRequest),
    )

    async def send_viber_message(self, call: Call[None, wire.TemplateRequest]) -> wire.SendReply:
        return await self._send(call)

    async def estimate_viber_message(self, call: Call[None, wire.TemplateRequest]) -> wire.SendReply:
        return await self._estimate(call)

    async def delete_scheduled_viber_message(self, call: Call[None, None]) -> wire.DeletedMessage:
        return await self._delete_message(call)

    async def send_viber_campaign(self, call: Call[None, wire.TemplateCampaignRequest]) -> wire.SendReply:
        return await self._send(call)

    async def estimate_viber_campaign(self, call: Call[None, wire.TemplateCampaignRequest]) -> wire.SendReply:
        return await self._estimate(call)

    async def delete_scheduled_viber_campaign(self, call: Call[None, None]) -> wire.DeletedCampaign:
        return await self._delete_campaign(call)


class Whatsapp(Templated):
    """Sending by WhatsApp: to numbers only."""

    channel = Channel.WHATSAPP
    area = channel.value
    operations = to_numbers(area, "whatsapp_message", wire.TemplateRequest)

    async def send_whatsapp_message(self, call: Call[None, wire.TemplateRequest]) -> wire.SendReply:
        return await self._send(call)

    async def estimate_whatsapp_message(self, call: Call[None, wire.TemplateRequest]) -> wire.SendReply:
        return await self._estimate(call)

    async def delete_scheduled_whatsapp_message(self, call: Call[None, None]) -> wire.DeletedMessage:
        return await self._delete_message(call)


async def said_by_template(
    services: Services, account: Account, template_id: int | str, channel: Channel, *, inactive: Code
) -> Said:
    """Find what a template says by a channel.

    Raises a refusal for a template that can't be sent, with the code `inactive` if it is the channel that can't.
    """
    if template_id == "":
        raise invalid_param(Code.TEMPLATE_ID_MISSING, "`templateId` is missing.")
    number = count_in(str(template_id))
    if number is None:
        raise invalid_param(Code.TEMPLATE_ID_INVALID, "`templateId` is not a number.")
    if channel not in services.channels:
        raise SmscxRefusal(403, "access_denied", inactive, f"The channel {channel} is not active.")
    try:
        found = await services.templates.to_send(account, TemplateWish(number, channel))
    except UnknownTemplate as error:
        raise invalid_param(Code.TEMPLATE_TO_SEND_UNKNOWN, error.message) from error
    except TemplateNotApproved as error:
        message = "This template has not been approved yet."
        raise SmscxRefusal(403, "access_denied", Code.TEMPLATE_NOT_APPROVED, message) from error
    return Said(channel, found.body, found.rich_media)
