"""Conversations: who wrote, what was said in both directions, and answering."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from heliograph.console.live import live
from heliograph.console.texts import text
from heliograph.console.visits import Flash, Page, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.callbacks import NATIVE
from heliograph.domain.channels import Channel
from heliograph.domain.errors import HeliographError, InvalidBody
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.numbers import time_zone_of
from heliograph.services.composing import counted, without_foreign
from heliograph.services.conversations import Known

LISTED = 200
"""How many conversations are listed: those that were written to last."""
SHOWN = 200
"""How many messages of a conversation are shown: the newest."""
_FIELDS = {"body": "text"}


async def listed(visit: Visit) -> Response:
    """Show who wrote, those that nobody has read first."""
    return visit.page("conversations.html", known=await _known(visit), opened=None)


async def _known(visit: Visit) -> list[Known]:
    found = await visit.services.conversations.all(visit.account, limit=LISTED)
    return sorted(found, key=lambda each: each.conversation.unread == 0)


async def events(visit: Visit) -> Response:
    """Show who writes while somebody looks at the list."""

    async def fragments() -> Mapping[str, str]:
        return {"conversations": visit.rendered("conversation_list.html", known=await _known(visit), opened=None)}

    return live(visit, f"inbound:{visit.account.id}", fragments)


async def one(visit: Visit, status: int = 200) -> Response:
    """Show one conversation, and how to answer."""
    services, account = visit.services, visit.account
    opened = await services.conversations.get(account, visit.named("conversation_id"))
    conversation = opened.conversation
    channels = [each for each in Channel if each is Channel.SMS or each in conversation.heard]
    return visit.page(
        "conversations.html",
        status,
        known=await _known(visit),
        opened=opened,
        thread=await services.conversations.thread(account, conversation, limit=SHOWN),
        channels=[(each, text(f"channel.{each}")) for each in channels],
        templates=await services.templates.all(account),
        counted=counted(visit.typed.raw("text")),
        once=new_id(),
        now=from_ms(now_ms()),
        their_zone=time_zone_of(conversation.msisdn),
        silent=bool(await services.optouts.among(account, [conversation.msisdn])),
    )


async def one_events(visit: Visit) -> Response:
    """Show what is said in a conversation, and who else writes, while somebody looks."""
    services, account, conversation_id = visit.services, visit.account, visit.named("conversation_id")
    await services.conversations.get(account, conversation_id)

    async def fragments() -> Mapping[str, str]:
        opened = await services.conversations.get(account, conversation_id)
        thread = await services.conversations.thread(account, opened.conversation, limit=SHOWN)
        return {
            "conversations": visit.rendered("conversation_list.html", known=await _known(visit), opened=opened),
            "thread": visit.rendered("conversation_thread.html", thread=thread, opened=opened),
        }

    return live(visit, f"inbound:{account.id}", fragments)


async def answer(visit: Visit) -> Response:
    """Send an answer."""
    typed, conversation_id = visit.typed, visit.named("conversation_id")
    if typed.text("do") == "replace":
        typed.put("text", without_foreign(typed.raw("text")))
        return await one(visit)
    template = typed.text("template")
    try:
        if not template and not typed.text("text"):
            raise InvalidBody("Write an answer, or choose a template.", field="text")
        await visit.services.conversations.reply(
            visit.account,
            conversation_id,
            Channel(typed.text("channel")) if typed.text("channel") in {*Channel} else Channel.SMS,
            None if template else typed.raw("text"),
            protocol=NATIVE,
            template=int(template) if template.isdecimal() else template or None,
            idempotency_key=f"console {typed.text('once') or new_id()}",
        )
        await visit.services.conversations.mark_read(visit.account, conversation_id)
    except HeliographError as error:
        typed.refuse(error, at="text", fields=_FIELDS)
        return await one(visit, error.http_status)
    return visit.go(f"/conversations/{conversation_id}")


async def read(visit: Visit) -> Response:
    """Note that somebody has read a conversation."""
    await visit.services.conversations.mark_read(visit.account, visit.named("conversation_id"))
    return visit.go(f"/conversations/{visit.named('conversation_id')}")


async def silence(visit: Visit) -> Response:
    """Note that somebody does not want to be written to."""
    conversation = (await visit.services.conversations.get(visit.account, visit.named("conversation_id"))).conversation
    number = f"+{conversation.msisdn}"
    await visit.services.optouts.add(visit.account, number)
    flash = Flash("conversations.silenced", {"number": number}, Undo(f"/conversations/{conversation.id}/unsilence"))
    return visit.go(f"/conversations/{conversation.id}", flash)


async def unsilence(visit: Visit) -> Response:
    """Take back that somebody does not want to be written to."""
    conversation = (await visit.services.conversations.get(visit.account, visit.named("conversation_id"))).conversation
    number = f"+{conversation.msisdn}"
    await visit.services.optouts.remove(visit.account, number)
    flash = Flash("conversations.unsilenced", {"number": number})
    return visit.go(f"/conversations/{conversation.id}", flash)


PAGE = Page(
    "conversations",
    (
        View("/conversations", Scope.CONVERSATIONS, listed),
        View("/conversations/events", Scope.CONVERSATIONS, events),
        View("/conversations/{conversation_id}", Scope.CONVERSATIONS, one),
        View("/conversations/{conversation_id}/events", Scope.CONVERSATIONS, one_events),
        View("/conversations/{conversation_id}", Scope.CONVERSATIONS, answer, "POST"),
        View("/conversations/{conversation_id}/read", Scope.CONVERSATIONS, read, "POST"),
        View("/conversations/{conversation_id}/silence", Scope.OPTOUTS_WRITE, silence, "POST"),
        View("/conversations/{conversation_id}/unsilence", Scope.OPTOUTS_WRITE, unsilence, "POST"),
    ),
)
