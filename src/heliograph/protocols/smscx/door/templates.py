"""Templates of texts: kept, changed, and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.directory import Template, TemplateDraft
from heliograph.domain.errors import MissingField
from heliograph.doors import Call
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.refusals import Codes, invalid_param
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.wire import templates as wire
from heliograph.protocols.smscx.wire.errors import Code

_CODES = Codes(
    not_found=Code.TEMPLATE_UNKNOWN,
    taken=Code.TEMPLATE_NAME_TAKEN,
    fields={
        "text": (Code.TEMPLATE_TEXT_MISSING, Code.TEMPLATE_TEXT_INVALID),
        "name": Code.TEMPLATE_NAME_LENGTH,
        "channel": Code.TEMPLATE_CHANNEL_UNKNOWN,
        "button_caption": Code.BUTTON_CAPTION_LENGTH,
        "target_url": Code.TARGET_URL_INVALID,
        "image_url": Code.IMAGE_URL_INVALID,
    },
)


class Templates(SmscxResource):
    operations = (
        operation(
            "GET",
            "/templates",
            "get_templates_list",
            "List the account's templates, newest first.",
            response=wire.TemplateList,
        ),
        operation(
            "POST",
            "/templates",
            "create_template",
            "Keep a text as a template.",
            request=wire.NewTemplate,
            response=wire.NewTemplateReply,
            status=201,
            codes=_CODES,
        ),
        operation(
            "GET",
            "/templates/{template_id}",
            "get_template",
            "Get one template.",
            response=wire.TemplateReply,
            codes=_CODES,
        ),
        operation(
            "PATCH",
            "/templates/{template_id}",
            "update_template",
            "Change what is given of a template, until it is approved and locked.",
            request=wire.UpdateTemplate,
            response=wire.IdReply,
            codes=_CODES,
        ),
        operation(
            "DELETE",
            "/templates/{template_id}",
            "delete_template",
            "Forget a template.",
            response=wire.IdReply,
            codes=_CODES,
        ),
    )

    async def get_templates_list(self, call: Call[None, None]) -> wire.TemplateList:
        now = datetime.now(UTC)
        return wire.TemplateList(data=[_row(each, now) for each in await self._services.templates.all(call.account)])

    async def create_template(self, call: Call[None, wire.NewTemplate]) -> wire.NewTemplateReply:
        body = call.body
        draft = TemplateDraft(
            name=body.name or None,
            channel=reading.channel(body.channel, Code.TEMPLATE_CHANNEL_UNKNOWN)
            if isinstance(body.channel, str)
            else Channel.SMS,
            body=_text(body.text),
            rich_media=_media(body.rich_media),
        )
        made = await self._services.templates.create(call.account, draft)
        info = wire.TemplateInfo(id=made.number, name=made.name, text=made.body, channel=made.channel.value)
        if (kind := _type(made)) is not None:
            info.type, info.approved = kind, made.approved(datetime.now(UTC))
        return wire.NewTemplateReply(info=info)

    async def get_template(self, call: Call[None, None]) -> wire.TemplateReply:
        found = await self._services.templates.get(call.account, reading.number(call.path["template_id"]))
        return wire.TemplateReply(data=_data(found, datetime.now(UTC)))

    async def update_template(self, call: Call[None, wire.UpdateTemplate]) -> wire.IdReply:
        body = call.body
        number = reading.number(call.path["template_id"])
        if body == wire.UpdateTemplate():
            await self._services.templates.get(call.account, number)
            raise invalid_param(Code.TEMPLATE_UPDATE_EMPTY, "There is nothing to update.")
        await self._services.templates.change(
            call.account,
            number,
            name=body.name or None,
            body=_text(body.text) if isinstance(body.text, str) else None,
            channel=reading.channel(body.channel, Code.TEMPLATE_CHANNEL_UNKNOWN)
            if isinstance(body.channel, str)
            else None,
            rich_media=_media(body.rich_media),
        )
        return wire.IdReply(info=wire.IdInfo(id=number))

    async def delete_template(self, call: Call[None, None]) -> wire.IdReply:
        number = reading.number(call.path["template_id"])
        await self._services.templates.delete(call.account, number)
        return wire.IdReply(info=wire.IdInfo(id=number))


def _text(text: str) -> str:
    if not text:
        raise MissingField("`text` is empty.", field="text")
    if len(text) > 1_000:
        raise invalid_param(Code.TEMPLATE_TEXT_TOO_LONG, "A template's text has at most 1,000 characters.")
    return text


def _media(media: wire.RichMedia | msgspec.UnsetType | None) -> RichMedia | None:
    if not isinstance(media, wire.RichMedia) or media == wire.RichMedia():
        return None
    return RichMedia(image_url=media.image_url, button_caption=media.button_caption, target_url=media.target_url)


def _type(template: Template) -> str | None:
    """Name the type that messages by a template count as; None for SMS, which has no such types."""
    if template.channel is Channel.SMS:
        return None
    return "transactional" if template.rich_media is None else "promotional"


def _data(template: Template, now: datetime) -> wire.TemplateData:
    media = template.rich_media
    return wire.TemplateData(
        id=template.number,
        name=template.name,
        channel=template.channel.value,
        text=template.body,
        created_at=shapes.when(template.created_at),
        approved=template.approved(now),
        type=_type(template),
        rich_media=wire.RichMedia()
        if media is None
        else wire.RichMedia(
            image_url=media.image_url, button_caption=media.button_caption, target_url=media.target_url
        ),
        locked=template.channel is not Channel.SMS and template.approved(now),
    )


def _row(template: Template, now: datetime) -> wire.TemplateRow:
    data = _data(template, now)
    return wire.TemplateRow(
        id=data.id,
        name=data.name,
        channel=data.channel,
        text=data.text,
        created_at=data.created_at,
        approved=data.approved,
    )
