"""From PDUs to octets and back: recorded ones, every kind of them, and whatever else may come."""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.smpp.saying import pdus, pdus_of

from heliograph.protocols.smpp.wire.codec import MAX_PDU, BadLength, Framer, Unencodable, decode, encode
from heliograph.protocols.smpp.wire.pdus import (
    OPERATIONS,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    GenericNack,
    Pdu,
    QuerySmResp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Undecodable,
    response_to,
)
from heliograph.protocols.smpp.wire.status import CommandStatus, code, told
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, find, number_in, text_in, tlv

S = CommandStatus


def framed(*pieces: bytes) -> tuple[list[bytes], BadLength | None]:
    """What a framer makes of octets that arrive in these pieces."""
    framer = Framer()
    found: list[bytes] = []
    for piece in pieces:
        complete, bad = framer.feed(piece)
        found += complete
        if bad is not None:
            return found, bad
    return found, None


# -- both ways


@given(pdus)
def test_a_pdu_survives_the_wire(pdu: Pdu) -> None:
    said = encode(pdu)
    understood = decode(said)

    if pdu.is_response and pdu.status and not isinstance(understood, Undecodable):
        assert (type(understood), understood.sequence, understood.status) == (type(pdu), pdu.sequence, pdu.status)
    else:
        assert understood == pdu
    assert struct.unpack_from(">I", said) == (len(said),)


@pytest.mark.parametrize("kind", OPERATIONS, ids=lambda kind: kind.__name__)
def test_an_empty_pdu_of_every_kind_survives_the_wire(kind: type[Pdu]) -> None:
    assert decode(encode(kind(7))) == kind(7)
    assert decode(encode(kind(), 7)) == kind(7)


@pytest.mark.parametrize("kind", OPERATIONS, ids=lambda kind: kind.__name__)
def test_the_layout_of_every_kind_says_what_its_fields_are(kind: type[Pdu]) -> None:
    hints = get_type_hints(kind)
    names = kind.__struct_fields__[len(Pdu.__struct_fields__) :]

    assert len(names) == len(kind.layout)
    for name, letter in zip(names, kind.layout, strict=True):
        assert {"s": str, "b": int, "m": bytes}.get(letter) in {hints[name], None}
        assert (letter in "du") == bool(get_args(hints[name]))


def test_each_request_that_is_answered_has_its_response() -> None:
    unanswered = {kind.__name__ for kind in OPERATIONS if response_to(kind.command) is None}

    assert {name for name in unanswered if not name.endswith("Resp")} == {"GenericNack", "Outbind", "AlertNotification"}
    for kind in OPERATIONS:
        if (response := response_to(kind.command)) is not None:
            assert response.__name__ == f"{kind.__name__}Resp"


@given(st.lists(pdus, max_size=5), st.lists(st.integers(0, 2_000), max_size=6))
def test_trap_29_one_read_is_not_one_pdu(said: list[Pdu], cuts: list[int]) -> None:
    stream = b"".join(map(encode, said))
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[begin:end] for begin, end in pairwise(places)]

    assert framed(*pieces) == ([encode(pdu) for pdu in said], None)


def test_trap_29_every_place_to_cut_at_will_do() -> None:
    said = [encode(BindTransceiverResp(1, system_id="SMSC")), encode(DeliverSm(1, short_message=b"Hi"))]
    stream = b"".join(said)

    for cut in range(len(stream) + 1):
        assert framed(stream[:cut], stream[cut:]) == (said, None)
    assert framed(*(stream[place : place + 1] for place in range(len(stream)))) == (said, None)


# -- recorded: what others wrote, octet by octet

SUBMIT = bytes.fromhex(
    "00000041 00000004 00000000 00000007 00 05 00 48656c696f677261706800"
    "01 01 333336313233343536373800 00 00 00 00 00 01 00 00 00 05 48656c6c6f 0204 0002 002a"
)


def test_a_submit_is_as_the_specification_has_it() -> None:
    submit = SubmitSm(
        7,
        tlvs=(Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0\x2a"),),
        source_addr_ton=5,
        source_addr="Heliograph",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="33612345678",
        registered_delivery=1,
        short_message=b"Hello",
    )

    assert decode(SUBMIT) == submit
    assert encode(submit) == SUBMIT


# -- what must never happen


@given(st.binary(max_size=300))
def test_no_octets_are_a_fault_of_ours(data: bytes) -> None:
    complete, bad = framed(data)

    for each in complete:
        assert isinstance(decode(each), Pdu | Undecodable)
    assert bad is None or bad.length < 16 or bad.length > MAX_PDU


@given(pdus.map(encode), st.data())
def test_no_change_of_a_pdu_is_a_fault_of_ours(said: bytes, data: st.DataObject) -> None:
    broken = bytearray(said)
    for _ in range(data.draw(st.integers(1, 4))):
        if len(broken) > 16 and data.draw(st.booleans()):
            del broken[data.draw(st.integers(16, len(broken) - 1))]
        else:
            broken[data.draw(st.integers(4, len(broken) - 1))] = data.draw(st.integers(0, 255))
    broken[:4] = len(broken).to_bytes(4, "big")

    understood = decode(bytes(broken))

    assert isinstance(understood, Pdu | Undecodable)
    if isinstance(understood, Undecodable):
        assert understood.why in {S.RINVCMDID, S.RINVCMDLEN, S.RINVMSGLEN}


@pytest.mark.parametrize("length", [0, 1, 15, MAX_PDU + 1, 2**31, 2**32 - 1])
def test_trap_30_a_length_that_can_not_be_ends_the_stream(length: int) -> None:
    good = encode(SubmitSmResp(1, message_id="1"))

    complete, bad = framed(good + length.to_bytes(4, "big") + bytes(100))

    assert complete == [good]
    assert bad is not None
    assert bad.length == length


def test_trap_30_no_more_is_held_than_one_pdu() -> None:
    framer = Framer()
    framer.feed(MAX_PDU.to_bytes(4, "big"))
    for _ in range(MAX_PDU - 5):
        assert framer.feed(b"x") == ([], None)
    assert framer.holds == MAX_PDU - 1

    complete, _ = framer.feed(b"x" + bytes(3))

    assert (len(complete[0]), framer.holds) == (MAX_PDU, 3)


def test_an_unknown_command_is_told_from_a_broken_one() -> None:
    unknown = struct.pack(">IIII", 16, 0x0A0B, 0, 9)
    cut = struct.pack(">IIII", 20, 4, 0, 9) + b"abcd"
    too_long = bytearray(encode(SubmitSm(9, short_message=b"Hello")))
    too_long[-6] = 200

    assert decode(unknown) == Undecodable(0x0A0B, 9, 0, S.RINVCMDID)
    assert decode(cut) == Undecodable(4, 9, 0, S.RINVCMDLEN)
    assert decode(bytes(too_long)) == Undecodable(4, 9, 0, S.RINVMSGLEN)


@pytest.mark.parametrize(
    "pdu",
    [
        SubmitSm(source_addr="a\0b"),
        SubmitSm(source_addr="Ω"),
        SubmitSm(short_message=bytes(256)),
        SubmitSm(data_coding=256),
        SubmitSm(esm_class=-1),
        SubmitSm(2**32),
        SubmitSm(-1),
        SubmitSmResp(message_id="a\0"),
        SubmitSm(tlvs=(Tlv(0x1400, bytes(70_000)),)),
        SubmitSm(tlvs=(Tlv(-1, b""),)),
        SubmitMulti(destinations=(SmeAddress(1, 1, "1"),) * 256),
        QuerySmResp(error_code=1_000),
    ],
)
def test_what_has_no_octets_is_not_written(pdu: Pdu) -> None:
    with pytest.raises(Unencodable):
        encode(pdu)


# -- what peers do


@pytest.mark.parametrize("kind", [SubmitSmResp, DeliverSmResp, BindTransceiverResp], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("status", [0, int(S.RTHROTTLED)])
def test_trap_14_a_response_may_have_a_body_or_none_whatever_its_status(kind: type[Pdu], status: int) -> None:
    def said(body: bytes) -> Pdu:
        understood = decode(struct.pack(">IIII", 16 + len(body), kind.command, status, 3) + body)
        assert isinstance(understood, kind)
        assert (understood.status, understood.sequence) == (status, 3)
        return understood

    name = kind.__struct_fields__[-1]
    assert getattr(said(b""), name) == ""
    assert getattr(said(b"\0"), name) == ""
    assert getattr(said(b"ab\0"), name) == "ab"
    assert getattr(said(b"ab"), name) == "ab"  # no NUL at its end
    with_reason = said(b"\0\x00\x1d\x00\x05Full\0")
    assert text_in(with_reason.tlvs, Tag.ADDITIONAL_STATUS_INFO_TEXT) == "Full"


def test_trap_14_an_error_response_may_be_nothing_but_parameters() -> None:
    body = b"\x04\x25\x00\x01\x02"
    understood = decode(struct.pack(">IIII", 16 + len(body), 0x80000004, 0x45, 3) + body)

    assert isinstance(understood, SubmitSmResp)
    assert number_in(understood.tlvs, Tag.DELIVERY_FAILURE_REASON) == 2


def test_trap_14_an_error_response_to_many_may_end_behind_its_id() -> None:
    understood = decode(struct.pack(">IIII", 17, 0x80000021, 0x45, 3) + b"\0")

    assert isinstance(understood, Undecodable)
    assert (understood.command_id, understood.status) == (SubmitMultiResp.command, 0x45)


def test_trap_15_a_vendors_status_is_a_number_with_words() -> None:
    understood = decode(encode(SubmitSmResp(1, 0x411)))

    assert isinstance(understood, SubmitSmResp)
    assert (understood.status, code(understood.status)) == (0x411, "0x00000411")
    assert told(0x411) != told(0x999) != told(int(S.RTHROTTLED))
    assert code(int(S.RTHROTTLED)) == "RTHROTTLED"


@pytest.mark.parametrize(
    ("behind", "known", "rest"),
    [
        ("0204 0002 002aff", 1, "ff"),
        ("0204 0002 002a1501 0005 aabb", 1, "15010005aabb"),
        ("0204 0002 002a1501 00", 1, "150100"),
        ("1501 0003 aabbcc0204 0002 002a", 2, ""),
        ("1501 00000204 0002 002a", 2, ""),
    ],
    ids=["a stray octet", "a cut value", "a cut head", "an unknown tag", "an empty value"],
)
def test_trap_16_parameters_that_can_not_be_read_cost_no_pdu(behind: str, known: int, rest: str) -> None:
    said = encode(DeliverSm(5, short_message=b"Hi")) + bytes.fromhex(behind)
    understood = decode(len(said).to_bytes(4, "big") + said[4:])

    assert isinstance(understood, DeliverSm)
    assert understood.short_message == b"Hi"
    assert (len(understood.tlvs), understood.rest.hex()) == (known, rest)
    assert number_in(understood.tlvs, Tag.USER_MESSAGE_REFERENCE) == 42


def test_trap_16_a_text_without_its_end_is_a_text() -> None:
    with_end, without = (Tlv(Tag.RECEIPTED_MESSAGE_ID, value) for value in (b"abc\0", b"abc"))

    assert text_in([with_end], Tag.RECEIPTED_MESSAGE_ID) == text_in([without], Tag.RECEIPTED_MESSAGE_ID) == "abc"


def test_trap_17_numbers_that_the_specification_does_not_have_are_read() -> None:
    odd = SubmitSm(1, source_addr_ton=77, source_addr_npi=99, data_coding=0xE7, priority_flag=200, esm_class=255)

    assert decode(encode(odd)) == odd


def test_trap_39_the_response_to_a_delivery_has_an_empty_id() -> None:
    assert encode(DeliverSmResp(3))[16:] == b"\0"


def test_trap_40_long_ids_are_read_and_a_bind_response_may_not_say_its_version() -> None:
    response = SubmitSmResp(1, message_id="x" * 255)

    assert decode(encode(response)) == response
    understood = decode(encode(BindTransceiverResp(1, system_id="SMSC")))
    assert isinstance(understood, BindTransceiverResp)
    assert find(understood.tlvs, Tag.SC_INTERFACE_VERSION) is None


@given(st.sampled_from([kind for kind in OPERATIONS if kind.__name__ in {"AlertNotification", "QuerySm", "Outbind"}]))
def test_trap_43_what_nobody_has_much_use_for_is_read(kind: type[Pdu]) -> None:
    assert isinstance(decode(encode(kind(1))), kind)


@given(st.data())
def test_trap_43_query_sm_answers_with_any_state(data: st.DataObject) -> None:
    answer = data.draw(pdus_of(QuerySmResp).filter(lambda pdu: not pdu.status))

    assert decode(encode(answer)) == answer


def test_parameters_are_made_of_what_they_can_hold() -> None:
    assert tlv(Tag.SAR_MSG_REF_NUM, 515) == Tlv(0x020C, b"\x02\x03")
    assert tlv(Tag.RECEIPTED_MESSAGE_ID, "ab") == Tlv(0x001E, b"ab\0")
    assert tlv(Tag.MESSAGE_PAYLOAD, b"ab") == Tlv(0x0424, b"ab")
    for tag, value in ((Tag.SAR_TOTAL_SEGMENTS, 256), (Tag.MESSAGE_PAYLOAD, 1), (Tag.SOURCE_PORT, "x")):
        with pytest.raises(ValueError, match=tag.name):
            tlv(tag, value)


#: Table 5-2 of the specification (5.1.3), with the numbers that it leaves out.
CODES = """
00 ROK  01 RINVMSGLEN  02 RINVCMDLEN  03 RINVCMDID  04 RINVBNDSTS  05 RALYBND  06 RINVPRTFLG  07 RINVREGDLVFLG
08 RSYSERR  0A RINVSRCADR  0B RINVDSTADR  0C RINVMSGID  0D RBINDFAIL  0E RINVPASWD  0F RINVSYSID
11 RCANCELFAIL  13 RREPLACEFAIL  14 RMSGQFUL  15 RINVSERTYP
33 RINVNUMDESTS  34 RINVDLNAME
40 RINVDESTFLAG  42 RINVSUBREP  43 RINVESMCLASS  44 RCNTSUBDL  45 RSUBMITFAIL  48 RINVSRCTON  49 RINVSRCNPI
50 RINVDSTTON  51 RINVDSTNPI  53 RINVSYSTYP  54 RINVREPFLAG  55 RINVNUMMSGS  58 RTHROTTLED
61 RINVSCHED  62 RINVEXPIRY  63 RINVDFTMSGID  64 RX_T_APPN  65 RX_P_APPN  66 RX_R_APPN  67 RQUERYFAIL
C0 RINVOPTPARSTREAM  C1 ROPTPARNOTALLWD  C2 RINVPARLEN  C3 RMISSINGOPTPARAM  C4 RINVOPTPARAMVAL
FE RDELIVERYFAILURE  FF RUNKNOWNERR
"""


def test_trap_41_the_codes_are_those_of_the_specification() -> None:
    assert {status.name: int(status) for status in S} == {
        name: int(number, 16) for number, name in re.findall(r"(\w\w) (\w+)", CODES)
    }
    assert len({told(status) for status in S}) == len(S)


def test_a_generic_nack_is_a_response() -> None:
    assert GenericNack(1, int(S.RINVCMDID)).is_response
    assert response_to(GenericNack.command) is None
