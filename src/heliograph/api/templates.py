"""Operations on templates: texts that are kept to be sent again."""

from __future__ import annotations

from datetime import UTC, datetime

from heliograph.api import wire
from heliograph.api.etags import if_match, tagged, with_etag
from heliograph.api.resource import NativeResource
from heliograph.domain.accounts import Scope
from heliograph.domain.bounded import count_in
from heliograph.domain.channels import Channel
from heliograph.domain.directory import Template, TemplateDraft
from heliograph.domain.errors import NotFound
from heliograph.doors import Call, Operation


class Templates(NativeResource):
    operations = (
        Operation(
            name="list_templates",
            method="GET",
            path="/templates",
            scope=Scope.TEMPLATES_READ,
            response=wire.Templates,
            summary="List templates, newest first",
        ),
        Operation(
            name="create_template",
            method="POST",
            path="/templates",
            scope=Scope.TEMPLATES_WRITE,
            request=wire.NewTemplate,
            response=wire.Template,
            status=201,
            summary="Keep a text to be sent again",
        ),
        Operation(
            name="get_template",
            method="GET",
            path="/templates/{template_number}",
            scope=Scope.TEMPLATES_READ,
            response=wire.Template,
            summary="Get a template",
        ),
        Operation(
            name="change_template",
            method="PATCH",
            path="/templates/{template_number}",
            scope=Scope.TEMPLATES_WRITE,
            conditional=True,
            request=wire.ChangeTemplate,
            response=wire.Template,
            summary="Change a template that is not locked",
        ),
        Operation(
            name="delete_template",
            method="DELETE",
            path="/templates/{template_number}",
            scope=Scope.TEMPLATES_WRITE,
            status=204,
            summary="Forget a template",
        ),
    )

    async def list_templates(self, call: Call[None, None]) -> wire.Templates:
        now = datetime.now(UTC)
        return wire.Templates(
            items=[shown_template(each, now) for each in await self._services.templates.all(call.account)]
        )

    async def create_template(self, call: Call[None, wire.NewTemplate]) -> wire.Template:
        body = call.body
        draft = TemplateDraft(name=body.name, channel=Channel(body.channel), body=body.text)
        return shown_template(await self._services.templates.create(call.account, draft), datetime.now(UTC))

    async def get_template(self, call: Call[None, None]) -> wire.Template:
        found = await self._services.templates.get(call.account, _number(call.path["template_number"]))
        return tagged(call, _as_it_is(found))

    async def change_template(self, call: Call[None, wire.ChangeTemplate]) -> wire.Template:
        changed = await self._services.templates.change(
            call.account,
            _number(call.path["template_number"]),
            name=call.body.name,
            body=call.body.text,
            check=if_match(call, _as_it_is),
        )
        return tagged(call, _as_it_is(changed))

    async def delete_template(self, call: Call[None, None]) -> None:
        await self._services.templates.delete(call.account, _number(call.path["template_number"]))


def _number(text: str) -> int:
    number = count_in(text)
    if number is None:
        raise NotFound(f"There is no template {text!r} in this account.")
    return number


def _as_it_is(stored: Template) -> wire.Template:
    return shown_template(stored, datetime.now(UTC))


def shown_template(stored: Template, now: datetime) -> wire.Template:
    shown = wire.Template(
        number=stored.number,
        name=stored.name,
        channel=stored.channel.value,
        text=stored.body,
        approved=stored.approved(now),
        created_at=stored.created_at,
    )
    return with_etag(shown)
