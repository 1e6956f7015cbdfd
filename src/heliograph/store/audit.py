"""The audit log in the store: a chain of entries that can be added to, read, and cut off at its beginning.

How it works. `audit_head` has one row: where the chain ends. Whoever adds an entry locks it until the commit, so that
entries of all processes stand in one order without a gap; only what is audited waits there, and that is rare. An entry
is added by the transaction that makes the change it speaks of, after it: neither is committed without the other, and
the lock is held as shortly as can be. Triggers refuse to change an entry, and to delete one that `cut_off` has not
written down the end of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import BigInteger, Select, Text, cast, delete, or_, select, update

from heliograph.domain.audit import (
    LONGEST_NAME,
    Act,
    Actor,
    AuditFilter,
    Chain,
    Entry,
    Head,
    Verdict,
    encoded_facts,
    hash_of,
)
from heliograph.domain.instants import to_ms
from heliograph.store.schema import accounts, audit, audit_head
from heliograph.store.tx import Row, Tx, columns

AT_ONCE = 1_000


class _HeadRow(Row, frozen=True):
    seq: int
    hash: str
    cut_seq: int
    cut_hash: str


class _Row(Row, frozen=True):
    seq: int
    at: int
    actor_kind: str
    actor_id: str
    actor_name: str
    address: str | None
    action: str
    object_id: str
    account_id: str | None
    before: str
    after: str
    previous: str
    hash: str


class _NamedRow(_Row, frozen=True):
    account_name: str | None


def append(tx: Tx, actor: Actor, acts: Sequence[Act], now_ms: int) -> None:
    """Add an entry for each act, in the transaction that does them. Waits for others who add some."""
    if not acts:
        return
    head = _head(tx, lock=True)
    seq, last = head.seq, head.hash
    entries = []
    for act in acts:
        seq += 1
        open_entry = Entry(
            seq=seq,
            at=now_ms,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            actor_name=actor.name[:LONGEST_NAME],
            address=actor.address,
            action=act.action.value,
            object_id=act.object_id,
            account_id=act.account_id,
            before=encoded_facts(act.before),
            after=encoded_facts(act.after),
            previous=last,
            hash="",
        )
        last = hash_of(open_entry)
        entries.append(msgspec.convert(msgspec.structs.replace(open_entry, hash=last), _Row, from_attributes=True))
    tx.insert(audit, entries)
    tx.run(update(audit_head).values(seq=seq, hash=last))


def entries_of(tx: Tx, wanted: AuditFilter, *, limit: int, before: int | None = None) -> list[Entry]:
    """List a page of the log, newest first, of what is older than the entry `before`. Spans accounts: for whoever runs
    the installation."""
    query = _filtered(wanted).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.seq < before)
    return [_entry(row) for row in tx.all(_NamedRow, query)]


def entries_after(tx: Tx, wanted: AuditFilter, after: int, *, limit: int) -> list[Entry]:
    """List some of the log, oldest first, of what is newer than the entry `after`. Spans accounts: for whoever runs the
    installation."""
    query = _filtered(wanted).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
    return [_entry(row) for row in tx.all(_NamedRow, query)]


def check(tx: Tx, expected: str | None = None) -> Verdict:
    """Follow the whole chain, as it is at this moment. Spans accounts: for whoever runs the installation.

    `expected` is the hash of an entry that somebody wrote down.
    """
    chain = Chain(_head(tx), expected)
    for entry in _all(tx):
        chain.follow(entry)
    return chain.verdict()


def cut_off(tx: Tx, before_ms: int, at_most: int | None = None) -> Head | None:
    """Delete the entries from before an instant, and write down where the rest begins; None if there were none.

    Spans accounts: for whoever runs the installation. The rest is as good as it was: the first that stays follows from
    the hash that is written down. The last entry of all stays. `at_most` so many entries are looked at.
    """
    head = _head(tx, lock=True)
    last = head.seq if at_most is None else min(head.seq, head.cut_seq + 1 + at_most)
    stays = select(audit.c.seq).where(audit.c.at >= before_ms, audit.c.seq <= last).order_by(audit.c.seq).limit(1)
    first = min(tx.value(stays) or last, last)
    row = tx.first(select(audit.c.seq, audit.c.hash).where(audit.c.seq < first).order_by(audit.c.seq.desc()).limit(1))
    if row is None:
        return None
    cut_seq, cut_hash = row
    tx.run(update(audit_head).values(cut_seq=cut_seq, cut_hash=cut_hash))
    tx.run(delete(audit).where(audit.c.seq <= cut_seq))
    return Head(head.seq, head.hash, cut_seq, cut_hash)


def _head(tx: Tx, *, lock: bool = False) -> Head:
    query = select(*columns(_HeadRow, audit_head))
    row = tx.one(_HeadRow, query.with_for_update() if lock else query)
    assert row is not None  # noqa: S101 - the migration puts it there, and a trigger keeps it
    return Head(row.seq, row.hash, row.cut_seq, row.cut_hash)


def _all(tx: Tx) -> Iterator[Entry]:
    """Read all entries in their order, whatever somebody has put into their columns: SQLite takes texts for numbers.

    Spans accounts: for whoever runs the installation.
    """
    named = [cast(column, BigInteger if isinstance(column.type, BigInteger) else Text) for column in audit.c]
    query = select(*(value.label(column.name) for column, value in zip(audit.c, named, strict=True)))
    query = query.order_by(audit.c.seq).limit(AT_ONCE)
    rows = tx.all(_Row, query)
    while rows:
        yield from (Entry(**msgspec.structs.asdict(row)) for row in rows)
        after = rows[-1].seq
        rows = [] if len(rows) < AT_ONCE else tx.all(_Row, query.where(audit.c.seq > after))
        if rows and rows[-1].seq <= after:
            return


def _filtered(wanted: AuditFilter) -> Select[*tuple[object, ...]]:
    """Select what a filter is about. Spans accounts: for whoever runs the installation."""
    named = columns(_NamedRow, audit, account_name=accounts.c.name)
    query = select(*named).outerjoin(accounts, accounts.c.id == audit.c.account_id)
    if wanted.account_id is not None:
        query = query.where(audit.c.account_id == wanted.account_id)
    if (actor := wanted.actor) is not None:
        query = query.where(
            or_(audit.c.actor_id == actor, audit.c.actor_name == actor, audit.c.actor_kind == actor.lower())
        )
    if (action := wanted.action) is not None:
        query = query.where(audit.c.action == action if "." in action else audit.c.action.startswith(f"{action}."))
    if wanted.object_id is not None:
        query = query.where(audit.c.object_id == wanted.object_id)
    if wanted.since is not None:
        query = query.where(audit.c.at >= to_ms(wanted.since))
    if wanted.until is not None:
        query = query.where(audit.c.at < to_ms(wanted.until))
    return query


def _entry(row: _NamedRow) -> Entry:
    return Entry(**msgspec.structs.asdict(row))
