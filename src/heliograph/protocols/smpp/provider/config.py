"""Settings of a provider of type `smpp`, and the profile of an SMSC: what is peculiar to it, in a file of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from heliograph.engine.contract import Outgoing
from heliograph.engine.provided import InvalidConfig, ProviderConfig
from heliograph.protocols.smpp.wire.codec import Unencodable, encode
from heliograph.protocols.smpp.wire.coding import Alphabet, Coding, LongMessages
from heliograph.protocols.smpp.wire.ids import IdForm
from heliograph.protocols.smpp.wire.pdus import VERSION, BindTransceiver
from heliograph.protocols.smpp.wire.tlvs import VENDORS, Tlv

USUAL_PORT = 2775

Octet = Annotated[int, Meta(ge=0, le=255)]
Seconds = Annotated[float, Meta(ge=1, le=600)]
Statuses = tuple[Annotated[int, Meta(ge=0, le=0xFFFFFFFF)], ...]
AlphabetName = Literal["gsm", "latin1", "ascii"]
BindKind = Literal["transceiver", "separate"]
LongKind = Literal["udh", "udh16", "sar", "payload"]
IdKind = Literal["auto", "dec", "hex", "as_is"]
Flash = Literal["class", "subunit"]
Validity = Literal["absolute", "relative", "none"]
Unknown = Literal["again", "refused"]
Source = Literal["message_id", "account_id", "originator", "campaign_id"]


class TlvValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value of a parameter that each message has: one of a text, a number, and what is known of the message."""

    text: str | None = None
    number: Annotated[int, Meta(ge=0)] | None = None
    octets: Annotated[int, Meta(ge=1, le=8)] = 1
    """Of the number."""
    source: Source | None = msgspec.field(name="from", default=None)
    nul: bool = False
    """Whether a text ends with a NUL."""

    def of(self, message: Outgoing | None) -> bytes | None:
        """Write it for a message; None if that has no such thing, or if there is none and it has to be known.

        Raises ValueError if it can't be written.
        """
        if (self.text is not None) + (self.number is not None) + (self.source is not None) != 1:
            raise ValueError("not one of text, number and from")
        if self.number is not None:
            try:
                return self.number.to_bytes(self.octets, "big")
            except OverflowError as error:
                raise ValueError(f"{self.number} has more than {self.octets} octets") from error
        text = self.text if message is None or self.source is None else _SOURCES[self.source](message)
        return None if text is None else text.encode("latin-1") + b"\0" * self.nul


_SOURCES: Mapping[Source, Callable[[Outgoing], str | None]] = {
    "message_id": lambda message: message.message_id,
    "account_id": lambda message: message.account_id,
    "originator": lambda message: message.originator,
    "campaign_id": lambda message: message.options.campaign_id,
}


class Manners(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one SMSC wants to be spoken to, and how it speaks: what a profile may say."""

    bind: BindKind = "transceiver"
    """`separate`: a transmitter and a receiver, where it has no transceivers."""
    interface_version: Octet = VERSION
    system_type: str = ""
    address_range: str = ""
    service_type: str = ""
    id_form: IdKind = "auto"
    """How receipts write the id of a message, compared with the response: as it is, in decimal where the response has
    it in hexadecimal, in hexadecimal where it has it in decimal, or nobody knows."""
    alphabet_0: AlphabetName = "gsm"
    """What data_coding 0 means in what is sent."""
    alphabet_0_inbound: AlphabetName | None = None
    """The same in what comes; absent: the same."""
    data_coding: Octet = 0
    """What texts are sent with that need no UCS-2; it says in which alphabet they are written."""
    packed: bool = False
    """Septets of the GSM alphabet go eight into seven octets."""
    long_messages: LongKind = "udh"
    flash: Flash = "class"
    """How a text says that it is to be shown at once: by its data_coding, or by dest_addr_subunit."""
    in_order: bool = False
    """Messages to one number go one after the other."""
    source_ton: Octet | None = None
    source_npi: Octet | None = None
    """Absent: by the look of the originator."""
    dest_ton: Octet | None = None
    dest_npi: Octet | None = None
    validity: Validity = "absolute"
    """How it is told until when to try."""
    priority: bool = False
    """Says which messages are urgent and which are marketing."""
    registered_delivery: Octet = 1
    tlvs: dict[str, str | TlvValue] = {}
    """More that each message says: a tag in hexadecimal, such as 0x1401, and its value, in hexadecimal or a table."""
    pass_tlvs: tuple[str, ...] = ()
    """Tags of what clients of SMPP give their messages that goes on with them, or `vendor` for all of vendors'."""
    keep_tlvs: tuple[str, ...] = ()
    """Tags of what it says in receipts and inbound messages that is kept with them, or `vendor` for all of vendors'."""
    enquire_link_s: Seconds = 30.0
    """Seconds of silence after which it is asked whether it is there."""
    response_s: Seconds = 30.0
    """Seconds that it has to answer."""
    slow_statuses: Statuses = ()
    """What it answers that is sent too much, besides RTHROTTLED and RMSGQFUL."""
    again_statuses: Statuses = ()
    """What it answers to a message that may be sent again later."""
    refused_statuses: Statuses = ()
    """What it answers to one that it will never take."""
    unknown_status: Unknown = "again"
    """What becomes of a message that is answered with a status that nobody knows."""
    sniff_receipts: bool = False
    """Takes a message for a receipt whose text looks like one, although it does not say so."""
    receipt_offset_minutes: Annotated[int, Meta(ge=-840, le=840)] = 0
    """How far ahead of UTC its clock is, where receipts do not say."""

    @property
    def coding(self) -> Coding:
        inbound = self.alphabet_0_inbound
        return Coding(
            alphabet_0=Alphabet(self.alphabet_0),
            alphabet_0_inbound=None if inbound is None else Alphabet(inbound),
            data_coding=self.data_coding,
            packed=self.packed,
            long_messages=LongMessages(self.long_messages),
            flash_by_subunit=self.flash == "subunit",
        )

    @property
    def ids(self) -> IdForm:
        return IdForm(self.id_form)

    @property
    def own_tlvs(self) -> tuple[Tlv, ...]:
        """Read the parameters that all messages have in common. ValueError if one is none."""
        read = ((int(tag, 16), _fixed(value)) for tag, value in self.tlvs.items())
        return tuple(Tlv(tag, value) for tag, value in read if value is not None)

    @property
    def made_tlvs(self) -> tuple[tuple[int, TlvValue], ...]:
        """Return the parameters that follow from the message."""
        made = ((int(tag, 16), value) for tag, value in self.tlvs.items() if isinstance(value, TlvValue))
        return tuple((tag, value) for tag, value in made if value.source is not None)


def _fixed(value: str | TlvValue) -> bytes | None:
    return bytes.fromhex(value) if isinstance(value, str) else value.of(None)


def tags(names: Sequence[str]) -> Container[int]:
    """Read which parameters are meant. ValueError if one is none of vendors'."""
    if "vendor" in names:
        return VENDORS
    found = frozenset(int(name, 16) for name in names)
    if found - set(VENDORS):
        raise ValueError(f"no tags of vendors: {names}")
    return found


class SmppConfig(ProviderConfig, frozen=True, kw_only=True):
    hosts: Annotated[tuple[str, ...], Meta(min_length=1, max_length=32)]
    """host:port of each SMSC that is the same provider's."""
    system_id: Annotated[str, Meta(min_length=1)]
    password: str = ""
    binds: Annotated[int, Meta(ge=1, le=64)] = 1
    """At each host, of each process."""
    window: Annotated[int, Meta(ge=1, le=10_000)] = 10
    """Messages, or parts of them, that one bind may have sent without an answer: at most, it finds out how many are
    borne."""
    tls: bool = False
    tls_ca: str = ""
    """A file with the certificates that are trusted; empty: the system's."""
    profile: str = ""
    """A file of TOML that says what is peculiar to the SMSC; what is set here comes first."""

    # As in Manners; absent: as the profile says.
    bind: BindKind | None = None
    interface_version: Octet | None = None
    system_type: str | None = None
    address_range: str | None = None
    service_type: str | None = None
    id_form: IdKind | None = None
    alphabet_0: AlphabetName | None = None
    alphabet_0_inbound: AlphabetName | None = None
    data_coding: Octet | None = None
    packed: bool | None = None
    long_messages: LongKind | None = None
    flash: Flash | None = None
    in_order: bool | None = None
    source_ton: Octet | None = None
    source_npi: Octet | None = None
    dest_ton: Octet | None = None
    dest_npi: Octet | None = None
    validity: Validity | None = None
    priority: bool | None = None
    registered_delivery: Octet | None = None
    tlvs: dict[str, str | TlvValue] | None = None
    pass_tlvs: tuple[str, ...] | None = None
    keep_tlvs: tuple[str, ...] | None = None
    enquire_link_s: Seconds | None = None
    response_s: Seconds | None = None
    slow_statuses: Statuses | None = None
    again_statuses: Statuses | None = None
    refused_statuses: Statuses | None = None
    unknown_status: Unknown | None = None
    sniff_receipts: bool | None = None
    receipt_offset_minutes: Annotated[int, Meta(ge=-840, le=840)] | None = None

    def files(self) -> Sequence[str]:
        return [path for path in (self.profile, self.tls_ca) if path]


class Address(NamedTuple):
    """Where an SMSC is."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def addresses(config: SmppConfig) -> list[Address]:
    """Read where the SMSCs are. InvalidConfig."""
    return [_address(host) for host in config.hosts]


def _address(text: str) -> Address:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or text != parts.netloc or "@" in text:
        raise InvalidConfig("hosts", f"must be addresses such as smsc.example.org:2775, not {text}")
    return Address(host, USUAL_PORT if port is None else port)


def manners(config: SmppConfig) -> Manners:
    """Put together how the SMSC wants to be spoken to: by its profile, and by what is set. InvalidConfig."""
    usual = msgspec.structs.asdict(_profile(config.profile)) if config.profile else {}
    set_here = {name: getattr(config, name) for name in Manners.__struct_fields__}
    found = Manners(**usual | {name: value for name, value in set_here.items() if value is not None})
    try:
        found.own_tlvs  # noqa: B018 - it raises
    except ValueError as error:
        examples = '"0x1401" = "0a" or "0x1401" = { text = "A", nul = true }'
        raise InvalidConfig("tlvs", f"must be tags and values, such as {examples}: {error}") from error
    for name in ("pass_tlvs", "keep_tlvs"):
        try:
            tags(getattr(found, name))
        except ValueError as error:
            raise InvalidConfig(name, 'must be tags from "0x1400" to "0xffff", or "vendor" for all of these') from error
    return found


def _profile(path: str) -> Manners:
    try:
        return msgspec.convert(tomllib.loads(Path(path).expanduser().read_text()), Manners)
    except OSError as error:
        raise InvalidConfig("profile", f"can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidConfig("profile", f"is not right: {error}") from error


def require(config: SmppConfig) -> None:
    """Find what is wrong with a config. InvalidConfig."""
    addresses(config)
    found = manners(config)
    said = {"system_id": config.system_id, "password": config.password}
    said |= {"system_type": found.system_type, "address_range": found.address_range}
    for name, value in said.items():
        try:
            encode(BindTransceiver(**{name: value}))  # type: ignore[arg-type]
        except Unencodable as error:
            raise InvalidConfig(name, "must be of characters that SMPP has") from error
    if config.tls_ca and not Path(config.tls_ca).expanduser().is_file():
        raise InvalidConfig("tls_ca", f"must be a file, not {config.tls_ca}")
