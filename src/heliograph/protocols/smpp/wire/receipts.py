"""Delivery receipts: what an SMSC says became of a message (appendix B, and 5.3.2 for the parameters).

The text of a receipt is a convention, and every SMSC has its own: fields are left out or added, dates have other forms,
words are cut. So every field may be missing but the id, which may stand in a parameter. What is free text comes last,
behind `text:`, and nothing in it is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum

import msgspec

from heliograph.protocols.smpp.wire.coding import UDHI, USUAL, Coding, body_of, hear
from heliograph.protocols.smpp.wire.pdus import DataSm, Message
from heliograph.protocols.smpp.wire.times import read_date
from heliograph.protocols.smpp.wire.tlvs import Tag, find, number_in, text_in

RECEIPT, ACKNOWLEDGED, BY_HAND, INTERMEDIATE = 0x04, 0x08, 0x10, 0x20
"""Bits of esm_class: a receipt; word of the phone itself, or of its user; a receipt that is not the last."""
_TYPES = 0x3C


class MessageState(IntEnum):
    """Where a message stands (5.2.28; 0 and 9 are of SMPP 5.0)."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9


_M = MessageState
#: A word of a receipt, or as much as an SMSC leaves of it, and what it says. The longer ones come first.
WORDS: Mapping[str, MessageState] = {
    "DELIVRD": _M.DELIVERED,
    "DELIVERED": _M.DELIVERED,
    "DELIV": _M.DELIVERED,
    "DLVRD": _M.DELIVERED,
    "ACKED": _M.DELIVERED,
    "EXPIRED": _M.EXPIRED,
    "EXPIR": _M.EXPIRED,
    "DELETED": _M.DELETED,
    "DELET": _M.DELETED,
    "UNDELIV": _M.UNDELIVERABLE,
    "UNDELI": _M.UNDELIVERABLE,
    "UNDEL": _M.UNDELIVERABLE,
    "UNDLV": _M.UNDELIVERABLE,
    "FAILED": _M.UNDELIVERABLE,
    "FAIL": _M.UNDELIVERABLE,
    "ACCEPT": _M.ACCEPTED,
    "ACCPTD": _M.ACCEPTED,
    "ACCEP": _M.ACCEPTED,
    "UNKNOWN": _M.UNKNOWN,
    "UNKNOW": _M.UNKNOWN,
    "UNKN": _M.UNKNOWN,
    "REJECT": _M.REJECTED,
    "REJEC": _M.REJECTED,
    "ENROUTE": _M.ENROUTE,
    "ENROUT": _M.ENROUTE,
    "BUFFERED": _M.ENROUTE,
    "SCHEDUL": _M.SCHEDULED,
    "SKIPPED": _M.SKIPPED,
    "SKIPP": _M.SKIPPED,
}


class DeliveryReceipt(msgspec.Struct, frozen=True):
    """What a receipt says."""

    ids: tuple[str, ...]
    """The message's, as the receipt writes it: one, or two where text and parameter differ, the parameter's first."""
    state: MessageState | None
    """None: its word is none of ours, or it has none."""
    word: str | None = None
    """As it is written."""
    error: str | None = None
    """The SMSC's or the network's own code, as it is written."""
    done_at_ms: int | None = None
    """Milliseconds since 1970."""
    is_final: bool = True


_KEYS = re.compile(
    r"(?:^|(?<=[\s,;|]))(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat(?:us)?|err(?:or)?|text)\s*:", re.IGNORECASE
)

_SEPARATORS = re.compile(r"[\0,;|]")


def looks_like_receipt(text: str) -> bool:
    """Tell whether a text says an id and a state as receipts do: for SMSCs that do not mark them."""
    return {"id", "stat"} <= _fields(text).keys()


def is_receipt(pdu: Message | DataSm, *, sniff: bool = False) -> bool:
    """Tell whether a message is about another, by its esm_class; with `sniff` also by its text."""
    if pdu.esm_class & _TYPES:
        return True
    return sniff and looks_like_receipt(_text(pdu, USUAL))


def read_receipt(pdu: Message | DataSm, coding: Coding = USUAL, offset_minutes: int = 0) -> DeliveryReceipt | None:
    """Read a receipt; None if it names no message. `offset_minutes`: as for `times.read_date`."""
    fields = _fields(_text(pdu, coding))
    ids = dict.fromkeys(filter(None, (text_in(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID), fields.get("id"))))
    if not ids:
        return None
    word = fields.get("stat")
    state = _state(number_in(pdu.tlvs, Tag.MESSAGE_STATE), word)
    kind = pdu.esm_class & _TYPES
    if state is None and word is None and kind in {ACKNOWLEDGED, BY_HAND}:
        state = MessageState.DELIVERED
    return DeliveryReceipt(
        ids=tuple(ids),
        state=state,
        word=word,
        error=fields.get("err") or _network_error(find(pdu.tlvs, Tag.NETWORK_ERROR_CODE)),
        done_at_ms=read_date(fields.get("done", ""), offset_minutes),
        is_final=kind != INTERMEDIATE,
    )


def _text(pdu: Message | DataSm, coding: Coding) -> str:
    """Read a receipt's text. It is ASCII where it is in the usual alphabet: an underscore is one, whatever GSM makes
    of it."""
    if pdu.data_coding == 0 and not pdu.esm_class & UDHI:
        return body_of(pdu).decode("latin-1")
    return hear(pdu, coding).part.text or ""


def _fields(text: str) -> dict[str, str]:
    """Find the word behind each key, by the first word of its name; without what is empty."""
    found: dict[str, str] = {}
    keys = list(_KEYS.finditer(text))
    for place, key in enumerate(keys):
        name = _SHORT.get(key[1].lower()[:4], key[1].lower())
        if name == "text":
            break
        end = keys[place + 1].start() if place + 1 < len(keys) else len(text)
        if value := _SEPARATORS.sub(" ", text[key.end() : end]).split(maxsplit=1):
            found.setdefault(name, value[0])
    return found


_SHORT = {"stat": "stat", "erro": "err", "done": "done", "subm": "submit"}


def _state(number: int | None, word: str | None) -> MessageState | None:
    """Take the parameter's state, if it is one that we know; else the word's."""
    if number is not None and number in _NUMBERS:
        return MessageState(number)
    if word is None:
        return None
    upper = word.upper()
    return next((state for begin, state in WORDS.items() if upper.startswith(begin)), None)


_NUMBERS = frozenset(map(int, MessageState))


def _network_error(value: bytes | None) -> str | None:
    """Read the network's code, in decimal: behind one octet that says which kind of network."""
    return str(int.from_bytes(value[1:], "big")) if value is not None and len(value) > 1 else None
