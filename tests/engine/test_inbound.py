"""Who an inbound message is from, whatever its provider wrote: real providers tell a real engine, on both stores."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.patience import HANG_S
from tests.protocols.contract.wires import CALLBACK, WIRES, Wire

from heliograph.domain.batches import BodyKind
from heliograph.domain.callbacks import Event, EventKind
from heliograph.domain.channels import Channel
from heliograph.domain.conversations import ConversationFilter
from heliograph.domain.errors import Conflict, InvalidField, InvalidRecipient, NotFound
from heliograph.domain.filters import InboundFilter
from heliograph.domain.groups import AutoUpdate, GroupDraft
from heliograph.domain.inbound import MAX_BODY, Inbound
from heliograph.domain.optouts import ConsentWords
from heliograph.domain.people import Role
from heliograph.domain.rents import FICTIONAL
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.callbacks import Answer
from heliograph.engine.contract import InboundArrival
from heliograph.engine.provided import ProviderContext
from heliograph.numbers import MAX_ADDRESS
from heliograph.protocols.providers import PROVIDED
from heliograph.protocols.twilio.door.callbacks import TwilioCallbacks
from heliograph.runtime.settings import load
from heliograph.services.audit import acting_as, person_actor
from heliograph.services.events import EventSubjects
from heliograph.services.profile import ProfileChange
from heliograph.store.conversations import notes_of
from heliograph.store.inbound import inbound_of

from .conftest import Running, ScriptedProvider, StartEngine

TALKING = [wire for wire in WIRES if wire.inbound is not None]
SPELLINGS = [
    "+33612360001",
    "0033612360002",
    "33612360003",
    "33 6 12 36 00 04",
    "+33 (0)6 12 36 00 05",
    "\u202a+33\u00a06\u201112\u200e360006\u202c",
    " 33612360007",
    "06 12 36 00 08",
]
MSISDNS = [f"3361236000{place}" for place in range(1, 9)]
NOBODY = ["Vodafone", "36112", "+36112", "", "\u200b", "9" * 5_000, "<b>STOP</b> " * 500, "0612360001"]


async def tell(running: Running, wire: Wire, sender: str, text: str, line: str) -> None:
    """As the server of a provider would."""
    assert wire.inbound is not None
    environment = {"HELIOGRAPH_PROVIDERS": json.dumps({line: {"type": wire.type} | wire.config("http://127.0.0.1:9")})}
    config = load(file=None, environment=environment).settings.providers[line]
    kind = next(protocol for protocol in PROVIDED if protocol.name == wire.type)
    provider = kind.provider(config, ProviderContext(name=line, account_id=running.account.id, callback_url=CALLBACK))
    await provider.start(running.engine.intake)
    try:
        assert (await provider.handle_webhook(wire.inbound(sender, text))).status == 200
    finally:
        await provider.stop()


async def handle_webhook(running: Running, sender: str, text: str, **fields: object) -> Inbound | None:
    """What is stored of a message that a provider hands in."""
    usual = {"msisdn": sender, "to": "36111", "kind": BodyKind.TEXT, "body": text, "account_id": running.account.id}
    stored = await running.engine.intake.inbound("scripted", InboundArrival(**usual | fields))  # type: ignore[arg-type]
    return None if stored is None else await running.services.inbound.get(running.account, stored)


async def received(running: Running) -> list[Inbound]:
    """All inbound messages, oldest first."""
    found = await running.engine.store.read(inbound_of, running.account.id, InboundFilter(), limit=100)
    return found[::-1]


@pytest.mark.parametrize("wire", TALKING, ids=[wire.type for wire in TALKING])
async def test_a_stop_is_kept_however_the_provider_writes_its_sender(start: StartEngine, wire: Wire) -> None:
    running = await start(ScriptedProvider())
    await running.services.profile.change(running.account, ProfileChange(default_region="FR"))

    for place, sender in enumerate(SPELLINGS):
        await tell(running, wire, sender, "\u201cSTOP\u201d", f"line{place}")

    assert [(each.msisdn, each.to, each.keyword) for each in await received(running)] == [
        (msisdn, "36111", "STOP") for msisdn in MSISDNS
    ]
    assert {each.reason for each in await running.send(*(f"+{each}" for each in MSISDNS))} == {Reason.OPTED_OUT}


@pytest.mark.parametrize("wire", TALKING, ids=[wire.type for wire in TALKING])
async def test_names_short_codes_and_nobody_opt_out_of_nothing_and_are_answered_nothing(
    start: StartEngine, wire: Wire
) -> None:
    provider = ScriptedProvider()
    running = await start(provider)
    words = ConsentWords(stop_answer="Bye.", help_answer="We are Acme.")
    await running.services.profile.change(running.account, ProfileChange(words=words))
    draft = GroupDraft(name="all", auto_update=AutoUpdate(to="36111", add=["JOIN"]))
    group = await running.services.groups.create(running.account, draft)

    for place, sender in enumerate(NOBODY):
        for text in ("STOP", "HELP", "JOIN"):
            await tell(running, wire, sender, text, f"line{place}{text.lower()}")
    (other,) = await running.send("+33612345679")
    await running.until(other, Status.SENT)

    found = await received(running)
    assert [each.msisdn for each in found][::3][:5] == ["Vodafone", "36112", "36112", "", ""]
    assert len(found) == len(NOBODY) * 3
    assert max(len(each.msisdn) for each in found) <= MAX_ADDRESS
    assert not any("<" in each.msisdn for each in found)
    assert provider.sent.qsize() == 1
    assert await running.services.groups.members(running.account, group.id) == []
    assert await running.services.optouts.page(running.account, limit=9) == []


async def test_a_keyword_and_its_sender_are_read_before_they_are_compared(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    draft = GroupDraft(name="all", auto_update=AutoUpdate(to="+33 6 39 98 00 01", add=["JOIN"], remove=["LEAVE"]))
    group = await running.services.groups.create(running.account, draft)

    for sender, text in (
        ("+33612360001", "\u201cJoin\u201d us"),
        ("0033 612360002", "JOIN\u2026"),
        ("33612360001", "leave!"),
    ):
        await handle_webhook(running, sender, text, to="0033639980001")

    assert await running.services.groups.members(running.account, group.id) == ["33612360002"]


async def test_spellings_of_a_number_are_one_conversation_and_nobody_has_none(start: StartEngine) -> None:
    provider = ScriptedProvider()
    running = await start(provider)

    for sender in ("+33612360001", "0033612360001", "33 6 12 36 00 01", "Vodafone", ""):
        await handle_webhook(running, sender, "Hello")
    conversations = running.services.conversations
    talks = {each.conversation.msisdn: each.conversation for each in await conversations.all(running.account)}
    await conversations.reply(running.account, talks["33612360001"].id, Channel.SMS, "Hi", protocol="v1")
    answered = await asyncio.wait_for(provider.sent.get(), HANG_S)
    with pytest.raises(InvalidRecipient):
        await conversations.reply(running.account, talks["Vodafone"].id, Channel.SMS, "Hi", protocol="v1")

    assert {msisdn: talk.unread for msisdn, talk in talks.items()} == {"33612360001": 3, "Vodafone": 1}
    assert (answered.msisdn, answered.originator) == ("33612360001", "36111")


async def test_a_conversation_is_somebodys_and_closed_until_they_write_again(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    talks, people, account = running.services.conversations, running.services.people, running.account
    for sender in ("+33612360001", "+33612360002", "+33612360003"):
        await handle_webhook(running, sender, "Hello")
    ids = {each.conversation.msisdn: each.conversation.id for each in await talks.all(account)}
    first, second = ids["33612360001"], ids["33612360002"]
    ada = await people.create("ada@example.com", "correct horse battery", Role.SENDER, account)
    bob = await people.create("bob@example.com", "correct horse battery", Role.MANAGER, account)
    await people.create("vera@example.com", "correct horse battery", Role.VIEWER, account)
    boss = await people.create("boss@example.com", "correct horse battery", Role.ADMINISTRATOR, None)

    with acting_as(person_actor(ada, None)):
        await talks.change(account, first, assignee="Ada@example.com", seen=None)
        noted = await talks.note(account, first, " Asked for the invoice. ")
    with acting_as(person_actor(bob, None)), pytest.raises(Conflict, match="ada"):
        await talks.change(account, first, assignee="bob@example.com", seen=None)
    for email in ("vera@example.com", "boss@example.com", "nobody@example.com"):
        with pytest.raises(InvalidField):
            await talks.change(account, second, assignee=email)
    with acting_as(person_actor(boss, None)):
        await talks.change(account, second, assignee="boss@example.com")
    closed = await talks.change(account, first, closed=True)

    async def shown(**wanted: Any) -> list[str]:
        return [each.conversation.msisdn[-1] for each in await talks.all(account, ConversationFilter(**wanted))]

    assert (closed.conversation.unread, closed.conversation.assignee) == (0, "ada@example.com")
    assert sorted(await shown(closed=False)) == ["2", "3"]
    assert (await shown(closed=True), await shown(unread=False)) == (["1"], ["1"])
    assert (await shown(assignee_id=ada.id), await shown(assigned=False)) == (["1"], ["3"])
    assert [(each.author, each.text) for each in await talks.notes(account, closed.conversation)] == [
        ("ada@example.com", "Asked for the invoice.")
    ]
    await handle_webhook(running, "+33612360001", "Still there?")
    again = (await talks.get(account, first)).conversation
    assert (again.closed_at, again.unread, again.assignee) == (None, 1, "ada@example.com")
    with pytest.raises(NotFound):
        await talks.delete_note(account, second, noted.id)
    with pytest.raises(InvalidField):
        await talks.note(account, first, " " * 9)
    await talks.delete(account, first)
    assert await running.engine.store.read(notes_of, account.id, "33612360001") == []


async def test_what_was_written_to_is_read_before_its_owner_is_looked_up(start: StartEngine) -> None:
    """And a national sender is somebody in the country of that number, where the account says nothing else."""
    running = await start(ScriptedProvider())
    terms = next(each for each in FICTIONAL if each.msisdn == "33639980001")
    await running.services.rents.rent(running.account, terms.number_id, 30, protocol="v1")

    for place, to in enumerate(("+33639980001", "0033 6 39 98 00 01", "33639980001", "\u202d+33639980001")):
        await handle_webhook(running, "06 12 36 00 01", "STOP", to=to, account_id=None, provider_ref=str(place))

    found = await received(running)
    assert {(each.msisdn, each.to, each.rent_id is None) for each in found} == {("33612360001", "33639980001", False)}
    assert len(found) == 4
    (refused,) = await running.send("+33612360001")
    assert refused.reason == Reason.OPTED_OUT


async def test_nothing_that_comes_in_is_longer_than_a_message_can_be(start: StartEngine) -> None:
    running = await start(ScriptedProvider())

    long = await handle_webhook(
        running,
        "1" * 5_000,
        "x" * 100_000,
        to="2" * 5_000,
        udh="zz" * 5_000,
        provider_ref="R" * 1_000,
        operator="20801" * 100,
    )
    other = await handle_webhook(running, "+33612360001", "y", provider_ref="R" * 999 + "S", udh="050003AB0201")
    again = await handle_webhook(running, "+33612360001", "y", provider_ref="R" * 999 + "S")

    assert long is not None
    assert other is not None
    assert again is None
    assert (len(long.msisdn), len(long.to)) == (MAX_ADDRESS, MAX_ADDRESS)
    assert (len(long.body), len(long.keyword or "")) == (MAX_BODY, 64)
    assert (long.udh, len(long.provider_ref or ""), long.operator) == ("", 255, "20801" * 4)
    assert other.udh == "050003AB0201"


@pytest.mark.parametrize("sender", ["Vodafone", "", "36112"])
async def test_a_reply_that_a_customer_s_server_asks_for_goes_to_numbers_alone(start: StartEngine, sender: str) -> None:
    running = await start(ScriptedProvider())
    shape = TwilioCallbacks(EventSubjects(running.engine.store), running.services.accounts)
    orders = []

    for who in (sender, "0033612360001"):
        stored = await handle_webhook(running, who, "STOP")
        assert stored is not None
        event = Event(
            id="E",
            account_id=running.account.id,
            protocol="twilio",
            sink="http://127.0.0.1:9",
            kind=EventKind.INBOUND,
            subject_id=stored.id,
            facts=None,
            created_ms=0,
            attempts=0,
        )
        told = await shape.data(running.account, event)
        answer = Answer("text/plain", b"Thanks", event.sink)
        if who == sender:
            assert (told["From"], told["OptOutType"]) == (sender, None)
            with pytest.raises(ValueError, match="no phone number"):
                await shape.answered(event, answer)
        else:
            assert (told["From"], told["OptOutType"]) == ("+33612360001", "STOP")
            orders = list((await shape.answered(event, answer)).batches)

    assert [batch.recipients for batch in orders] == [["33612360001"]]
