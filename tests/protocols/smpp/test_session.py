"""A session from either side: what it answers, what it bears, what ends it. No socket, and a clock of our own."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.smpp.saying import pdus

from heliograph.protocols.smpp.session import (
    LAST_SEQUENCE,
    Answered,
    Asked,
    Ended,
    Ending,
    Event,
    Mode,
    Oddity,
    Session,
    SessionOver,
    Side,
    State,
    Timing,
    Unanswered,
)
from heliograph.protocols.smpp.wire.codec import Framer, Unencodable, decode, encode
from heliograph.protocols.smpp.wire.pdus import (
    OPERATIONS,
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    Undecodable,
    response_to,
)
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, tlv

S = CommandStatus
BINDS: dict[Mode, tuple[type[Pdu], type[Pdu]]] = {
    Mode.RECEIVER: (BindReceiver, BindReceiverResp),
    Mode.TRANSMITTER: (BindTransmitter, BindTransmitterResp),
    Mode.TRANSCEIVER: (BindTransceiver, BindTransceiverResp),
}
TIMING = Timing(idle_s=30, answer_s=20, bind_s=10)


def said(session: Session) -> list[Pdu | Undecodable]:
    complete, _ = Framer().feed(session.output())
    return [decode(each) for each in complete]


def heard(session: Session, *those: Pdu, now: float = 0) -> list[Event]:
    return session.receive(b"".join(map(encode, those)), now)


def esme(mode: Mode = Mode.TRANSCEIVER, *, window: int = 10) -> Session:
    """One that has bound."""
    session = Session(Side.ESME, 0, timing=TIMING, window=window)
    bind, response = BINDS[mode]
    session.request(bind(), 0)
    heard(session, response(1))
    session.output()
    assert session.state is State.BOUND
    return session


def smsc(mode: Mode = Mode.TRANSCEIVER, *, version: int = 0x34) -> Session:
    """One that somebody has bound to."""
    session = Session(Side.SMSC, 0, timing=TIMING)
    bind, response = BINDS[mode]
    (asked,) = heard(session, bind(1, interface_version=version))  # type: ignore[call-arg]
    assert isinstance(asked, Asked)
    session.respond(response(1))
    session.output()
    return session


# -- both sides, against each other


@pytest.mark.parametrize("mode", Mode)
def test_two_sessions_understand_each_other(mode: Mode) -> None:
    bind, response = BINDS[mode]
    client, server = Session(Side.ESME, 0), Session(Side.SMSC, 0)
    number = client.request(bind(), 0)

    (asked,) = server.receive(client.output(), 0)
    assert asked == Asked(bind(number))
    server.respond(response(number, tlvs=(tlv(Tag.SC_INTERFACE_VERSION, 0x34),)))
    (answered,) = client.receive(server.output(), 0)

    assert isinstance(answered, Answered)
    assert (client.state, server.state) == (State.BOUND, State.BOUND)
    assert (client.mode, server.mode) == (mode, mode)
    client.unbind(1)
    assert server.receive(client.output(), 1) == [Ended(Ending.PEER_UNBOUND)]
    assert client.receive(server.output(), 1) == [Ended(Ending.UNBOUND)]


def test_a_bind_that_is_refused_leaves_both_where_they_were() -> None:
    client, server = Session(Side.ESME, 0), Session(Side.SMSC, 0)
    client.request(BindTransceiver(), 0)
    server.receive(client.output(), 0)
    server.respond(BindTransceiverResp(1, S.RINVPASWD))
    (answered,) = client.receive(server.output(), 0)

    assert isinstance(answered, Answered)
    assert answered.response.status == S.RINVPASWD
    assert (client.state, server.state) == (State.OPEN, State.OPEN)
    client.request(BindTransceiver(), 0)
    assert server.receive(client.output(), 0) == [Asked(BindTransceiver(2))]


# -- what is answered to what can't be

REQUESTS = [kind for kind in OPERATIONS if response_to(kind.command) is not None]
LINK = {"EnquireLink", "Unbind"}
OF_ESMES = {"SubmitSm", "SubmitMulti", "QuerySm", "CancelSm", "ReplaceSm"}


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("mode", [None, *Mode])
def test_each_request_is_let_through_or_refused_by_state(kind: type[Pdu], side: Side, mode: Mode | None) -> None:
    bound = smsc if side is Side.SMSC else esme
    session = Session(side, 0) if mode is None else bound(mode)
    name = kind.__name__

    events = heard(session, kind(77))
    asked = [event for event in events if isinstance(event, Asked)]
    answers = said(session)

    if name in LINK:
        refused = S.RINVBNDSTS if mode is None and name == "Unbind" else S.ROK
        assert (asked, answers) == ([], [response_to(kind.command)(77, refused)])  # type: ignore[misc]
        return
    transmits, receives = mode in {Mode.TRANSMITTER, Mode.TRANSCEIVER}, mode in {Mode.RECEIVER, Mode.TRANSCEIVER}
    if side is Side.SMSC:
        allowed = (name in OF_ESMES and transmits) or (name == "DataSm" and mode is not None)
        allowed = allowed or (name.startswith("Bind") and mode is None)
    else:
        allowed = name in {"DeliverSm", "DataSm"} and receives
    if allowed:
        assert (asked, answers) == ([Asked(kind(77))], [])
        assert session.owed == 1
    else:
        again = name.startswith("Bind") and side is Side.SMSC
        assert asked == []
        assert answers == [response_to(kind.command)(77, S.RALYBND if again else S.RINVBNDSTS)]  # type: ignore[misc]
        assert session.oddities[Oddity.WRONG_STATE] == 1


def test_a_second_bind_before_the_first_is_answered_is_refused() -> None:
    session = Session(Side.SMSC, 0)

    heard(session, BindTransceiver(1), BindTransceiver(2))

    assert said(session) == [BindTransceiverResp(2, S.RALYBND)]


def test_an_unknown_command_is_answered_with_a_generic_nack() -> None:
    session = smsc()
    session.receive(struct.pack(">IIII", 18, 0x0A0B, 0, 5) + b"ab", 0)

    assert said(session) == [GenericNack(5, S.RINVCMDID)]
    assert session.state is State.BOUND


@pytest.mark.parametrize(("octets", "why"), [(b"abcd", S.RINVCMDLEN), (bytes(16) + b"\xff", S.RINVMSGLEN)])
def test_a_body_that_can_not_be_is_answered_with_its_response(octets: bytes, why: CommandStatus) -> None:
    session = smsc()
    session.receive(struct.pack(">IIII", 16 + len(octets), SubmitSm.command, 0, 5) + octets, 0)

    assert said(session) == [SubmitSmResp(5, why)]
    assert (session.state, session.oddities[Oddity.UNDECODABLE]) == (State.BOUND, 1)


@pytest.mark.parametrize("length", [3, 15, 65_537, 2**32 - 1])
def test_trap_30_a_length_that_can_not_be_is_answered_and_ends_the_session(length: int) -> None:
    session = esme()
    session.request(SubmitSm(), 0)
    session.output()

    events = session.receive(encode(DeliverSm(9)) + struct.pack(">I", length) + bytes(12), 0)

    asked, unanswered, ended = events
    assert isinstance(asked, Asked)
    assert isinstance(unanswered, Unanswered)
    assert ended == Ended(Ending.BAD_LENGTH)
    assert said(session) == [GenericNack(0, S.RINVCMDLEN)]
    assert session.receive(encode(DeliverSm(10)), 0) == []


def test_trap_30_a_pdu_that_never_ends_ends_the_session() -> None:
    session = esme()
    session.receive(encode(DeliverSm(9, short_message=bytes(100)))[:20], 100)
    for second in range(101, 119):
        session.receive(b"x", second)
        assert Ended(Ending.CUT) not in session.tick(second)

    assert session.tick(121)[-1] == Ended(Ending.CUT)


@given(st.sampled_from(Side), st.lists(st.one_of(pdus.map(encode), st.binary(max_size=40)), max_size=8))
def test_nothing_that_comes_is_a_fault_of_ours(side: Side, pieces: list[bytes]) -> None:
    session = smsc() if side is Side.SMSC else esme()
    numbers = {session.request(SubmitSm() if side is Side.ESME else DeliverSm(), 0) for _ in range(3)}
    events: list[Event] = []
    for piece in pieces:
        events += session.receive(piece, 1)
    session.output()
    events += session.lost()

    ends = [event.sequence for event in events if isinstance(event, Answered | Unanswered)]
    assert sorted(ends) == sorted(numbers)
    assert sum(isinstance(event, Ended) for event in events) == 1


# -- numbers


def test_trap_26_sequence_numbers_wrap_and_pass_over_those_in_flight() -> None:
    session = esme(window=100)
    kept = session.request(SubmitSm(), 0)
    session._sequence = LAST_SEQUENCE - 1

    numbers = [session.request(SubmitSm(), 0) for _ in range(3)]

    assert numbers == [LAST_SEQUENCE, 1, 3]
    assert kept == 2
    assert max(numbers) == 0x7FFFFFFF


def test_trap_26_a_peer_may_count_as_it_likes() -> None:
    session = smsc()
    for number in (0, 0x80000000, 0xFFFFFFFF):
        assert heard(session, SubmitSm(number)) == [Asked(SubmitSm(number))]
        session.respond(SubmitSmResp(number, message_id="1"))
        assert said(session) == [SubmitSmResp(number, message_id="1")]


def test_trap_27_responses_to_nothing_are_counted() -> None:
    session = esme()
    number = session.request(SubmitSm(), 0)
    response = SubmitSmResp(number, message_id="1")

    events = heard(session, SubmitSmResp(99), DeliverSmResp(number), response, response)

    assert events == [Answered(SubmitSm(), response, number)]
    assert (session.oddities[Oddity.UNMATCHED], session.state) == (3, State.BOUND)


def test_a_generic_nack_answers_what_it_names() -> None:
    session = esme()
    number = session.request(SubmitSm(), 0)

    assert heard(session, GenericNack(0, S.RSYSERR)) == []
    assert heard(session, GenericNack(number, S.RSYSERR)) == [
        Answered(SubmitSm(), GenericNack(number, S.RSYSERR), number)
    ]


def test_an_answer_that_can_not_be_read_settles_nothing_but_its_status() -> None:
    session = esme()
    first, second = (session.request(QuerySm(), 0) for _ in range(2))
    broken = b"ab"

    good = session.receive(struct.pack(">IIII", 18, QuerySmResp.command, 0, first) + broken, 0)
    bad = session.receive(struct.pack(">IIII", 18, QuerySmResp.command, 0x67, second) + broken, 0)

    assert good == [Unanswered(QuerySm(), Oddity.UNDECODABLE, first)]
    assert bad == [Answered(QuerySm(), GenericNack(second, S.RQUERYFAIL), second)]


def test_trap_28_a_request_is_known_before_it_can_be_answered() -> None:
    session = esme()
    number = session.request(SubmitSm(), 0)

    # What was asked lies in the output still: nothing has been written.
    assert [type(event) for event in heard(session, SubmitSmResp(number))] == [Answered]


def test_what_has_no_octets_has_not_been_asked() -> None:
    session = esme()

    with pytest.raises(Unencodable):
        session.request(SubmitSm(source_addr="Ω"), 0)

    assert (session.in_flight, said(session)) == (0, [])


def test_trap_40_who_speaks_3_3_gets_no_parameters() -> None:
    session = smsc(version=0x33)
    session.request(DeliverSm(tlvs=(tlv(Tag.MESSAGE_STATE, 2),), short_message=b"id:1"), 0)

    assert said(session) == [DeliverSm(1, short_message=b"id:1")]


def test_trap_40_a_bind_response_without_a_version_is_of_3_3() -> None:
    session = Session(Side.ESME, 0)
    session.request(BindTransceiver(), 0)
    heard(session, BindTransceiverResp(1, system_id="x" * 200))

    assert (session.peer_version, session.state) == (0x33, State.BOUND)


def test_trap_43_what_needs_no_answer_gets_none() -> None:
    session = esme()
    assert heard(session, AlertNotification(5)) == [Asked(AlertNotification(5))]
    assert heard(Session(Side.ESME, 0), Outbind(6)) == [Asked(Outbind(6))]
    assert heard(session, Outbind(7)) == []  # in the wrong state
    assert (said(session), session.owed) == ([], 0)


# -- the window


def test_trap_32_the_window_halves_once_for_all_that_was_on_its_way_and_creeps_up() -> None:
    session = esme(window=8)
    numbers = [session.request(SubmitSm(), 0) for _ in range(8)]
    assert session.room == 0

    heard(session, *(SubmitSmResp(number, S.RTHROTTLED) for number in numbers))
    assert (session.window.size, session.room) == (4, 4)
    again = session.request(SubmitSm(), 0)
    heard(session, SubmitSmResp(again, S.RMSGQFUL))
    assert session.window.size == 2
    for _ in range(2 + 3 + 4):
        heard(session, SubmitSmResp(session.request(SubmitSm(), 0)))

    assert session.window.size == 5


@given(st.lists(st.sampled_from([S.ROK, S.RTHROTTLED, S.RSUBMITFAIL, S.RINVDSTADR]), max_size=80), st.integers(1, 6))
def test_the_window_is_never_nothing_and_never_more_than_it_may_be(answers: list[CommandStatus], most: int) -> None:
    session = esme(window=most)
    for status in answers:
        heard(session, SubmitSmResp(session.request(SubmitSm(), 0), status))
        assert 1 <= session.window.size <= most
        assert session.room == session.window.size


def test_binds_and_signs_of_life_take_no_place_in_the_window() -> None:
    session = esme(window=1)
    session.tick(31)

    assert said(session) == [EnquireLink(2)]
    assert session.room == 1


# -- time


def test_trap_35_a_peers_enquire_link_is_answered_in_every_state() -> None:
    for session in (Session(Side.ESME, 0), Session(Side.SMSC, 0), esme(), smsc()):
        assert heard(session, EnquireLink(7)) == []
        assert said(session) == [EnquireLinkResp(7)]


def test_trap_35_nothing_is_asked_before_the_bind_nor_while_something_is_heard() -> None:
    unbound, bound = Session(Side.ESME, 0), esme()
    assert unbound.tick(1_000) == []
    for second in range(0, 300, 29):
        heard(bound, EnquireLink(second), now=second)
        assert bound.tick(second + 28) == []

    assert said(unbound) == []
    assert all(isinstance(pdu, EnquireLinkResp) for pdu in said(bound))


def test_trap_35_who_is_silent_is_asked_once_and_then_left() -> None:
    session = esme()
    assert session.next_due() == 30
    assert session.tick(29.9) == []
    assert said(session) == []
    session.tick(30)
    session.tick(31)

    assert said(session) == [EnquireLink(2)]
    assert session.next_due() == 50
    assert session.tick(50) == [Ended(Ending.SILENT)]
    assert session.next_due() == float("inf")


@pytest.mark.parametrize("sign", [EnquireLinkResp(2), GenericNack(2, S.RINVCMDID), EnquireLink(5), DeliverSm(5)])
def test_trap_35_any_pdu_is_a_sign_of_life(sign: Pdu) -> None:
    session = esme()
    session.tick(30)
    heard(session, sign, now=40)

    assert session.tick(50) == []
    session.tick(70)
    assert [type(pdu) for pdu in said(session)].count(EnquireLink) == 2


def test_a_request_without_an_answer_ends_and_the_session_goes_on() -> None:
    session = esme()
    first = session.request(SubmitSm(destination_addr="1"), 5)
    second = session.request(SubmitSm(destination_addr="2"), 6)
    assert session.next_due() == 25

    assert session.tick(25) == [Unanswered(SubmitSm(destination_addr="1"), Oddity.LATE, first)]
    assert session.room == 9
    late = heard(session, SubmitSmResp(first), SubmitSmResp(second), now=25)

    assert [event.sequence for event in late if isinstance(event, Answered)] == [second]
    assert session.state is State.BOUND


def test_a_bind_without_an_answer_ends_the_session() -> None:
    session = Session(Side.ESME, 0, timing=TIMING)
    session.request(BindTransceiver(), 0)

    assert session.tick(20) == [Unanswered(BindTransceiver(), Oddity.LATE, 1), Ended(Ending.SILENT)]


def test_who_does_not_bind_is_not_kept() -> None:
    session = Session(Side.SMSC, 0, timing=TIMING)
    assert session.next_due() == 10
    heard(session, EnquireLink(1), now=9)

    assert session.tick(10) == [Ended(Ending.NOT_BOUND)]


# -- the end


def test_what_is_in_flight_when_the_other_side_unbinds_is_unanswered() -> None:
    session = esme()
    number = session.request(SubmitSm(), 0)
    session.output()

    assert heard(session, Unbind(4)) == [
        Unanswered(SubmitSm(), Ending.PEER_UNBOUND, number),
        Ended(Ending.PEER_UNBOUND),
    ]
    assert said(session) == [UnbindResp(4)]
    with pytest.raises(SessionOver):
        session.request(SubmitSm(), 0)
    session.respond(DeliverSmResp(1))
    assert said(session) == []


def test_answers_are_still_heard_after_we_have_said_that_we_go() -> None:
    session = esme()
    number = session.request(SubmitSm(), 0)
    session.unbind(1)
    session.unbind(1)

    events = heard(session, SubmitSmResp(number), DeliverSm(8), UnbindResp(number + 1))

    assert [type(event) for event in events] == [Answered, Ended]
    assert said(session)[1:] == [Unbind(number + 1), DeliverSmResp(8, S.RINVBNDSTS)]


def test_an_unbind_that_is_not_answered_is_one_all_the_same() -> None:
    session = esme()
    session.unbind(0)

    assert session.tick(20) == [Ended(Ending.UNBOUND)]


def test_a_lost_connection_leaves_everything_unanswered_once() -> None:
    session = smsc()
    number = session.request(DataSm(), 0)

    assert session.lost() == [Unanswered(DataSm(), Ending.LOST, number), Ended(Ending.LOST)]
    assert session.lost() == []
    assert session.tick(100) == []
