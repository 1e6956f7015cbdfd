"""Operations on the sandbox: its simulated phones, and how badly its network behaves."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.domain import messages
from heliograph.domain.accounts import Scope
from heliograph.domain.batches import BodyKind
from heliograph.domain.channels import Channel
from heliograph.domain.instants import from_ms
from heliograph.domain.phones import PhoneMessage
from heliograph.doors import Call, Operation, Resource
from heliograph.numbers import with_plus
from heliograph.sandbox.chaos import Chaos
from heliograph.sandbox.handsets import PhonePart, handset
from heliograph.sandbox.phones import OnScreen, Phones


class Sandbox(Resource):
    operations = (
        Operation(
            name="list_phones",
            method="GET",
            path="/sandbox/phones",
            scope=Scope.SANDBOX,
            response=wire.Phones,
            summary="List the simulated phones, recently used first",
        ),
        Operation(
            name="list_phone_messages",
            method="GET",
            path="/sandbox/phones/{number}/messages",
            scope=Scope.SANDBOX,
            query=wire.PhoneQuery,
            response=wire.PhoneMessages,
            summary="The newest messages on a phone, oldest of them first",
        ),
        Operation(
            name="wait_for_phone_message",
            method="GET",
            path="/sandbox/phones/{number}/messages/wait",
            scope=Scope.SANDBOX,
            query=wire.PhoneWaitQuery,
            response=wire.PhoneMessage,
            summary="Wait for a phone to receive a message",
        ),
        Operation(
            name="read_code",
            method="GET",
            path="/sandbox/phones/{number}/code",
            scope=Scope.SANDBOX,
            query=wire.CodeQuery,
            response=wire.Code,
            summary="The one-time code in the latest message that has one",
        ),
        Operation(
            name="clear_phone",
            method="DELETE",
            path="/sandbox/phones/{number}/messages",
            scope=Scope.SANDBOX,
            status=204,
            summary="Take the messages off a phone",
        ),
        Operation(
            name="clear_phones",
            method="DELETE",
            path="/sandbox/phones",
            scope=Scope.SANDBOX,
            status=204,
            summary="Take the messages off all phones",
        ),
        Operation(
            name="send_reply",
            method="POST",
            path="/sandbox/phones/{number}/replies",
            scope=Scope.SANDBOX,
            request=wire.SendReply,
            response=wire.SentReply,
            status=201,
            summary="Send a text from a simulated phone",
        ),
        Operation(
            name="get_reception",
            method="GET",
            path="/sandbox/reception",
            scope=Scope.SANDBOX,
            response=wire.Reception,
            summary="How many messages phones received, and how many of them twice",
        ),
        Operation(
            name="get_chaos",
            method="GET",
            path="/sandbox/chaos",
            scope=Scope.SANDBOX,
            response=Chaos,
            summary="How badly the sandbox's network behaves",
        ),
        Operation(
            name="set_chaos",
            method="PUT",
            path="/sandbox/chaos",
            scope=Scope.CHAOS,
            request=Chaos,
            response=Chaos,
            summary="Change how badly the sandbox's network behaves",
        ),
    )

    def __init__(self, phones: Phones) -> None:
        self._phones = phones

    async def list_phones(self, call: Call[None, None]) -> wire.Phones:
        found = await self._phones.all(call.account)
        return wire.Phones(
            items=[
                wire.Phone(
                    number=f"+{phone.msisdn}",
                    latest=shown_on_phone(phone.latest, None),
                    recent=phone.recent,
                )
                for phone in found
            ]
        )

    async def list_phone_messages(self, call: Call[wire.PhoneQuery, None]) -> wire.PhoneMessages:
        found = await self._phones.conversation(
            call.account, call.path["number"], limit=call.query.limit, after=call.query.after
        )
        shown = [shown_on_screen(entry) for entry in found]
        if call.query.parts:
            for item, entry in zip(shown, found, strict=True):
                item.handset = [_part(each) for each in handset(entry.shown)]
        return wire.PhoneMessages(items=shown)

    async def wait_for_phone_message(self, call: Call[wire.PhoneWaitQuery, None]) -> wire.PhoneMessage:
        query = call.query
        found = await self._phones.wait_for_message(
            call.account,
            call.path["number"],
            timeout_s=query.timeout_s,
            after=query.after,
            contains=query.contains,
        )
        return shown_on_phone(found, None)

    async def read_code(self, call: Call[wire.CodeQuery, None]) -> wire.Code:
        code, shown = await self._phones.code(
            call.account, call.path["number"], timeout_s=call.query.timeout_s, after=call.query.after
        )
        return wire.Code(code=code, message=shown_on_phone(shown, None))

    async def clear_phone(self, call: Call[None, None]) -> None:
        await self._phones.clear(call.account, call.path["number"])

    async def clear_phones(self, call: Call[None, None]) -> None:
        await self._phones.clear(call.account)

    async def send_reply(self, call: Call[None, wire.SendReply]) -> wire.SentReply:
        body = call.body
        channel = None if body.channel is None else Channel(body.channel)
        inbound_id = await self._phones.reply(call.account, call.path["number"], body.to, body.text, channel)
        return wire.SentReply(inbound_id=inbound_id)

    async def get_reception(self, call: Call[None, None]) -> wire.Reception:
        received, repeated = await self._phones.received(call.account)
        return wire.Reception(received=received, repeated=repeated)

    async def get_chaos(self, _call: Call[None, None]) -> Chaos:
        return self._phones.chaos

    async def set_chaos(self, call: Call[None, Chaos]) -> Chaos:
        await self._phones.set_chaos(call.body)
        return self._phones.chaos


def _part(part: PhonePart) -> wire.PhonePart:
    return wire.PhonePart(
        number=part.number,
        of=part.of,
        encoding=part.encoding,
        udh=part.udh,
        octets=part.octets,
        text=part.text,
    )


def shown_on_phone(shown: PhoneMessage, stored: messages.Message | None) -> wire.PhoneMessage:
    binary = shown.encoding == BodyKind.BINARY
    return wire.PhoneMessage(
        id=shown.id,
        direction="received" if shown.direction == "received" else "sent",
        peer=with_plus(shown.peer),
        text=None if binary else shown.body,
        data=shown.body if binary else None,
        encoding=shown.encoding,
        parts=shown.parts,
        message_id=shown.message_id,
        status=None if stored is None else stored.status.value,
        at=from_ms(shown.at),
        channel=Channel(shown.channel).value,
    )


def shown_on_screen(entry: OnScreen) -> wire.PhoneMessage:
    return shown_on_phone(entry.shown, entry.message)
