"""Reading messages in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)

from heliograph.domain.batches import BodyKind
from heliograph.domain.filters import MessageFilter
from heliograph.domain.ids import earliest_at, last_following
from heliograph.domain.instants import from_ms, maybe_instant, to_ms
from heliograph.domain.listing import Listed
from heliograph.domain.messages import Message
from heliograph.domain.reports import Bucket, MessageState, RecipientStatus, ReportRow, SummaryRow, Sums, TrafficRow
from heliograph.domain.statuses import UNDELIVERED, Status
from heliograph.store.schema import (
    batches,
    is_at_line,
    is_free,
    is_queued,
    is_sending,
    is_set_aside,
    is_undelivered,
    messages,
)
from heliograph.store.stretches import by_stretches, exactly
from heliograph.store.tx import Row, Tx, columns


class _Stored(Row, frozen=True):
    """A message with what it has of its batch. Instants are milliseconds since 1970."""

    id: str
    account_id: str
    batch_id: str
    msisdn: str
    originator: str | None
    text: str | None
    status: str
    reason: str | None
    detail: str | None
    provider_code: str | None
    encoding: str | None
    parts: int | None
    provider: str | None
    provider_ref: str | None
    attempts: int
    created_at: int
    due_at: int
    expire_at: int
    lease_until: int | None
    sent_at: int | None
    settled_at: int | None
    price: int
    country: str | None
    channel: str
    leg: int
    plan: str | None
    priority: int
    confirmed_at: int | None
    recipient_facts: str | None
    why_queued: str | None


_COLUMNS = columns(_Stored, messages, batches, text=case((batches.c.kind == BodyKind.TEXT.value, batches.c.body)))
_WITH_BATCH = messages.join(batches, batches.c.id == messages.c.batch_id)


def of_batch(batch_id: str) -> ColumnElement[bool]:
    """Return the condition for the messages of a batch: their identifiers follow it, so that their index finds them."""
    try:
        return and_(messages.c.id > batch_id, messages.c.id <= last_following(batch_id))
    except ValueError:  # not one of our identifiers
        return false()


def _message(row: _Stored) -> Message:
    return Message(
        id=row.id,
        account_id=row.account_id,
        batch_id=row.batch_id,
        msisdn=row.msisdn,
        originator=row.originator,
        text=row.text,
        status=Status(row.status),
        reason=row.reason,
        detail=row.detail,
        provider_code=row.provider_code,
        encoding=row.encoding,
        parts=row.parts,
        provider=row.provider,
        provider_ref=row.provider_ref,
        attempts=row.attempts,
        created_at=from_ms(row.created_at),
        due_at=from_ms(row.due_at),
        expire_at=from_ms(row.expire_at),
        lease_until=maybe_instant(row.lease_until),
        sent_at=maybe_instant(row.sent_at),
        settled_at=maybe_instant(row.settled_at),
        price=row.price,
        country=row.country,
        channel=row.channel,
        leg=row.leg,
        plan=row.plan,
        priority=row.priority,
        confirmed_at=maybe_instant(row.confirmed_at),
        recipient_facts=row.recipient_facts,
        why_queued=row.why_queued,
    )


_RECENT = 5_000
"""How many of the newest messages are searched for failures: a large store costs no more than a small one."""


def recent_failures(tx: Tx, msisdn: str | None, limit: int) -> list[Message]:
    """List the newest messages that ended other than delivered, to one number or to all, newest first.

    It looks at the newest 5,000 messages. Spans accounts: for the operator's own pages only.
    """
    newest = select(messages.c.id).order_by(messages.c.id.desc()).limit(_RECENT).subquery()
    query = select(*_COLUMNS).select_from(_WITH_BATCH.join(newest, newest.c.id == messages.c.id))
    query = query.where(tx.among(messages.c.status, [status.value for status in UNDELIVERED]))
    if msisdn is not None:
        query = query.where(messages.c.msisdn == msisdn)
    return [_message(row) for row in tx.all(_Stored, query.order_by(messages.c.id.desc()).limit(limit))]


def message_by_id(tx: Tx, account_id: str, message_id: str) -> Message | None:
    query = select(*_COLUMNS).select_from(_WITH_BATCH)
    row = tx.one(_Stored, query.where(messages.c.account_id == account_id, messages.c.id == message_id))
    return None if row is None else _message(row)


def message_to(tx: Tx, account_id: str, batch_id: str, msisdn: str) -> Message | None:
    """Find the message of a batch to one recipient."""
    mine = (messages.c.account_id == account_id, of_batch(batch_id), messages.c.msisdn == msisdn)
    row = tx.one(_Stored, select(*_COLUMNS).select_from(_WITH_BATCH).where(*mine).limit(1))
    return None if row is None else _message(row)


def messages_by_ids(tx: Tx, message_ids: Sequence[str]) -> dict[str, Message]:
    """Find messages by their identifiers. Spans accounts: for the engine and the operator's own pages only."""
    query = select(*_COLUMNS).select_from(_WITH_BATCH).where(tx.among(messages.c.id, message_ids))
    return {row.id: _message(row) for row in tx.all(_Stored, query)}


def messages_of(
    tx: Tx,
    account_id: str,
    wanted: MessageFilter,
    *,
    limit: int,
    offset: int = 0,
    before: str | None = None,
    after: str | None = None,
) -> list[Message]:
    """List a page of messages, newest first.

    It begins after `offset` messages, or has what is older than the message `before`, or what is next newer than
    `after`.
    """
    query = select(*_COLUMNS).select_from(_WITH_BATCH)
    if after is not None:
        newer = _first(tx, query, account_id, wanted, messages.c.id > after, messages.c.id, limit)
        return [_message(row) for row in reversed(tx.all(_Stored, newer.limit(limit)))]
    older = true() if before is None else messages.c.id < before
    page = _first(tx, query, account_id, wanted, older, messages.c.id.desc(), limit + offset)
    return [_message(row) for row in tx.all(_Stored, page.limit(limit).offset(offset))]


def list_messages(
    tx: Tx, account_id: str, wanted: MessageFilter, *, limit: int, before: str | None = None
) -> Listed[Message]:
    """List a page of messages, newest first, of what is older than the message `before`.

    A filter that no index answers looks at a bounded number of rows (`store/stretches.py`).
    """
    if _is_indexed(wanted):
        return exactly(messages_of(tx, account_id, wanted, limit=limit + 1, before=before), limit)
    if wanted.statuses and set(wanted.statuses) <= _IN_QUEUE and (queued := _queued(tx, account_id)) is not None:
        return exactly(messages_among(tx, account_id, wanted, queued, limit=limit + 1, before=before), limit)
    return by_walking(tx, account_id, wanted, limit=limit, before=before)


def messages_among(
    tx: Tx, account_id: str, wanted: MessageFilter, ids: Sequence[str], *, limit: int, before: str | None = None
) -> list[Message]:
    """List those of some messages that a filter lets through and that are older than `before`, newest first."""
    query = _filtered(tx, select(*_COLUMNS).select_from(_WITH_BATCH), account_id, wanted)
    query = query.where(tx.among(messages.c.id, ids))
    if before is not None:
        query = query.where(messages.c.id < before)
    return [_message(row) for row in tx.all(_Stored, query.order_by(messages.c.id.desc()).limit(limit))]


def by_walking(
    tx: Tx, account_id: str, wanted: MessageFilter, *, limit: int, before: str | None = None
) -> Listed[Message]:
    """List a page by looking at a bounded number of messages of the time, or of the batch, that a filter names."""
    walked = MessageFilter(since=wanted.since, until=wanted.until, batch_id=wanted.batch_id)
    rows = _filtered(tx, select(messages.c.id), account_id, walked)

    def read(within: ColumnElement[bool], at_most: int) -> list[Message]:
        query = _filtered(tx, select(*_COLUMNS).select_from(_WITH_BATCH), account_id, wanted).where(within)
        return [_message(row) for row in tx.all(_Stored, query.order_by(messages.c.id.desc()).limit(at_most))]

    with tx.in_index_order():
        return by_stretches(tx, messages.c.id, rows, read, limit, before)


def _is_indexed(wanted: MessageFilter) -> bool:
    """Say whether an index finds the messages that a filter lets through, or whether it lets all through."""
    return bool(wanted.batch_id or wanted.msisdns) or _is_undelivered(wanted) or wanted.is_about_time_only


def _is_undelivered(wanted: MessageFilter) -> bool:
    return bool(wanted.statuses) and set(wanted.statuses) <= UNDELIVERED


def _first(
    tx: Tx,
    query: Select[Any],
    account_id: str,
    wanted: MessageFilter,
    where: ColumnElement[bool],
    order: ColumnElement[Any],
    limit: int,
) -> Select[Any]:
    """Return a query for what a filter lets through, in an order of identifiers, of which the first `limit` are read.

    Of messages that have one of some statuses, the first of each are read from the index that has them in order.
    """
    if wanted.batch_id or wanted.msisdns or not _is_undelivered(wanted):
        return _filtered(tx, query, account_id, wanted).where(where).order_by(order)
    others = msgspec.structs.replace(wanted, statuses=())
    of_each = []
    for status in set(wanted.statuses):
        ids = _filtered(tx, select(messages.c.id).select_from(_WITH_BATCH), account_id, others)
        ids = ids.where(messages.c.account_id == account_id, is_undelivered, messages.c.status == status.value, where)
        of_each.append(select(ids.order_by(order).limit(limit).subquery().c.id))
    mine = messages.c.account_id == account_id
    return query.where(mine, messages.c.id.in_(union_all(*of_each))).order_by(order)


_IN_QUEUE = {Status.QUEUED, Status.SENDING}
_QUEUE_ROWS = 10_000
"""How long a queue may be, of all accounts, for its messages to be looked for there."""


def _queued(tx: Tx, account_id: str) -> list[str] | None:
    """List an account's messages that are in the queue or with a worker; None if the queue is too long.

    Spans accounts: the queue is looked through, and what is not the account's is left out.
    """
    found: list[str] = []
    for part, order in (
        (and_(is_queued, is_free), (messages.c.priority, messages.c.due_at)),
        (and_(is_queued, is_at_line), (messages.c.waits_at, messages.c.priority)),
        (and_(is_queued, is_set_aside), (messages.c.batch_id, messages.c.id)),
        (is_sending, (messages.c.lease_until,)),
    ):
        some = select(messages.c.id, messages.c.account_id).where(part).order_by(*order).limit(_QUEUE_ROWS + 1)
        rows = tx.rows(some)
        if len(rows) > _QUEUE_ROWS:
            return None
        found += [message_id for message_id, owner in rows if owner == account_id]
    return found


def _filtered(tx: Tx, query: Select[Any], account_id: str, wanted: MessageFilter) -> Select[Any]:
    if wanted.text:
        raise ValueError("words are looked for by store/searching.py")
    query = query.where(messages.c.account_id == account_id)
    if wanted.batch_id is not None:
        query = query.where(of_batch(wanted.batch_id))
    if wanted.msisdns:
        query = query.where(tx.one_or_among(messages.c.msisdn, wanted.msisdns))
    if wanted.statuses:
        query = query.where(tx.among(messages.c.status, [status.value for status in wanted.statuses]))
    if wanted.without_reasons:
        query = query.where(not_(tx.among(func.coalesce(messages.c.reason, ""), wanted.without_reasons)))
    if wanted.states is not None:
        query = query.where(tx.among(_STATE, [_state(state) for state in wanted.states]))
    if wanted.client_reference is not None:
        query = query.where(batches.c.client_reference == wanted.client_reference)
    if wanted.since is not None:
        query = query.where(messages.c.id >= earliest_at(to_ms(wanted.since)))
    if wanted.until is not None:
        query = query.where(messages.c.id < earliest_at(to_ms(wanted.until)))
    if wanted.countries:
        query = query.where(_of_countries(tx, wanted.countries))
    if wanted.protocols:
        query = query.where(tx.among(batches.c.protocol, wanted.protocols))
    if wanted.other_protocols:
        query = query.where(not_(tx.among(batches.c.protocol, wanted.other_protocols)))
    if wanted.originators:
        query = query.where(tx.among(batches.c.originator, wanted.originators))
    if wanted.tags:
        query = query.where(tx.has_any(batches.c.tags, wanted.tags))
    if wanted.provider is not None:
        query = query.where(messages.c.provider == wanted.provider)
    if wanted.channel is not None:
        query = query.where(messages.c.channel == wanted.channel)
    if wanted.planned:
        query = query.where(messages.c.plan.is_not(None))
    if wanted.due_since is not None:
        query = query.where(messages.c.due_at > to_ms(wanted.due_since))
    if wanted.due_until is not None:
        query = query.where(messages.c.due_at <= to_ms(wanted.due_until))
    return query


def _of_countries(tx: Tx, countries: Sequence[str | None]) -> ColumnElement[bool]:
    named = tx.among(messages.c.country, [country for country in countries if country is not None])
    return or_(named, messages.c.country.is_(None)) if None in countries else named


_REPORT_ROW = columns(ReportRow, messages)


def report_rows_of(
    tx: Tx, account_id: str, wanted: MessageFilter, *, limit: int, before: str | None = None
) -> list[ReportRow]:
    """List a page of rows for a report, newest first, of what is older than the message `before`."""
    doors = wanted.protocols or wanted.other_protocols
    by_batch = doors or wanted.originators or wanted.tags or wanted.client_reference is not None
    query = _filtered(tx, select(*_REPORT_ROW).select_from(_WITH_BATCH if by_batch else messages), account_id, wanted)
    if before is not None:
        query = query.where(messages.c.id < before)
    with tx.in_index_order():
        return tx.all(ReportRow, query.order_by(messages.c.id.desc()).limit(limit))


_SUMS = (
    func.count().label("count"),
    func.coalesce(func.sum(messages.c.parts), 0).label("parts"),
    func.coalesce(func.sum(messages.c.price), 0).label("price"),
)


def sums_of(tx: Tx, account_id: str, wanted: MessageFilter) -> Sums:
    """Sum all messages that match the filter."""
    (sums,) = tx.rows(_filtered(tx, select(*_SUMS).select_from(_WITH_BATCH), account_id, wanted))
    return Sums(*map(int, sums))


_DAY_MS = 24 * 60 * 60 * 1000


def summary_of(tx: Tx, account_id: str, wanted: MessageFilter, now_ms: int) -> list[SummaryRow]:
    """Sum the messages that match by everything that reports are grouped by."""
    # Literals: PostgreSQL does not see that a parameter in GROUP BY is the one in the list of columns.
    grouped = (
        batches.c.protocol,
        messages.c.country,
        messages.c.channel,
        (messages.c.created_at // literal_column(str(_DAY_MS), BigInteger)).label("day"),
        messages.c.status,
        messages.c.reason,
        case((messages.c.due_at > literal_column(str(now_ms)), 1), else_=0).label("scheduled"),
    )
    query = select(*grouped, *_SUMS).select_from(_WITH_BATCH).group_by(*grouped)
    return [
        SummaryRow(protocol, country, channel, int(day), Status(status), reason, bool(scheduled), Sums(*map(int, sums)))
        for protocol, country, channel, day, status, reason, scheduled, *sums in tx.rows(
            _filtered(tx, query, account_id, wanted)
        )
    ]


def traffic_of(
    tx: Tx, account_id: str, wanted: MessageFilter, *, stretch_ms: int, offset_ms: int, by_end: bool
) -> list[TrafficRow]:
    """Sum the messages that match by stretches of time, provider, country and status.

    The time of a message is when it was accepted or, with `by_end`, the last that is known to have happened to it.
    `offset_ms` is how far the clock that the stretches begin by is ahead of UTC. Reads all of them: it is for people.
    """
    stretch, offset = literal_column(str(stretch_ms), BigInteger), literal_column(str(offset_ms), BigInteger)
    last = func.coalesce(messages.c.settled_at, messages.c.sent_at, messages.c.created_at)
    at = last if by_end else messages.c.created_at
    took = messages.c.settled_at - messages.c.sent_at
    grouped = (
        ((at + offset) // stretch).label("stretch"),
        messages.c.provider,
        messages.c.country,
        messages.c.status,
    )
    latency = func.coalesce(func.sum(case((messages.c.status == Status.DELIVERED.value, took), else_=0)), 0)
    query = select(*grouped, *_SUMS, latency.label("latency")).select_from(_WITH_BATCH).group_by(*grouped)
    return [
        TrafficRow(
            int(number) * stretch_ms - offset_ms,
            provider,
            country,
            Status(status),
            Sums(*map(int, sums)),
            int(latency),
        )
        for number, provider, country, status, *sums, latency in tx.rows(_filtered(tx, query, account_id, wanted))
    ]


def sums_by_batch(
    tx: Tx, account_id: str, batch_ids: Sequence[str], now_ms: int
) -> dict[str, list[tuple[Status, str | None, bool, Sums]]]:
    """Sum the messages of each batch by status, reason, and whether they are not due yet."""
    if not batch_ids:
        return {}
    grouped = (
        messages.c.batch_id,
        messages.c.status,
        messages.c.reason,
        case((messages.c.due_at > literal_column(str(now_ms)), 1), else_=0).label("scheduled"),
    )
    query = select(*grouped, *_SUMS).where(
        messages.c.account_id == account_id,
        messages.c.id > min(batch_ids),
        messages.c.id <= last_following(max(batch_ids)),
        tx.among(messages.c.batch_id, batch_ids),
    )
    found: dict[str, list[tuple[Status, str | None, bool, Sums]]] = {}
    for batch_id, status, reason, scheduled, *sums in tx.rows(query.group_by(*grouped)):
        found.setdefault(batch_id, []).append((Status(status), reason, bool(scheduled), Sums(*map(int, sums))))
    return found


_SEPARATOR = "\x1f"
_STATE = (
    messages.c.status
    + _SEPARATOR
    + func.coalesce(messages.c.reason, "")
    + _SEPARATOR
    + func.coalesce(messages.c.provider_code, "")
)


def _state(state: MessageState) -> str:
    return _SEPARATOR.join((state.status, state.reason or "", state.provider_code or ""))


def states_of(tx: Tx, account_id: str, wanted: MessageFilter) -> list[tuple[MessageState, int]]:
    """Count the messages in each state."""
    state = (messages.c.status, messages.c.reason, messages.c.provider_code)
    query = select(*state, func.count().label("count")).select_from(_WITH_BATCH).group_by(*state)
    rows = tx.rows(_filtered(tx, query, account_id, wanted))
    return [(MessageState(Status(status), reason, code), count) for status, reason, code, count in rows]


def confirm(tx: Tx, account_id: str, batch_id: str, msisdns: Sequence[str], now_ms: int) -> int:
    """Note that recipients of a batch, or all if none is named, have their messages; return how many messages."""
    statement = update(messages).where(messages.c.account_id == account_id, of_batch(batch_id))
    if msisdns:
        statement = statement.where(tx.among(messages.c.msisdn, set(msisdns)))
    return tx.run(statement.values(confirmed_at=now_ms))


def buckets_of(tx: Tx, account_id: str, batch_id: str) -> list[Bucket]:
    """Count the messages of a batch in each state."""
    why = func.coalesce(messages.c.reason, messages.c.why_queued).label("why")
    alike = (messages.c.status, why, messages.c.provider_code)
    rows = tx.rows(
        select(*alike, func.count().label("count"))
        .where(messages.c.account_id == account_id, of_batch(batch_id))
        .group_by(*alike)
        .order_by(*alike)
    )
    return [Bucket(Status(status), why, code, count) for status, why, code, count in rows]


def recipient_statuses_of(tx: Tx, account_id: str, batch_id: str) -> list[RecipientStatus]:
    """List the status of every recipient of a batch, in the order of the batch."""
    rows = tx.rows(
        select(messages.c.msisdn, messages.c.status, messages.c.reason, messages.c.provider_code)
        .where(messages.c.account_id == account_id, of_batch(batch_id))
        .order_by(messages.c.id)
    )
    return [RecipientStatus(msisdn, Status(status), reason, code) for msisdn, status, reason, code in rows]
