"""Batches in the store: accepting them with their messages, finding and canceling them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import asdict, astuple
from sqlalchemy import ColumnElement, Select, case, func, not_, select, update

from heliograph.domain.batches import (
    NOTIFY,
    USUAL,
    Batch,
    BodyKind,
    Notify,
    Options,
    Parameters,
    Pause,
    ReportWish,
    notify_of,
)
from heliograph.domain.caps import Caps, CapState
from heliograph.domain.channels import Channel
from heliograph.domain.contacts import values_known
from heliograph.domain.errors import AccountClosed, IdempotencyMismatch, UnknownGroup
from heliograph.domain.filters import BatchFilter
from heliograph.domain.ids import earliest_at, following
from heliograph.domain.instants import from_ms, maybe_instant, maybe_ms, now_ms, to_ms
from heliograph.domain.life import Change
from heliograph.domain.listing import Listed
from heliograph.domain.local_times import due_times, has_one_time
from heliograph.domain.prices import FREE, Quote, Tariff
from heliograph.domain.rendering import open_names
from heliograph.domain.statuses import Reason, Status
from heliograph.store.accounts import closed_among
from heliograph.store.changes import apply_changes, lock_messages
from heliograph.store.contacts import in_these_first, sayings_about
from heliograph.store.groups import groups_below, members_below, unknown_groups
from heliograph.store.ledger import Bill, charge_within, give_back, take
from heliograph.store.messages import of_batch
from heliograph.store.optouts import opted_out_among
from heliograph.store.outbox import settle_if_empty
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import batches, is_queued, messages
from heliograph.store.stretches import by_stretches, exactly
from heliograph.store.tx import Row, Tx, columns
from heliograph.store.works import AT_ONCE, MADE_AT_ONCE, Holder, Slice, Work, WorkKind, begin, finish, require_free

_encode = msgspec.json.encode
_decode_list = msgspec.json.Decoder(list[str]).decode
_decode_texts = msgspec.json.Decoder(dict[str, str]).decode
_decode_options = msgspec.json.Decoder(Options).decode
_decode_parameters = msgspec.json.Decoder(dict[str, dict[str, str]]).decode

_END_IS_TOLD = frozenset(report for report, notify in NOTIFY.items() if notify & Notify.BATCH_WHEN_SETTLED)
_MERGED_RECIPIENTS = 20
"""Batches up to this size share one INSERT of messages with others; larger ones have one of their own."""


class NewBatch(msgspec.Struct, frozen=True):
    """A batch that has passed every rule, to be stored with a message for each of its recipients."""

    batch: Batch
    idempotency_key: str | None = None
    fingerprint: str | None = None
    """A digest of the request: the same key with another fingerprint is a mistake, not a repetition."""
    tariff: Tariff = FREE
    also: Callable[[Tx, Batch], None] | None = None
    """Stores what belongs to the batch before it, in the same transaction; what it raises fails the request."""
    caps: Caps | None = None
    """How much its account may send; None: as much as it likes."""
    ready: Fresh | None = None
    """Its messages, if they were made up before because they are many; else that is done in the transaction."""
    holder: Holder | None = None
    """Who stores the messages in slices; None: they are stored with the batch."""


class Accepted(msgspec.Struct, frozen=True):
    """What came of accepting a batch."""

    batch_id: str
    repeated: bool
    """An earlier request with the same idempotency key made this batch; nothing was stored now."""
    messages: int = 0
    """How many messages there are now, for its recipients and, if it is due, for members of its groups."""
    refused: int = 0
    """How many messages were rejected at once: their recipients opted out, or nothing is sent there."""
    charged: int = 0
    """What was charged, in millionths."""
    neared: Sequence[CapState] = ()
    """Caps of its account that it has used so much of that it is to be told."""
    work: Work | None = None
    """What stores its messages; None if they are stored."""


class Fresh(NamedTuple):
    """Messages that are to be stored for a batch."""

    batch: Batch
    msisdns: Sequence[str]
    quotes: Sequence[Quote]
    """What each message comes to, in the order of the MSISDNs."""
    used_ids: int = 0
    """How many of the identifiers that follow the batch's own are taken, or were."""

    @property
    def refused(self) -> int:
        """Return how many of the messages are rejected at once."""
        return sum(quote.refused is not None for quote in self.quotes)

    @property
    def for_nothing(self) -> Fresh:
        """Return the same messages, without a price."""
        return self._replace(quotes=[quote._replace(price=0) for quote in self.quotes])

    @property
    def bill(self) -> Bill:
        return Bill(self.batch.account_id, self.batch.id, sum(quote.price for quote in self.quotes))

    def bill_within(self, caps: Caps | None) -> Bill:
        """Make the bill, with what counts towards the caps of the account, if it has some."""
        if caps is None or not caps.any:
            return self.bill
        sent = sum(quote.refused is None for quote in self.quotes)
        return self.bill._replace(messages=sent, caps=caps)


def accept(tx: Tx, news: Sequence[NewBatch]) -> list[Accepted | Exception]:
    """Store batches and their messages, and return what came of each.

    A recipient who opted out gets a message that is rejected from the start. Members of groups are looked up at once if
    the batch is due, else when it is; a group that does not exist is UnknownGroup. Repeating a request with its
    idempotency key answers with the first one's batch; a different request under the same key is IdempotencyMismatch.
    A large one whose account was closed while it was made up is AccountClosed. Each of these errors is an answer for
    its caller alone.
    """
    answers: list[Accepted | Exception | None] = []
    fresh: list[NewBatch] = []
    earlier = _by_idempotency_key(tx, news)
    closed = _closed_meanwhile(tx, news)
    for new in news:
        before = earlier.get((new.batch.account_id, new.idempotency_key or ""))
        if before is None and new.holder is not None and new.batch.account_id in closed:
            answers.append(AccountClosed())
        elif before is None and (strangers := unknown_groups(tx, new.batch.account_id, new.batch.groups)):
            answers.append(unknown_group(strangers))
        elif before is None:
            fresh.append(new)
            answers.append(None)
            if new.idempotency_key is not None:
                earlier[new.batch.account_id, new.idempotency_key] = _Earlier(new.batch.id, new.fingerprint)
        elif before.fingerprint == new.fingerprint:
            answers.append(Accepted(before.id, repeated=True))
        else:
            answers.append(IdempotencyMismatch())
    stored = _insert(tx, fresh) if fresh else {}
    return [_answer(stored, new, answer) for new, answer in zip(news, answers, strict=True)]


def _closed_meanwhile(tx: Tx, news: Sequence[NewBatch]) -> set[str]:
    """Return accounts that were closed while their batches were made up, which takes seconds where these are large."""
    large = {new.batch.account_id for new in news if new.holder is not None}
    return closed_among(tx, sorted(large)) if large else set()


def _answer(
    stored: Mapping[str, Accepted | Exception], new: NewBatch, answer: Accepted | Exception | None
) -> Accepted | Exception:
    if answer is None:
        return stored[new.batch.id]
    first = stored.get(answer.batch_id) if isinstance(answer, Accepted) else None
    return first if isinstance(first, Exception) else answer  # what it repeats was refused a moment ago


def unknown_group(identifiers: Sequence[str]) -> UnknownGroup:
    return UnknownGroup(f"There is no group {identifiers[0]} in this account.", field="to")


class _Earlier(Row, frozen=True):
    """The batch that a request with an idempotency key made."""

    id: str
    fingerprint: str | None


def _by_idempotency_key(tx: Tx, news: Sequence[NewBatch]) -> dict[tuple[str, str], _Earlier]:
    """Find the batches that were made under these requests' idempotency keys, by account and key."""
    keys = {new.idempotency_key for new in news if new.idempotency_key is not None}
    if not keys:
        return {}
    found = tx.rows(
        select(batches.c.account_id, batches.c.idempotency_key, batches.c.id, batches.c.fingerprint).where(
            tx.among(batches.c.account_id, {new.batch.account_id for new in news}),
            tx.among(batches.c.idempotency_key, keys),
        )
    )
    return {(account, key): _Earlier(identifier, fingerprint) for account, key, identifier, fingerprint in found}


def repeated_by(tx: Tx, account_id: str, key: str | None, fingerprint: str | None) -> str | None:
    """Find the batch that a request with this idempotency key made; None if there is none.

    Raises IdempotencyMismatch if that was a different request.
    """
    if key is None:
        return None
    mine = (batches.c.account_id == account_id, batches.c.idempotency_key == key)
    found = tx.one(_Earlier, select(*columns(_Earlier, batches)).where(*mine))
    if found is None:
        return None
    if found.fingerprint != fingerprint:
        raise IdempotencyMismatch()
    return found.id


def batch_of_key(tx: Tx, account_id: str, key: str) -> Batch | None:
    """Read the batch that was made with an idempotency key; None if there is none."""
    mine = (batches.c.account_id == account_id, batches.c.idempotency_key == key)
    row = tx.one(BatchRow, select(*_COLUMNS).where(*mine))
    return None if row is None else _batch(row)


def _insert(tx: Tx, news: Sequence[NewBatch]) -> dict[str, Accepted | Exception]:
    """Store new batches with their messages, as far as the accounts' balances cover them."""
    if len({new.batch.id for new in news}) < len(news):  # a parked request that two try again
        raise ValueError("each needs a transaction of its own, so that the second finds the first")
    now = to_ms(news[0].batch.created_at)
    small = [new for new in news if new.ready is None]
    made_up = priced(tx, [(new.batch, everyone(tx, new.batch), new.tariff) for new in small])
    by_batch = {entry.batch.id: entry for entry in made_up}
    wanted = [new.ready or by_batch[new.batch.id] for new in news]
    charges = charge_within(tx, [entry.bill_within(new.caps) for new, entry in zip(news, wanted, strict=True)], now)
    answers: dict[str, Accepted | Exception] = {
        entry.batch.id: refusal for entry, refusal in zip(wanted, charges.refusals, strict=True) if refusal is not None
    }
    fresh = [entry for entry in wanted if entry.batch.id not in answers]
    paid = [new for new in news if new.batch.id not in answers]
    for new in paid:
        if new.also is not None:
            new.also(tx, new.batch)
    tx.insert(batches, [batch_row(new, len(entry.msisdns)) for new, entry in zip(paid, fresh, strict=True)])
    at_once = [entry for new, entry in zip(paid, fresh, strict=True) if new.holder is None]
    refused = add_messages(tx, at_once)
    settle_if_empty(tx, [entry.batch.id for entry in at_once if not entry.msisdns], now)
    works = {
        new.batch.id: begin(tx, new.holder, WorkKind.FILL, *entry.bill[:3])
        for new, entry in zip(paid, fresh, strict=True)
        if new.holder is not None
    }
    for entry in fresh:
        identifier = entry.batch.id
        answers[identifier] = Accepted(
            identifier,
            repeated=False,
            messages=len(entry.msisdns),
            refused=entry.refused if identifier in works else refused[identifier],
            charged=entry.bill.amount,
            neared=charges.neared.get(identifier, ()),
            work=works.get(identifier),
        )
    return answers


def priced(tx: Tx, wanted: Sequence[tuple[Batch, Sequence[str], Tariff]]) -> list[Fresh]:
    """Compute the messages of batches: what each says and costs. One to a recipient who opted out costs nothing.

    What contacts' fields fill in is put into the batches.
    """
    silent = look_up(tx, [(batch, msisdns) for batch, msisdns, _ in wanted])
    return [quoted(batch, msisdns, silent, tariff) for batch, msisdns, tariff in wanted]


def look_up(tx: Tx, wanted: Sequence[tuple[Batch, Sequence[str]]]) -> set[tuple[str, str]]:
    """Look up what the store knows of the recipients of batches: return who opted out, by account and MSISDN.

    What contacts' fields fill in is put into the batches.
    """
    _fill_in(tx, wanted)
    return opted_out_among(tx, [(batch.account_id, msisdns) for batch, msisdns in wanted])


def quoted(batch: Batch, msisdns: Sequence[str], silent: Collection[tuple[str, str]], tariff: Tariff) -> Fresh:
    """Compute what a batch's messages to these numbers come to. One to whom is `silent` costs nothing."""
    quotes = tariff.quotes(batch, msisdns)
    if silent and not batch.options.despite_optout:
        quotes = [
            quote._replace(price=0, refused=Reason.OPTED_OUT) if (batch.account_id, msisdn) in silent else quote
            for msisdn, quote in zip(msisdns, quotes, strict=True)
        ]
    return Fresh(batch, msisdns, quotes)


def everyone_looked_up(tx: Tx, batch: Batch) -> tuple[Sequence[str], set[tuple[str, str]]]:
    """Return who gets a message now, and who of them opted out. What contacts' fields say is put into the batch."""
    msisdns = everyone(tx, batch)
    return msisdns, look_up(tx, [(batch, msisdns)])


def _fill_in(tx: Tx, wanted: Sequence[tuple[Batch, Sequence[str]]]) -> None:
    """Give batches the values of contacts' fields for names in their texts that have no value.

    Of a recipient who is in several groups, those that the batch goes to come first.
    """
    asking = [(batch, msisdns, names) for batch, msisdns in wanted if (names := open_names(batch, msisdns))]
    said = sayings_about(tx, [(batch.account_id, msisdns) for batch, msisdns, _ in asking])
    for batch, msisdns, names in asking:
        mine = groups_below(tx, batch.groups)
        known = {
            msisdn: in_these_first(sayings, mine)
            for msisdn in msisdns
            if (sayings := said.get((batch.account_id, msisdn))) is not None
        }
        batch.fields = values_known(known, names) or None


def everyone(tx: Tx, batch: Batch) -> Sequence[str]:
    """List who gets a message now: the recipients and, if groups are to be looked up now, their members."""
    if not batch.groups or batch.expand_at is not None:
        return batch.recipients
    return list(dict.fromkeys((*batch.recipients, *members_below(tx, batch.account_id, batch.groups))))


class _NewMessage(Row, frozen=True):
    """The columns that differ among the messages of a batch."""

    id: str
    msisdn: str
    price: int
    parts: int | None
    country: str | None


class _Timed(_NewMessage, frozen=True):
    """The columns that differ among the messages of a batch that is due at the recipients' own times."""

    due_at: int
    expire_at: int


class _Routed(_Timed, frozen=True):
    """The columns that differ among the messages of a batch by another channel than SMS, or by several."""

    channel: str
    leg: int
    plan: str | None


class _Noted(Row, frozen=True):
    id: str
    recipient_facts: str


class _Single(_Timed, frozen=True):
    """The columns of messages that share an INSERT with those of other batches."""

    account_id: str
    batch_id: str
    status: str
    notify: int
    priority: int
    created_at: int


def add_messages(tx: Tx, fresh: Sequence[Fresh]) -> Counter[str]:
    """Store the messages of batches, and count those of each batch that were rejected at once.

    They are rejected if their recipient opted out, or if there is no price for the country. Spans accounts: what it
    writes by its identifier, it has just stored.
    """
    singles: list[_Single] = []
    ids: dict[str, Sequence[str]] = {}
    for batch, msisdns, quotes, used_ids in fresh:
        ids[batch.id] = following(batch.id, len(msisdns), used_ids)
        new = [
            _NewMessage(message_id, msisdn, quote.price, quote.parts or None, quote.country)
            for message_id, msisdn, quote in zip(ids[batch.id], msisdns, quotes, strict=True)
        ]
        shared = _shared(batch)
        valid_ms = to_ms(batch.expire_at) - to_ms(batch.send_at)
        if has_one_time(batch) and len(new) > _MERGED_RECIPIENTS and not _has_channels(batch):
            (due_at,) = due_times(batch, msisdns[:1])
            tx.insert(messages, new, shared | {"due_at": due_at, "expire_at": due_at + valid_ms})
            continue
        timed = [
            _Timed(each.id, each.msisdn, each.price, each.parts, each.country, due_at, due_at + valid_ms)
            for each, due_at in zip(new, due_times(batch, msisdns), strict=True)
        ]
        if _has_channels(batch):
            routed = [
                _Routed(**asdict(each), channel=quote.channel.value, leg=quote.leg, plan=quote.plan)
                for each, quote in zip(timed, quotes, strict=True)
            ]
            tx.insert(messages, routed, shared)
        elif len(new) <= _MERGED_RECIPIENTS:
            singles += [_Single(*astuple(each), **shared) for each in timed]
        else:
            tx.insert(messages, timed, shared)
    tx.insert(messages, singles)
    tx.update(messages, list(_noted(fresh, ids)))
    return _refuse(tx, fresh, ids)


def _noted(fresh: Sequence[Fresh], ids: Mapping[str, Sequence[str]]) -> Iterator[_Noted]:
    """Yield what doors keep with recipients: a statement of its own, for there is hardly ever anything."""
    for batch, msisdns, *_ in fresh:
        if kept := batch.recipient_facts:
            for message_id, msisdn in zip(ids[batch.id], msisdns, strict=True):
                if msisdn in kept:
                    yield _Noted(message_id, kept[msisdn])


def filling(work: Work, fresh: Fresh) -> list[Slice]:
    """Cut the messages of a batch into slices that store them, and settle what they came to."""
    if work.kind == WorkKind.FILL_UNPAID:
        fresh = fresh.for_nothing
    return [*fill_slices(work, fresh), Slice(partial(settle_work, work))]


def fill_slices(work: Work, fresh: Fresh) -> list[Slice]:
    """Cut the messages of a batch into slices that store them."""
    return [_filling(work, part) for part in _parts(fresh)]


def _filling(work: Work, part: Fresh) -> Slice:
    def fill(tx: Tx) -> None:
        add_messages(tx, [part])
        if work.kind == WorkKind.FILL_UNPAID:
            reject_unpaid(tx, part)

    return Slice(fill, part.bill.amount)


def reject_unpaid(tx: Tx, fresh: Fresh) -> None:
    """End messages that were just stored as rejected: the balance, or a cap, did not cover them."""
    ids = following(fresh.batch.id, len(fresh.msisdns), fresh.used_ids)
    unpaid = [Change(message_id, Status.REJECTED, reason=Reason.INSUFFICIENT_CREDIT) for message_id in ids]
    apply_changes(tx, unpaid, now_ms())


def _parts(fresh: Fresh) -> Iterator[Fresh]:
    for start in range(0, len(fresh.msisdns), MADE_AT_ONCE):
        some = slice(start, start + MADE_AT_ONCE)
        yield Fresh(fresh.batch, fresh.msisdns[some], fresh.quotes[some], fresh.used_ids + start)


def settle_work(work: Work, tx: Tx) -> None:
    """Finish a change: give back what was charged for it and not needed, and charge what was needed besides."""
    left = finish(tx, work)
    if left > 0:
        give_back(tx, [Bill(work.account_id, work.id, left)], now_ms())
    elif left < 0:
        take(tx, work.account_id, work.id, -left, now_ms())


class Missing(NamedTuple):
    """What a batch lacks whose messages were being stored when their worker died."""

    batch: Batch
    msisdns: Sequence[str]
    silent: set[tuple[str, str]]
    """Who of them opted out, by account and MSISDN."""
    used_ids: int
    there: int
    """How many messages it has."""


def missing_of(tx: Tx, work: Work) -> Missing:
    """Find who is to get a message of a batch and has none yet. Members of its groups are those of today."""
    batch = batches_by_ids(tx, work.account_id, [work.id])[work.id]
    mine = (messages.c.account_id == work.account_id, of_batch(work.id))
    there = set(tx.column(select(messages.c.msisdn).where(*mine)))
    msisdns = [msisdn for msisdn in everyone(tx, batch) if msisdn not in there]
    it = (batches.c.account_id == work.account_id, batches.c.id == work.id)
    used_ids = tx.value(select(batches.c.used_ids).where(*it))
    kept = tx.value(select(batches.c.recipient_facts).where(*it))
    batch.recipient_facts = None if kept is None else _decode_texts(kept)
    return Missing(batch, msisdns, look_up(tx, [(batch, msisdns)]), used_ids, len(there))


def note_missing(missing: Missing, tx: Tx) -> None:
    """Count what a batch lacks anew, and take identifiers for it that were never used."""
    batch, more = missing.batch, missing.there + len(missing.msisdns) - missing.batch.recipient_count
    tx.run(
        update(batches)
        .where(batches.c.account_id == batch.account_id, batches.c.id == batch.id)
        .values(
            recipient_count=batches.c.recipient_count + more,
            open_count=batches.c.open_count + more,
            used_ids=missing.used_ids + len(missing.msisdns),
        )
    )


def _has_channels(batch: Batch) -> bool:
    """Say whether a batch goes by another channel than SMS, or by several."""
    return batch.options.channel is not Channel.SMS or bool(batch.options.fallbacks)


def _shared(batch: Batch) -> dict[str, Any]:
    """Return the columns that all messages of a batch have the same."""
    return {
        "account_id": batch.account_id,
        "batch_id": batch.id,
        "status": Status.QUEUED.value,
        "notify": int(notify_of(batch.report, batch.options)),
        "priority": int(batch.options.priority),
        "created_at": to_ms(batch.created_at),
    }


def _refuse(tx: Tx, fresh: Sequence[Fresh], ids: Mapping[str, Sequence[str]]) -> Counter[str]:
    refused = [
        Change(message_id, Status.REJECTED, reason=quote.refused)
        for batch, _, quotes, _ in fresh
        for message_id, quote in zip(ids[batch.id], quotes, strict=True)
        if quote.refused is not None
    ]
    applied = apply_changes(tx, refused, now_ms())
    return Counter(change.batch_id for change in applied)


def open_count(batch: Batch, count: int) -> int | None:
    """Return the count of messages that a batch waits for; None if its end is not called back.

    `count` is how many messages are not settled; groups that are not looked up yet count as one more.
    """
    return count + (batch.expand_at is not None) if batch.report in _END_IS_TOLD else None


def _text(value: object) -> str:
    return _encode(value).decode()


class BatchRow(Row, frozen=True):
    """The columns of a batch that listings read.

    Instants are milliseconds since 1970; lists and what is nested are JSON.
    """

    id: str
    account_id: str
    protocol: str
    kind: str
    originator: str | None
    body: str
    udh: str
    parameters: str | None
    recipients: str
    groups: str
    recipient_count: int
    send_at: int
    expire_at: int
    callback_url: str | None
    report: str
    tags: str
    title: str | None
    client_reference: str | None
    flash: int
    max_parts: int | None
    created_at: int
    modified_at: int
    canceled_at: int | None
    options: str | None
    expand_at: int | None
    pause: str | None
    pause_reason: str | None
    sink: str | None
    """Where its events go instead of a URL."""
    door_facts: str | None


class _WithFields(BatchRow, frozen=True):
    fields: str | None
    """Values of contacts' fields for each recipient, which may be many: read only where texts are rendered."""


class _WholeBatch(_WithFields, frozen=True):
    """All columns of a batch, also those that nobody is shown."""

    idempotency_key: str | None
    fingerprint: str | None
    recipient_facts: str | None
    open_count: int | None
    used_ids: int
    settled_count: int | None
    failed_count: int | None


_COLUMNS = columns(BatchRow, batches)


def batch_row(new: NewBatch, count: int) -> _WholeBatch:
    """Build the row of a batch with which `count` messages are stored."""
    batch = new.batch
    counted = None if batch.options.pause_share is None else 0
    return _WholeBatch(
        id=batch.id,
        account_id=batch.account_id,
        protocol=batch.protocol,
        kind=batch.kind.value,
        originator=batch.originator,
        body=batch.body,
        udh=batch.udh,
        parameters=None if batch.parameters is None else _text(batch.parameters),
        recipients=_text(batch.recipients),
        groups=_text(batch.groups),
        recipient_count=count,
        send_at=to_ms(batch.send_at),
        expire_at=to_ms(batch.expire_at),
        callback_url=batch.callback_url,
        report=batch.report.value,
        tags=_text(batch.tags),
        title=batch.title,
        client_reference=batch.client_reference,
        flash=int(batch.flash),
        max_parts=batch.max_parts,
        created_at=to_ms(batch.created_at),
        modified_at=to_ms(batch.modified_at),
        canceled_at=maybe_ms(batch.canceled_at),
        options=None if batch.options == USUAL else _text(batch.options),
        expand_at=maybe_ms(batch.expand_at),
        pause=None if batch.pause is None else batch.pause.value,
        pause_reason=batch.pause_reason,
        fields=None if batch.fields is None else _text(batch.fields),
        idempotency_key=new.idempotency_key,
        fingerprint=new.fingerprint,
        recipient_facts=None if batch.recipient_facts is None else _text(batch.recipient_facts),
        open_count=open_count(batch, count),
        used_ids=count,
        settled_count=counted,
        failed_count=counted,
        sink=batch.sink,
        door_facts=batch.door_facts,
    )


def _batch(row: BatchRow, fields: str | None = None) -> Batch:
    return Batch(
        id=row.id,
        account_id=row.account_id,
        protocol=row.protocol,
        kind=BodyKind(row.kind),
        originator=row.originator,
        body=row.body,
        udh=row.udh,
        parameters=None if row.parameters is None else _decode_parameters(row.parameters),
        recipients=_decode_list(row.recipients),
        groups=_decode_list(row.groups),
        recipient_count=row.recipient_count,
        send_at=from_ms(row.send_at),
        expire_at=from_ms(row.expire_at),
        callback_url=row.callback_url,
        report=ReportWish(row.report),
        tags=_decode_list(row.tags),
        title=row.title,
        client_reference=row.client_reference,
        flash=bool(row.flash),
        max_parts=row.max_parts,
        created_at=from_ms(row.created_at),
        modified_at=from_ms(row.modified_at),
        options=_options(row.options),
        fields=None if fields is None else _decode_parameters(fields),
        canceled_at=maybe_instant(row.canceled_at),
        expand_at=maybe_instant(row.expand_at),
        pause=None if row.pause is None else Pause(row.pause),
        pause_reason=row.pause_reason,
        sink=row.sink,
        door_facts=row.door_facts,
    )


def _options(text: str | None) -> Options:
    return USUAL if text is None else _decode_options(text)


def batch_by_id(tx: Tx, account_id: str, batch_id: str) -> Batch | None:
    mine = (batches.c.account_id == account_id, batches.c.id == batch_id)
    row = tx.one(BatchRow, select(*_COLUMNS).where(*mine))
    return None if row is None else _batch(row)


def batches_by_ids(tx: Tx, account_id: str, batch_ids: Collection[str]) -> dict[str, Batch]:
    """Find batches by their identifiers, with the values of contacts' fields."""
    mine = (batches.c.account_id == account_id, tx.among(batches.c.id, batch_ids))
    rows = tx.all(_WithFields, select(*columns(_WithFields, batches)).where(*mine))
    return {row.id: _batch(row, row.fields) for row in rows}


def client_references(tx: Tx, account_id: str, batch_ids: Collection[str]) -> dict[str, str | None]:
    """Find the client references of batches."""
    mine = (batches.c.account_id == account_id, tx.among(batches.c.id, batch_ids))
    return tx.pairs(select(batches.c.id, batches.c.client_reference).where(*mine))


def batches_of(
    tx: Tx,
    account_id: str,
    wanted: BatchFilter,
    *,
    limit: int,
    offset: int = 0,
    before: str | None = None,
    after: str | None = None,
) -> list[Batch]:
    """List a page of batches, newest first.

    It begins after `offset` batches, or has what is older than the batch `before`, or what is next newer than `after`.
    """
    if after is not None:
        newer = _filtered(tx, select(*_COLUMNS), account_id, wanted).where(batches.c.id > after)
        return [_batch(row) for row in reversed(tx.all(BatchRow, newer.order_by(batches.c.id).limit(limit)))]
    query = (
        _filtered(tx, select(*_COLUMNS), account_id, wanted).order_by(batches.c.id.desc()).limit(limit).offset(offset)
    )
    if before is not None:
        query = query.where(batches.c.id < before)
    return [_batch(row) for row in tx.all(BatchRow, query)]


def list_batches(
    tx: Tx, account_id: str, wanted: BatchFilter, *, limit: int, before: str | None = None
) -> Listed[Batch]:
    """List a page of batches, newest first, of what is older than the batch `before`.

    What is left out by anything but time looks at a bounded number of rows (`store/stretches.py`).
    """
    if wanted.is_about_time_only:
        return exactly(batches_of(tx, account_id, wanted, limit=limit + 1, before=before), limit)
    rows = _filtered(tx, select(batches.c.id), account_id, BatchFilter(since=wanted.since, until=wanted.until))

    def read(within: ColumnElement[bool], at_most: int) -> list[Batch]:
        query = _filtered(tx, select(*_COLUMNS), account_id, wanted).where(within)
        return [_batch(row) for row in tx.all(BatchRow, query.order_by(batches.c.id.desc()).limit(at_most))]

    with tx.in_index_order():
        return by_stretches(tx, batches.c.id, rows, read, limit, before)


def count_batches(tx: Tx, account_id: str, wanted: BatchFilter) -> int:
    return int(tx.value(_filtered(tx, select(func.count()), account_id, wanted)))


def _filtered(tx: Tx, query: Select[Any], account_id: str, wanted: BatchFilter) -> Select[Any]:
    query = query.where(batches.c.account_id == account_id)
    if wanted.originators:
        query = query.where(tx.among(batches.c.originator, wanted.originators))
    if wanted.protocols:
        query = query.where(tx.among(batches.c.protocol, wanted.protocols))
    if wanted.other_protocols:
        query = query.where(not_(tx.among(batches.c.protocol, wanted.other_protocols)))
    if wanted.client_reference is not None:
        query = query.where(batches.c.client_reference == wanted.client_reference)
    if wanted.since is not None:  # identifiers carry their time, so the index on them serves
        query = query.where(batches.c.id >= earliest_at(to_ms(wanted.since)))
    if wanted.until is not None:
        query = query.where(batches.c.id < earliest_at(to_ms(wanted.until)))
    if wanted.tags:
        query = query.where(tx.has_any(batches.c.tags, wanted.tags))
    return query


def page_of_batches(
    tx: Tx, account_id: str, wanted: BatchFilter, *, limit: int, offset: int
) -> tuple[list[Batch], int]:
    """Return a page of batches, newest first, and how many match on all pages, both of one moment."""
    return batches_of(tx, account_id, wanted, limit=limit, offset=offset), count_batches(tx, account_id, wanted)


def cancel(tx: Tx, account_id: str, batch_id: str, now_ms: int, holder: Holder | None = None) -> Canceled | None:
    """Cancel what has not been handed to a worker yet; None if there is no such batch. Safe to repeat.

    Messages in flight may still go out; one that comes back to be tried again is canceled then. Groups that have not
    been looked up never will be. With a `holder`, more than a few messages are not canceled here but in slices, of
    which the first begins the work that is returned. Raises UnderChange.
    """
    queued = select(messages.c.id).where(messages.c.account_id == account_id, of_batch(batch_id), is_queued)
    some = queued.order_by(messages.c.id).with_for_update()
    waiting = tx.column(some if holder is None else some.limit(AT_ONCE + 1))
    mine = (batches.c.account_id == account_id, batches.c.id == batch_id)
    before = tx.first(select(batches.c.expand_at, batches.c.canceled_at).where(*mine).with_for_update())
    if before is None:
        return None
    require_free(tx, batch_id)
    expand_at, canceled_at = before
    if canceled_at is None:
        unexpanded = 0 if expand_at is None else 1
        tx.run(
            update(batches)
            .where(*mine)
            .values(
                canceled_at=now_ms,
                modified_at=now_ms,
                expand_at=None,
                open_count=batches.c.open_count - unexpanded,
            )
        )
    work = None
    if holder is not None and len(waiting) > AT_ONCE:
        work = begin(tx, holder, WorkKind.CANCEL, account_id, batch_id)
    elif not cancel_still_queued(tx, waiting, now_ms) and canceled_at is None:
        settle_if_empty(tx, [batch_id], now_ms)
    return Canceled(work)


class Canceled(NamedTuple):
    """The result of canceling a batch."""

    work: Work | None
    """What cancels its messages; None if they are canceled."""


def cancel_still_queued(tx: Tx, message_ids: Sequence[str], now_ms: int) -> int:
    """Cancel those of some messages that no worker holds, and return how many that are. Spans accounts."""
    locked = lock_messages(tx, message_ids)
    changes = [
        Change(message.id, Status.CANCELED, reason=Reason.CANCELED_BY_CUSTOMER)
        for message in locked.values()
        if message.status == Status.QUEUED.value
    ]
    return len(apply_changes(tx, changes, now_ms, locked))


def queued_of(tx: Tx, batch_id: str, behind: str, limit: int) -> list[str]:
    """List the queued messages of a batch, sorted, from behind one of them. Spans accounts."""
    query = select(messages.c.id).where(of_batch(batch_id), messages.c.id > behind, is_queued)
    return tx.column(query.order_by(messages.c.id).limit(limit))


def cancel_message(tx: Tx, account_id: str, message_id: str, now_ms: int) -> bool | None:
    """Cancel one message that is not due yet.

    Returns None if there is no such message, False if it is too late.
    """
    row = tx.first(
        select(messages.c.status, messages.c.due_at)
        .where(messages.c.account_id == account_id, messages.c.id == message_id)
        .with_for_update()
    )
    if row is None:
        return None
    status, due_at = row
    if status != Status.QUEUED.value or due_at <= now_ms:
        return False
    change = Change(message_id, Status.CANCELED, reason=Reason.CANCELED_BY_CUSTOMER)
    return bool(apply_changes(tx, [change], now_ms))


class SendingFacts(msgspec.Struct, frozen=True):
    """What a worker needs of a batch to send its messages, except the parameters, which may be large."""

    id: str
    kind: str
    originator: str | None
    body: str
    udh: str
    has_parameters: bool
    """Whether it has parameters, or values of contacts' fields."""
    flash: bool
    max_parts: int | None
    modified_at: int
    canceled: bool
    options: Options
    tags: Sequence[str]
    pause: str | None
    waits_for_groups: bool
    """Whether members of its groups are still to be looked up, with their fields."""

    @property
    def needs_parameters(self) -> bool:
        """Say whether one of its texts may name a parameter."""
        texts = (self.body, *(fallback.body for fallback in self.options.fallbacks))
        return self.has_parameters and any("${" in text for text in texts)


class _Facts(Row, frozen=True):
    """The columns of `SendingFacts`, in which booleans are 0 or 1."""

    id: str
    kind: str
    originator: str | None
    body: str
    udh: str
    has_parameters: int
    flash: int
    max_parts: int | None
    modified_at: int
    canceled: int
    options: str | None
    tags: str
    pause: str | None
    waits_for_groups: int


_FACTS = columns(
    _Facts,
    batches,
    has_parameters=case((batches.c.parameters.is_(None) & batches.c.fields.is_(None), 0), else_=1),
    canceled=case((batches.c.canceled_at.is_(None), 0), else_=1),
    waits_for_groups=case((batches.c.expand_at.is_(None), 0), else_=1),
)


@prepared(_Facts)
def _facts(ids: Given) -> Select[*tuple[Any, ...]]:
    return select(*_FACTS).where(among(batches.c.id, ids))


def sending_facts(tx: Tx, batch_ids: Iterable[str]) -> dict[str, SendingFacts]:
    """Find what workers need of batches. Spans accounts: for the engine only."""
    found = tx.fetch(_facts, ids=batch_ids)
    return {
        row.id: SendingFacts(
            row.id,
            row.kind,
            row.originator,
            row.body,
            row.udh,
            bool(row.has_parameters),
            bool(row.flash),
            row.max_parts,
            row.modified_at,
            bool(row.canceled),
            _options(row.options),
            () if row.tags == "[]" else _decode_list(row.tags),
            row.pause,
            bool(row.waits_for_groups),
        )
        for row in found
    }


def parameters_of(tx: Tx, batch_id: str) -> Parameters:
    """Return the parameters of a batch; empty if it has none. Spans accounts: for the engine only."""
    text = tx.value(select(batches.c.parameters).where(batches.c.id == batch_id))
    return {} if text is None else _decode_parameters(text)


def fields_of(tx: Tx, batch_id: str) -> Parameters:
    """Return the values of contacts' fields of a batch; empty if it has none. Spans accounts: for the engine only."""
    text = tx.value(select(batches.c.fields).where(batches.c.id == batch_id))
    return {} if text is None else _decode_parameters(text)
