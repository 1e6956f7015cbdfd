"""What clients are told: receipts and inbound messages, each as the deliver_sm that says it."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, datetime

from heliograph.domain.accounts import Account
from heliograph.domain.batches import BodyKind
from heliograph.domain.callbacks import Event, EventKind, MessageFacts
from heliograph.domain.errors import NotFound
from heliograph.domain.ids import made_at_ms
from heliograph.domain.inbound import Inbound
from heliograph.domain.statuses import OPEN, Status
from heliograph.numbers import InvalidOriginator, is_msisdn
from heliograph.protocols.smpp.door import hostile
from heliograph.protocols.smpp.door.states import STATES, WORDS, error_number
from heliograph.protocols.smpp.wire.addresses import Address, destination, source
from heliograph.protocols.smpp.wire.coding import Coding, Piece, binary_pieces, text_pieces
from heliograph.protocols.smpp.wire.pdus import DataSm, DeliverSm
from heliograph.protocols.smpp.wire.receipts import INTERMEDIATE, RECEIPT, MessageState
from heliograph.protocols.smpp.wire.references import References
from heliograph.protocols.smpp.wire.tlvs import Tag, Tlv, tlv
from heliograph.sandbox.chaos import Chaos
from heliograph.services.inbound import InboundMessages
from heliograph.text import MalformedUdh, TooManyParts

_USER_REFERENCE = re.compile(r"[0-9]{1,5}", re.ASCII)
_GSM_NETWORK = 3
"""The kind of network in a network_error_code (5.3.2.31)."""
_LONGEST_ADDRESS = 20
_LONGEST_PAYLOAD = 30_000
"""Characters of a text that is longer than parts can be: as many go into message_payload."""


class Telling:
    """Makes what clients are told of events."""

    def __init__(self, inbound: InboundMessages, coding: Coding) -> None:
        self._inbound = inbound
        self._coding = coding
        self._references = References()

    async def of(self, account: Account, event: Event, chaos: Chaos | None = None) -> list[DeliverSm | DataSm]:
        """Make what tells of an event, one after the other, as the sandbox's SMSC has it if there is any chaos.

        Raises NotFound if there is nothing to tell, or no word.
        """
        if event.kind is EventKind.INBOUND:
            message = await self._inbound.get(account, event.subject_id)
            felt = hostile.towards(chaos, message.msisdn)
            return hostile.told(felt, self._arrival(message, hostile.coded(felt, message.id, self._coding)), message.id)
        if event.facts is None:
            raise NotFound()
        felt = hostile.towards(chaos, event.facts.msisdn)
        return hostile.told(felt, [receipt(event, event.facts)], event.subject_id)

    def _arrival(self, message: Inbound, coding: Coding) -> list[DeliverSm]:
        from_, to = _address(message.msisdn), _address(message.to)
        return [
            DeliverSm(
                tlvs=piece.tlvs,
                source_addr_ton=from_.ton,
                source_addr_npi=from_.npi,
                source_addr=from_.text,
                dest_addr_ton=to.ton,
                dest_addr_npi=to.npi,
                destination_addr=to.text,
                esm_class=piece.esm_class,
                data_coding=piece.data_coding,
                short_message=piece.short_message,
            )
            for piece in self._pieces(message, coding)
        ]

    def _pieces(self, message: Inbound, coding: Coding) -> list[Piece]:
        reference = self._references.next(message.msisdn)
        if message.kind is BodyKind.BINARY:
            data = b64decode(message.body)
            try:
                return binary_pieces(data, coding, reference=reference, udh=bytes.fromhex(message.udh))
            except (MalformedUdh, TooManyParts):
                return binary_pieces(data, coding, reference=reference)
        try:
            return text_pieces(message.body, coding, reference=reference)
        except TooManyParts:
            octets = message.body[:_LONGEST_PAYLOAD].encode("utf-16-be", "replace")
            return [Piece(0, 8, b"", (tlv(Tag.MESSAGE_PAYLOAD, octets),))]


def receipt(event: Event, facts: MessageFacts) -> DeliverSm:
    """Write the receipt of a message: as a text (appendix B), and as parameters (5.3.2)."""
    status = Status(facts.status)
    state = STATES[status]
    error = 0 if status is Status.DELIVERED else error_number(facts.provider_code)
    to = _address(event.originator or "")
    return DeliverSm(
        tlvs=tuple(_parameters(event, state, error)),
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr=facts.msisdn,
        dest_addr_ton=to.ton,
        dest_addr_npi=to.npi,
        destination_addr=to.text,
        esm_class=INTERMEDIATE if status in OPEN else RECEIPT,
        short_message=_text(event, facts, state, error).encode(),
    )


def _text(event: Event, facts: MessageFacts, state: MessageState, error: int) -> str:
    delivered = int(state is MessageState.DELIVERED)
    submitted, done = _date(made_at_ms(event.subject_id)), _date(facts.at_ms)
    return (
        f"id:{event.subject_id} sub:001 dlvrd:{delivered:03} submit date:{submitted} done date:{done} "
        f"stat:{WORDS[state]} err:{error % 1_000:03} text:"
    )


def _parameters(event: Event, state: MessageState, error: int) -> list[Tlv]:
    found = [tlv(Tag.RECEIPTED_MESSAGE_ID, event.subject_id), tlv(Tag.MESSAGE_STATE, int(state))]
    if error:
        found.append(tlv(Tag.NETWORK_ERROR_CODE, bytes((_GSM_NETWORK,)) + error.to_bytes(2, "big")))
    if (reference := _user_reference(event.client_reference)) is not None:
        found.append(tlv(Tag.USER_MESSAGE_REFERENCE, reference))
    return found


def _user_reference(client_reference: str | None) -> int | None:
    """Read a client reference as the number that an SMPP client gave; None if it is none, or another's by now."""
    if client_reference is None or not _USER_REFERENCE.fullmatch(client_reference):
        return None
    number = int(client_reference)
    return number if number <= 0xFFFF else None


def _date(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1_000, UTC):%y%m%d%H%M}"


def _address(text: str) -> Address:
    """Write an address: a number, a short code, a name, or whatever else a message came from."""
    if is_msisdn(text):
        return destination(text)
    try:
        return source(text or None)
    except InvalidOriginator:
        return Address(0, 0, text.encode("latin-1", "replace").decode("latin-1")[:_LONGEST_ADDRESS])
