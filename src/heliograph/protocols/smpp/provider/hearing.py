"""What an SMSC sends: receipts and inbound messages, answered once they are stored.

What has come while the last lot was being stored is stored together. An SMSC that is told to try again later sends the
same again, to whichever bind there is: nothing is lost, and a receipt that comes twice counts once.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog

from heliograph.domain.batches import BodyKind
from heliograph.domain.inbound import InboundPart, Payload
from heliograph.domain.instants import now_ms
from heliograph.domain.receipts import Receipt
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import InboundArrival, Intake
from heliograph.protocols.smpp.connection import Connection
from heliograph.protocols.smpp.provider.config import Manners, tags
from heliograph.protocols.smpp.wire.addresses import read
from heliograph.protocols.smpp.wire.coding import Heard, hear
from heliograph.protocols.smpp.wire.ids import keys_in
from heliograph.protocols.smpp.wire.pdus import DataSm, DataSmResp, DeliverSm, DeliverSmResp
from heliograph.protocols.smpp.wire.receipts import DeliveryReceipt, MessageState, is_receipt, read_receipt
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import of_vendors, shown
from heliograph.text import MalformedUdh, without_concatenation

log = structlog.get_logger(__name__)

MOST_TOGETHER = 500
_AHEAD_MS = 60_000
"""A receipt that is of a later moment than this from now has another clock: what it says of the time is left out."""


class _Meaning(NamedTuple):
    status: Status
    reason: Reason | None = None


_ON_ITS_WAY = _Meaning(Status.SENT)
_MEANINGS: Mapping[MessageState, _Meaning] = {
    MessageState.SCHEDULED: _ON_ITS_WAY,
    MessageState.ENROUTE: _ON_ITS_WAY,
    MessageState.ACCEPTED: _ON_ITS_WAY,
    MessageState.DELIVERED: _Meaning(Status.DELIVERED),
    MessageState.EXPIRED: _Meaning(Status.EXPIRED, Reason.EXPIRED_IN_NETWORK),
    MessageState.DELETED: _Meaning(Status.FAILED, Reason.UNDELIVERED),
    MessageState.UNDELIVERABLE: _Meaning(Status.FAILED, Reason.UNDELIVERED),
    MessageState.SKIPPED: _Meaning(Status.FAILED, Reason.UNDELIVERED),
    MessageState.UNKNOWN: _Meaning(Status.UNKNOWN),
    MessageState.REJECTED: _Meaning(Status.REJECTED, Reason.PROVIDER_REFUSED),
}


class _Told(NamedTuple):
    connection: Connection
    pdu: DeliverSm | DataSm


class Hearing:
    """Takes in what comes by all lines of a provider."""

    def __init__(self, name: str, account_id: str | None, manners: Manners) -> None:
        self._name = name
        self._account_id = account_id
        self._manners = manners
        self._coding = manners.coding
        self._kept = tags(manners.keep_tlvs)
        self._told: deque[_Told] = deque()
        self._task: asyncio.Task[None] | None = None
        self._intake: Intake | None = None

    def open(self, intake: Intake) -> None:
        self._intake = intake

    async def close(self) -> None:
        """Return when everything that came has been answered."""
        if self._task is not None:
            await self._task

    def take(self, connection: Connection, pdus: Sequence[DeliverSm | DataSm]) -> None:
        """Take what came by a connection: it is answered there, soon."""
        self._told.extend(_Told(connection, pdu) for pdu in pdus)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._take_in(), name=f"smpp hearing {self._name}")

    async def _take_in(self) -> None:
        while self._told:
            those = [self._told.popleft() for _ in range(min(len(self._told), MOST_TOGETHER))]
            about = [each for each in those if is_receipt(each.pdu, sniff=self._manners.sniff_receipts)]
            receipts = set(map(id, about))
            others = [each for each in those if id(each) not in receipts]
            await asyncio.gather(self._take_receipts(about), *map(self._take_message, others))

    async def _take_receipts(self, those: Sequence[_Told]) -> None:
        if not those:
            return
        assert self._intake is not None  # noqa: S101 - it is open
        try:
            await self._intake.receipts([self.receipt(each.pdu) for each in those])
            status = CommandStatus.ROK
        except Exception as error:
            status = self._put_off(error)
        for each in those:
            _answer(each, status)

    async def _take_message(self, told: _Told) -> None:
        assert self._intake is not None  # noqa: S101 - it is open
        try:
            await self._intake.inbound(self._name, self.arrival(told.pdu))
            status = CommandStatus.ROK
        except Exception as error:
            status = self._put_off(error)
        _answer(told, status)

    def _put_off(self, error: Exception) -> CommandStatus:
        log.error("not taken in", provider=self._name, exc_info=error)
        return CommandStatus.RX_T_APPN

    def receipt(self, pdu: DeliverSm | DataSm) -> Receipt:
        """Read a receipt. One that names no message is counted as not understood."""
        manners = self._manners
        found = read_receipt(pdu, self._coding, manners.receipt_offset_minutes)
        if found is None:
            return Receipt(self._name, "", None, detail=hear(pdu, self._coding).part.text)
        meaning = _meaning(found)
        first, *others = found.ids
        keys = [key for each in found.ids for key in keys_in(manners.ids, each)]
        at_ms = found.done_at_ms
        facts = shown(of_vendors(pdu.tlvs, self._kept)) if pdu.tlvs else ""
        return Receipt(
            self._name,
            first,
            None if meaning is None else meaning.status,
            None if meaning is None else meaning.reason,
            provider_code=found.error,
            detail=" ".join(filter(None, (found.word, facts))) or None,
            at_ms=at_ms if at_ms is not None and at_ms <= now_ms() + _AHEAD_MS else None,
            other_refs=tuple(others),
            ref_keys=tuple(dict.fromkeys(keys)),
            msisdns=tuple(filter(None, map(_digits, (pdu.source_addr, pdu.destination_addr)))),
        )

    def arrival(self, pdu: DeliverSm | DataSm) -> InboundArrival:
        """Read an inbound message, or one of its parts."""
        heard = hear(pdu, self._coding)
        part = heard.part
        return InboundArrival(
            msisdn=read(pdu.source_addr_ton, pdu.source_addr),
            to=read(pdu.dest_addr_ton, pdu.destination_addr),
            kind=BodyKind.BINARY if part.text is None else BodyKind.TEXT,
            body=b64encode(part.payload).decode() if part.text is None else part.text,
            udh=_rest_of(part.udh).hex(),
            provider_facts=(shown(of_vendors(pdu.tlvs, self._kept)) or None) if pdu.tlvs else None,
            account_id=self._account_id,
            part=_place(heard),
        )


def _meaning(found: DeliveryReceipt) -> _Meaning | None:
    """Tell what a receipt makes of its message: what is not the last word ends it only if it is a good one."""
    if found.state is None:
        return None
    meaning = _MEANINGS[found.state]
    return meaning if found.is_final or meaning.status is Status.DELIVERED else _ON_ITS_WAY


def _place(heard: Heard) -> InboundPart | None:
    if heard.place is None:
        return None
    place, part = heard.place, heard.part
    return InboundPart(
        f"{heard.named} {place.reference}", place.total, place.sequence, Payload(part.encoding, part.payload)
    )


def _rest_of(udh: bytes) -> bytes:
    """Return what else a header says than which part this is."""
    try:
        return without_concatenation(udh)
    except MalformedUdh:
        return b""


def _digits(address: str) -> str:
    """Return an address as a message has its recipient; empty if it is none."""
    bare = address.strip().removeprefix("+").removeprefix("00")
    return bare if bare.isascii() and bare.isdigit() else ""


def _answer(told: _Told, status: CommandStatus) -> None:
    kind = DeliverSmResp if isinstance(told.pdu, DeliverSm) else DataSmResp
    told.connection.respond(kind(told.pdu.sequence, int(status)))
