"""The life of a message: what a change makes of it, as a function of values.

How it works. Whatever happens to a message (a provider takes or refuses it, a receipt comes, its customer cancels it,
its worker dies, its time is over) comes here as a `Change`: the status that is asked for, and what is known besides.
`transition` holds it against the message as it stands, and answers with the `Transition` that takes place, or with
None: then the change leaves no trace. That is how late, repeated and disordered ones end.

A change does not always lead where it asks. What it leads to is decided in this order:

1. Failover. A provider had taken the message and did not deliver it, and whoever asks knows that another one is left
   (`Change.elsewhere`): the message is queued again, and is never offered to the first one again.
2. Fallback. The message has a plan of channels, the one that it went by has just failed, and another follows: it is
   queued again for that one. If nobody knows whether it went out, its channel gets the time that it has for a receipt.
3. The table in `statuses`: what it does not list does not happen.

What holds, whatever comes in whatever order (`tests/domain/test_life.py`):

* A settled message stays as it is; only UNKNOWN can still be settled better.
* What a provider has taken goes back to the queue by failover and by fallback only, so a bounded number of times, and
  the attempt that this ends is kept.
* Money is given back once at most: all of it when a message ends that never went out, and of several channels what
  the one that it ended with did not cost.
* A customer is told once of each status that a message has by one channel and one provider; of the end, once.

Nothing here reads a clock or a database. `store/changes.py` locks the messages of a chunk, asks here about each in
turn, and writes what the transitions say: all of it in one transaction, so that a process that dies has changed all
or nothing. `claimed` is the one change that needs less of the message: `store/queue.py` asks it for each that a worker
takes.
"""

from __future__ import annotations

import msgspec

from heliograph.domain.attempts import AttemptOutcome
from heliograph.domain.batches import Notify
from heliograph.domain.callbacks import MessageFacts
from heliograph.domain.channels import Plan, plan_of
from heliograph.domain.messages import Waiting
from heliograph.domain.statuses import OPEN, SETTLED, Reason, Status, may_become


class Change(msgspec.Struct, frozen=True):
    """What a message is asked to become, and what is known besides."""

    message_id: str
    status: Status
    reason: str | None = None
    """Why it ends, as a `statuses.Reason`; not with QUEUED."""
    provider_code: str | None = None
    detail: str | None = None
    at_ms: int | None = None
    """When it happened, in milliseconds since 1970; None means now."""
    provider: str | None = None
    provider_ref: str | None = None
    ref_key: str | None = None
    """What receipts may be found by that write `provider_ref` otherwise."""
    encoding: str | None = None
    parts: int | None = None
    due_at: int | None = None
    """When to try again, in milliseconds since 1970; only with QUEUED."""
    attempts: int | None = None
    """The corrected count of attempts: a message that was put back without being offered was not tried."""
    why_queued: Waiting | None = None
    """Why it is queued again; only with QUEUED."""
    waits_at: str | None = None
    """The line at which it waits (`store/pacing.py`); only with QUEUED."""
    passed_on_by: str | None = None
    """The providers that have passed it on, separated by spaces; None: as before."""
    attempted: AttemptOutcome | None = None
    """The outcome of the attempt that this ends, if the message goes on."""
    elsewhere: bool = False
    """Whether another provider is to be tried, instead of ending a message that one has taken."""


class Snapshot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message as it stands, as far as a change needs to know it. Its fields are columns of the messages."""

    id: str
    account_id: str
    batch_id: str
    msisdn: str
    status: str
    notify: int
    """What its changes set off, as a `Notify`."""
    provider: str | None
    provider_ref: str | None
    encoding: str | None
    parts: int | None
    due_at: int
    sent_at: int | None
    attempts: int
    price: int
    """What was charged for it and not given back, in millionths."""
    channel: str
    leg: int
    plan: str | None
    fall_back_at: int | None
    passed_on_by: str | None


class EndedAttempt(msgspec.Struct, frozen=True):
    """An attempt that has ended while its message goes on."""

    provider: str
    provider_ref: str | None
    """The provider's id, by which a late receipt may still say that it was delivered; None: none counts."""
    outcome: AttemptOutcome
    reason: str | None
    """Why it ended, or why its message went on."""
    provider_code: str | None
    detail: str | None
    at_ms: int


class Transition(msgspec.Struct, frozen=True):
    """A change that takes place, with the message before and after it."""

    change: Change
    """The change as it takes place: as it was asked for, or as failover or fallback has made it."""
    before: Snapshot
    after: Snapshot
    at_ms: int
    """When it happened, in milliseconds since 1970."""

    @property
    def message_id(self) -> str:
        return self.change.message_id

    @property
    def batch_id(self) -> str:
        return self.before.batch_id

    @property
    def status(self) -> Status:
        """Return the message's new status."""
        return self.change.status

    @property
    def provider(self) -> str | None:
        """Return the provider that had the message last."""
        return self.after.provider

    @property
    def settled_at(self) -> int | None:
        return self.at_ms if self.change.status in SETTLED else None

    @property
    def took_ms(self) -> int | None:
        """Return how long the message took from being sent to being settled by this, in ms.

        Returns None if this did not settle it, or it had not been sent.
        """
        sent_at = self.before.sent_at
        if sent_at is None or self.before.status != Status.SENT or self.change.status not in SETTLED:
            return None
        return max(self.at_ms - sent_at, 0)

    @property
    def settles(self) -> bool:
        """Say whether the message was open and no longer is. A better end of UNKNOWN settles nothing."""
        return self.change.status in SETTLED and self.before.status in OPEN

    @property
    def ends_in_batch(self) -> bool:
        """Say whether its batch, whose end is called back, waits for one message less now."""
        return bool(self.before.notify & _BATCH_WHEN_SETTLED) and self.settles

    @property
    def is_counted(self) -> bool:
        """Say whether its batch, which pauses by itself, counts it as settled now."""
        return bool(self.before.notify & _WATCHED) and self.settles

    @property
    def counts_as_failed(self) -> bool:
        """Say whether it counts as a failure of its batch, if it is counted.

        It does not where its reason tells nothing about the batch's other messages.
        """
        return self.change.status in _WENT_WRONG and self.change.reason not in _NOBODYS_FAULT

    @property
    def is_told(self) -> bool:
        """Say whether the customer is told of this by an event of its own."""
        if self.change.status is Status.DELIVERED:
            return bool(self.before.notify & _TOLD_WHEN_DELIVERED)
        if self.change.status in SETTLED:
            return bool(self.before.notify & _TOLD_WHEN_NOT_DELIVERED)
        return self.change.status is Status.SENT and bool(self.before.notify & _TOLD_EVERY_CHANGE)

    @property
    def given_back(self) -> int:
        """Return what was charged and is no longer owed, in millionths."""
        return self.before.price - self.after.price

    @property
    def facts(self) -> MessageFacts:
        """Return the facts that the customer is told."""
        change, after = self.change, self.after
        return MessageFacts(
            message_id=after.id,
            msisdn=after.msisdn,
            status=after.status,
            reason=change.reason,
            provider_code=change.provider_code,
            detail=change.detail,
            encoding=after.encoding,
            parts=after.parts,
            at_ms=self.at_ms,
        )

    @property
    def ended_attempt(self) -> EndedAttempt | None:
        """Return the attempt that this ends, to be kept; None if the message shows it itself, or there was none."""
        change, before = self.change, self.before
        if change.attempted is None:
            return None
        # By another channel it is another message: what is still heard of the one before changes nothing.
        ref = None if change.why_queued is Waiting.FELL_BACK else before.provider_ref
        provider = change.provider or before.provider or ""
        said = (change.reason or change.why_queued, change.provider_code, change.detail)
        return EndedAttempt(provider, ref, change.attempted, *said, self.at_ms)


# Plain numbers: `&` of an IntFlag makes an object each time, and this is asked of every change.
_BATCH_WHEN_SETTLED = int(Notify.BATCH_WHEN_SETTLED)
_WATCHED = int(Notify.WATCHED)
_TOLD_EVERY_CHANGE = int(Notify.EVERY_CHANGE)
_TOLD_WHEN_DELIVERED = int(Notify.EVERY_CHANGE | Notify.WHEN_SETTLED)
_TOLD_WHEN_NOT_DELIVERED = int(Notify.EVERY_CHANGE | Notify.WHEN_SETTLED | Notify.WHEN_NOT_DELIVERED)

_NOT_SENT = frozenset({Status.FAILED, Status.REJECTED, Status.EXPIRED, Status.CANCELED})
_UNSENT = frozenset({Status.QUEUED, Status.SENDING})
_HELD = frozenset({Status.SENDING, Status.SENT})
_UNDELIVERED = frozenset({Status.FAILED, Status.REJECTED, Status.EXPIRED})
_TAKEN = frozenset({Status.SENT, Status.DELIVERED})
_WENT_WRONG = frozenset({Status.FAILED, Status.REJECTED, Status.EXPIRED, Status.UNKNOWN})
_NOBODYS_FAULT = frozenset(
    {Reason.OPTED_OUT, Reason.NO_COVERAGE, Reason.INSUFFICIENT_CREDIT, Reason.EXPIRED_BEFORE_SENDING}
)
"""Why a message ends without telling anything about whether the others of its batch will be delivered."""
_NO_CHANNEL_HELPS = frozenset({Reason.OPTED_OUT, Reason.EXPIRED_BEFORE_SENDING})
"""Why a message ends although another channel is left."""


def transition(before: Snapshot, change: Change, now_ms: int) -> Transition | None:
    """Tell what a change makes of a message; None if it may not become that, and stays as it is."""
    if change.elsewhere and before.status == Status.SENT:
        return _failed_over(before, change, now_ms)
    if before.plan is not None and (gone_on := _fallen_back(before, plan_of(before.plan), change, now_ms)) is not None:
        return gone_on
    if not may_become(before.status, change.status):
        return None
    at_ms = now_ms if change.at_ms is None else change.at_ms
    return Transition(change, before, _changed(before, change, at_ms), at_ms)


def _changed(before: Snapshot, change: Change, at_ms: int) -> Snapshot:
    """Return the message as the change makes it; what the change leaves open stays."""
    after = Snapshot(
        before.id,
        before.account_id,
        before.batch_id,
        before.msisdn,
        change.status.value,
        before.notify,
        before.provider if change.provider is None else change.provider,
        before.provider_ref if change.provider_ref is None else change.provider_ref,
        before.encoding if change.encoding is None else change.encoding,
        before.parts if change.parts is None else change.parts,
        before.due_at if change.due_at is None else change.due_at,
        at_ms if before.sent_at is None and change.status in _TAKEN else before.sent_at,
        before.attempts if change.attempts is None else change.attempts,
        0 if _never_went(before, change) else before.price,
        before.channel,
        before.leg,
        before.plan,
        before.fall_back_at,
        before.passed_on_by if change.passed_on_by is None else change.passed_on_by,
    )
    return after if before.plan is None else _along(plan_of(before.plan), change, after, at_ms)


def _never_went(before: Snapshot, change: Change) -> bool:
    """Say whether the message ends here without ever having been with a provider, as far as anybody knows."""
    return change.status in _NOT_SENT and before.status in _UNSENT and before.sent_at is None


def _along(plan: Plan, change: Change, after: Snapshot, at_ms: int) -> Snapshot:
    """Set the price and the time left of a message that may take several channels."""
    if change.status in SETTLED:
        price = min(after.price, plan.at(after.leg).price)  # 0 if it never went
        return msgspec.structs.replace(after, price=price, fall_back_at=None)
    if change.status is Status.SENT and plan.after(after.leg) is not None:
        return msgspec.structs.replace(after, fall_back_at=at_ms + plan.after_ms)
    return msgspec.structs.replace(after, fall_back_at=None)


def _fallen_back(before: Snapshot, plan: Plan, change: Change, now_ms: int) -> Transition | None:
    """Return the transition to the next channel, if one did not deliver; None leaves it to the change."""
    next_leg = plan.after(before.leg)
    if next_leg is None or before.status not in _HELD or change.reason in _NO_CHANNEL_HELPS:
        return None
    if change.status is Status.UNKNOWN and before.status == Status.SENDING:
        # Whoever gave a second channel prefers a message twice to none: it waits for a receipt as if it had gone out.
        waits = msgspec.structs.replace(change, status=Status.SENT, reason=None)
        at_ms = now_ms if waits.at_ms is None else waits.at_ms
        return Transition(waits, before, _changed(before, waits, at_ms), at_ms)
    if change.status not in _UNDELIVERED:
        return None
    again = Change(
        change.message_id,
        Status.QUEUED,
        why_queued=Waiting.FELL_BACK,
        provider_code=change.provider_code,
        detail=change.detail,
        provider=change.provider,
        due_at=now_ms,
        attempts=0,
        passed_on_by="",
        attempted=AttemptOutcome.FAILED if change.attempted is None else change.attempted,
    )
    after = msgspec.structs.replace(
        _changed(before, again, now_ms),
        channel=next_leg.channel,
        leg=next_leg.number,
        parts=next_leg.parts,
        provider_ref=None,  # what is still heard of the leg before is about nothing that can change
        sent_at=None,
    )
    return Transition(again, before, after, now_ms)


def _failed_over(before: Snapshot, change: Change, now_ms: int) -> Transition:
    """Return the transition by which a message that one provider took is queued for another."""
    again = Change(
        change.message_id,
        Status.QUEUED,
        why_queued=Waiting.FAILED_OVER,
        provider_code=change.provider_code,
        detail=change.detail,
        due_at=now_ms,
        passed_on_by=f"{before.passed_on_by or ''} {before.provider or ''}".strip(),
        attempted=AttemptOutcome.FAILED,
    )
    after = msgspec.structs.replace(_changed(before, again, now_ms), provider_ref=None, sent_at=None, fall_back_at=None)
    return Transition(again, before, after, now_ms)


class Queued(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message that waits, as far as a worker needs to know it. Its fields are columns of the messages."""

    id: str
    account_id: str
    batch_id: str
    msisdn: str
    status: str
    attempts: int
    expire_at: int
    channel: str
    leg: int
    waits_at: str | None
    passed_on_by: str | None


class Claimed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a worker's claim writes of a message."""

    id: str
    status: str
    attempts: int
    """The number of attempts, with the one that begins now."""


def claimed(message: Queued) -> Claimed | None:
    """Return the message as a worker holds it; None if its status does not allow that."""
    if not may_become(message.status, Status.SENDING):
        return None
    return Claimed(message.id, _SENDING, message.attempts + 1)


_SENDING = Status.SENDING.value
