"""Conversations: who wrote, what was said in both directions, who answers, and answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from heliograph.console.live import live
from heliograph.console.texts import text
from heliograph.console.visits import Flash, Page, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.audit import ActorKind
from heliograph.domain.bounded import count_in
from heliograph.domain.callbacks import NATIVE
from heliograph.domain.channels import Channel
from heliograph.domain.conversations import (
    Conversation,
    ConversationEntry,
    ConversationFilter,
    Note,
    place_in,
    place_of,
)
from heliograph.domain.errors import HeliographError, InvalidBody
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.numbers import time_zone_of
from heliograph.services.composing import counted, filled, without_foreign
from heliograph.services.conversations import Known

LISTED = 100
"""How many conversations are listed on a page, besides as many that nobody has read."""
SHOWN = 200
"""How many messages of a conversation are shown: the newest."""
_FIELDS = {"body": "text"}
_NOTE_FIELDS = {"text": "note"}


class Listed(NamedTuple):
    """A page of conversations."""

    show: str
    """Which ones: one of `_tabs`."""
    tabs: Sequence[str]
    known: Sequence[Known]
    next: str
    """Where the next page begins; empty: there is none."""
    first: bool


async def listed(visit: Visit) -> Response:
    """Show who wrote, those that nobody has read first."""
    return visit.page("conversations.html", listed=await _listed(visit), opened=None)


async def _listed(visit: Visit) -> Listed:
    wanted = {"open": ConversationFilter(closed=False), "free": ConversationFilter(closed=False, assigned=False)}
    wanted["closed"] = ConversationFilter(closed=True)
    if visit.visitor.actor.kind is ActorKind.PERSON:
        wanted["mine"] = ConversationFilter(closed=False, assignee_id=visit.visitor.actor.id)
    tabs = [each for each in ("open", "mine", "free", "closed") if each in wanted]
    show = visit.query.get("show", "")
    show = show if show in tabs else tabs[0]
    before = place_in(visit.query["before"]) if visit.query.get("before") else None
    services, of_these = visit.services.conversations, wanted[show]
    unread, read = (msgspec.structs.replace(of_these, unread=each) for each in (True, False))
    first = await services.all(visit.account, unread, limit=LISTED) if before is None else []
    rest = await services.all(
        visit.account,
        read if before is None else of_these,
        limit=LISTED,
        before=before,
    )
    following = str(place_of(rest[-1].conversation)) if len(rest) == LISTED else ""
    return Listed(show, tabs, [*first, *rest], following, first=before is None)


async def events(visit: Visit) -> Response:
    """Show who writes while somebody looks at the list."""

    async def fragments() -> Mapping[str, str]:
        return {"conversations": visit.rendered("conversation_list.html", listed=await _listed(visit), opened=None)}

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
        listed=await _listed(visit),
        opened=opened,
        said=await _said(visit, conversation),
        people=await services.conversations.people(account),
        channels=[(each, text(f"channel.{each}")) for each in channels],
        templates=await services.templates.all(account),
        counted=counted(visit.typed.raw("text")),
        once=new_id(),
        now=from_ms(now_ms()),
        their_zone=time_zone_of(conversation.msisdn),
        silent=bool(await services.optouts.among(account, [conversation.msisdn])),
    )


async def _said(visit: Visit, conversation: Conversation) -> list[ConversationEntry | Note]:
    """Read what was said, and what is noted, in the order of time."""
    services, account = visit.services.conversations, visit.account
    lines = await services.thread(account, conversation, limit=SHOWN)
    return sorted([*lines, *await services.notes(account, conversation)], key=lambda each: (each.at, each.id))


async def one_events(visit: Visit) -> Response:
    """Show what is said in a conversation, who answers it, and who else writes, while somebody looks."""
    services, account, conversation_id = visit.services, visit.account, visit.named("conversation_id")
    await services.conversations.get(account, conversation_id)

    async def fragments() -> Mapping[str, str]:
        opened = await services.conversations.get(account, conversation_id)
        people = await services.conversations.people(account)
        said = await _said(visit, opened.conversation)
        return {
            "conversations": visit.rendered("conversation_list.html", listed=await _listed(visit), opened=opened),
            "thread": visit.rendered("conversation_thread.html", said=said, opened=opened),
            "state": visit.rendered("conversation_state.html", people=people, opened=opened),
        }

    return live(visit, f"inbound:{account.id}", fragments)


async def answer(visit: Visit) -> Response:
    """Send an answer."""
    typed, conversation_id = visit.typed, visit.named("conversation_id")
    if typed.text("do") == "replace":
        typed.put("text", without_foreign(typed.raw("text")))
        return await one(visit)
    if typed.text("do") == "canned":
        return await _canned(visit)
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


async def _canned(visit: Visit) -> Response:
    """Put the text of a template into the answer, with what is known of them, to be looked over."""
    typed, services, account = visit.typed, visit.services, visit.account
    number = count_in(typed.text("template"))
    if number is None:
        typed.problems["text"] = text("conversations.choose_template")
        return await one(visit, 422)
    template = await services.templates.get(account, number)
    details = (await services.conversations.get(account, visit.named("conversation_id"))).details
    names = counted(template.body).names
    typed.put("text", filled(template.body, {name: details.value_of(name) or "" for name in names}))
    typed.put("template", "")
    return await one(visit)


async def assign(visit: Visit) -> Response:
    """Say who answers, unless somebody else has said so meanwhile."""
    typed, conversation_id = visit.typed, visit.named("conversation_id")
    before = (await visit.services.conversations.get(visit.account, conversation_id)).conversation
    try:
        after = await visit.services.conversations.change(
            visit.account, conversation_id, assignee=typed.text("assignee") or None, seen=typed.text("seen") or None
        )
    except HeliographError as error:
        typed.refuse(error, at="assignee")
        return await one(visit, error.http_status)
    now = after.conversation
    undo = Undo(f"/conversations/{now.id}/assign", {"assignee": before.assignee or "", "seen": now.assignee_id or ""})
    said = (
        Flash("conversations.assigned", {"name": now.assignee}) if now.assignee else Flash("conversations.unassigned")
    )
    return visit.go(f"/conversations/{now.id}", msgspec.structs.replace(said, undo=undo))


async def close(visit: Visit) -> Response:
    """Close a conversation, and go back to those that are open."""
    closed = await visit.services.conversations.change(visit.account, visit.named("conversation_id"), closed=True)
    undo = Undo(f"/conversations/{closed.conversation.id}/reopen")
    return visit.go("/conversations", Flash("conversations.closed", {"number": f"+{closed.conversation.msisdn}"}, undo))


async def reopen(visit: Visit) -> Response:
    """Open a conversation again."""
    await visit.services.conversations.change(visit.account, visit.named("conversation_id"), closed=False)
    return visit.go(f"/conversations/{visit.named('conversation_id')}")


async def note(visit: Visit) -> Response:
    """Note something for those who answer."""
    typed, conversation_id = visit.typed, visit.named("conversation_id")
    try:
        await visit.services.conversations.note(visit.account, conversation_id, typed.raw("note"))
    except HeliographError as error:
        typed.refuse(error, at="note", fields=_NOTE_FIELDS)
        return await one(visit, error.http_status)
    return visit.go(f"/conversations/{conversation_id}")


async def forget_note(visit: Visit) -> Response:
    """Delete a note. Whoever wrote it can take that back."""
    services, conversation_id = visit.services.conversations, visit.named("conversation_id")
    note_id = visit.named("note_id")
    conversation = (await services.get(visit.account, conversation_id)).conversation
    gone = next((each for each in await services.notes(visit.account, conversation) if each.id == note_id), None)
    await services.delete_note(visit.account, conversation_id, note_id)
    own = gone is not None and gone.author == visit.visitor.actor.name
    undo = Undo(f"/conversations/{conversation_id}/notes", {"note": gone.text}) if gone and own else None
    return visit.go(f"/conversations/{conversation_id}", Flash("conversations.note_deleted", undo=undo))


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
        View("/conversations/{conversation_id}/assign", Scope.CONVERSATIONS, assign, "POST"),
        View("/conversations/{conversation_id}/close", Scope.CONVERSATIONS, close, "POST"),
        View("/conversations/{conversation_id}/reopen", Scope.CONVERSATIONS, reopen, "POST"),
        View("/conversations/{conversation_id}/notes", Scope.CONVERSATIONS, note, "POST"),
        View("/conversations/{conversation_id}/notes/{note_id}/delete", Scope.CONVERSATIONS, forget_note, "POST"),
        View("/conversations/{conversation_id}/silence", Scope.OPTOUTS_WRITE, silence, "POST"),
        View("/conversations/{conversation_id}/unsilence", Scope.OPTOUTS_WRITE, unsilence, "POST"),
    ),
)
