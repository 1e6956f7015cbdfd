"""Two Heliographs, one the other's SMSC, and a client that binds to the first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.conftest import Server, StartServer
from tests.patience import HANG_S
from tests.protocols.smpp.esme import Esme
from tests.protocols.smpp.smsc import PASSWORD, SYSTEM_ID, smsc

from heliograph.protocols.smpp.wire.coding import Coding, LongMessages, body_of, hear, text_pieces
from heliograph.protocols.smpp.wire.pdus import BindReceiver, BindTransmitter, DeliverSm
from heliograph.protocols.smpp.wire.receipts import MessageState, read_receipt
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, tlv
from heliograph.sandbox.chaos import CALM, Chaos
from heliograph.store import open_store
from heliograph.store.messages import messages_by_ids
from heliograph.text import concatenation_of

NewNumber = Callable[[], str]
LONG = "Price: 5 € for [all] of you. " * 15


class Pair(NamedTuple):
    near: Server
    far: Server

    @property
    def entry(self) -> dict[str, Any]:
        return dict(self.near.ready["protocols"]["smpp"])


@pytest.fixture(scope="module")
def pair(start_server: StartServer) -> Pair:
    far = start_server()
    smsc = far.ready["protocols"]["smpp"]
    line = {
        "type": "smpp",
        "hosts": [f"{smsc['host']}:{smsc['port']}"],
        "system_id": smsc["system_id"],
        "password": smsc["password"],
        "long_messages": "payload",
    }
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"far": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "far",
        "HELIOGRAPH_SANDBOX": "on",
    }
    return Pair(start_server(environment=environment), far)


@pytest.mark.parametrize("way", [LongMessages.UDH, LongMessages.UDH16, LongMessages.SAR])
@pytest.mark.parametrize("text", [LONG, "Très long ☺. " * 15], ids=["gsm", "ucs2"])
def test_parts_that_a_client_made_come_out_as_they_went_in(
    pair: Pair, new_number: NewNumber, way: LongMessages, text: str
) -> None:
    number = new_number()
    pieces = text_pieces(text, Coding(long_messages=way), reference=0x77)
    with Esme(pair.entry) as esme:
        sent = [
            esme.submit(
                number,
                piece.short_message,
                esm_class=piece.esm_class,
                data_coding=piece.data_coding,
                tlvs=piece.tlvs,
            )
            for piece in pieces
        ]
        told = [read_receipt(esme.told()) for _ in pieces]
    with pair.far.client() as native:
        shown = list(native.sandbox.messages(number))
        headers = [native.batches.get(native.messages.get(each.message_id).batch_id).udh for each in shown]

    assert len(pieces) >= 3
    places = [concatenation_of(bytes.fromhex(header or "")) for header in headers]
    parts = {place.sequence: each for place, each in zip(places, shown, strict=True) if place is not None}
    assert "".join(parts[place].text or "" for place in range(1, len(pieces) + 1)) == text
    assert {each.parts for each in shown} == {1}
    assert {(place.reference, place.total) for place in places if place} == {(0x77, len(pieces))}
    assert {(receipt.ids[0], receipt.state) for receipt in told if receipt} == {
        (each.message_id, MessageState.DELIVERED) for each in sent
    }


def test_a_part_that_does_not_fit_with_its_header_is_refused(pair: Pair, new_number: NewNumber) -> None:
    segment = (tlv(Tag.SAR_MSG_REF_NUM, 1), tlv(Tag.SAR_TOTAL_SEGMENTS, 2), tlv(Tag.SAR_SEGMENT_SEQNUM, 1))
    with Esme(pair.entry) as esme:
        fits = esme.submit(new_number(), b"x" * 153, tlvs=segment, registered_delivery=0)
        longer = esme.submit(new_number(), b"x" * 154, tlvs=segment, registered_delivery=0)

    assert (fits.status, longer.status) == (0, 1)


def test_a_message_and_its_receipt_go_through_both_and_an_answer_comes_back(pair: Pair, new_number: NewNumber) -> None:
    number = new_number()
    with Esme(pair.entry, bind=BindTransmitter) as sender, Esme(pair.entry, bind=BindReceiver) as receiver:
        sent = sender.submit(number, b"", tlvs=(tlv(Tag.MESSAGE_PAYLOAD, b"Are you there? " * 20),))
        receipt = read_receipt(receiver.told())
        with pair.far.client() as far:
            (shown,) = far.sandbox.messages(number)
            far.sandbox.reply(number, to="Heliograph", text="I am ☺")
        answer = receiver.told()

    assert receipt is not None
    assert (receipt.ids, receipt.state) == ((sent.message_id,), MessageState.DELIVERED)
    assert (shown.text, shown.parts) == ("Are you there? " * 20, 2)
    assert (answer.source_addr, hear(answer).part.text) == (number[1:], "I am ☺")
    assert body_of(answer)


async def test_parameters_of_vendors_go_through_and_what_comes_back_is_kept(
    start_server: StartServer, new_number: NewNumber, tmp_path: Path
) -> None:
    number, came, other = new_number(), Tlv(0x1402, b"\x2a"), Tlv(0x1501, b"")
    async with smsc() as far:
        line = {"type": "smpp", "hosts": [f"127.0.0.1:{far.port}"], "system_id": SYSTEM_ID, "password": PASSWORD}
        environment = {
            "HELIOGRAPH_PROVIDERS": json.dumps({"line": line | {"pass_tlvs": ["0x1402"], "keep_tlvs": ["vendor"]}}),
            "HELIOGRAPH_DEFAULT_PROVIDER": "line",
            "HELIOGRAPH_SANDBOX": "on",
        }
        server = start_server(tmp_path / "data", environment=environment)

        def sent() -> str:
            with Esme(server.ready["protocols"]["smpp"]) as esme:
                too_many = tuple(Tlv(0x1400 + place, b"") for place in range(17))
                assert esme.submit(number, tlvs=too_many).status == CommandStatus.RINVPARLEN
                return esme.submit(number, tlvs=(came, other, tlv(Tag.USER_MESSAGE_REFERENCE, 1))).message_id

        batch_id = await asyncio.to_thread(sent)
        await far.until(lambda: far.submitted)
        told: dict[str, Any] = {"source_addr": number[1:], "destination_addr": "36111", "tlvs": (came, other)}
        await far.tell(DeliverSm(esm_class=4, short_message=b"id:00000001 stat:UNDELIV err:7", **told))
        await far.tell(DeliverSm(short_message=b"Hello", **told))

        def kept() -> tuple[str, str | None]:
            with server.client() as native:
                (message,) = native.messages.list(batch_id=batch_id)
                native.messages.wait_for_delivery(message.id, timeout_s=HANG_S)
                (arrived,) = native.inbound.list(number=number)
            server.stop()
            return message.id, arrived.provider_facts

        message_id, facts = await asyncio.to_thread(kept)
    store = await open_store("", tmp_path / "data")
    detail = (await store.read(messages_by_ids, [message_id]))[message_id].detail
    await store.close()

    assert far.submitted[0].tlvs == (came,)
    assert (detail, facts) == ("UNDELIV 0x1402=2a 0x1501=", "0x1402=2a 0x1501=")


@pytest.mark.parametrize(
    "chaos", [{"smpp_shuffled": 1.0}, {"smpp_sar": 1.0, "smpp_shuffled": 1.0}, {"smpp_whole": 1.0}]
)
def test_a_long_answer_is_put_together_whatever_becomes_of_its_parts(
    pair: Pair, new_number: NewNumber, chaos: dict[str, float]
) -> None:
    number, text = new_number(), "Très long ☺. " * 30
    with pair.far.client() as far, Esme(pair.entry, bind=BindReceiver) as receiver:
        far.sandbox.set_chaos(Chaos(**chaos))
        try:
            far.sandbox.reply(number, to="+33700000000", text=text)
            for _ in text_pieces(text, Coding(), reference=0):
                receiver.told()
        finally:
            far.sandbox.set_chaos(CALM)
    with pair.near.client() as near:
        (arrived,) = near.inbound.list(number=number)

    assert (arrived.text, arrived.missing_parts) == (text, 0)
