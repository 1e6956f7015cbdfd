"""How the sandbox's SMSC misbehaves to those who bind to it: pure functions of what is said.

Its chaos says in shares how often it does what. What is drawn about a message depends on its id alone, so that its
response and its receipts agree, whichever process writes them; whether a submit is throttled is drawn anew each time,
so that it is taken in the end. To and from the numbers of `SMPP_NUMBERS` it always does one of these things. All of
that is felt by the sandbox's own accounts only: to any other, the chaos is None.

What is about connections, and not about PDUs, is in `disorder.py`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from zlib import crc32

from msgspec.structs import replace

from heliograph.domain.ids import to_int
from heliograph.protocols.smpp.wire.coding import Coding, LongMessages
from heliograph.protocols.smpp.wire.pdus import (
    DataSm,
    DeliverSm,
    MessageResp,
    Pdu,
    SubmitMulti,
    SubmitSm,
)
from heliograph.protocols.smpp.wire.receipts import RECEIPT
from heliograph.protocols.smpp.wire.tlvs import TEXTS, Tag, Tlv, text_in, tlv
from heliograph.sandbox.chaos import CALM, SMPP_NUMBERS, Chaos

UNKNOWN_TAG = 0x1403
"""A tag of those that vendors may use as they like (5.3.2)."""
CUT = bytes.fromhex("1404 0008 01")
"""A parameter that says that it has eight octets, and has one."""
_STAT = re.compile(rb"(?<=stat:)\w+")
_OTHER_WORDS = {
    b"DELIVRD": b"DELIVERED",
    b"EXPIRED": b"EXPIR",
    b"UNDELIV": b"FAILED",
    b"REJECTD": b"REJECTED",
    b"DELETED": b"DELET",
    b"UNKNOWN": b"UNKN",
}
_NUMBER = len(next(iter(SMPP_NUMBERS)))
"""Digits of a number that say what is done to it."""


def fault_of(address: str) -> str | None:
    """Tell what is always done to messages to or from an address; None: nothing that is not done to others."""
    return SMPP_NUMBERS.get(address.removeprefix("+")[:_NUMBER])


def towards(chaos: Chaos | None, address: str) -> Chaos:
    """Tell how messages to or from an address are treated."""
    if chaos is None:
        return CALM
    fault = fault_of(address)
    return chaos if fault is None else replace(chaos, **{fault: 1.0})


def drawn(share: float) -> bool:
    """Draw whether something happens now."""
    return share > 0 and random.random() < share  # noqa: S311 - nothing is secret about it


def happens(share: float, what: str, message_id: str) -> bool:
    """Draw whether this happens to a message: for the same message always the same."""
    return share > 0 and crc32(f"{what} {message_id}".encode()) < share * 2**32


# -- responses


def throttles(felt: Chaos, pdu: Pdu) -> bool:
    """Tell whether a submit is answered that it was one too many."""
    return isinstance(pdu, SubmitSm | DataSm | SubmitMulti) and drawn(felt.smpp_throttled)


def id_of(response: Pdu) -> str:
    """Return the id that a submit is answered with; empty if it is another response, or a refusal."""
    return response.message_id if isinstance(response, MessageResp) else ""


def answered(felt: Chaos, response: Pdu) -> Pdu:
    """Return the response to a submit as a misbehaving SMSC has it."""
    if felt is CALM or not isinstance(response, MessageResp) or not response.message_id:
        return response
    message_id = response.message_id
    if happens(felt.smpp_decimal, "decimal", message_id):
        response = replace(response, message_id=str(to_int(message_id)))
    elif happens(felt.smpp_hexadecimal, "hexadecimal", message_id):
        response = replace(response, message_id=f"{to_int(message_id):x}")
    return replace(response, rest=CUT) if happens(felt.smpp_cut, "cut", message_id) else response


# -- what is told


def coded(felt: Chaos, inbound_id: str, coding: Coding) -> Coding:
    """Tell how a long inbound message is sent."""
    if happens(felt.smpp_whole, "whole", inbound_id):
        return replace(coding, long_messages=LongMessages.PAYLOAD)
    return replace(coding, long_messages=LongMessages.SAR) if happens(felt.smpp_sar, "sar", inbound_id) else coding


def told(felt: Chaos, pdus: Sequence[DeliverSm], subject_id: str) -> list[DeliverSm | DataSm]:
    """Return what a client is told as a misbehaving SMSC has it."""
    if felt is CALM:
        return list(pdus)
    if len(pdus) > 1:
        return [*_parts(felt, pdus, subject_id)]
    return [each for pdu in pdus for each in _receipts(felt, pdu)]


def _parts(felt: Chaos, pdus: Sequence[DeliverSm], inbound_id: str) -> list[DeliverSm]:
    parts = list(pdus)
    seed = random.Random(inbound_id)  # noqa: S311 - the same in every process, and no secret
    if happens(felt.smpp_gaps, "gaps", inbound_id):
        del parts[seed.randrange(len(parts))]
    if happens(felt.smpp_shuffled, "shuffled", inbound_id):
        parts = parts[1:] + parts[:1]
        parts[1:] = seed.sample(parts[1:], len(parts) - 1)
    return parts


def _receipts(felt: Chaos, pdu: DeliverSm) -> list[DeliverSm | DataSm]:
    message_id = text_in(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID)
    if not pdu.esm_class & RECEIPT or message_id is None:
        return [pdu]
    text, tlvs, esm_class = pdu.short_message, pdu.tlvs, pdu.esm_class
    if (other := _other_id(felt, message_id)) is not None:
        text = text.replace(message_id.encode(), other.encode())
        kept = (each for each in tlvs if each.tag != Tag.RECEIPTED_MESSAGE_ID)
        tlvs = (tlv(Tag.RECEIPTED_MESSAGE_ID, other), *kept)
    if happens(felt.smpp_words, "words", message_id):
        text = _STAT.sub(lambda found: _OTHER_WORDS.get(found[0], found[0]), text)
        tlvs = tuple(each for each in tlvs if each.tag != Tag.MESSAGE_STATE)
    if happens(felt.smpp_bare, "bare", message_id):
        text = b" ".join(each for each in text.split() if each.startswith((b"id:", b"stat:")))
        tlvs = ()
    if happens(felt.smpp_unterminated, "unterminated", message_id):
        tlvs = tuple(Tlv(tag, value.removesuffix(b"\0") if tag in TEXTS else value) for tag, value in tlvs)
    if happens(felt.smpp_unknown, "unknown", message_id):
        tlvs = (*tlvs, Tlv(UNKNOWN_TAG, b"\x01"))
    as_data = happens(felt.smpp_data, "data", message_id)
    if as_data or happens(felt.smpp_payload, "payload", message_id):
        text, tlvs = b"", (*tlvs, tlv(Tag.MESSAGE_PAYLOAD, text))
    if happens(felt.smpp_unmarked, "unmarked", message_id):
        esm_class = 0
    rest = CUT if happens(felt.smpp_cut, "cut", message_id) else b""
    made: DeliverSm | DataSm = replace(pdu, short_message=text, tlvs=tlvs, esm_class=esm_class, rest=rest)
    if as_data:
        made = DataSm(**{name: getattr(made, name) for name in DataSm.__struct_fields__})
    return [made] * (2 if happens(felt.smpp_doubled, "doubled", message_id) else 1)


def _other_id(felt: Chaos, message_id: str) -> str | None:
    """Return the id of a receipt, if it is not written as in the response."""
    if happens(felt.smpp_decimal, "decimal", message_id):
        return f"{to_int(message_id):X}"
    if happens(felt.smpp_hexadecimal, "hexadecimal", message_id):
        return str(to_int(message_id))
    return None
