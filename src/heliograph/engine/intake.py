"""What providers report: receipts, gathered into chunks, and inbound messages.

**The problem.** A provider's server tells one receipt to a request, many requests a second, and must not be answered
before the receipt is safe: whoever is answered never tells again. A transaction for each would be the limit.

**How it works.** `receipts` adds what it was handed to a list and waits. One task at a time empties the list, a chunk
to a transaction; what comes in while a chunk is being written travels with the next: the busier it is, the more share a
transaction. Each caller waits for its own receipts only. How receipts find their messages, also those that outran the
answer to the submit, is in `store/receipts.py`.

**Failover.** A receipt of a failure may be one after which another provider is to try. Only the engine knows whether
there is one, so such receipts are marked before they are written (`_pass_on`). The message is read without a lock for
that; whether it still is where the receipt says is decided in the transaction, by the table of statuses.

**If something fails.** While the database is away, the chunk goes back to the front of the list and everybody who waits
gets NotNow: their server tells again, and a receipt told twice changes nothing. The list is written with the next that
come, or forgotten if the process ends, and nobody had been promised more. A chunk that was committed is safe, even if
the answer to its sender is lost.

**Inbound messages** are few in comparison, and each is a transaction of its own: with its effect on consent, the answer
to a keyword, and the event that tells the account's owner.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from time import time_ns
from typing import NamedTuple

import msgspec
import structlog

from heliograph.domain.accounts import Account
from heliograph.domain.answers import answer
from heliograph.domain.batches import BodyKind
from heliograph.domain.errors import NotNow
from heliograph.domain.ids import new_id
from heliograph.domain.inbound import Inbound, InboundPart, keyword_of
from heliograph.domain.instants import from_ms, maybe_instant, now_ms
from heliograph.domain.joining import joined
from heliograph.domain.life import Transition
from heliograph.domain.optouts import Consent
from heliograph.domain.prices import Tariff
from heliograph.domain.receipts import Receipt
from heliograph.domain.rents import Rent
from heliograph.domain.statuses import Status
from heliograph.engine.contract import InboundArrival
from heliograph.engine.foreign import MAX_REF, bounded, code_of, detail_of, instant_of, reference, storable
from heliograph.engine.metrics import Metrics
from heliograph.engine.notifier import Notifier
from heliograph.engine.routing import Router
from heliograph.engine.tracing import Step
from heliograph.numbers import MAX_ADDRESS, country_of, read_address
from heliograph.store import Store
from heliograph.store.accounts import account_by_id, oldest_account
from heliograph.store.base import Lane
from heliograph.store.batches import NewBatch
from heliograph.store.inbound import add_inbound
from heliograph.store.long_inbound import LongInbound, NewPart, close_long, keep_parts
from heliograph.store.receipts import Receipts, Recorded, record_receipts, sent_under
from heliograph.store.references import meant_by
from heliograph.store.rents import rent_of
from heliograph.store.tx import Tx

log = structlog.get_logger(__name__)

CHUNK = 1_000
_NOT_DELIVERED = {Status.FAILED, Status.REJECTED, Status.EXPIRED}


class EngineIntake:
    """The engine's side of `contract.Intake`."""

    def __init__(
        self,
        store: Store,
        notifier: Notifier,
        metrics: Metrics,
        router: Router,
        tariff: Callable[[], Tariff],
        *,
        await_parts_s: float,
        on_events: asyncio.Event,
        on_messages: Callable[[], None],
    ) -> None:
        """Set `on_events` when customers may be told something; call `on_messages` when there is something to send.

        `await_parts_s` is how long the other parts of an inbound message are waited for, in seconds.
        """
        self._await_parts_ms = int(await_parts_s * 1_000)
        self._router = router
        self._tariff = tariff
        self._on_messages = on_messages
        self._store = store
        self._notifier = notifier
        self._metrics = metrics
        self._on_events = on_events
        self._gathered: list[Receipt] = []
        self._handed_in = 0
        """How many receipts there ever were."""
        self._written = 0
        """How many of these are safe, or given up."""
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        """Callers, each with the count that has to be written before it may be answered."""
        self._flush: asyncio.Task[None] | None = None

    async def receipts(self, receipts: Sequence[Receipt]) -> None:
        """Store receipts, together with those of others that arrive while the last chunk is being written.

        Raises NotNow if they could not be written: they are to be told again.
        """
        if not receipts:
            return
        self._gathered.extend(map(_cleaned, receipts))
        self._handed_in += len(receipts)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._handed_in, written))
        # A task of its own: it is not ended with whoever happens to wait for it.
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._write_gathered(), name="receipts")
            self._flush.add_done_callback(_seen)
        await written

    async def _write_gathered(self) -> None:
        """Write what is gathered, and tell each caller as soon as its own is written: others may never stop coming."""
        while self._gathered:
            chunk, self._gathered = self._gathered[:CHUNK], self._gathered[CHUNK:]
            try:
                await self._write(chunk)
            except (NotNow, asyncio.CancelledError):
                self._gathered[:0] = chunk  # whoever handed them in learns of it, and they are not lost meanwhile
                self._refuse_all(NotNow())
                raise
            except Exception as error:
                self._written += len(chunk)
                self._refuse_all(error)
                raise
            self._written += len(chunk)
            while self._waiting and self._waiting[0][0] <= self._written:
                _, written = self._waiting.popleft()
                if not written.done():
                    written.set_result(None)

    def _refuse_all(self, error: Exception) -> None:
        """Tell everybody who waits that their receipts are not safe."""
        while self._waiting:
            _, written = self._waiting.popleft()
            if not written.done():
                written.set_exception(error)

    async def _write(self, chunk: list[Receipt]) -> None:
        began_ns = time_ns()
        passed_on = await self._pass_on(chunk)
        recorded: Recorded = await self._store.write_item(record_receipts, Receipts(passed_on, now_ms()), Lane.RECEIPTS)
        self._metrics.receipts(recorded.fate)
        self._metrics.changed(recorded.applied)
        self._note_health(recorded.applied)
        if (tracing := self._metrics.tracing) is not None:
            for (batch_id, status), count in Counter((each.batch_id, each.status) for each in recorded.applied).items():
                tracing.note(batch_id, Step.RECEIPT, began_ns, {"status": status.value, "count": count})
        if passed_on is not chunk:
            self._on_messages()
        self._notifier.tell([change.message_id for change in recorded.applied])
        self._on_events.set()

    async def _pass_on(self, chunk: list[Receipt]) -> list[Receipt]:
        """Return the receipts, with a mark on those of failures after which another provider is to try."""
        routes = self._router.routes
        failed = [
            receipt
            for receipt in chunk
            if receipt.status in _NOT_DELIVERED
            and (route := routes.get(receipt.provider)) is not None
            and route.passes_on_receipt(receipt.reason, receipt.provider_code)
        ]
        if not failed:
            return chunk
        if loose := [receipt for receipt in failed if receipt.is_loose]:
            meant = await self._store.read(meant_by, loose)
            chunk, failed = ([meant.named(receipt) for receipt in each] for each in (chunk, failed))
        wanted = {receipt.provider_ref for receipt in failed}
        sent = await self._store.read(sent_under, wanted)
        now = now_ms()

        def goes_on(receipt: Receipt) -> bool:
            found = sent.get((receipt.provider, receipt.provider_ref))
            if found is None or receipt.provider_ref not in wanted or receipt.status not in _NOT_DELIVERED:
                return False
            way = self._router.way(found.subject, now, f"{found.passed_on_by} {receipt.provider}")
            return found.expire_at > now and way.goes_on

        return [msgspec.structs.replace(receipt, elsewhere=True) if goes_on(receipt) else receipt for receipt in chunk]

    def _note_health(self, applied: Sequence[Transition]) -> None:
        by_provider: dict[str, list[Transition]] = {}
        for change in applied:
            if change.took_ms is not None:
                by_provider.setdefault(change.provider or "", []).append(change)
        for name, ended in by_provider.items():
            if (route := self._router.routes.get(name)) is not None:
                failed = sum(change.status in _NOT_DELIVERED for change in ended)
                took_s = [change.took_ms / 1_000 for change in ended if change.took_ms is not None]
                route.health.note(len(ended), failed=failed, took_s=took_s)

    async def finish(self) -> None:
        """Wait until what was handed in has been written, or could not be: for the engine's end."""
        if self._flush is not None:
            await asyncio.gather(self._flush, return_exceptions=True)

    async def inbound(self, provider: str, arrival: InboundArrival) -> str | None:
        """Store an inbound message with its effect on consent and its callback, in one transaction.

        Returns its identifier; None if it belongs to nobody or was known.
        """
        arrival = bounded(arrival)
        if arrival.part is None:
            return await self._take_in(provider, arrival)
        new = _new_part(provider, arrival, arrival.part, self._await_parts_ms)
        long: LongInbound | None = await self._store.write_item(keep_parts, new)
        return None if long is None else await self.join(long)

    async def join(self, long: LongInbound) -> str | None:
        """Store a message that came in parts, as many of them as there are; None if it was, or is nobody's."""
        kind, body = joined(long.parts, long.total)
        arrival = bounded(
            msgspec.structs.replace(
                msgspec.json.decode(long.facts, type=InboundArrival),
                kind=kind,
                body=body,
                provider_ref=f"parts {long.id}",
            )
        )
        return await self._take_in(long.provider, arrival, long)

    async def _take_in(self, provider: str, arrival: InboundArrival, long: LongInbound | None = None) -> str | None:
        owner = await self._store.read(_owner_of, arrival)
        if owner is None:
            log.warning("inbound message for nobody", provider=provider, to=read_address(arrival.to))
            if long is not None:
                await self._store.write(close_long, long.id, now_ms())
            return None
        account, now = owner.account, now_ms()
        message = _read(provider, arrival, owner, now)
        if long is not None:
            message = msgspec.structs.replace(message, missing_parts=long.total - len(long.parts))
        consent = message.consent(account.words)
        written = account.words.answer_to(consent)
        answered = None if written is None else self._answer(account, message, written)
        if not await self._store.write(
            _add, None if long is None else long.id, account, message, consent, now, owner.rent, answered
        ):
            return None
        if answered is not None:
            self._on_messages()
        self._metrics.inbound(provider)
        self._notifier.tell([f"inbound:{account.id}"])
        self._on_events.set()
        return message.id

    def _answer(self, account: Account, message: Inbound, written: str) -> NewBatch:
        """Make what an account has decided to answer, under its terms."""
        terms = account.terms
        return NewBatch(answer(account, message, written), tariff=self._tariff().under(terms), caps=terms.caps)


def _add(
    tx: Tx,
    long_id: str | None,
    account: Account,
    message: Inbound,
    consent: Consent,
    now: int,
    rent: Rent | None,
    answered: NewBatch | None,
) -> bool:
    """Store a message, unless it was known, or, of one in parts, somebody else has put it together."""
    if long_id is not None and not close_long(tx, long_id, now):
        return False
    return add_inbound(tx, account, message, consent, now, rent, answered)


def _new_part(provider: str, arrival: InboundArrival, part: InboundPart, await_ms: int) -> NewPart:
    now = now_ms()
    facts = msgspec.json.encode(msgspec.structs.replace(arrival, body="", part=None)).decode()
    addresses = arrival.msisdn[:MAX_REF], arrival.to[:MAX_REF]
    return NewPart(provider, *addresses, part, facts, now, now + await_ms)


class _Owner(NamedTuple):
    """The owner of an inbound message."""

    account: Account
    to: str
    """The address that was written to, as it is stored."""
    rent: Rent | None
    """The rent of that number; None if nobody has rented it."""


def _owner_of(tx: Tx, arrival: InboundArrival) -> _Owner | None:
    """Find who has rented the number that was written to, else the provider's account, else the oldest one.

    None if there is no such account, or it is closed.
    """
    account = oldest_account(tx) if arrival.account_id is None else account_by_id(tx, arrival.account_id)
    to = read_address(arrival.to, None if account is None else account.default_region)
    rent = rent_of(tx, to)
    if rent is not None:
        account = account_by_id(tx, rent.account_id)
    return None if account is None or account.closed_at is not None else _Owner(account, to, rent)


def _read(provider: str, arrival: InboundArrival, owner: _Owner, now: int) -> Inbound:
    """Read an inbound message that an account has been sent.

    A sender without its country's code is read as the account would, then as somebody in the country of the number that
    was written to.
    """
    account = owner.account
    return Inbound(
        id=new_id(),
        account_id=account.id,
        kind=arrival.kind,
        msisdn=read_address(arrival.msisdn, account.default_region, country_of(owner.to)),
        to=owner.to,
        body=arrival.body,
        udh=arrival.udh,
        provider=provider,
        provider_ref=arrival.provider_ref,
        keyword=keyword_of(arrival.body) if arrival.kind is BodyKind.TEXT else None,
        received_at=from_ms(now),
        sent_at=maybe_instant(arrival.sent_at_ms),
        operator=arrival.operator,
        provider_facts=arrival.provider_facts,
        channel=arrival.channel.value,
    )


def _seen(flush: asyncio.Task[None]) -> None:
    """Take note of how a task ended: whoever waited for it has been told."""
    if not flush.cancelled():
        flush.exception()


def _cleaned(receipt: Receipt) -> Receipt:
    """Return a receipt as a store can hold it: it must not keep the others in its chunk from being recorded."""
    ref, code, detail = reference(receipt.provider_ref), code_of(receipt.provider_code), detail_of(receipt.detail)
    reason, at_ms = code_of(receipt.reason), instant_of(receipt.at_ms)
    before = (receipt.provider_ref, receipt.provider_code, receipt.detail, receipt.reason, receipt.at_ms)
    if (ref, code, detail, reason, at_ms) == before and not receipt.is_loose:
        return receipt
    return msgspec.structs.replace(
        receipt,
        provider_ref=ref,
        provider_code=code,
        detail=detail,
        reason=reason,
        at_ms=at_ms,
        other_refs=tuple(map(reference, receipt.other_refs)),
        ref_keys=tuple(map(reference, receipt.ref_keys)),
        msisdns=tuple(storable(msisdn)[:MAX_ADDRESS] for msisdn in receipt.msisdns),
    )
