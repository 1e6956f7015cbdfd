"""What is said in SMPP: a struct for each operation, requests and responses, for both directions (section 4).

Fields are called as in the specification. Texts are C-octet strings, whose octets are Latin-1 here, so that none is
lost; numbers are what came, also where the specification has no such value. All have defaults: what a response leaves
out is empty.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import msgspec

from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tlv

RESPONSE = 0x8000_0000
"""What a response's command has, and its request's has not."""
VERSION = 0x34


class Pdu(msgspec.Struct, frozen=True, gc=False):
    """One protocol data unit. The session gives requests their `sequence`, as they go out."""

    command: ClassVar[int]
    layout: ClassVar[str] = ""
    """What the mandatory fields are, in their order: s is a C-octet string, b one octet, m a message behind its length,
    d the destinations and u the unsuccessful ones behind their number."""

    sequence: int = 0
    status: int = 0
    """`command_status`; 0 in every request."""
    tlvs: tuple[Tlv, ...] = ()
    rest: bytes = b""
    """What stood behind the last optional parameter and is none. Who writes it wants to be odd: the sandbox's SMSC."""

    @property
    def is_response(self) -> bool:
        return self.command >= RESPONSE


class GenericNack(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0000


# -- binding


class Bind(Pdu, frozen=True, gc=False):
    layout: ClassVar[str] = "sssbbbs"

    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = VERSION
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


class BindReceiver(Bind, frozen=True, gc=False):
    command: ClassVar[int] = 0x01


class BindTransmitter(Bind, frozen=True, gc=False):
    command: ClassVar[int] = 0x02


class BindTransceiver(Bind, frozen=True, gc=False):
    command: ClassVar[int] = 0x09


class BindResp(Pdu, frozen=True, gc=False):
    layout: ClassVar[str] = "s"

    system_id: str = ""


class BindReceiverResp(BindResp, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0001


class BindTransmitterResp(BindResp, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0002


class BindTransceiverResp(BindResp, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0009


class Outbind(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x0B
    layout: ClassVar[str] = "ss"

    system_id: str = ""
    password: str = ""


class Unbind(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x06


class UnbindResp(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0006


class EnquireLink(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x15


class EnquireLinkResp(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0015


# -- messages


class Message(Pdu, frozen=True, gc=False):
    """What submit_sm and deliver_sm have in common: everything."""

    layout: ClassVar[str] = "sbbsbbsbbbssbbbbm"

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""
    """At most 254 octets by the specification, 255 by its length; more go into `Tag.MESSAGE_PAYLOAD`."""


class SubmitSm(Message, frozen=True, gc=False):
    command: ClassVar[int] = 0x04


class DeliverSm(Message, frozen=True, gc=False):
    command: ClassVar[int] = 0x05


class MessageResp(Pdu, frozen=True, gc=False):
    layout: ClassVar[str] = "s"

    message_id: str = ""


class SubmitSmResp(MessageResp, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0004


class DeliverSmResp(MessageResp, frozen=True, gc=False):
    """Its `message_id` is not used, and has to be empty (4.6.2)."""

    command: ClassVar[int] = 0x8000_0005


class DataSm(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x103
    layout: ClassVar[str] = "sbbsbbsbbb"

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0


class DataSmResp(MessageResp, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0103


class SmeAddress(NamedTuple):
    """A destination of submit_multi that is a phone."""

    ton: int
    npi: int
    address: str


class DistributionList(NamedTuple):
    """A destination of submit_multi that is a list kept by the SMSC."""

    name: str


class Unsuccessful(NamedTuple):
    """A destination that submit_multi did not reach, and why."""

    ton: int
    npi: int
    address: str
    status: int


class SubmitMulti(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x21
    layout: ClassVar[str] = "sbbsdbbbssbbbbm"

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    destinations: tuple[SmeAddress | DistributionList, ...] = ()
    """At most 254."""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""


class SubmitMultiResp(MessageResp, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0021
    layout: ClassVar[str] = "su"

    unsuccessful: tuple[Unsuccessful, ...] = ()


# -- about messages that were sent


class QuerySm(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x03
    layout: ClassVar[str] = "sbbs"

    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


class QuerySmResp(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0003
    layout: ClassVar[str] = "ssbb"

    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0


class CancelSm(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x08
    layout: ClassVar[str] = "ssbbsbbs"

    service_type: str = ""
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


class CancelSmResp(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0008


class ReplaceSm(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x07
    layout: ClassVar[str] = "sbbsssbbm"

    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""


class ReplaceSmResp(Pdu, frozen=True, gc=False):
    command: ClassVar[int] = 0x8000_0007


class AlertNotification(Pdu, frozen=True, gc=False):
    """A phone can be reached again. Nobody answers it."""

    command: ClassVar[int] = 0x102
    layout: ClassVar[str] = "bbsbbs"

    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    esme_addr_ton: int = 0
    esme_addr_npi: int = 0
    esme_addr: str = ""


# -- what is none of these


class Undecodable(msgspec.Struct, frozen=True, gc=False):
    """A PDU that came whole and is none that can be: to be answered with `why`, not to be done."""

    command_id: int
    sequence: int
    status: int
    why: CommandStatus
    """RINVCMDID: no such command. RINVCMDLEN, RINVMSGLEN: its fields run over its end."""


OPERATIONS: tuple[type[Pdu], ...] = (
    GenericNack,
    BindReceiver,
    BindReceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    BindTransceiver,
    BindTransceiverResp,
    Outbind,
    Unbind,
    UnbindResp,
    EnquireLink,
    EnquireLinkResp,
    SubmitSm,
    SubmitSmResp,
    SubmitMulti,
    SubmitMultiResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    QuerySm,
    QuerySmResp,
    CancelSm,
    CancelSmResp,
    ReplaceSm,
    ReplaceSmResp,
    AlertNotification,
)
BY_COMMAND: dict[int, type[Pdu]] = {each.command: each for each in OPERATIONS}


def response_to(command: int) -> type[Pdu] | None:
    """Find what a request is answered with; None for one that nobody answers, and for what is no request."""
    return None if command >= RESPONSE else BY_COMMAND.get(command | RESPONSE)
