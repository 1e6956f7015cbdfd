"""Published implementations of SMPP read what we write, and we what they write."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from heliograph.protocols.smpp.wire.codec import decode, encode
from heliograph.protocols.smpp.wire.pdus import (
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, tlv

FIELDS = {
    "service_type": "WAP",
    "source_addr_ton": 5,
    "source_addr": "Heliograph",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "33612345678",
    "esm_class": 3,
    "protocol_id": 3,
    "priority_flag": 2,
    "schedule_delivery_time": "260101000000000+",
    "validity_period": "000002000000000R",
    "registered_delivery": 1,
    "data_coding": 8,
    "short_message": "Hé".encode("utf-16-be"),
}
PDUS: tuple[Pdu, ...] = (
    BindTransceiver(1, system_id="ours", password="secret", system_type="VMS", address_range="336*"),
    BindTransmitter(2, system_id="ours"),
    BindReceiver(3, system_id="ours", addr_ton=1, addr_npi=1),
    BindReceiverResp(4, system_id="SMSC"),
    BindTransceiverResp(5, 0x0D),
    SubmitSm(6, **FIELDS),  # type: ignore[arg-type]
    SubmitSm(7, tlvs=(tlv(Tag.SAR_MSG_REF_NUM, 700), tlv(Tag.SAR_TOTAL_SEGMENTS, 2)), destination_addr="1"),
    SubmitSmResp(8, message_id="0e99af"),
    SubmitSmResp(9, 0x58),
    DeliverSm(10, tlvs=(tlv(Tag.RECEIPTED_MESSAGE_ID, "abc"), tlv(Tag.MESSAGE_STATE, 2)), **FIELDS),  # type: ignore[arg-type]
    DeliverSmResp(11),
    DataSm(19, source_addr="Heliograph", destination_addr="336", data_coding=8, esm_class=4),
    QuerySm(12, message_id="7", source_addr="1"),
    QuerySmResp(13, message_id="7", final_date="260101000000000+", message_state=2, error_code=9),
    EnquireLink(14),
    EnquireLinkResp(15),
    Unbind(16),
    UnbindResp(17),
    GenericNack(18, 3),
)


def named(pdu: Pdu) -> str:
    return f"{type(pdu).__name__} {pdu.sequence}"


def has(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(name) is None, reason=f"{name} is not installed")


class Numbered:
    """What smpplib asks for the number of a PDU."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence

    def next_sequence(self) -> int:
        return self.sequence


@has("smpplib")
@pytest.mark.parametrize("pdu", PDUS, ids=named)
def test_smpplib_reads_what_we_write(pdu: Pdu) -> None:
    import smpplib.smpp

    read = smpplib.smpp.parse_pdu(encode(pdu), client=Numbered(0), allow_unknown_opt_params=True)

    assert (read.sequence, read.status) == (pdu.sequence, pdu.status)
    if pdu.status == 0:
        for name in pdu.__struct_fields__[len(Pdu.__struct_fields__) :]:
            value = getattr(pdu, name)
            assert (getattr(read, name) or value) in {value, value.encode() if isinstance(value, str) else value}, name


@has("smpplib")
@pytest.mark.parametrize("pdu", [pdu for pdu in PDUS if not pdu.is_response and not pdu.tlvs], ids=named)
def test_we_read_what_smpplib_writes(pdu: Pdu) -> None:
    import smpplib.smpp

    names = pdu.__struct_fields__[len(Pdu.__struct_fields__) :]
    kind = re.sub("(?<=.)([A-Z])", r"_\1", type(pdu).__name__).lower()
    made = smpplib.smpp.make_pdu(kind, client=Numbered(pdu.sequence), **{name: getattr(pdu, name) for name in names})

    assert decode(made.generate()) == pdu


@has("aiosmpplib")
def test_aiosmpplib_reads_what_we_write() -> None:
    import aiosmpplib

    header = aiosmpplib.SmppMessage.parse_header
    submit = encode(SubmitSm(6, **FIELDS))  # type: ignore[arg-type]
    read = aiosmpplib.SubmitSm.from_pdu(submit, header(submit[:16]), "", {})
    assert (read.source.number, read.destination.number, read.short_message) == ("Heliograph", "33612345678", "Hé")

    response = encode(SubmitSmResp(8, message_id="0e99af"))
    assert aiosmpplib.SubmitSmResp.from_pdu(response, header(response[:16]), "", {}).message_id == "0e99af"


@has("aiosmpplib")
def test_we_read_what_aiosmpplib_writes() -> None:
    import aiosmpplib

    phone = aiosmpplib.PhoneNumber
    message = aiosmpplib.SubmitSm(
        short_message="Grüße", source=phone("Heliograph"), destination=phone("33612345678"), sequence_num=5
    )
    read = decode(message.pdu())

    assert isinstance(read, SubmitSm)
    assert (read.sequence, read.source_addr, read.destination_addr) == (5, "Heliograph", "33612345678")
    assert read.short_message == b"Gr\x7e\x1ee"


ECHO = """
import json, sys
import smpp34

for line in sys.stdin:
    read = smpp34.decode(bytes.fromhex(line))
    if isinstance(read, smpp34.RawPdu):
        said = {"id": read.command_id, "status": read.command_status, "body": read.body.hex()}
    else:
        said = {"id": read.command_id, "source": read.source_addr, "tlvs": [[t.tag, t.value.hex()] for t in read.tlvs]}
        said["again"] = read.encode().hex()
    print(json.dumps(said | {"sequence": read.sequence_number}), flush=True)
"""


@has("smpp34")
def test_smpp34_reads_what_we_write_and_writes_it_again() -> None:
    """In a process of its own: it does not always end well."""
    said = [encode(pdu) for pdu in PDUS]
    lines = "".join(f"{each.hex()}\n" for each in said)
    ran = subprocess.run([sys.executable, "-c", ECHO], input=lines, capture_output=True, text=True, timeout=60)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]

    assert len(answers) == len(PDUS), ran.stderr
    for pdu, octets, answer in zip(PDUS, said, answers, strict=True):
        assert (answer["id"], answer["sequence"]) == (pdu.command, pdu.sequence)
        if isinstance(pdu, SubmitSm | DeliverSm):
            assert answer["source"] == pdu.source_addr
            assert [Tlv(tag, bytes.fromhex(value)) for tag, value in answer["tlvs"]] == list(pdu.tlvs)
            assert decode(bytes.fromhex(answer["again"])) == pdu
        else:
            assert (answer["status"], answer["body"]) == (pdu.status, octets[16:].hex())
