"""Preparing: from a leased message to what a provider is handed, or to the change that ends it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from heliograph.domain.batches import BodyKind, Parameters
from heliograph.domain.life import Change
from heliograph.domain.local_times import loud_at_ms
from heliograph.domain.messages import Waiting
from heliograph.domain.rendering import Unsendable, most_parts, renderings
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Outgoing
from heliograph.store import Store
from heliograph.store.batches import SendingFacts, fields_of, parameters_of
from heliograph.store.queue import Leased
from heliograph.store.tx import Tx

PREPARATIONS_KEPT = 16
"""How many batches' parameters are kept: a large batch's take tens of megabytes."""


class Preparation:
    """What all messages of one batch are prepared with."""

    def __init__(
        self, batch: SendingFacts, parameters: Parameters | None = None, fields: Parameters | None = None
    ) -> None:
        self._batch = batch
        self._kind = BodyKind(batch.kind)
        self._renderings = renderings(self._kind, batch.body, parameters, batch.options, fields)
        self._max_parts = most_parts(batch.max_parts)

    def prepare(self, message: Leased, now_ms: int) -> Outgoing | Change:
        """Prepare a message. Raises nothing: one that can't be sent comes back as the change that ends it."""
        batch = self._batch
        if batch.canceled:
            return Change(message.id, Status.CANCELED, reason=Reason.CANCELED_BY_CUSTOMER)
        if message.expire_at <= now_ms:
            return Change(message.id, Status.EXPIRED, reason=Reason.EXPIRED_BEFORE_SENDING)
        if message.opted_out and not batch.options.despite_optout:
            return Change(message.id, Status.REJECTED, reason=Reason.OPTED_OUT)
        if batch.options.quiet is not None:
            loud_at = loud_at_ms(message.msisdn, now_ms, *batch.options.quiet)
            if loud_at > now_ms:  # it was due before, and had to wait
                return put_back(message, Waiting.QUIET, loud_at)
        rendering = self._renderings[message.leg]
        made = rendering.make(message.msisdn, self._max_parts)
        if isinstance(made, Unsendable):
            return Change(message.id, Status.FAILED, reason=made.reason, detail=made.detail)
        body, encoding, parts, values = made
        return Outgoing(
            message.id,
            message.account_id,
            message.msisdn,
            batch.originator,
            self._kind,
            body,
            batch.udh,
            encoding,
            parts,
            batch.flash,
            message.attempts,
            message.expire_at,
            None if values is None else rendering.template,
            values,
            batch.options,
            rendering.channel,
            rendering.rich_media,
        )


class Preparations:
    """The preparations of batches. Those of batches with parameters that were sent from last are kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[str, int, bool], Preparation] = OrderedDict()

    async def of(self, batches: Iterable[SendingFacts]) -> dict[str, Preparation | Exception]:
        """Return the preparation of each batch by the batch's identifier; where it can't be had, why."""
        found: dict[str, Preparation | Exception] = {}
        for batch in batches:
            try:
                found[batch.id] = await self._preparation(batch)
            except Exception as error:
                found[batch.id] = error
        return found

    async def _preparation(self, batch: SendingFacts) -> Preparation:
        if not batch.needs_parameters:  # costs little to make again for the next chunk
            return Preparation(batch)
        key = (batch.id, batch.modified_at, batch.waits_for_groups)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Preparation(batch, *await self._store.read(_values, batch.id))
        self._kept.move_to_end(key)
        if len(self._kept) > PREPARATIONS_KEPT:
            self._kept.popitem(last=False)
        return found


def _values(tx: Tx, batch_id: str) -> tuple[Parameters, Parameters]:
    """Read the values of names in a batch's texts: those that came with it, and those of contacts' fields."""
    return parameters_of(tx, batch_id), fields_of(tx, batch_id)


def put_back(message: Leased, why: Waiting, until_ms: int | None = None, line: str | None = None) -> Change:
    """Return the change that puts a message back in the queue, or at a line, without counting an attempt."""
    return Change(
        message.id,
        Status.QUEUED,
        why_queued=why,
        due_at=until_ms,
        attempts=message.attempts - 1,
        waits_at=line,
    )
