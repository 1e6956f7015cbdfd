"""Conversations, and answers in them."""

from __future__ import annotations

from typing import Any

import msgspec

from heliograph.domain import errors
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.conversations import ConversationEntry
from heliograph.domain.errors import ChannelNotActive, MissingField, WindowClosed
from heliograph.domain.statuses import Status
from heliograph.doors import Call
from heliograph.numbers import country_of, with_plus
from heliograph.protocols.shared.uuids import is_random_uuid, to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.refusals import Codes, SmscxRefusal, invalid_param
from heliograph.protocols.smscx.door.replies import send_row
from heliograph.protocols.smscx.door.resource import PROTOCOL, SmscxResource, operation
from heliograph.protocols.smscx.wire import common, templates
from heliograph.protocols.smscx.wire import conversations as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.conversations import Known
from heliograph.services.history import Sent

LONGEST_TEXT = 1_000
_CLOSED = {Channel.VIBER: Code.VIBER_WINDOW_CLOSED, Channel.WHATSAPP: Code.WHATSAPP_WINDOW_CLOSED}
#: Four words for what our nine mean to somebody who reads a conversation.
_STATUSES = {
    Status.DELIVERED: "DELIVERED",
    Status.QUEUED: "SENT",
    Status.SENDING: "SENT",
    Status.SENT: "SENT",
    Status.UNKNOWN: "SENT",
}
_CODES = Codes(
    not_found=Code.CONVERSATION_UNKNOWN,
    fields={
        "text": (Code.TEMPLATE_TEXT_MISSING, Code.TEMPLATE_TEXT_INVALID),
        "richMedia": Code.TEMPLATE_TEXT_INVALID,
    },
    by_class={
        errors.InvalidBody: Code.TEMPLATE_TEXT_INVALID,
        errors.IdempotencyMismatch: Code.IDEMPOTENCY_ID_INVALID,
    },
)


class Conversations(SmscxResource):
    operations = (
        operation(
            "GET",
            "/conversations",
            "get_converstions_list",
            "List the conversations, the one written to last first. The name is the published client's.",
            response=wire.ConversationList,
        ),
        operation(
            "GET",
            "/conversations/{conversation_id}/read",
            "mark_conversation_as_read",
            "Take a conversation as read.",
            response=common.TextIdReply,
            codes=_CODES,
        ),
        operation(
            "GET",
            "/conversations/{conversation_id}",
            "get_conversation",
            "Get the messages of a conversation, newest first.",
            response=wire.ConversationDetails,
            codes=_CODES,
        ),
        operation(
            "POST",
            "/conversations/{conversation_id}/sms",
            "send_conversation_reply_sms",
            "Answer by SMS.",
            request=wire.SmsReply,
            response=wire.SmsReplyReply,
            codes=_CODES,
        ),
        operation(
            "POST",
            "/conversations/{conversation_id}/viber",
            "send_conversation_reply_viber",
            "Answer by Viber, within 24 hours of their last message by it.",
            request=wire.RichReply,
            response=wire.RichReplyReply,
            codes=_CODES,
        ),
        operation(
            "POST",
            "/conversations/{conversation_id}/whatsapp",
            "send_conversation_reply_whatsapp",
            "Answer by WhatsApp, within 24 hours of their last message by it.",
            request=wire.RichReply,
            response=wire.RichReplyReply,
            codes=_CODES,
        ),
    )

    async def get_converstions_list(self, call: Call[None, None]) -> wire.ConversationList:
        found = await self._services.conversations.all(call.account)
        return wire.ConversationList(data=[_row(known) for known in found])

    async def get_conversation(self, call: Call[None, None]) -> wire.ConversationDetails:
        known = await self._services.conversations.get(call.account, reading.known(call.path["conversation_id"]))
        row = _row(known)
        lines = await self._services.conversations.thread(call.account, known.conversation)
        return wire.ConversationDetails(
            info=wire.ConversationInfo(
                conversation_id=row.conversation_id,
                phone_number=row.phone_number,
                country_iso=row.country_iso,
                first_name=row.first_name or "",
                last_name=row.last_name,
            ),
            data=[_line(line) for line in lines],
        )

    async def mark_conversation_as_read(self, call: Call[None, None]) -> common.TextIdReply:
        conversation_id = call.path["conversation_id"]
        await self._services.conversations.mark_read(call.account, reading.known(conversation_id))
        return common.TextIdReply(info=common.TextIdInfo(id=conversation_id))

    async def send_conversation_reply_sms(self, call: Call[None, wire.SmsReply]) -> wire.SmsReplyReply:
        sent = await self._reply(call, Channel.SMS, None)
        row = send_row(sent, scheduled=False, show_timezone=False)
        return wire.SmsReplyReply(
            info=_info(sent),
            data=wire.SentSmsReply(
                msg_id=row.msg_id,
                status=_status(sent.message.status, scheduled=False),
                created_at=row.created_at,
                cost=row.cost,
                to=row.to,
                country_iso=row.country_iso,
                from_=row.from_,
                text=row.text,
                parts=row.parts,
                text_analysis=shapes.analysis(sent.rendered),
            ),
        )

    async def send_conversation_reply_viber(self, call: Call[None, wire.RichReply]) -> wire.RichReplyReply:
        return await self._rich(call, Channel.VIBER)

    async def send_conversation_reply_whatsapp(self, call: Call[None, wire.RichReply]) -> wire.RichReplyReply:
        return await self._rich(call, Channel.WHATSAPP)

    async def _rich(self, call: Call[None, wire.RichReply], channel: Channel) -> wire.RichReplyReply:
        sent = await self._reply(call, channel, _media(call.body.rich_media))
        return wire.RichReplyReply(info=_info(sent), data=send_row(sent, scheduled=False, show_timezone=False))

    async def _reply(self, call: Call[None, wire.SmsReply], channel: Channel, media: RichMedia | None) -> Sent:
        body = call.body
        conversation_id = reading.known(call.path["conversation_id"])
        if not body.text:
            await self._services.conversations.get(call.account, conversation_id)
            raise MissingField("`text` is empty.", field="text")
        if channel is not Channel.SMS and len(body.text) > LONGEST_TEXT:
            raise invalid_param(Code.TEMPLATE_TEXT_TOO_LONG, f"A reply has at most {LONGEST_TEXT} characters.")
        key = body.idempotency_id if isinstance(body.idempotency_id, str) else None
        if key and not is_random_uuid(key):
            raise invalid_param(Code.IDEMPOTENCY_ID_INVALID, "`idempotencyId` is not a UUID.")
        try:
            return await self._services.conversations.reply(
                call.account,
                conversation_id,
                channel,
                body.text,
                protocol=PROTOCOL,
                rich_media=media,
                idempotency_key=key or None,
            )
        except WindowClosed as error:
            raise SmscxRefusal(403, "access_denied", _CLOSED[channel], error.message) from error
        except ChannelNotActive as error:
            raise SmscxRefusal(403, "access_denied", Code.CHANNEL_NOT_ACTIVE, error.message) from error


def _row(known: Known) -> wire.ConversationRow:
    conversation, details = known
    return wire.ConversationRow(
        conversation_id=to_uuid(conversation.id),
        phone_number=with_plus(conversation.msisdn),
        country_iso=country_of(conversation.msisdn) or shapes.NO_COUNTRY,
        first_name=details.first_name,
        last_name=details.last_name or "",
        unread_messages=conversation.unread,
        last_reply=conversation.last_text,
        last_update=shapes.when(conversation.last_at),
    )


def _status(status: Status, *, scheduled: bool) -> str:
    return "SCHEDULED" if scheduled else _STATUSES.get(status, "FAILED")


def _line(line: ConversationEntry) -> wire.ConversationLine:
    media = line.rich_media or RichMedia()
    return wire.ConversationLine(
        msg_id=to_uuid(line.id),
        type="received" if line.received else "sent",
        text=line.text,
        rich_media={
            "imageUrl": media.image_url or "",
            "buttonCaption": media.button_caption or "",
            "targetUrl": media.target_url or "",
        },
        status=_status(Status(line.status), scheduled=line.scheduled),
        cost=shapes.money(line.price),
        channel=line.channel,
        datetime=shapes.when(line.at),
    )


def _info(sent: Sent) -> wire.ReplyInfo:
    message, batch, rendered = sent
    return wire.ReplyInfo(
        campaign_id=to_uuid(batch.id),
        total_phone_numbers=1,
        total_valid=1,
        total_invalid=0,
        total_cost=shapes.money(message.price),
        total_parts=max(rendered.parts, 1),
        dlr_callback_url=batch.callback_url,
        scheduled=False,
        phone_numbers_by_country=shapes.by_country([message.country]),
    )


def _media(asked: Any) -> RichMedia | None:
    """Read the rich media of a reply; None if there is none. Raises a refusal for what can't be read."""
    if not isinstance(asked, dict) or not any(asked.values()):
        return None
    try:
        media = msgspec.convert(asked, templates.RichMedia)
    except msgspec.ValidationError as error:
        raise invalid_param(Code.TEMPLATE_TEXT_INVALID, f"`richMedia` can't be read: {error}.") from error
    return RichMedia(image_url=media.image_url, button_caption=media.button_caption, target_url=media.target_url)
