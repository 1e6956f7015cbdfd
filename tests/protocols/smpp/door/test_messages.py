"""What clients submit by SMPP, and what they are told of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import Server
from tests.protocols.smpp.esme import Esme, submit

from heliograph import Client
from heliograph.protocols.smpp.wire.coding import hear
from heliograph.protocols.smpp.wire.pdus import (
    BindReceiver,
    BindTransmitter,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSmResp,
    Unsuccessful,
)
from heliograph.protocols.smpp.wire.receipts import MessageState, read_receipt
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, find, number_in, text_in, tlv

S = CommandStatus
NewNumber = Callable[[], str]


@pytest.fixture(scope="module")
def entry(server: Server) -> dict[str, Any]:
    return dict(server.ready["protocols"]["smpp"])


@pytest.fixture
def native(server: Server) -> Iterator[Client]:
    with server.client() as client:
        yield client


def test_a_receipt_says_it_in_a_text_and_in_parameters(entry: dict[str, Any], new_number: NewNumber) -> None:
    number = new_number()
    with Esme(entry) as esme:
        sent = esme.submit(number, tlvs=(tlv(Tag.USER_MESSAGE_REFERENCE, 4711),))
        told = esme.told()

    text = told.short_message.decode()
    assert re.fullmatch(
        rf"id:{sent.message_id} sub:001 dlvrd:001 submit date:\d{{10}} done date:\d{{10}} stat:DELIVRD err:000 text:",
        text,
    )
    assert text_in(told.tlvs, Tag.RECEIPTED_MESSAGE_ID) == sent.message_id
    assert number_in(told.tlvs, Tag.MESSAGE_STATE) == MessageState.DELIVERED
    assert number_in(told.tlvs, Tag.USER_MESSAGE_REFERENCE) == 4711
    assert (told.esm_class, told.source_addr, told.source_addr_ton) == (0x04, number[1:], 1)
    assert (told.destination_addr, told.dest_addr_ton, told.dest_addr_npi) == ("Heliograph", 5, 0)


def test_a_client_of_the_version_before_gets_no_parameters(entry: dict[str, Any], new_number: NewNumber) -> None:
    with Esme(entry, interface_version=0x33) as esme:
        sent = esme.submit(new_number())
        told = esme.told()

    receipt = read_receipt(told)
    assert told.tlvs == ()
    assert receipt is not None
    assert (receipt.ids, receipt.state) == ((sent.message_id,), MessageState.DELIVERED)


@pytest.mark.parametrize(
    ("text", "fields", "body"),
    [
        (b"Price: 5 \x02 \x1b\x65 \x00", {}, "Price: 5 $ € @"),
        ("Zürich".encode("latin-1"), {"data_coding": 3}, "Zürich"),
        ("☺ 😀".encode("utf-16-be"), {"data_coding": 8}, "☺ 😀"),
        (b"pay ${amount} now", {"data_coding": 3}, "pay ${amount} now"),
        (b"", {"tlvs": (tlv(Tag.MESSAGE_PAYLOAD, b"long " * 100),)}, "long " * 100),
    ],
    ids=range(5),
)
def test_texts_are_read_as_their_data_coding_says(
    entry: dict[str, Any], native: Client, new_number: NewNumber, text: bytes, fields: dict[str, Any], body: str
) -> None:
    number = new_number()
    with Esme(entry) as esme:
        esme.submit(number, text, **fields)
        esme.told()
    (shown,) = native.sandbox.messages(number)

    assert shown.text == body


def test_everything_that_a_submit_says_is_kept(entry: dict[str, Any], native: Client, new_number: NewNumber) -> None:
    at = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    with Esme(entry, bind=BindTransmitter) as esme:
        sent = esme.submit(
            new_number(),
            source_addr="12345",
            source_addr_ton=0,
            source_addr_npi=1,
            schedule_delivery_time=f"{at:%y%m%d%H%M%S}000+",
            validity_period="000002000000000R",
            priority_flag=3,
            data_coding=0x10,
            registered_delivery=0,
        )
    batch = native.batches.get(sent.message_id)

    assert (batch.originator, batch.flash, batch.text, batch.priority) == ("12345", True, "Hello", "urgent")
    assert batch.send_at == at
    assert timedelta(hours=47) < batch.expire_at - datetime.now(UTC) <= timedelta(hours=48)


def test_octets_go_with_their_header(entry: dict[str, Any], native: Client, new_number: NewNumber) -> None:
    udh = bytes.fromhex("060504158a0000")
    with Esme(entry) as esme:
        sent = esme.submit(new_number(), udh + b"\x00\x01", esm_class=0x40, data_coding=4)
        esme.told()
    batch = native.batches.get(sent.message_id)

    assert (batch.data, batch.udh) == ("AAE=", udh.hex())


def test_nothing_is_told_that_was_not_asked_for(entry: dict[str, Any], new_number: NewNumber) -> None:
    with Esme(entry) as esme:
        esme.submit(new_number(), registered_delivery=0)
        sent = esme.submit(new_number())
        receipt = read_receipt(esme.told())

    assert receipt is not None and receipt.ids == (sent.message_id,)


def test_who_asks_for_failures_is_told_of_nothing_else(entry: dict[str, Any], new_number: NewNumber) -> None:
    with Esme(entry) as esme:
        esme.submit(new_number(), registered_delivery=2)
        failed = esme.submit("+999100000001", registered_delivery=2)
        delivered = esme.submit(new_number(), registered_delivery=1)
        told = [read_receipt(esme.told()) for _ in range(2)]

    assert {(receipt.ids[0], receipt.state) for receipt in told if receipt} == {
        (failed.message_id, MessageState.UNDELIVERABLE),
        (delivered.message_id, MessageState.DELIVERED),
    }


def test_who_asks_for_intermediate_notifications_is_told_of_each_change(
    entry: dict[str, Any], new_number: NewNumber
) -> None:
    with Esme(entry) as esme:
        esme.submit(new_number(), registered_delivery=0x11)
        told = [esme.told(), esme.told()]

    states = {(each.esm_class, number_in(each.tlvs, Tag.MESSAGE_STATE)) for each in told}
    assert states == {(0x20, MessageState.ENROUTE), (0x04, MessageState.DELIVERED)}


def test_one_submit_goes_to_several_and_says_whom_it_could_not_go_to(
    entry: dict[str, Any], new_number: NewNumber
) -> None:
    numbers = [new_number() for _ in range(3)]
    with Esme(entry) as esme:
        destinations = (*(SmeAddress(1, 1, number[1:]) for number in numbers), SmeAddress(0, 1, "nowhere"))
        sent = esme.ask(
            SubmitMulti(
                source_addr="Heliograph",
                source_addr_ton=5,
                destinations=destinations,
                registered_delivery=1,
                short_message=b"Hello",
            )
        )
        told = [esme.told() for _ in numbers]
        assert isinstance(sent, SubmitMultiResp)
        asked = esme.ask(QuerySm(message_id=sent.message_id))

    assert sent.unsuccessful == (Unsuccessful(0, 1, "nowhere", S.RINVDSTADR),)
    assert {each.source_addr for each in told} == {number[1:] for number in numbers}
    assert {text_in(each.tlvs, Tag.RECEIPTED_MESSAGE_ID) for each in told} == {sent.message_id}
    assert isinstance(asked, QuerySmResp)
    assert asked.message_state == MessageState.DELIVERED


def test_a_data_sm_goes_like_a_submit(entry: dict[str, Any], new_number: NewNumber) -> None:
    number = new_number()
    with Esme(entry) as esme:
        sent = esme.ask(
            DataSm(
                tlvs=(tlv(Tag.MESSAGE_PAYLOAD, b"Hello"), tlv(Tag.QOS_TIME_TO_LIVE, 3600)),
                dest_addr_ton=1,
                destination_addr=number[1:],
                registered_delivery=1,
            )
        )
        told = esme.told()

    assert isinstance(sent, DataSmResp)
    assert (sent.status, text_in(told.tlvs, Tag.RECEIPTED_MESSAGE_ID)) == (S.ROK, sent.message_id)


def later(esme: Esme, number: str) -> SubmitSmResp:
    """A message that goes in an hour."""
    return esme.submit(number, schedule_delivery_time="000000010000000R")


def test_a_message_that_waits_can_be_asked_about_replaced_and_cancelled(
    entry: dict[str, Any], native: Client, new_number: NewNumber
) -> None:
    with Esme(entry) as esme:
        sent = later(esme, new_number())
        waits = esme.ask(QuerySm(message_id=sent.message_id, source_addr_ton=5, source_addr="Heliograph"))
        replaced = esme.ask(ReplaceSm(message_id=sent.message_id, registered_delivery=1, short_message=b"Good-bye"))
        text = native.batches.get(sent.message_id).text
        cancelled = esme.ask(CancelSm(message_id=sent.message_id))
        told = esme.told()
        again = esme.ask(ReplaceSm(message_id=sent.message_id, short_message=b"Hello"))
        over = esme.ask(QuerySm(message_id=sent.message_id))

    assert isinstance(waits, QuerySmResp) and isinstance(over, QuerySmResp)
    assert (waits.message_state, waits.final_date) == (MessageState.ENROUTE, "")
    assert isinstance(replaced, ReplaceSmResp) and isinstance(cancelled, CancelSmResp)
    assert (replaced.status, text, cancelled.status) == (S.ROK, "Good-bye", S.ROK)
    assert b"stat:DELETED" in told.short_message
    assert again.status == S.RREPLACEFAIL
    assert (over.message_state, len(over.final_date)) == (MessageState.DELETED, 16)


def test_a_message_that_has_gone_can_not_be_taken_back(entry: dict[str, Any], new_number: NewNumber) -> None:
    with Esme(entry) as esme:
        sent = esme.submit(new_number())
        esme.told()
        answers = [
            esme.ask(CancelSm(message_id=sent.message_id)),
            esme.ask(ReplaceSm(message_id=sent.message_id, short_message=b"No")),
        ]

    assert [answer.status for answer in answers] == [S.RCANCELFAIL, S.RREPLACEFAIL]


def test_a_message_is_its_accounts_and_that_of_whom_it_is_from(entry: dict[str, Any], new_number: NewNumber) -> None:
    with Esme(entry) as esme, Esme({**entry, **entry["other"]}) as stranger:
        sent = later(esme, new_number())
        for client, source, status in ((stranger, "", S.RINVMSGID), (esme, "Other", S.RINVSRCADR)):
            named: dict[str, Any] = {"message_id": sent.message_id, "source_addr_ton": 5, "source_addr": source}
            answers = [
                client.ask(QuerySm(**named)),
                client.ask(CancelSm(**named)),
                client.ask(ReplaceSm(**named, short_message=b"Hello")),
            ]
            assert [answer.status for answer in answers] == [status] * 3
        state = esme.ask(QuerySm(message_id=sent.message_id))

    assert isinstance(state, QuerySmResp)
    assert state.message_state == MessageState.ENROUTE


def test_submits_of_one_client_keep_their_order(entry: dict[str, Any], new_number: NewNumber) -> None:
    with Esme(entry) as esme:
        pdus = [submit(new_number(), registered_delivery=0) for _ in range(200)]
        sequences = esme.say(*pdus)
        answers = [esme.next() for _ in pdus]
    ids = [answer.message_id for answer in answers if isinstance(answer, SubmitSmResp)]

    assert [answer.sequence for answer in answers] == sequences
    assert len(set(ids)) == 200


@pytest.mark.parametrize(
    ("text", "parts"), [("Is it still for sale?", 1), ("Très bien. " * 30, 3), ("☺" * 100, 2)], ids=range(3)
)
def test_an_inbound_message_comes_in_as_many_parts_as_it_needs(
    entry: dict[str, Any], native: Client, new_number: NewNumber, text: str, parts: int
) -> None:
    number = new_number()
    with Esme(entry, bind=BindReceiver) as esme, Esme({**entry, **entry["other"]}) as stranger:
        native.sandbox.reply(number, to="+33700000000", text=text)
        told = [esme.told() for _ in range(parts)]
        stranger.submit(new_number())
        stranger_told = stranger.told()

    assert "".join(hear(each).part.text or "" for each in told) == text
    assert {(each.source_addr, each.destination_addr, each.esm_class & 0x3C) for each in told} == {
        (number[1:], "33700000000", 0)
    }
    assert len({hear(each).place for each in told}) == parts
    assert stranger_told.esm_class == 0x04


@pytest.mark.parametrize("status", [S.RX_T_APPN, S.RMSGQFUL, S.RTHROTTLED, S.RSYSERR])
def test_what_a_client_can_not_take_now_is_told_again(
    entry: dict[str, Any], new_number: NewNumber, status: CommandStatus
) -> None:
    with Esme(entry) as esme:
        esme.submit(new_number())
        first = esme.told(int(status))
        again = esme.told()

    assert first.short_message == again.short_message


def test_what_a_client_will_never_take_is_not_told_again(entry: dict[str, Any], new_number: NewNumber) -> None:
    with Esme(entry) as esme:
        esme.submit(new_number())
        esme.told(int(S.RX_P_APPN))
        sent = esme.submit(new_number())
        receipt = read_receipt(esme.told())

    assert receipt is not None and receipt.ids == (sent.message_id,)


def test_a_client_is_not_handed_more_than_its_window(entry: dict[str, Any], new_number: NewNumber) -> None:
    with Esme(entry) as esme:
        sequences = esme.say(*(submit(new_number()) for _ in range(60)))
        told: list[DeliverSm] = []
        answered = 0
        while len(told) < 10 or answered < len(sequences):
            pdu = esme.next()
            if isinstance(pdu, DeliverSm):
                told.append(pdu)
            else:
                answered += 1
        assert len(told) == 10  # and nothing more, until one of them is answered
        for each in told:
            esme.answer(each)
        told += [esme.told() for _ in range(50)]

    assert len({text_in(each.tlvs, Tag.RECEIPTED_MESSAGE_ID) for each in told}) == 60


def test_receipts_go_to_whoever_is_bound_with_the_key_and_receives(
    entry: dict[str, Any], new_number: NewNumber
) -> None:
    with Esme(entry, bind=BindTransmitter) as transmitter, Esme(entry, bind=BindReceiver) as receiver:
        sent = transmitter.submit(new_number())
        told = receiver.told()

    assert find(told.tlvs, Tag.RECEIPTED_MESSAGE_ID) == sent.message_id.encode() + b"\0"
