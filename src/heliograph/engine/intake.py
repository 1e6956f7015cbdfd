"""What providers report: receipts, gathered into chunks, and inbound messages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from heliograph.domain.batches import BodyKind
from heliograph.domain.errors import NotNow
from heliograph.domain.ids import new_id
from heliograph.domain.inbound import Inbound, keyword_of
from heliograph.domain.instants import from_ms, maybe_instant, now_ms
from heliograph.domain.optouts import Consent, consent_in
from heliograph.domain.receipts import Receipt
from heliograph.engine.foreign import storable
from heliograph.engine.metrics import Metrics
from heliograph.engine.news import News
from heliograph.protocols.contract import InboundArrival
from heliograph.store import Store
from heliograph.store.accounts import account_by_id
from heliograph.store.base import Lane
from heliograph.store.inbound import add_inbound
from heliograph.store.receipts import Receipts, Recorded, record_receipts
from heliograph.store.rents import rent_of

log = structlog.get_logger(__name__)

CHUNK = 1_000


class EngineIntake:
    """The engine's side of `contract.Intake`."""

    def __init__(self, store: Store, news: News, metrics: Metrics, *, on_events: asyncio.Event) -> None:
        self._store = store
        self._news = news
        self._metrics = metrics
        self._on_events = on_events
        self._gathered: list[Receipt] = []
        self._flush: asyncio.Task[None] | None = None

    async def receipts(self, receipts: Sequence[Receipt]) -> None:
        """Stores receipts, together with those of others that arrive while the last chunk is being written."""
        self._gathered.extend(map(_cleaned, receipts))
        while self._gathered:
            flush = self._flush
            if flush is None or flush.done():
                flush = self._flush = asyncio.create_task(self._write_gathered(), name="receipts")
            await asyncio.shield(flush)

    async def _write_gathered(self) -> None:
        while self._gathered:
            chunk, self._gathered = self._gathered[:CHUNK], self._gathered[CHUNK:]
            try:
                recorded: Recorded = await self._store.write_item(
                    record_receipts, Receipts(chunk, now_ms()), Lane.RECEIPTS
                )
            except (NotNow, asyncio.CancelledError):
                self._gathered[:0] = chunk  # whoever handed them in learns of it, and they are not lost meanwhile
                raise
            self._metrics.receipts(recorded.fate)
            self._news.tell([change.message_id for change in recorded.applied])
            self._on_events.set()

    async def finish(self) -> None:
        """Returns when what was handed in has been written, or could not be: for the engine's end."""
        if self._flush is not None:
            await asyncio.gather(self._flush, return_exceptions=True)

    async def inbound(self, provider: str, arrival: InboundArrival) -> str | None:
        """Stores an inbound message with its effect on consent and its callback, in one transaction."""
        rent = await self._store.read(rent_of, arrival.to)
        owner = arrival.account_id if rent is None else rent.account_id
        account = None if owner is None else await self._store.read(account_by_id, owner)
        if account is None:
            log.warning("inbound message for nobody", provider=provider, to=arrival.to)
            return None
        now = now_ms()
        text = storable(arrival.body) if arrival.kind is BodyKind.TEXT else ""
        message = Inbound(
            id=new_id(),
            account_id=account.id,
            kind=arrival.kind,
            msisdn=arrival.msisdn,
            to=storable(arrival.to),
            body=storable(arrival.body),
            udh=arrival.udh,
            provider=provider,
            provider_ref=storable(arrival.provider_ref),
            keyword=keyword_of(text),
            received_at=from_ms(now),
            sent_at=maybe_instant(arrival.sent_at_ms),
            operator=arrival.operator,
            channel=arrival.channel.value,
        )
        consent = consent_in(text) if text else Consent.NOT_ABOUT_IT
        if not await self._store.write(add_inbound, account, message, consent, now, rent):
            return None
        self._metrics.inbound(provider)
        self._news.tell([f"inbound:{account.id}"])
        self._on_events.set()
        return message.id


def _cleaned(receipt: Receipt) -> Receipt:
    ref, code, detail = storable(receipt.provider_ref), storable(receipt.provider_code), storable(receipt.detail)
    if (ref, code, detail) == (receipt.provider_ref, receipt.provider_code, receipt.detail):
        return receipt
    return msgspec.structs.replace(receipt, provider_ref=ref, provider_code=code, detail=detail)
