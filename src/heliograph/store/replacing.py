"""Putting new contents in place of those of a batch that is too large for one transaction.

How it works. `replace` decides: it makes sure that no message has ever been with a worker, writes the new contents into
the batch, settles the difference in price, and holds the batch (`Pause.CHANGING`), so that a worker that claims one of
its messages sets it aside. From then on the messages are behind the batch, and `replacing` says in what: those of
recipients who are not in it any more are deleted, those that would be written otherwise are, and those that are missing
are made. The last slice counts what the batch waits for, and lets it go on.

What holds. Nothing is sent between the decision and the last slice, so nobody gets a text at the price or the time of
another. If the process dies, `replacing` finds what is left by the same comparison. Who cancels a single message in
between wins: a slice changes only what is still queued, and what it did not come to is given back in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec.structs import asdict
from msgspec.structs import replace as with_
from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, update

from heliograph.domain.batches import Batch, Pause, notify_of
from heliograph.domain.caps import Caps
from heliograph.domain.errors import AccountClosed, AlreadyDispatched
from heliograph.domain.instants import now_ms, to_ms
from heliograph.domain.local_times import due_times
from heliograph.domain.prices import Quote, Tariff
from heliograph.domain.statuses import Reason, Status
from heliograph.store.accounts import closed_among
from heliograph.store.batches import (
    Fresh,
    NewBatch,
    batch_by_id,
    batch_row,
    batches_by_ids,
    everyone,
    fill_slices,
    open_count,
    quoted,
    settle_work,
)
from heliograph.store.indexing import forget_words, learn_words
from heliograph.store.messages import of_batch
from heliograph.store.optouts import opted_out_among
from heliograph.store.outbox import settle_if_empty
from heliograph.store.rewriting import KEPT, refuse_kept, require_known_groups, settle_difference
from heliograph.store.schema import batches, is_queued, is_set_aside, messages, works
from heliograph.store.tx import Row, Tx, columns
from heliograph.store.works import AT_ONCE, Holder, Slice, Work, WorkKind, begin, require_free

_is_untouched = and_(is_queued, messages.c.attempts == 0)
_was_refused = and_(
    messages.c.status == Status.REJECTED.value,
    messages.c.reason.in_([Reason.OPTED_OUT.value, Reason.NO_COVERAGE.value]),
)


class Replaced(NamedTuple):
    """The result of deciding that a batch has other contents."""

    batch: Batch
    work: Work | None


class _Sums(NamedTuple):
    """What the messages of a batch come to before it is changed."""

    dispatched: int
    """How many were with a worker, or have ended."""
    queued: int
    price: int
    """In millionths."""


def changeable(tx: Tx, account_id: str, batch_id: str) -> Batch | None:
    """Read a batch that is to be changed; None if there is no such. Raises AlreadyDispatched as `rewrite` does."""
    before = batch_by_id(tx, account_id, batch_id)
    if before is not None:
        _require_changeable(before, _sums(tx, before, lock=False))
    return before


def replace(tx: Tx, before: Batch, wanted: Fresh, now_ms: int, caps: Caps | None, holder: Holder) -> Replaced | None:
    """Decide that a batch has other contents; None if it is not as it was `before` any more.

    Raises what `rewrite` raises, or AccountClosed, and writes nothing then.
    """
    require_free(tx, before.id)  # before anything is locked or counted: who waits for it asks again and again
    after = wanted.batch
    sums = _sums(tx, before, lock=True)
    it = (batches.c.account_id == before.account_id, batches.c.id == before.id)
    row = tx.first(select(batches.c.modified_at, batches.c.expand_at).where(*it).with_for_update())
    if row is None or row[0] != to_ms(before.modified_at):
        return None
    require_free(tx, before.id)
    if closed_among(tx, [before.account_id]):
        raise AccountClosed()
    _require_changeable(with_(before, expand_at=before.expand_at if row[1] is not None else None), sums)
    require_known_groups(tx, before, after)
    more = settle_difference(tx, wanted, sums.price, sums.queued, caps, now_ms)
    count = len(wanted.msisdns)
    values = {name: value for name, value in asdict(batch_row(NewBatch(after), count)).items() if name not in KEPT}
    # One more than can be refused while it is changed: its end is not told before it was counted anew.
    values |= {"pause": Pause.CHANGING.value, "open_count": open_count(after, count + 1)}
    forget_words(tx, [before.id])
    tx.run(update(batches).where(*it).values(**values))
    learn_words(tx, [before.id])
    work = begin(tx, holder, WorkKind.REPLACE, before.account_id, before.id, more)
    return Replaced(with_(after, recipient_count=count), work)


def _require_changeable(batch: Batch, sums: _Sums) -> None:
    if batch.canceled or (batch.groups and batch.expand_at is None) or sums.dispatched:
        raise AlreadyDispatched()


def _sums(tx: Tx, batch: Batch, *, lock: bool) -> _Sums:
    """Add up the messages of a batch; with `lock`, no worker holds one that is not counted until this is over."""
    each = select(
        case((or_(_is_untouched, _was_refused), 0), else_=1).label("dispatched"),
        case((is_queued, 1), else_=0).label("queued"),
        messages.c.price,
    ).where(messages.c.account_id == batch.account_id, of_batch(batch.id))
    if lock:
        each = each.order_by(messages.c.id).with_for_update()
    rows = each.subquery()
    sums = [func.coalesce(func.sum(column), 0) for column in (rows.c.dispatched, rows.c.queued, rows.c.price)]
    found = tx.first(select(*sums))
    assert found is not None  # noqa: S101 - sums are one row
    return _Sums(*map(int, found))


def refused_in(tx: Tx, account_id: str, batch_id: str) -> dict[str, str]:
    """Find whose messages of a batch were rejected, and the reasons, by MSISDN."""
    mine = (messages.c.account_id == account_id, of_batch(batch_id))
    rejected = messages.c.status == Status.REJECTED.value
    return tx.pairs(select(messages.c.msisdn, messages.c.reason).where(*mine, rejected))


class _Standing(Row, frozen=True):
    """A message that the batch has, as far as it may have to change."""

    id: str
    msisdn: str
    status: str
    price: int
    parts: int | None
    due_at: int
    expire_at: int
    notify: int
    priority: int
    channel: str
    leg: int
    plan: str | None
    waits_at: str | None


class _Renewed(Row, frozen=True):
    """The columns that change of a message that stays."""

    id: str
    price: int
    parts: int | None
    due_at: int
    expire_at: int
    notify: int
    priority: int
    channel: str
    leg: int
    plan: str | None


class Behind(NamedTuple):
    """A batch with the messages that it has, which may be those of its contents before."""

    batch: Batch
    used_ids: int
    there: Sequence[_Standing]
    msisdns: Sequence[str]
    """Who is to have a message."""
    silent: set[tuple[str, str]]
    """Who of them opted out, by account and MSISDN."""


def behind(tx: Tx, work: Work) -> Behind:
    """Read what the messages of a batch are compared with, and these. Members of its groups are those of today."""
    batch = batches_by_ids(tx, work.account_id, [work.id])[work.id]
    used_ids = tx.value(select(batches.c.used_ids).where(batches.c.account_id == work.account_id, _it(work)))
    mine = (messages.c.account_id == work.account_id, of_batch(work.id))
    there = tx.all(_Standing, select(*columns(_Standing, messages)).where(*mine).order_by(messages.c.id))
    msisdns = everyone(tx, batch)
    return Behind(batch, used_ids, there, msisdns, opted_out_among(tx, [(batch.account_id, msisdns)]))


def replacing(work: Work, found: Behind, tariff: Tariff) -> list[Slice]:
    """Cut what is still to be done of a change into slices."""
    batch, used_ids, there, msisdns, silent = found
    wanted = quoted(batch, msisdns, silent, tariff)
    quotes = dict(zip(msisdns, wanted.quotes, strict=True))
    had = {row.msisdn for row in there}
    gone = [row for row in there if row.msisdn not in quotes]
    new = [msisdn for msisdn in msisdns if msisdn not in had]
    fresh = Fresh(batch, new, [quotes[msisdn] for msisdn in new], used_ids)
    return [
        Slice(partial(_note, work, len(msisdns), used_ids + len(new))),
        *(_deleting(work, gone[start : start + AT_ONCE]) for start in range(0, len(gone), AT_ONCE)),
        *_renewing(work, _otherwise(batch, there, quotes)),
        *fill_slices(work, fresh),
        Slice(partial(_let_go_on, work)),
    ]


def _note(work: Work, count: int, used_ids: int, tx: Tx) -> None:
    """Take identifiers for new messages that were never used."""
    mine = (batches.c.account_id == work.account_id, _it(work))
    tx.run(update(batches).where(*mine).values(recipient_count=count, used_ids=used_ids))


def _deleting(work: Work, rows: Sequence[_Standing]) -> Slice:
    planned = -sum(row.price for row in rows)

    def run(tx: Tx) -> None:
        there = _locked(tx, work, [row.id for row in rows], or_(_is_untouched, _was_refused))
        mine = (messages.c.account_id == work.account_id, tx.among(messages.c.id, there))
        tx.run(delete(messages).where(*mine))
        _correct(tx, work, planned, -sum(there.values()))

    return Slice(run, planned)


class _Changed(NamedTuple):
    """A message that stays and is queued, as it was and as it is to be."""

    before: _Standing
    after: _Renewed
    quote: Quote


def _otherwise(batch: Batch, there: Sequence[_Standing], quotes: Mapping[str, Quote]) -> list[_Changed]:
    """Say what queued messages that stay are to be, where that is not what they are."""
    kept = [row for row in there if row.msisdn in quotes and row.status == Status.QUEUED.value]
    valid_ms = to_ms(batch.expire_at) - to_ms(batch.send_at)
    notify, priority = int(notify_of(batch.report, batch.options)), int(batch.options.priority)
    changed = []
    for row, due_at in zip(kept, due_times(batch, [row.msisdn for row in kept]), strict=True):
        quote = quotes[row.msisdn]
        times = (due_at, due_at + valid_ms, notify, priority)
        after = _Renewed(row.id, quote.price, quote.parts or None, *times, quote.channel.value, quote.leg, quote.plan)
        before = _Renewed(
            row.id,
            row.price,
            row.parts,
            row.due_at,
            row.expire_at,
            row.notify,
            row.priority,
            row.channel,
            row.leg,
            row.plan,
        )
        if after != before or row.waits_at is not None or quote.refused is not None:
            changed.append(_Changed(row, after, quote))
    return changed


_OUT_OF_LINE: Mapping[str, Any] = {"waits_at": None, "set_aside": None, "why_queued": None}
"""What is written of each message that changes: another provider may be the one to wait for."""


def _renewing(work: Work, changed: Sequence[_Changed]) -> Iterator[Slice]:
    for start in range(0, len(changed), AT_ONCE):
        some = changed[start : start + AT_ONCE]
        planned = sum(each.after.price - each.before.price for each in some)
        yield Slice(partial(_renew, work, some, planned), planned)


def _renew(work: Work, changed: Sequence[_Changed], planned: int, tx: Tx) -> None:
    there = _locked(tx, work, [each.after.id for each in changed], _is_untouched)
    some = [each for each in changed if each.after.id in there]
    tx.update(messages, [each.after for each in some], _OUT_OF_LINE)
    refuse_kept(tx, [(each.after.id, each.quote) for each in some], now_ms())
    _correct(tx, work, planned, sum(each.after.price - there[each.after.id] for each in some))


def _locked(tx: Tx, work: Work, ids: Sequence[str], such: ColumnElement[bool]) -> dict[str, int]:
    """Lock those of some messages that are still such, and return what each was charged."""
    mine = (messages.c.account_id == work.account_id, tx.among(messages.c.id, ids), such)
    return tx.pairs(select(messages.c.id, messages.c.price).where(*mine).order_by(messages.c.id).with_for_update())


def _correct(tx: Tx, work: Work, planned: int, written: int) -> None:
    """Note what a slice did not come to, since somebody canceled one of its messages."""
    if planned != written:
        mine = (works.c.account_id == work.account_id, works.c.id == work.id)
        tx.run(update(works).where(*mine).values(amount=works.c.amount + planned - written))


def _let_go_on(work: Work, tx: Tx) -> None:
    """Count what a batch waits for, and put it back to where it was before it was held."""
    it = (batches.c.account_id == work.account_id, _it(work))
    queued = (messages.c.account_id == work.account_id, is_queued)
    waiting = tx.value(select(func.count()).select_from(messages).where(*queued, of_batch(work.id)))
    aside = select(messages.c.id).where(*queued, messages.c.batch_id == work.id, is_set_aside).limit(1)
    found = select(batches.c.pause_reason, batches.c.open_count, batches.c.expand_at).where(*it)
    row = tx.first(found.with_for_update())
    assert row is not None  # noqa: S101 - what is under change is not deleted
    reason, count, expand_at = row
    then = None
    if reason is not None:
        then = Pause.PAUSING.value
    elif tx.first(aside) is not None:
        then = Pause.RESUMING.value
    left = waiting + (expand_at is not None)
    tx.run(update(batches).where(*it).values(pause=then, open_count=None if count is None else left))
    settle_work(work, tx)
    if not left:
        settle_if_empty(tx, [work.id], now_ms())


def _it(work: Work) -> ColumnElement[bool]:
    return batches.c.id == work.id
