"""Forgetting what was kept for as long as it was to be, step by step (`domain/retention.py` says what).

How it works. A step is looked for in a read, however many messages a batch has, and then written in one transaction
that changes some hundred rows and moves the walk on: only if it stands where it stood when the read began, so two
processes never do the same step. Killed in between, nothing has happened, and the next process goes on from there.

A run looks first at what earlier ones had to hold back (`retention_held`), and then goes along the primary key. A batch
that has more messages than a step may change is done in several, its own row in the first of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from heliograph.domain.accounts import Kept, Terms
from heliograph.domain.audit import SYSTEM, cut_acts
from heliograph.domain.batches import Options
from heliograph.domain.ids import earliest_at, last_following, to_int
from heliograph.domain.retention import DAY_MS, LATE_MS, NOBODY, TREATMENTS, Walk, stand_in
from heliograph.domain.statuses import Status
from heliograph.domain.verifications import Wording
from heliograph.store.audit import append, cut_off
from heliograph.store.forgetting import without_texts
from heliograph.store.indexing import forget_words
from heliograph.store.schema import (
    accounts,
    attempts,
    audit_head,
    batches,
    conversations,
    events,
    import_changes,
    import_rejects,
    imports,
    is_asked,
    is_pending,
    is_waiting,
    link_tokens,
    lookups,
    messages,
    metadata,
    retention_held,
    retention_walks,
    verifications,
    works,
)
from heliograph.store.tx import Row, Tx, columns

AT_ONCE = 100
"""Rows that a whole step looks at; batches among them."""
IMPORTED_AT_ONCE = 2_000
"""Rows of imports that a whole step deletes."""
MESSAGES_AT_ONCE = 500
LOOKED_AT = 20_000
"""Messages that a step may have to look at to see whether their batches have ended."""
_PREFIX = 21
"""Characters that the identifiers of a batch and its messages have in common."""
ENTRIES_AT_ONCE = 2_000
"""Entries of the audit log that a whole step cuts off."""
PAUSE_MS = 3_600_000
"""From the end of a run to the beginning of the next."""
AUDIT_PAUSE_MS = DAY_MS
"""The same of the audit log, in which each cut is an entry."""


class Position(Row, frozen=True):
    """How far a walk has come. Instants are milliseconds since 1970."""

    id: str
    accounts: str
    after: str
    checked: str | None
    within: str | None
    steps: int
    next_at: int
    run_rows: int
    all_rows: int
    began_at: int | None
    done_at: int | None


class _Candidate(Row, frozen=True):
    id: str
    account_id: str
    is_busy: int
    size: int


class _Message(Row, frozen=True):
    id: str
    batch_id: str
    msisdn: str


class _StandIn(Row, frozen=True):
    id: str
    msisdn: str


class _Options(Row, frozen=True):
    id: str
    options: str


class _Wording(Row, frozen=True):
    id: str
    wording: str


class Step(NamedTuple):
    """What is to be done next on a walk, and where it stands then."""

    ids: Sequence[str] = ()
    hold: Sequence[str] = ()
    """What may not be touched yet."""
    release: Sequence[str] = ()
    """What was held back and need not be any more."""
    messages: Sequence[_Message] = ()
    """The messages to be changed."""
    after: str = ""
    checked: str | None = None
    within: str | None = None
    goes_on: bool = False
    """Whether the batch was begun by a step before."""
    is_last: bool = False
    share: float = 1.0
    """How much of a whole step it is."""


class Taken(NamedTuple):
    """What came of a step."""

    rows: int
    run_rows: int
    """Of the whole run so far."""
    is_last: bool


class Progress(NamedTuple):
    """How far a walk has come, for who runs the installation."""

    walk: str
    rows: int
    """Of the run that goes on, or went last."""
    all_rows: int
    began_at: int | None
    done_at: int | None
    held: int
    """Rows that wait for something to end."""


class Held(Row, frozen=True):
    walk: str
    id: str


_terms = msgspec.json.Decoder(Terms).decode
_options = msgspec.json.Decoder(Options).decode
_wording = msgspec.json.Decoder(Wording).decode


def _written(value: object) -> str:
    return msgspec.json.encode(value).decode()


def days_of_accounts(tx: Tx) -> dict[str, Mapping[Kept, int]]:
    """Return the days that are agreed with accounts, of those that have some. Spans accounts."""
    query = select(accounts.c.id, accounts.c.terms).where(accounts.c.terms.contains('"retention"'))
    return {account_id: _terms(terms).retention for account_id, terms in tx.rows(query)}


def keep_walks(tx: Tx, walks: Mapping[str, Walk], now_ms: int) -> None:
    """Have these walks and no others; one that is for more accounts than before begins anew. Spans accounts."""
    there = {each.id: each for each in tx.all(Position, select(*columns(Position, retention_walks)))}
    for identifier in there.keys() - walks.keys():  # some, and only when terms or settings have changed
        tx.run(delete(retention_walks).where(retention_walks.c.id == identifier))
        tx.run(delete(retention_held).where(retention_held.c.walk == identifier))
    fresh = []
    for identifier, walk in walks.items():
        names = json.dumps(sorted(walk.accounts))
        before = there.get(identifier)
        if before is None:
            fresh.append(Position(identifier, names, "", "", None, 0, now_ms, 0, 0, None, None))
        elif before.accounts != names:
            values: dict[str, Any] = {"accounts": names, "steps": retention_walks.c.steps + 1}
            if walk.newly_for_some(json.loads(before.accounts)):
                values |= {"after": "", "checked": "", "within": None, "next_at": now_ms}
            tx.run(update(retention_walks).where(retention_walks.c.id == identifier).values(**values))
    tx.insert(retention_walks, fresh, skip_existing=True)


def next_walk(tx: Tx) -> Position | None:
    """Return the walk whose turn is next, which may be still to come; None if there is none. Spans accounts."""
    query = select(*columns(Position, retention_walks)).order_by(retention_walks.c.next_at, retention_walks.c.id)
    return tx.one(Position, query.limit(1))


def due_since(tx: Tx) -> dict[str, int]:
    """Say since when the next step of each class is due, or will be, in milliseconds since 1970. Spans accounts."""
    since: dict[str, int] = {}
    for identifier, next_at in tx.pairs(select(retention_walks.c.id, retention_walks.c.next_at)).items():
        kept = identifier.partition("/")[0]
        since[kept] = min(since.get(kept, next_at), next_at)
    return since


def progress_of(tx: Tx) -> list[Progress]:
    """Say how far the walks have come. Spans accounts: for whoever runs the installation."""
    held = tx.pairs(select(retention_held.c.walk, func.count().label("held")).group_by(retention_held.c.walk))
    walks = tx.all(Position, select(*columns(Position, retention_walks)).order_by(retention_walks.c.id))
    return [
        Progress(each.id, each.run_rows, each.all_rows, each.began_at, each.done_at, held.get(each.id, 0))
        for each in walks
    ]


def look(tx: Tx, walk: Walk, position: Position, now_ms: int, share: float = 1.0) -> Step:
    """Find out what the next step of a walk is, as large as this share of a whole one. Spans accounts."""
    if walk.kept is Kept.AUDIT:
        return Step(share=share)
    table = metadata.tables[walk.table]
    again = position.checked is not None
    before = position.checked if position.checked is not None else position.after
    ids, found = _candidates(tx, table, position, now_ms - walk.days * DAY_MS, share)
    if not ids:
        return Step(after=position.after, is_last=not again)
    mine = [each for each in found if walk.is_for(each.account_id)]
    goes_on = bool(mine and mine[0].id == ids[0] and position.within and _is_of(position.within, ids[0]))
    if goes_on:
        ids, mine, busy = ids[:1], mine[:1], set[str]()
    else:
        busy = {each.id for each in mine if each.is_busy}
        if table is batches:
            busy |= _under_way(tx, [each.id for each in mine if each.id not in busy], now_ms)
    todo = [each.id for each in mine if each.id not in busy]
    changed: Sequence[_Message] = ()
    within = None
    if table is batches and walk.kept is not Kept.TEXTS and todo:
        if again:  # what was held back does not lie together
            todo, ids = todo[:1], [each for each in ids if each <= todo[0]]
        most = _part(MESSAGES_AT_ONCE, share)
        changed, too_large = _messages_of(tx, todo, position.within if goes_on else None, most)
        if too_large is not None and changed[0].batch_id == too_large:
            within = changed[-1].id
        if too_large is not None:
            todo = [each for each in todo if each < too_large or (each == too_large and within)]
            ids = [each for each in ids if each < too_large]
    mark = ids[-1] if ids else before
    return Step(
        ids=todo,
        hold=sorted(busy.intersection(ids)),
        release=[each for each in ids if each not in busy] if again else (),
        messages=changed,
        after=position.after if again else mark,
        checked=mark if again else None,
        within=within,
        goes_on=goes_on,
        share=share,
    )


def _part(whole: int, share: float) -> int:
    return max(1, int(whole * share))


def _candidates(
    tx: Tx, table: Table, position: Position, bound_ms: int, share: float
) -> tuple[Sequence[str], Sequence[_Candidate]]:
    """Return the identifiers that come next, and the rows of those that are there. Spans accounts."""
    at_once, looked_at = _part(AT_ONCE, share), _part(LOOKED_AT, share)
    size = table.c.recipient_count if table is batches else literal(1)
    busy = case((_is_busy(table, bound_ms), 1), else_=0)
    query = select(*columns(_Candidate, table, is_busy=busy, size=size)).order_by(table.c.id)
    if position.checked is None:
        rows = query.where(table.c.id > position.after, table.c.id < earliest_at(bound_ms)).limit(at_once)
        found = tx.all(_Candidate, rows)
        ids = [each.id for each in found]
    else:
        held = select(retention_held.c.id).where(retention_held.c.walk == position.id)
        held = held.where(retention_held.c.id > position.checked).order_by(retention_held.c.id).limit(at_once)
        ids = tx.column(held)
        found = tx.all(_Candidate, query.where(tx.among(table.c.id, ids))) if ids else []
    sizes = {each.id: each.size for each in found}
    sums = accumulate(sizes.get(each, 0) for each in ids)
    ids = [each for place, (each, total) in enumerate(zip(ids, sums, strict=True)) if not place or total < looked_at]
    return ids, [each for each in found if each.id in set(ids)]


def _is_busy(table: Table, bound_ms: int) -> ColumnElement[bool]:
    """Return the condition that a row may not be touched yet, as far as the row says; what is not said here may be."""
    if table is batches:
        return or_(batches.c.expand_at.is_not(None), exists(select(works.c.id).where(works.c.id == batches.c.id)))
    if table is conversations:
        return conversations.c.last_at >= bound_ms
    waiting: dict[Table, ColumnElement[bool]] = {events: is_waiting, verifications: is_pending, lookups: is_asked}
    waiting[imports] = imports.c.lease_until > 0
    return waiting.get(table, false())


def _is_of(message_id: str, batch_id: str) -> bool:
    return batch_id < message_id <= last_following(batch_id)


def _under_way(tx: Tx, batch_ids: Sequence[str], now_ms: int) -> set[str]:
    """Name those of the batches that have a message which has not ended.

    One that a provider has taken and nobody has reported on has ended some time after its validity. Spans accounts.
    """
    late = and_(messages.c.expire_at < now_ms - LATE_MS, messages.c.fall_back_at.is_(None))
    unsent = messages.c.status.in_([Status.QUEUED.value, Status.SENDING.value])
    is_open = or_(unsent, and_(messages.c.status == Status.SENT.value, not_(late)))
    # By the range of identifiers that follow the batch's, or a little more: their index is read, and nothing else. A
    # value for each batch, since PostgreSQL makes a join of EXISTS, and may then read all messages at once.
    last = func.substr(batches.c.id, 1, _PREFIX).concat("Z" * (26 - _PREFIX))
    open_one = select(messages.c.id).where(messages.c.id > batches.c.id, messages.c.id <= last, is_open).limit(1)
    has_one = open_one.scalar_subquery().is_not(None)
    return set(tx.column(select(batches.c.id).where(tx.among(batches.c.id, batch_ids), has_one)))


def _messages_of(tx: Tx, batch_ids: Sequence[str], after: str | None, most: int) -> tuple[list[_Message], str | None]:
    """Return the messages of the first of the batches, `most` at most, in whole batches if it is more than one; and
    the first batch that has more, or is left out. All that lies between them is read. Spans accounts."""
    between = (messages.c.id > (after or batch_ids[0]), messages.c.id <= last_following(batch_ids[-1]))
    query = select(*columns(_Message, messages)).where(*between, tx.among(messages.c.batch_id, batch_ids))
    query = query.order_by(messages.c.id)
    found = tx.all(_Message, query.limit(most + 1))
    if len(found) <= most:
        return found, None
    more = found[-1].batch_id
    whole = [each for each in found if each.batch_id != more]
    return whole or found[:-1], more


def take(tx: Tx, walk: Walk, position: Position, step: Step, now_ms: int) -> Taken | None:
    """Do a step that was found when it was `now_ms`; None if another process was quicker. Spans accounts."""
    mine = retention_walks.c.id == position.id
    if tx.value(select(retention_walks.c.steps).where(mine).with_for_update()) != position.steps:
        return None
    if walk.kept is Kept.AUDIT:
        rows, is_last = _cut(tx, now_ms - walk.days * DAY_MS, now_ms, _part(ENTRIES_AT_ONCE, step.share))
        step = step._replace(is_last=is_last)
    else:
        step = _without_changed(tx, walk, step, now_ms)
        if walk.table == imports.name and step.ids:
            rows, step = _forget_imports(tx, position, step)
        else:
            rows = _treat(tx, walk, step) if step.ids else 0
        tx.insert(retention_held, [Held(position.id, each) for each in step.hold], skip_existing=True)
        gone = and_(retention_held.c.walk == position.id, tx.among(retention_held.c.id, step.release))
        if step.release:
            tx.run(delete(retention_held).where(gone))
    is_first = position.began_at is None or position.done_at is not None
    run_rows = rows + (0 if is_first else position.run_rows)
    began_at = now_ms if is_first or position.began_at is None else position.began_at
    pause = (AUDIT_PAUSE_MS if walk.kept is Kept.AUDIT else PAUSE_MS) if step.is_last else 0
    tx.run(
        update(retention_walks)
        .where(mine)
        .values(
            after=step.after,
            checked="" if step.is_last else step.checked,
            within=step.within,
            steps=position.steps + 1,
            next_at=now_ms + pause,
            run_rows=run_rows,
            all_rows=position.all_rows + rows,
            began_at=began_at,
            done_at=now_ms if step.is_last else None,
        )
    )
    return Taken(rows, run_rows, step.is_last)


def _cut(tx: Tx, before_ms: int, now_ms: int, most: int) -> tuple[int, bool]:
    """Cut off some of the audit log, and say how many entries, and whether that was all."""
    there = tx.value(select(audit_head.c.cut_seq))
    head = cut_off(tx, before_ms, most)
    append(tx, SYSTEM, cut_acts(head), now_ms)
    return (0, True) if head is None else (head.cut_seq - there, False)


def _without_changed(tx: Tx, walk: Walk, step: Step, now_ms: int) -> Step:
    """Hold back batches and imports that somebody has begun to change since they were looked at. Spans accounts."""
    if walk.table not in (batches.name, imports.name) or not step.ids:
        return step
    table = metadata.tables[walk.table]
    query = select(table.c.id).where(tx.among(table.c.id, step.ids), not_(_is_busy(table, 0)))
    if table is batches:
        query = query.where(batches.c.modified_at < now_ms)
    still = set(tx.column(query.order_by(table.c.id).with_for_update(of=table)))
    if len(still) == len(step.ids):
        return step
    return step._replace(
        ids=[each for each in step.ids if each in still],
        hold=[*step.hold, *(each for each in step.ids if each not in still)],
        release=[each for each in step.release if each in still or each not in step.ids],
        messages=[each for each in step.messages if each.batch_id in still],
        within=step.within if step.messages and step.messages[-1].batch_id in still else None,
    )


def _treat(tx: Tx, walk: Walk, step: Step) -> int:
    """Do what the treatment says with the rows of a step, and count them: of batches, messages. Spans accounts."""
    table = metadata.tables[walk.table]
    if table is batches:
        return _OF_BATCHES[walk.kept](tx, step)
    mine = tx.among(table.c.id, step.ids)
    (treatment,) = (each for each in TREATMENTS if (each.kept, each.table) == (walk.kept, walk.table))
    if not treatment.blanks:
        return tx.run(delete(table).where(mine))
    if table is verifications:
        return _blank_wordings(tx, step)
    return tx.run(update(table).where(mine).values({name: _blank(table.c[name]) for name in treatment.blanks}))


def _forget_imports(tx: Tx, position: Position, step: Step) -> tuple[int, Step]:
    """Delete imports with what they have noted, as many rows as a step may; say how many imports are gone.

    Those that have more rows stay until the next step, which begins with them. They have no group any more: undoing one
    of which a part is forgotten would take away members that it should put back. Spans accounts.
    """
    left = _part(IMPORTED_AT_ONCE, step.share)
    for table in (import_changes, import_rejects):
        keys = table.primary_key.columns
        some = select(*keys).where(tx.among(table.c.import_id, step.ids)).order_by(*keys).limit(left)
        left -= tx.run(delete(table).where(tuple_(*keys).in_(some)))
    more = {
        identifier
        for table in (import_changes, import_rejects)
        for identifier in tx.column(select(table.c.import_id).where(tx.among(table.c.import_id, step.ids)).distinct())
    }
    done = [each for each in step.ids if each not in more]
    if more:
        tx.run(update(imports).where(tx.among(imports.c.id, more)).values(group_id=None))
        again, first = position.checked is not None, min(more)
        before = (position.checked or "") if again else position.after
        mark = max((each for each in (*step.ids, *step.hold, *step.release) if each < first), default=before)
        done = [each for each in done if each < first]
        step = step._replace(
            hold=[each for each in step.hold if each < first],
            release=[each for each in step.release if each < first],
            after=position.after if again else mark,
            checked=mark if again else None,
        )
    return tx.run(delete(imports).where(tx.among(imports.c.id, done))), step


def _blank(column: Column[Any]) -> str | None:
    if column.nullable:
        return None
    return NOBODY if column.name == "msisdn" else ""


def _blank_wordings(tx: Tx, step: Step) -> int:
    """Remove the wordings of codes; say how many. Spans accounts."""
    rows = tx.all(_Wording, select(*columns(_Wording, verifications)).where(tx.among(verifications.c.id, step.ids)))
    empty = [
        _Wording(each.id, _written(msgspec.structs.replace(_wording(each.wording), text="", values={})))
        for each in rows
    ]
    return tx.update(verifications, empty)


def _blank_texts(tx: Tx, step: Step) -> int:
    """Remove the texts of batches; say how many batches. Spans accounts."""
    mine = tx.among(batches.c.id, step.ids)
    query = select(*columns(_Options, batches, options=batches.c.options)).where(mine, batches.c.options.is_not(None))
    empty = [_Options(each.id, _written(without_texts(_options(each.options)))) for each in tx.all(_Options, query)]
    tx.update(batches, empty)
    forget_words(tx, step.ids)
    return tx.run(update(batches).where(mine).values(body="", parameters=None, fields=None, fingerprint=None))


def _blank_numbers(tx: Tx, step: Step) -> int:
    """Put stand-ins in the place of messages' numbers; say how many. Spans accounts."""
    if not step.goes_on:
        values = {"recipients": "[]", "parameters": None, "fields": None, "recipient_facts": None, "fingerprint": None}
        tx.run(update(batches).where(tx.among(batches.c.id, step.ids)).values(**values))
    theirs = tx.among(link_tokens.c.batch_id, {each.batch_id for each in step.messages})
    tx.run(delete(link_tokens).where(theirs, tx.among(link_tokens.c.msisdn, {each.msisdn for each in step.messages})))
    rows = [_StandIn(each.id, stand_in(to_int(each.id) - to_int(each.batch_id))) for each in step.messages]
    return tx.update(messages, rows)


def _blank_receipts(tx: Tx, step: Step) -> int:
    """Remove what providers said of messages; say how many. Spans accounts."""
    ids = [each.id for each in step.messages]
    tx.run(delete(attempts).where(tx.among(attempts.c.message_id, ids)))
    values = {"provider_ref": None, "provider_code": None, "detail": None}
    return tx.run(update(messages).where(tx.among(messages.c.id, ids)).values(**values))


_OF_BATCHES: Mapping[Kept, Callable[[Tx, Step], int]] = {
    Kept.TEXTS: _blank_texts,
    Kept.NUMBERS: _blank_numbers,
    Kept.RECEIPTS: _blank_receipts,
}
