"""What clients submit, in our words."""

from __future__ import annotations

from datetime import datetime

import msgspec

from heliograph.domain.batches import Draft, Options, ReportWish
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.priorities import Priority
from heliograph.numbers import InvalidOriginator, parse_originator, ton_npi
from heliograph.protocols.smpp.door.refusals import Refused
from heliograph.protocols.smpp.wire.addresses import read
from heliograph.protocols.smpp.wire.coding import Alphabet, Coding, Heard, alphabet_of, hear
from heliograph.protocols.smpp.wire.pdus import DataSm, ReplaceSm, SubmitMulti, SubmitSm
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.times import InvalidTime, read_time
from heliograph.protocols.smpp.wire.tlvs import Tag, number_in, of_vendors
from heliograph.text import Encoding, encode_udh, parse_udh, verbatim

PROTOCOL = "smpp"
Submitted = SubmitSm | SubmitMulti | DataSm

MOST_PARAMETERS, MOST_OCTETS = 16, 1_024
"""Parameters of vendors' in a submit, and octets of all of their values together, that are kept at most."""
_MESSAGE_TYPE = 0x3C
"""The bits of esm_class that say that it is no message, but about one (5.2.12)."""
_URGENT_FROM, _HIGHEST_PRIORITY = 2, 3
"""Values of priority_flag (5.2.14)."""
_FINAL, _IF_NOT_DELIVERED, _INTERMEDIATE = 0x03, 0x02, 0x10
"""Bits of registered_delivery (5.2.17)."""
_SHOWN_AT_ONCE = 1
"""The value of dest_addr_subunit for the display (5.3.2.1): a flash message."""


def draft_of(pdu: Submitted, to: list[str], coding: Coding, sink: str) -> Draft:
    """Make a draft of a submit to these recipients, whose receipts go to `sink`.

    Raises Refused for what SMPP has rules about, and for what could not be sent as it is meant.
    """
    _require_possible(pdu)
    heard = hear(_as_message(pdu), coding)
    part, binary = heard.part, heard.part.encoding is Encoding.BINARY
    originator = read(pdu.source_addr_ton, pdu.source_addr) or None
    ton, npi = _type_of(originator, pdu.source_addr_ton, pdu.source_addr_npi)
    body, parameters = (None, None) if binary else verbatim(part.text or "")
    send_at, expire_at = (None, _expiry(pdu)) if isinstance(pdu, DataSm) else _times(pdu)
    return Draft(
        protocol=PROTOCOL,
        to=to,
        originator=originator,
        text=body,
        data=part.payload if binary else None,
        udh=_header(heard),
        parameters=parameters,
        send_at=send_at,
        expire_at=expire_at,
        sink=sink,
        report=_report(pdu.registered_delivery),
        client_reference=_reference(pdu),
        flash=_is_flash(pdu),
        options=Options(
            originator_ton=ton,
            originator_npi=npi,
            priority=_priority(pdu),
            ucs2=alphabet_of(pdu.data_coding, coding.alphabet_0) is Alphabet.UCS2,
            smpp_parameters=_parameters(pdu) if pdu.tlvs else (),
        ),
    )


def _parameters(pdu: Submitted) -> tuple[tuple[int, str], ...]:
    """Return the parameters of vendors' that a submit has. Raises Refused for more of them than are kept."""
    found = of_vendors(pdu.tlvs)
    if len(found) > MOST_PARAMETERS or sum(len(value) for _, value in found) > MOST_OCTETS:
        raise Refused(CommandStatus.RINVPARLEN)
    return tuple((tag, value.hex()) for tag, value in found)


def _header(heard: Heard) -> bytes:
    """Return the header that a part goes on with: its own, or one that says what its sar parameters do.

    That one has a reference of 8 bits: parts are usually cut so that no longer header fits.
    """
    if heard.place is None or heard.named != "sar":
        return heard.part.udh
    narrow = heard.place._replace(reference=heard.place.reference % 0x100, wide=False)
    return encode_udh((narrow.element(), *parse_udh(heard.part.udh)))


def _require_possible(pdu: Submitted) -> None:
    """Refuse what there is a rule or no way for."""
    if pdu.esm_class & _MESSAGE_TYPE:
        raise Refused(CommandStatus.RINVESMCLASS)
    if isinstance(pdu, DataSm):
        return
    if pdu.replace_if_present_flag:
        raise Refused(CommandStatus.RINVREPFLAG)
    if pdu.sm_default_msg_id:
        raise Refused(CommandStatus.RINVDFTMSGID)


def replaced(pdu: ReplaceSm, before: Draft, coding: Coding) -> Draft:
    """Put the text and the times of a replace_sm into a draft; what it leaves open stays as it is.

    It says no data_coding: the text is written as the one before. Raises Refused.
    """
    if pdu.sm_default_msg_id:
        raise Refused(CommandStatus.RINVDFTMSGID)
    if before.data is not None:
        raise Refused(CommandStatus.RREPLACEFAIL)
    like = SubmitSm(data_coding=8 if before.options.ucs2 else 0, short_message=pdu.short_message)
    body, parameters = verbatim(hear(like, coding).part.text or "")
    send_at, expire_at = _times(pdu)
    return msgspec.structs.replace(
        before,
        text=body,
        parameters=parameters,
        send_at=send_at or before.send_at,
        expire_at=expire_at or before.expire_at,
        report=_report(pdu.registered_delivery),
    )


def _as_message(pdu: Submitted) -> SubmitSm | DataSm:
    """Return what can be read as a message is: a submit_multi has all that is needed."""
    if not isinstance(pdu, SubmitMulti):
        return pdu
    return SubmitSm(
        tlvs=pdu.tlvs, esm_class=pdu.esm_class, data_coding=pdu.data_coding, short_message=pdu.short_message
    )


def _type_of(originator: str | None, ton: int, npi: int) -> tuple[int | None, int | None]:
    """Return the type and plan that an originator is to have, where its look does not say the same."""
    if originator is None or (not ton and not npi):
        return None, None
    try:
        usual = ton_npi(parse_originator(originator))
    except InvalidOriginator:
        return None, None
    return (None, None) if usual == (ton, npi) else (ton, npi)


def _times(pdu: SubmitSm | SubmitMulti | ReplaceSm) -> tuple[datetime | None, datetime | None]:
    """Read when to send and until when to try. Raises Refused."""
    now = now_ms()
    return (
        _time(pdu.schedule_delivery_time, now, CommandStatus.RINVSCHED),
        _time(pdu.validity_period, now, CommandStatus.RINVEXPIRY),
    )


def _time(text: str, now: int, wrong: CommandStatus) -> datetime | None:
    try:
        at_ms = read_time(text, now)
        return None if at_ms is None else from_ms(at_ms)
    except (InvalidTime, OverflowError, ValueError):
        raise Refused(wrong) from None


def _expiry(pdu: DataSm) -> datetime | None:
    """Read until when to try: data_sm says it in seconds (5.3.2.9)."""
    seconds = number_in(pdu.tlvs, Tag.QOS_TIME_TO_LIVE)
    return None if not seconds else from_ms(now_ms() + 1_000 * seconds)


def _report(registered_delivery: int) -> ReportWish:
    if registered_delivery & _INTERMEDIATE:
        return ReportWish.PER_RECIPIENT
    if registered_delivery & _FINAL == _IF_NOT_DELIVERED:
        return ReportWish.PER_RECIPIENT_FAILED
    return ReportWish.PER_RECIPIENT_FINAL if registered_delivery & _FINAL else ReportWish.NONE


def _reference(pdu: Submitted) -> str | None:
    """Return the client's own number of a message: it stands in its receipts again."""
    number = number_in(pdu.tlvs, Tag.USER_MESSAGE_REFERENCE)
    return None if number is None else str(number)


def _priority(pdu: Submitted) -> Priority:
    flag = 0 if isinstance(pdu, DataSm) else pdu.priority_flag
    if flag > _HIGHEST_PRIORITY:
        raise Refused(CommandStatus.RINVPRTFLG)
    return Priority.URGENT if flag >= _URGENT_FROM else Priority.NORMAL


def _is_flash(pdu: Submitted) -> bool:
    if number_in(pdu.tlvs, Tag.DEST_ADDR_SUBUNIT) == _SHOWN_AT_ONCE:
        return True
    coding = pdu.data_coding
    has_class = coding & 0xF0 == 0xF0 or (coding & 0xC0 == 0 and coding & 0x10 != 0)
    return has_class and coding & 0x03 == 0
