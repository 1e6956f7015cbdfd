"""Conversations by the published client: who wrote, by which channel, and what they were answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import smscx_client
from smscx_client import exceptions
from smscx_client.model.add_contacts_to_group_with_fields_request import AddContactsToGroupWithFieldsRequest
from smscx_client.model.conversation_reply_sms_request import ConversationReplySmsRequest
from smscx_client.model.conversation_reply_viber_request import ConversationReplyViberRequest
from smscx_client.model.conversation_reply_whatsapp_request import ConversationReplyWhatsappRequest
from smscx_client.model.group_add import GroupAdd

from heliograph.domain.ids import new_id
from heliograph.protocols.shared.uuids import from_uuid, to_uuid

from .conftest import Published, body_of

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]
UNCHECKED = smscx_client.Configuration(disabled_client_side_validations="maxLength")
NOBODY = to_uuid(new_id())


def write(server: Server, number: str, text: str, channel: str = "sms", to: str = "12345") -> None:
    """From a phone; stored when this returns."""
    with server.client() as client:
        client.sandbox.reply(number, to=to, text=text, channel=channel)


def conversation_with(smscx: Published, number: str) -> Any:
    (found,) = [each for each in smscx.conversations.get_converstions_list().data if each.phone_number == number]
    return found


def test_what_is_written_is_unread_until_it_is_read(server: Server, smscx: Published, new_number: NewNumber) -> None:
    number, later = new_number(), new_number()
    smscx.groups.add_contacts_to_group_with_fields(
        smscx.group(f"Known {number}"),
        AddContactsToGroupWithFieldsRequest(
            phone_numbers=[GroupAdd(phone_number=number, first_name="Ada", last_name="Lovelace")]
        ),
    )
    write(server, number, "Hello?")
    write(server, number, "Anybody?", "whatsapp")
    write(server, later, "Me too")

    found = conversation_with(smscx, number)
    order = [each.phone_number for each in smscx.conversations.get_converstions_list().data]
    read = smscx.conversations.mark_conversation_as_read(found.conversation_id)

    assert (found.unread_messages, found.last_reply, found.country_iso) == (2, "Anybody?", "FR")
    assert (found.first_name, found.last_name) == ("Ada", "Lovelace")
    assert order.index(later) < order.index(number)
    assert read.info.id == found.conversation_id
    assert conversation_with(smscx, number).unread_messages == 0


def test_an_answer_comes_from_where_they_wrote_to_and_by_the_channel(
    server: Server, smscx: Published, new_number: NewNumber
) -> None:
    number = new_number()
    write(server, number, "By SMS", to="12345")
    write(server, number, "By Viber", "viber", to="Acme")
    identifier = conversation_with(smscx, number).conversation_id

    sms = smscx.conversations.send_conversation_reply_sms(identifier, ConversationReplySmsRequest(text="Hi by SMS"))
    viber = smscx.conversations.send_conversation_reply_viber(
        identifier,
        ConversationReplyViberRequest(text="Hi by Viber", rich_media={"imageUrl": "https://example.org/a.png"}),
    )
    with server.client() as client:
        for row in (sms.data, viber.data):
            client.messages.wait_for_delivery(from_uuid(row.msg_id))
        shown = [(each.peer, each.channel, each.text) for each in client.sandbox.messages(number)]
    thread = smscx.conversations.get_conversation(identifier)

    assert (sms.data._from, sms.data.parts, sms.data.cost, sms.info.total_valid) == ("12345", 1, 0.045, 1)
    assert (viber.data._from, viber.data.status, viber.data.cost) == ("Acme", "ACCEPTED", 0.015)
    assert shown[2:] == [("12345", "sms", "Hi by SMS"), ("Acme", "viber", "Hi by Viber")]
    assert [(line.type, line.channel, line.text, line.status) for line in thread.data] == [
        ("sent", "viber", "Hi by Viber", "DELIVERED"),
        ("sent", "sms", "Hi by SMS", "DELIVERED"),
        ("received", "viber", "By Viber", "DELIVERED"),
        ("received", "sms", "By SMS", "DELIVERED"),
    ]
    assert thread.data[0].rich_media["imageUrl"] == "https://example.org/a.png"
    assert (thread.info.phone_number, thread.info.first_name) == (number, "")


def test_whatsapp_answers_whoever_wrote_by_it(server: Server, smscx: Published, new_number: NewNumber) -> None:
    number = new_number()
    write(server, number, "Hello", "whatsapp")
    identifier = conversation_with(smscx, number).conversation_id

    sent = smscx.conversations.send_conversation_reply_whatsapp(
        identifier, ConversationReplyWhatsappRequest(text="Hi", rich_media={})
    )

    assert (sent.data.to, sent.data.cost) == (number, 0.025)


@pytest.mark.parametrize(
    ("channel", "code"),
    [("viber", 1181), ("whatsapp", 1182)],
)
def test_nobody_is_answered_by_a_channel_that_they_did_not_write_by(
    server: Server, smscx: Published, new_number: NewNumber, channel: str, code: int
) -> None:
    number = new_number()
    write(server, number, "Hello")
    identifier = conversation_with(smscx, number).conversation_id
    replies: dict[str, Callable[[], Any]] = {
        "viber": lambda: smscx.conversations.send_conversation_reply_viber(
            identifier, ConversationReplyViberRequest(text="Hi", rich_media={})
        ),
        "whatsapp": lambda: smscx.conversations.send_conversation_reply_whatsapp(
            identifier, ConversationReplyWhatsappRequest(text="Hi", rich_media={})
        ),
    }

    with pytest.raises(exceptions.AccessDeniedException) as refused:
        replies[channel]()

    assert body_of(refused.value)["error"]["code"] == code
    assert len(smscx.conversations.get_conversation(identifier).data) == 1


def reply(text: str, channel: str = "sms") -> Callable[[Published, str], Any]:
    if channel == "sms":
        return lambda c, identifier: c.conversations.send_conversation_reply_sms(
            identifier, ConversationReplySmsRequest(text=text)
        )
    return lambda c, identifier: c.conversations.send_conversation_reply_viber(
        identifier, ConversationReplyViberRequest(text=text, rich_media={}, _configuration=UNCHECKED)
    )


BAD = [
    ("no text", reply(""), exceptions.InvalidRequestException, 1801),
    ("text of a hundred parts", reply("x" * 15_000), exceptions.InvalidRequestException, 1802),
    ("long text", reply("x" * 1_001, "viber"), exceptions.InvalidRequestException, 1811),
    ("no conversation", lambda c, _: reply("Hi")(c, NOBODY), exceptions.ResourceNotFoundException, 1180),
    (
        "no thread",
        lambda c, _: c.conversations.get_conversation(NOBODY),
        exceptions.ResourceNotFoundException,
        1180,
    ),
    (
        "nothing to read",
        lambda c, _: c.conversations.mark_conversation_as_read(NOBODY),
        exceptions.ResourceNotFoundException,
        1180,
    ),
]


@pytest.mark.parametrize(("call", "kind", "code"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_each_rule(
    server: Server,
    smscx: Published,
    new_number: NewNumber,
    call: Callable[[Published, str], Any],
    kind: type[Exception],
    code: int,
) -> None:
    number = new_number()
    write(server, number, "Hello", "viber")
    identifier = conversation_with(smscx, number).conversation_id

    with pytest.raises(kind) as refused:
        call(smscx, identifier)

    assert body_of(refused.value)["error"]["code"] == code
    assert len(smscx.conversations.get_conversation(identifier).data) == 1


def test_an_answer_with_an_identifier_is_sent_once(server: Server, smscx: Published, new_number: NewNumber) -> None:
    number = new_number()
    write(server, number, "Hello")
    identifier = conversation_with(smscx, number).conversation_id
    ready = server.ready["protocols"]["smscx"]

    def answer(key: str) -> httpx2.Response:
        return httpx2.post(
            f"{ready['host']}/conversations/{identifier}/sms",
            json={"text": "Hi", "idempotencyId": key},
            headers={"X-API-KEY": ready["api_key"]},
        )

    first, again = answer("0190e6a5-7c1e-4000-8000-0000000000aa"), answer("0190e6a5-7c1e-4000-8000-0000000000aa")

    assert first.json()["data"]["msgId"] == again.json()["data"]["msgId"]
    assert answer("x").json()["error"]["code"] == 1111


def test_what_is_anothers_is_not_found(
    server: Server, smscx: Published, other_smscx: Published, new_number: NewNumber
) -> None:
    number = new_number()
    write(server, number, "Hello")
    identifier = conversation_with(smscx, number).conversation_id

    for call in (
        lambda: other_smscx.conversations.get_conversation(identifier),
        lambda: other_smscx.conversations.mark_conversation_as_read(identifier),
        lambda: reply("Hi")(other_smscx, identifier),
    ):
        with pytest.raises(exceptions.ResourceNotFoundException):
            call()
    assert number not in {each.phone_number for each in other_smscx.conversations.get_converstions_list().data}
