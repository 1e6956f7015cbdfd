"""From a leased message to what a provider is handed, or to the change that ends it."""

from __future__ import annotations

from heliograph.domain.batches import BodyKind, Parameters
from heliograph.domain.life import Change
from heliograph.domain.local_times import loud_at_ms
from heliograph.domain.messages import Waiting
from heliograph.domain.rendering import Unsendable, most_parts, renderings
from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Outgoing
from heliograph.store.batches import SendingFacts
from heliograph.store.queue import Leased


class Preparation:
    """Prepares the messages of one batch."""

    def __init__(
        self, batch: SendingFacts, parameters: Parameters | None = None, fields: Parameters | None = None
    ) -> None:
        self._batch = batch
        self._kind = BodyKind(batch.kind)
        self._renderings = renderings(self._kind, batch.body, parameters, batch.options, fields)
        self._max_parts = most_parts(batch.max_parts)

    def prepare(self, message: Leased, now_ms: int) -> Outgoing | Change:
        """Raises nothing: a message that can't be sent comes back as the change that ends it."""
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


def put_back(message: Leased, why: Waiting, until_ms: int | None = None, route: str | None = None) -> Change:
    """The change that returns a message to the queue, or lets it wait for a route, without counting an attempt."""
    return Change(message.id, Status.QUEUED, reason=why, due_at=until_ms, attempts=message.attempts - 1, line=route)
