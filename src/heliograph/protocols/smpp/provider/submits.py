"""What is said of a message: one submit_sm, or one for each of its parts."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping

from heliograph.domain.batches import BodyKind
from heliograph.domain.instants import now_ms
from heliograph.domain.priorities import Priority
from heliograph.engine.contract import Outgoing
from heliograph.protocols.smpp.provider.config import Manners, tags
from heliograph.protocols.smpp.wire import times
from heliograph.protocols.smpp.wire.addresses import destination, source
from heliograph.protocols.smpp.wire.codec import encode
from heliograph.protocols.smpp.wire.coding import Piece, binary_pieces, text_pieces
from heliograph.protocols.smpp.wire.pdus import SubmitSm
from heliograph.protocols.smpp.wire.references import References
from heliograph.protocols.smpp.wire.tlvs import Tlv

_PRIORITIES: Mapping[Priority, int] = {Priority.URGENT: 3, Priority.NORMAL: 1, Priority.LOW: 0}


class Submits:
    """Makes what is submitted of messages."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._coding = manners.coding
        self._own = manners.own_tlvs
        self._made = manners.made_tlvs
        self._passed = tags(manners.pass_tlvs)
        self._references = References()

    def of(self, message: Outgoing) -> list[SubmitSm]:
        """Make the submits of a message; the last of several asks for the receipt.

        Raises InvalidOriginator, TooManyParts, MalformedUdh, and Unencodable for what SMPP can't say.
        """
        pieces = self._pieces(message)
        tlvs = self._tlvs(message)
        submits = [self._submit(message, piece, tlvs, asks=piece is pieces[-1]) for piece in pieces]
        for each in submits:
            encode(each)  # what has no octets is found before anything is written
        return submits

    def _pieces(self, message: Outgoing) -> list[Piece]:
        udh = bytes.fromhex(message.udh)
        reference = self._references.next(message.msisdn) if message.parts > 1 or len(message.body) > _SURELY_ONE else 0
        if message.kind is BodyKind.BINARY:
            data = b64decode(message.body)
            return binary_pieces(data, self._coding, reference=reference, flash=message.flash, udh=udh)
        return text_pieces(
            message.body,
            self._coding,
            reference=reference,
            ucs2=message.options.ucs2,
            flash=message.flash,
            udh=udh,
        )

    def _tlvs(self, message: Outgoing) -> tuple[Tlv, ...]:
        """Make what each part of a message says besides: what came with it, and what is set for tags that did not."""
        came = message.options.smpp_parameters
        if not came and not self._made:
            return self._own
        found = dict(self._own)
        found |= {tag: octets for tag, value in self._made if (octets := value.of(message)) is not None}
        found |= {tag: bytes.fromhex(value) for tag, value in came if tag in self._passed}
        return tuple(Tlv(tag, value) for tag, value in found.items())

    def _submit(self, message: Outgoing, piece: Piece, tlvs: tuple[Tlv, ...], *, asks: bool) -> SubmitSm:
        manners, options = self._manners, message.options
        ton = manners.source_ton if options.originator_ton is None else options.originator_ton
        npi = manners.source_npi if options.originator_npi is None else options.originator_npi
        from_ = source(message.originator, ton, npi)
        to = destination(message.msisdn, manners.dest_ton, manners.dest_npi)
        return SubmitSm(
            tlvs=(*piece.tlvs, *tlvs),
            service_type=manners.service_type,
            source_addr_ton=from_.ton,
            source_addr_npi=from_.npi,
            source_addr=from_.text,
            dest_addr_ton=to.ton,
            dest_addr_npi=to.npi,
            destination_addr=to.text,
            esm_class=piece.esm_class,
            priority_flag=_PRIORITIES[options.priority] if manners.priority else 0,
            validity_period=self._validity(message.expire_at_ms),
            registered_delivery=manners.registered_delivery if asks else 0,
            data_coding=piece.data_coding,
            short_message=piece.short_message,
        )

    def _validity(self, expire_at_ms: int) -> str:
        if self._manners.validity == "absolute":
            return times.absolute(expire_at_ms)
        if self._manners.validity == "relative":
            return times.relative((expire_at_ms - now_ms()) / 1_000)
        return ""


_SURELY_ONE = 60
"""Characters or so that are never more than one part, whatever their alphabet and header."""
