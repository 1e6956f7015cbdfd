"""How the sandbox's SMSC misbehaves to those who bind to it, as far as its chaos says: pure functions of what is said.

What is drawn about a message depends on its id alone, so that its response and its receipt agree, whichever process
writes them. Whether a submit is throttled is drawn anew each time: it is taken in the end.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from zlib import crc32

from msgspec.structs import replace

from heliograph.domain.ids import to_int
from heliograph.protocols.smpp.wire.pdus import DataSm, DataSmResp, DeliverSm, Pdu, SubmitMulti, SubmitSm, SubmitSmResp
from heliograph.protocols.smpp.wire.receipts import RECEIPT
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, text_in, tlv
from heliograph.sandbox.chaos import CALM, Chaos

UNKNOWN_TAG = 0x1403
"""A tag of those that vendors may use as they like (5.3.2)."""
_STAT = re.compile(rb"(?<=stat:)\w+")
_OTHER_WORDS = {
    b"DELIVRD": b"DELIVERED",
    b"EXPIRED": b"EXPIR",
    b"UNDELIV": b"FAILED",
    b"REJECTD": b"REJECTED",
    b"DELETED": b"DELET",
    b"UNKNOWN": b"UNKN",
}


def throttles(chaos: Chaos, pdu: Pdu) -> bool:
    """Tell whether a submit is answered that it was one too many."""
    if not chaos.smpp_throttled or not isinstance(pdu, SubmitSm | DataSm | SubmitMulti):
        return False
    return random.random() < chaos.smpp_throttled  # noqa: S311 - nothing is secret about it


def answered(chaos: Chaos, response: Pdu) -> Pdu:
    """Return the response to a submit as a misbehaving SMSC has it."""
    if not isinstance(response, SubmitSmResp | DataSmResp) or not response.message_id:
        return response
    if _draw(chaos.smpp_decimal, "decimal", response.message_id):
        return replace(response, message_id=str(to_int(response.message_id)))
    return response


def told(chaos: Chaos, pdus: Sequence[DeliverSm]) -> list[DeliverSm]:
    """Return what a client is told as a misbehaving SMSC has it."""
    if chaos == CALM:
        return list(pdus)
    return [each for pdu in pdus for each in _receipts(chaos, pdu)]


def _receipts(chaos: Chaos, pdu: DeliverSm) -> list[DeliverSm]:
    message_id = text_in(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID)
    if not pdu.esm_class & RECEIPT or message_id is None:
        return [pdu]
    text, tlvs, esm_class = pdu.short_message, pdu.tlvs, pdu.esm_class
    if _draw(chaos.smpp_decimal, "decimal", message_id):
        other = f"{to_int(message_id):X}"
        text = text.replace(message_id.encode(), other.encode())
        kept = (each for each in tlvs if each.tag != Tag.RECEIPTED_MESSAGE_ID)
        tlvs = (tlv(Tag.RECEIPTED_MESSAGE_ID, other), *kept)
    if _draw(chaos.smpp_words, "words", message_id):
        text = _STAT.sub(lambda found: _OTHER_WORDS.get(found[0], found[0]), text)
        tlvs = tuple(each for each in tlvs if each.tag != Tag.MESSAGE_STATE)
    if _draw(chaos.smpp_bare, "bare", message_id):
        text = b" ".join(each for each in text.split() if each.startswith((b"id:", b"stat:")))
        tlvs = ()
    if _draw(chaos.smpp_unknown, "unknown", message_id):
        tlvs = (*tlvs, Tlv(UNKNOWN_TAG, b"\x01"))
    if _draw(chaos.smpp_payload, "payload", message_id):
        text, tlvs = b"", (*tlvs, tlv(Tag.MESSAGE_PAYLOAD, text))
    if _draw(chaos.smpp_unmarked, "unmarked", message_id):
        esm_class = 0
    made = replace(pdu, short_message=text, tlvs=tlvs, esm_class=esm_class)
    return [made] * (2 if _draw(chaos.smpp_doubled, "doubled", message_id) else 1)


def _draw(share: float, what: str, message_id: str) -> bool:
    """Draw whether this happens to a message: for the same message always the same."""
    return share > 0 and crc32(f"{what} {message_id}".encode()) < share * 2**32
