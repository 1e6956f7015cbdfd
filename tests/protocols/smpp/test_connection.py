"""A session on a real connection: what is written when, what is read when, and the end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from tests.patience import HANG_S
from tests.protocols.smpp.smsc import Smsc, provided, smsc
from tests.protocols.standing_in import Ears, outgoing

from heliograph.engine.contract import Accepted, TryAgain
from heliograph.protocols.smpp.connection import MOST_OWED, Connection, NoAnswer, connect
from heliograph.protocols.smpp.session import Asked, Ended, Ending, Event, Session, Side, Timing
from heliograph.protocols.smpp.wire.codec import Framer, decode, encode
from heliograph.protocols.smpp.wire.pdus import (
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    QuerySm,
    SubmitSm,
    Unbind,
)


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def esme(events: list[Event], timing: Timing | None = None) -> Connection:
    return Connection(lambda now: Session(Side.ESME, now, timing=timing), events.extend)


async def bound(far: Smsc, events: list[Event], timing: Timing | None = None) -> Connection:
    connection = await connect("127.0.0.1", far.port, lambda now: Session(Side.ESME, now, timing=timing), events.extend)
    await connection.ask(BindTransceiver(system_id="ours", password="5ecret-0f-ours"))
    return connection


async def test_trap_42_what_is_said_in_one_turn_is_written_together() -> None:
    wire, connection = Wire(), esme([])
    connection.connection_made(wire)
    for _ in range(5):
        connection.request(QuerySm())
    assert wire.written == []

    await asyncio.sleep(0)

    (written,) = wire.written
    assert len(Framer().feed(written)[0]) == 5


async def test_trap_42_what_arrives_together_is_answered_together() -> None:
    events: list[Event] = []
    wire = Wire()
    connection = Connection(lambda now: Session(Side.ESME, now), lambda those: answer(those))

    def answer(those: Sequence[Event]) -> None:
        for event in those:
            if isinstance(event, Asked):
                connection.respond(DeliverSmResp(event.pdu.sequence))

    connection.connection_made(wire)
    connection.request(BindTransceiver())
    connection.data_received(encode(BindTransceiverResp(1)))
    wire.written.clear()
    connection.data_received(b"".join(encode(DeliverSm(number)) for number in range(4)) + encode(EnquireLink(9)))

    (written,) = wire.written
    assert len(Framer().feed(written)[0]) == 5
    assert events == []


async def test_trap_42_small_writes_do_not_wait_for_each_other() -> None:
    async with smsc() as far:
        connection = await bound(far, [])
        try:
            for each in (connection, far.connections[0]):
                assert each._transport is not None
                found = each._transport.get_extra_info("socket")
                assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        finally:
            await connection.close()


async def test_who_is_not_answered_is_not_read_for_ever() -> None:
    events: list[Event] = []
    async with smsc() as far:
        connection = await bound(far, events)
        many = 20 * MOST_OWED
        for number in range(many):
            far.connections[0].request(DeliverSm(short_message=bytes(200)))
            if number % 500 == 0:
                await asyncio.sleep(0)
        await far.until(lambda: not connection._reading)
        assert connection.session.owed < many / 2

        asked = [event for event in events if isinstance(event, Asked)]
        seen = 0
        async with asyncio.timeout(HANG_S):
            while seen < many:
                for event in events[seen:]:
                    assert isinstance(event, Asked)
                    connection.respond(DeliverSmResp(event.pdu.sequence))
                    seen += 1
                await asyncio.sleep(0)
        assert len(asked) < many
        await connection.close()


async def test_a_silent_peer_is_asked_and_then_left() -> None:
    events: list[Event] = []
    heard: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1_000))
        writer.write(encode(BindTransceiverResp(1)))
        while data := await reader.read(1_000):
            heard.append(data)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await connect("127.0.0.1", port, lambda now: Session(Side.ESME, now), events.extend)
    try:
        await connection.ask(BindTransceiver())
        connection.session._timing = Timing(idle_s=0.01, answer_s=0.05)  # a busy machine may be slow to bind
        connection._wake_when_due()
        async with asyncio.timeout(HANG_S):
            assert await connection.ended is Ending.SILENT
    finally:
        server.close()
        await server.wait_closed()

    assert [type(decode(each)) for each in Framer().feed(b"".join(heard))[0]] == [BindTransceiver, EnquireLink]
    assert events[-1] == Ended(Ending.SILENT)


async def test_a_question_without_an_answer_says_so() -> None:
    async with smsc() as far:
        connection = await bound(far, [])
        asking = asyncio.ensure_future(connection.ask(QuerySm(message_id="1")))
        await asyncio.sleep(0)
        connection.hang_up()
        with pytest.raises(NoAnswer, match="lost"):
            await asking
        with pytest.raises(NoAnswer):
            await connection.ask(QuerySm(message_id="2"))


async def test_a_goodbye_is_said_before_the_connection_is_closed() -> None:
    wire, events = Wire(), list[Event]()
    connection = esme(events)
    connection.connection_made(wire)
    connection.request(BindTransceiver())
    connection.data_received(encode(BindTransceiverResp(1)))
    closing = asyncio.ensure_future(connection.close())
    await asyncio.sleep(0)
    assert decode(wire.written[-1]) == Unbind(2)
    assert not wire.closed

    connection.data_received(bytes.fromhex("00000010800000060000000000000002"))
    await closing

    assert wire.closed
    assert events[-1] == Ended(Ending.UNBOUND)


async def test_what_can_not_be_is_answered_before_the_connection_is_closed() -> None:
    wire, events = Wire(), list[Event]()
    connection = esme(events)
    connection.connection_made(wire)

    connection.data_received(bytes.fromhex("ffffffff") + bytes(12))

    assert wire.written == [bytes.fromhex("00000010800000000000000200000000")]
    assert wire.closed
    assert await connection.ended is Ending.BAD_LENGTH


# -- TLS


async def test_messages_go_over_tls_to_whom_the_certificate_names(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    async with smsc(tls=context) as far:
        async with provided(far.port, Ears(), tls=True, tls_ca=str(certificate[0])) as provider:
            trusted = await provider.send([outgoing(1)])
        async with provided(far.port, Ears(), tls=True) as provider:
            stranger = await provider.send([outgoing(2)])

    assert [type(outcome) for outcome in (*trusted, *stranger)] == [Accepted, TryAgain]
    assert [submit.destination_addr for submit in far.submitted] == ["33600000001"]


async def test_submits_of_two_connections_are_told_apart() -> None:
    async with smsc() as far:
        first, second = list[Event](), list[Event]()
        one, other = await asyncio.gather(*(map(partial(bound, far), (first, second))))
        answers = await asyncio.gather(one.ask(SubmitSm(destination_addr="1")), other.ask(SubmitSm()))
        assert sorted(each.message_id for each in answers) == ["00000001", "00000002"]  # type: ignore[attr-defined]
        await asyncio.gather(one.close(), other.close())
