"""Templates: texts that are kept to be sent again, with what they come to once they are filled in."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from starlette.responses import Response

from heliograph.console.texts import text
from heliograph.console.visits import Flash, Page, Typed, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.bounded import count_in
from heliograph.domain.channels import Channel
from heliograph.domain.directory import Template, TemplateDraft
from heliograph.domain.errors import ChangedMeanwhile, HeliographError, NotFound
from heliograph.services.composing import counted, filled, without_foreign

_FIELDS = {"body": "text"}
_VALUE = "p-"
"""How the names of fields begin that have the values of a preview."""


async def listed(visit: Visit) -> Response:
    """Show all templates, newest first."""
    found = await visit.services.templates.all(visit.account)
    return visit.page(
        "templates.html",
        templates=[(each, counted(each.body)) for each in found],
        now=datetime.now(UTC),
        may_write=visit.may(Scope.TEMPLATES_WRITE),
    )


async def begun(visit: Visit) -> Response:
    """Show an empty template."""
    return _form(visit._replace(typed=Typed()), None)


async def kept(visit: Visit) -> Response:
    """Keep a new template; or one that was deleted, again."""
    typed = visit.typed
    if typed.text("do") == "replace":
        typed.put("text", without_foreign(typed.raw("text")))
        return _form(visit, None)
    channel = Channel(typed.text("channel")) if typed.text("channel") in {*Channel} else Channel.SMS
    draft = TemplateDraft(name=typed.text("name") or None, channel=channel, body=typed.raw("text"))
    try:
        template = await visit.services.templates.create(visit.account, draft)
    except HeliographError as error:
        typed.refuse(error, at="text", fields=_FIELDS)
        return _form(visit, None, error.http_status)
    return visit.go("/templates", Flash("templates.kept", {"name": template.name}))


async def one(visit: Visit) -> Response:
    """Show a template, to be changed if that may be."""
    template = await _named(visit)
    return _form(visit._replace(typed=Typed(values={"name": template.name, "text": template.body})), template)


async def changed(visit: Visit) -> Response:
    """Change a template, unless somebody else has since it was read."""
    typed, template = visit.typed, await _named(visit)
    if typed.text("do") == "replace":
        typed.put("text", without_foreign(typed.raw("text")))
        return _form(visit, template)

    def check(before: Template) -> None:
        if typed.text("was") != _digest(before):
            raise ChangedMeanwhile()

    try:
        after = await visit.services.templates.change(
            visit.account, template.number, name=typed.text("name"), body=typed.raw("text"), check=check
        )
    except ChangedMeanwhile as error:
        template = await _named(visit)
        typed.problems[""] = text("templates.changed_meanwhile", text=template.body)
        return _form(visit, template, error.http_status)
    except HeliographError as error:
        typed.refuse(error, at="text", fields=_FIELDS)
        return _form(visit, template, error.http_status)
    undo = Undo(f"/templates/{after.number}", {"name": template.name, "text": template.body, "was": _digest(after)})
    return visit.go("/templates", Flash("templates.changed", {"name": after.name}, undo))


async def deleted(visit: Visit) -> Response:
    """Forget a template."""
    template = await _named(visit)
    await visit.services.templates.delete(visit.account, template.number)
    # What the operator of another channel has approved can't be had again as it was.
    fields = {"name": template.name, "text": template.body, "channel": template.channel.value}
    undo = Undo("/templates/new", fields) if template.rich_media is None else None
    return visit.go("/templates", Flash("templates.deleted", {"name": template.name}, undo))


async def preview(visit: Visit) -> Response:
    """Show what the text that is being written comes to."""
    return visit.fragment("template_preview.html", **_previewed(visit.typed))


def _form(visit: Visit, template: Template | None, status: int = 200) -> Response:
    is_locked = template is not None and template.channel is not Channel.SMS and template.approved(datetime.now(UTC))
    return visit.page(
        "template.html",
        status,
        template=template,
        was="" if template is None else _digest(template),
        is_locked=is_locked,
        may_write=visit.may(Scope.TEMPLATES_WRITE),
        may_send=visit.may(Scope.MESSAGES_SEND),
        **_previewed(visit.typed),
    )


def _previewed(typed: Typed) -> dict[str, object]:
    body = typed.raw("text")
    counts = counted(body)
    values = {name: typed.text(_VALUE + name) for name in counts.names}
    whole = filled(body, values)
    return {"counted": counts, "filled": whole, "filled_counted": counted(whole)}


async def _named(visit: Visit) -> Template:
    number = count_in(visit.named("template_number"))
    if number is None:
        raise NotFound(f"There is no template {visit.named('template_number')!r} in this account.")
    return await visit.services.templates.get(visit.account, number)


def _digest(template: Template) -> str:
    """Tell a template that was read from one that somebody has changed since."""
    return hashlib.sha256(f"{template.name}\0{template.body}".encode()).hexdigest()[:16]


PAGE = Page(
    "templates",
    (
        View("/templates", Scope.TEMPLATES_READ, listed),
        View("/templates/new", Scope.TEMPLATES_WRITE, begun),
        View("/templates/new", Scope.TEMPLATES_WRITE, kept, "POST"),
        View("/templates/preview", Scope.TEMPLATES_READ, preview, "POST"),
        View("/templates/{template_number}", Scope.TEMPLATES_READ, one),
        View("/templates/{template_number}", Scope.TEMPLATES_WRITE, changed, "POST"),
        View("/templates/{template_number}/delete", Scope.TEMPLATES_WRITE, deleted, "POST"),
    ),
)
