"""From PDUs to octets and back.

How it works. `Framer` takes octets as they arrive, a few or many, and gives the PDUs that are complete, still as
octets; it holds no more than one PDU that is not. `decode` makes a struct of one, or an `Undecodable` of what none can
be made of: neither raises, whatever comes. A length that can't be is `BadLength`: where the next PDU begins is unknown
from there on, and the connection is of no more use.

Messages and their responses are nearly all of what is said: they are written out, field after field, for speed. The
rest goes by `Pdu.layout`.

What is read may be odd, because peers are: fields longer than the specification has them, numbers that it does not
have, a response with or without a body whatever its status, octets at the end that are no parameter. What is written
is not, unless it was given such octets: `encode` raises Unencodable for what has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from struct import Struct, error
from typing import Any, TypeVar

from heliograph.protocols.smpp.wire.pdus import (
    BY_COMMAND,
    RESPONSE,
    DistributionList,
    Message,
    Pdu,
    SmeAddress,
    Undecodable,
    Unsuccessful,
)
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import decode_tlvs, encode_tlvs

HEADER = 16
"""Octets."""
MAX_PDU = 64 * 1024
"""Octets of a PDU that is read. The longest that the specification allows has a message_payload of 64 KiB, which no
SMSC takes."""

_HEAD = Struct(">IIII")
_BEHIND_LENGTH = Struct(">III")
_LENGTH = Struct(">I")
_CHARACTERS = {code: chr(code) for code in range(256)}
_OCTETS = {code: bytes((code,)) for code in range(256)}
_SME, _LIST = 1, 2


class Unencodable(ValueError):
    """A PDU has no octets: a number is too large for its field, or a text has a NUL or is not Latin-1."""


class BadLength(ValueError):
    """A command_length that can't be: below 16, or above what is read."""

    def __init__(self, length: int) -> None:
        super().__init__(f"no PDU has {length} octets")
        self.length = length


class Framer:
    """Cuts what arrives into PDUs."""

    def __init__(self, most: int = MAX_PDU) -> None:
        """Take how many octets the longest PDU that is read may have."""
        self._most = most
        self._held = bytearray()
        self._wanted = 4
        """Octets that have to be there before there is anything to look at."""

    @property
    def holds(self) -> int:
        """Count the octets of a PDU that has not arrived whole."""
        return len(self._held)

    def feed(self, data: bytes) -> tuple[list[bytes], BadLength | None]:
        """Take what arrived: each PDU that is complete with it, and what ended the stream, if something did."""
        if self._held or len(data) < 4:
            self._held += data
            if len(self._held) < self._wanted:
                return [], None
            data = bytes(self._held)
            self._held.clear()
        found: list[bytes] = []
        place, end, most = 0, len(data), self._most
        self._wanted = 4
        while end - place >= 4:
            (length,) = _LENGTH.unpack_from(data, place)
            if not HEADER <= length <= most:
                return found, BadLength(length)
            if place + length > end:
                self._wanted = length
                break
            found.append(data[place : place + length])
            place += length
        if place < end:
            self._held += data[place:]
        return found, None


# -- writing


def encode(pdu: Pdu, sequence: int | None = None) -> bytes:
    """Write a PDU, under another sequence number if one is given. Unencodable."""
    try:
        body = _write_message(pdu) if isinstance(pdu, Message) else _write_fields(pdu)
        if pdu.tlvs:
            body += encode_tlvs(pdu.tlvs)
        if pdu.rest:
            body += pdu.rest
        number = pdu.sequence if sequence is None else sequence
        return _HEAD.pack(HEADER + len(body), pdu.command, pdu.status, number) + body
    except (KeyError, error) as found:
        raise Unencodable(f"a number of {type(pdu).__name__} does not fit its field") from found
    except ValueError as found:
        raise Unencodable(f"{type(pdu).__name__}: {found}") from found


def _write_message(pdu: Message) -> bytes:
    of, text = _CHARACTERS, pdu.short_message
    service_type, source, destination = pdu.service_type, pdu.source_addr, pdu.destination_addr
    schedule, validity = pdu.schedule_delivery_time, pdu.validity_period
    if "\0" in source or "\0" in destination or "\0" in service_type or "\0" in schedule or "\0" in validity:
        raise ValueError(_NUL)
    fields = (
        f"{service_type}\0{of[pdu.source_addr_ton]}{of[pdu.source_addr_npi]}{source}\0"
        f"{of[pdu.dest_addr_ton]}{of[pdu.dest_addr_npi]}{destination}\0"
        f"{of[pdu.esm_class]}{of[pdu.protocol_id]}{of[pdu.priority_flag]}"
        f"{schedule}\0{validity}\0"
        f"{of[pdu.registered_delivery]}{of[pdu.replace_if_present_flag]}{of[pdu.data_coding]}"
        f"{of[pdu.sm_default_msg_id]}{of[len(text)]}"
    )
    return fields.encode("latin-1") + text


def _write_fields(pdu: Pdu) -> bytes:
    values = (getattr(pdu, name) for name in pdu.__struct_fields__[_OWN:])
    return b"".join([_FIELD_WRITERS[kind](value) for kind, value in zip(pdu.layout, values, strict=True)])


def _destinations(destinations: Sequence[SmeAddress | DistributionList]) -> bytes:
    return _OCTETS[len(destinations)] + b"".join(map(_destination, destinations))


def _destination(each: SmeAddress | DistributionList) -> bytes:
    if isinstance(each, DistributionList):
        return _OCTETS[_LIST] + _text(each.name)
    return _OCTETS[_SME] + _OCTETS[each.ton] + _OCTETS[each.npi] + _text(each.address)


def _unsuccessful(each: Unsuccessful) -> bytes:
    return _OCTETS[each.ton] + _OCTETS[each.npi] + _text(each.address) + _LENGTH.pack(each.status)


def _text(text: str) -> bytes:
    if "\0" in text:
        raise ValueError(_NUL)
    return text.encode("latin-1") + b"\0"


_NUL = "a text ends at its first NUL"
_OWN = len(Pdu.__struct_fields__)
"""Where the fields of an operation itself begin."""
_FIELD_WRITERS: Mapping[str, Callable[[Any], bytes]] = {
    "s": _text,
    "b": _OCTETS.__getitem__,
    "m": lambda message: _OCTETS[len(message)] + message,
    "d": _destinations,
    "u": lambda those: _OCTETS[len(those)] + b"".join(map(_unsuccessful, those)),
}


# -- reading


def decode(data: bytes) -> Pdu | Undecodable:
    """Read one PDU, whose octets are all there and no more: as `Framer` gives them."""
    command, status, sequence = _BEHIND_LENGTH.unpack_from(data, 4)
    read = _READERS.get(command)
    if read is None:
        return Undecodable(command, sequence, status, CommandStatus.RINVCMDID)
    try:
        return read(data, sequence, status)
    except _MessageRunsOver:
        return Undecodable(command, sequence, status, CommandStatus.RINVMSGLEN)
    except (ValueError, IndexError, error):
        return Undecodable(command, sequence, status, CommandStatus.RINVCMDLEN)


class _MessageRunsOver(Exception):
    """sm_length says that there are more octets than there are."""


_MESSAGE = re.compile("([^\0]*)\0(..)([^\0]*)\0(..)([^\0]*)\0(...)([^\0]*)\0([^\0]*)\0(.....)", re.DOTALL).match
"""All fields of a message but itself, in one step: quicker than one by one."""

M = TypeVar("M", bound=Message)


def _message(kind: type[M]) -> Callable[[bytes, int, int], M]:
    def read(data: bytes, sequence: int, status: int) -> M:
        found = _MESSAGE(data.decode("latin-1"), HEADER)
        if found is None:
            raise ValueError("a field runs over the end")
        service_type, source_type, source, dest_type, destination, how, schedule, validity, last = found.groups()
        ton, npi, dest_ton, dest_npi, esm_class, protocol_id, priority, registered, replace, coding, default, length = (
            source_type + dest_type + how + last
        ).encode("latin-1")
        place = found.end()
        end = place + length
        if end > len(data):
            raise _MessageRunsOver
        tlvs, rest = decode_tlvs(data, end) if end < len(data) else ((), b"")
        return kind(
            sequence,
            status,
            tlvs,
            rest,
            service_type,
            ton,
            npi,
            source,
            dest_ton,
            dest_npi,
            destination,
            esm_class,
            protocol_id,
            priority,
            schedule,
            validity,
            registered,
            replace,
            coding,
            default,
            data[place:end],
        )

    return read


def _one_text(kind: type[Pdu]) -> Callable[[bytes, int, int], Pdu]:
    """Make a reader of a response whose only field is a text."""
    make: Callable[..., Pdu] = kind

    def read(data: bytes, sequence: int, status: int) -> Pdu:
        end = data.find(0, HEADER)
        if end == len(data) - 1:
            return make(sequence, status, (), b"", data[HEADER:end].decode("latin-1"))
        return _lenient(make, data, sequence, status)

    return read


def _lenient(make: Callable[..., Pdu], data: bytes, sequence: int, status: int) -> Pdu:
    """Read a response that is more, or less, than one text: no body at all, a text without an end, parameters behind
    it, or nothing but parameters."""
    end = data.find(0, HEADER)
    if end < 0:
        return make(sequence, status, (), b"", data[HEADER:].decode("latin-1"))
    tlvs, rest = decode_tlvs(data, end + 1)
    if rest and status:
        alone, nothing = decode_tlvs(data, HEADER)
        if not nothing:
            return make(sequence, status, alone)
    return make(sequence, status, tlvs, rest, data[HEADER:end].decode("latin-1"))


class _Reader:
    """Takes fields from a PDU, one after the other; ValueError or IndexError where there is none."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = HEADER

    def text(self) -> str:
        begin = self.place
        end = self.data.index(0, begin)
        self.place = end + 1
        return self.data[begin:end].decode("latin-1")

    def octet(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def number(self) -> int:
        self.place += 4
        (found,) = _LENGTH.unpack_from(self.data, self.place - 4)
        return int(found)

    def message(self) -> bytes:
        length = self.octet()
        begin, self.place = self.place, self.place + length
        if self.place > len(self.data):
            raise _MessageRunsOver
        return self.data[begin : self.place]

    def destinations(self) -> tuple[SmeAddress | DistributionList, ...]:
        return tuple([self._destination() for _ in range(self.octet())])

    def _destination(self) -> SmeAddress | DistributionList:
        flag = self.octet()
        if flag == _LIST:
            return DistributionList(self.text())
        if flag != _SME:
            raise ValueError(f"{flag} is no dest_flag")
        return SmeAddress(self.octet(), self.octet(), self.text())

    def unsuccessful(self) -> tuple[Unsuccessful, ...]:
        return tuple(
            [Unsuccessful(self.octet(), self.octet(), self.text(), self.number()) for _ in range(self.octet())]
        )


_FIELD_READERS: Mapping[str, Callable[[_Reader], object]] = {
    "s": _Reader.text,
    "b": _Reader.octet,
    "m": _Reader.message,
    "d": _Reader.destinations,
    "u": _Reader.unsuccessful,
}


def _fields(kind: type[Pdu]) -> Callable[[bytes, int, int], Pdu]:
    make: Callable[..., Pdu] = kind
    readers = [_FIELD_READERS[each] for each in kind.layout]
    is_response = kind.command >= RESPONSE

    def read(data: bytes, sequence: int, status: int) -> Pdu:
        if is_response and len(data) == HEADER:
            return make(sequence, status)
        reader = _Reader(data)
        values = [each(reader) for each in readers]
        return make(sequence, status, *decode_tlvs(data, reader.place), *values)

    return read


def _reader(kind: type[Pdu]) -> Callable[[bytes, int, int], Pdu]:
    if issubclass(kind, Message):
        return _message(kind)
    return _one_text(kind) if kind.layout == "s" else _fields(kind)


_READERS: Mapping[int, Callable[[bytes, int, int], Pdu]] = {
    command: _reader(kind) for command, kind in BY_COMMAND.items()
}
