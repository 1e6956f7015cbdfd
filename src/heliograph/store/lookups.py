"""Lookups in the store, asked alone and in jobs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, and_, select

from heliograph.domain.callbacks import EventKind, Listener
from heliograph.domain.errors import InsufficientCredit
from heliograph.domain.ids import last_following
from heliograph.domain.instants import from_ms, maybe_instant, to_ms
from heliograph.domain.lookups import LineStatus, Lookup, LookupJob, NetworkFacts
from heliograph.store.ledger import Bill, charge, give_back
from heliograph.store.listeners import tell_one
from heliograph.store.schema import is_asked, lookup_jobs, lookups
from heliograph.store.tx import Row, Tx, columns

_decode_facts = msgspec.json.Decoder(NetworkFacts).decode


class _LookupRow(Row, frozen=True):
    id: str
    account_id: str
    job_id: str | None
    msisdn: str
    country: str | None
    price: int
    facts: str | None
    """What is known of the number, as JSON."""
    callback_url: str | None
    protocol: str
    created_at: int
    done_at: int | None


class _JobRow(Row, frozen=True):
    id: str
    account_id: str
    asked: int
    accepted: int
    price: int
    created_at: int


_COLUMNS = columns(_LookupRow, lookups)
_JOB_COLUMNS = columns(_JobRow, lookup_jobs)


class _NewLookup(Row, frozen=True):
    """The columns that differ among lookups that are asked together."""

    id: str
    msisdn: str
    country: str | None
    price: int


class _Claimed(Row, frozen=True):
    id: str
    attempts: int


class _Due(Row, frozen=True):
    id: str
    due_at: int


class _Answered(Row, frozen=True):
    id: str
    facts: str
    price: int


def add_lookups(tx: Tx, wanted: Sequence[Lookup], job: LookupJob | None, due_at: int, now_ms: int) -> None:
    """Store questions of one account, with the job that they are part of, and charge for them.

    Raises InsufficientCredit before anything is written.
    """
    first = wanted[0]
    subject = first.id if job is None else job.id
    bill = Bill(first.account_id, subject, sum(lookup.price for lookup in wanted))
    if charge(tx, [bill], now_ms) == [False]:
        raise InsufficientCredit()
    if job is not None:
        values = msgspec.structs.asdict(job) | {"created_at": to_ms(job.created_at)}
        tx.insert(lookup_jobs, [_JobRow(**values)])
    rows = [_NewLookup(lookup.id, lookup.msisdn, lookup.country, lookup.price) for lookup in wanted]
    constants = {
        "account_id": first.account_id,
        "job_id": first.job_id,
        "callback_url": first.callback_url,
        "protocol": first.protocol,
        "created_at": to_ms(first.created_at),
        "due_at": due_at,
    }
    tx.insert(lookups, rows, constants)


def _lookup(row: _LookupRow) -> Lookup:
    values = msgspec.structs.asdict(row) | {
        "facts": None if row.facts is None else _decode_facts(row.facts),
        "created_at": from_ms(row.created_at),
        "done_at": maybe_instant(row.done_at),
    }
    return Lookup(**values)


def lookup_by_id(tx: Tx, account_id: str, lookup_id: str) -> Lookup | None:
    row = tx.one(_LookupRow, select(*_COLUMNS).where(lookups.c.account_id == account_id, lookups.c.id == lookup_id))
    return None if row is None else _lookup(row)


def lookups_by_ids(tx: Tx, account_id: str, lookup_ids: Sequence[str]) -> list[Lookup]:
    """Find lookups by their identifiers, in the order of these."""
    query = select(*_COLUMNS).where(lookups.c.account_id == account_id, tx.among(lookups.c.id, lookup_ids))
    return [_lookup(row) for row in tx.all(_LookupRow, query.order_by(lookups.c.id))]


def _of_job(job_id: str) -> ColumnElement[bool]:
    return and_(lookups.c.id > job_id, lookups.c.id <= last_following(job_id))


def lookups_of_job(
    tx: Tx, account_id: str, job_id: str, *, limit: int, before: str | None = None, after: str | None = None
) -> list[Lookup]:
    """List a page of a job's lookups, newest first: what is older than `before`, or next newer than `after`."""
    query = select(*_COLUMNS).where(lookups.c.account_id == account_id, _of_job(job_id))
    if after is not None:
        rows = tx.all(_LookupRow, query.where(lookups.c.id > after).order_by(lookups.c.id).limit(limit))
        return [_lookup(row) for row in reversed(rows)]
    if before is not None:
        query = query.where(lookups.c.id < before)
    return [_lookup(row) for row in tx.all(_LookupRow, query.order_by(lookups.c.id.desc()).limit(limit))]


def countries_of_job(tx: Tx, account_id: str, job_id: str) -> list[str | None]:
    """List the country of each number of a job."""
    mine = (lookups.c.account_id == account_id, _of_job(job_id))
    return tx.column(select(lookups.c.country).where(*mine))


def _job(row: _JobRow) -> LookupJob:
    values = msgspec.structs.asdict(row) | {"created_at": from_ms(row.created_at)}
    return LookupJob(**values)


def job_by_id(tx: Tx, account_id: str, job_id: str) -> LookupJob | None:
    row = tx.one(
        _JobRow, select(*_JOB_COLUMNS).where(lookup_jobs.c.account_id == account_id, lookup_jobs.c.id == job_id)
    )
    return None if row is None else _job(row)


def jobs_of(
    tx: Tx, account_id: str, *, limit: int, before: str | None = None, after: str | None = None
) -> list[LookupJob]:
    """List a page of jobs, newest first: what is older than `before`, or what is next newer than `after`."""
    query = select(*_JOB_COLUMNS).where(lookup_jobs.c.account_id == account_id)
    if after is not None:
        rows = tx.all(_JobRow, query.where(lookup_jobs.c.id > after).order_by(lookup_jobs.c.id).limit(limit))
        return [_job(row) for row in reversed(rows)]
    if before is not None:
        query = query.where(lookup_jobs.c.id < before)
    return [_job(row) for row in tx.all(_JobRow, query.order_by(lookup_jobs.c.id.desc()).limit(limit))]


class Question(msgspec.Struct, frozen=True):
    """A number that a provider is to be asked about."""

    id: str
    msisdn: str
    attempts: int
    """How many attempts there were, with this one."""


def claim_lookups(tx: Tx, *, limit: int, now_ms: int, lease_until: int) -> list[Question]:
    """Lease due questions, oldest first; one whose worker died is due again when its lease ends. Spans accounts."""
    rows = tx.rows(
        select(lookups.c.id, lookups.c.msisdn, lookups.c.attempts)
        .where(is_asked, lookups.c.due_at <= now_ms)
        .order_by(lookups.c.due_at, lookups.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = [Question(lookup_id, msisdn, attempts + 1) for lookup_id, msisdn, attempts in rows]
    tx.update(lookups, [_Claimed(each.id, each.attempts) for each in claimed], {"due_at": lease_until})
    return claimed


def ask_again(tx: Tx, questions: Sequence[Question], due_at: int) -> None:
    """Put questions off until `due_at`, because nobody could answer them now. Spans accounts."""
    tx.update(lookups, [_Due(question.id, due_at) for question in questions])


def record_answers(tx: Tx, answers: Sequence[tuple[str, NetworkFacts]], now_ms: int) -> list[Lookup]:
    """Store answers, return the price of lookups that failed, tell whoever is to be told; return what is answered.

    What has been answered before stays as it is. Spans accounts.
    """
    rows = tx.all(
        _LookupRow,
        select(*_COLUMNS)
        .where(tx.among(lookups.c.id, [lookup_id for lookup_id, _ in answers]), is_asked)
        .order_by(lookups.c.id)
        .with_for_update(),
    )
    facts = dict(answers)
    done = []
    back: dict[tuple[str, str], int] = {}
    for lookup in map(_lookup, rows):
        found = facts[lookup.id]
        price = 0 if found.status is LineStatus.FAILED else lookup.price
        if lookup.price != price:
            whose = (lookup.account_id, lookup.job_id or lookup.id)
            back[whose] = back.get(whose, 0) + lookup.price - price
        done.append(msgspec.structs.replace(lookup, facts=found, price=price, done_at=from_ms(now_ms)))
    written = [_Answered(lookup.id, msgspec.json.encode(lookup.facts).decode(), lookup.price) for lookup in done]
    tx.update(lookups, written, {"due_at": None, "done_at": now_ms})
    if back:
        give_back(tx, [Bill(*whose, amount) for whose, amount in back.items()], now_ms)
    _tell(tx, done, now_ms)
    return done


def _tell(tx: Tx, done: Sequence[Lookup], now_ms: int) -> None:
    by_listener: dict[tuple[str, str | None, Listener], list[str]] = {}
    for lookup in done:
        if lookup.callback_url is not None:
            listener = Listener(lookup.protocol, lookup.callback_url)
            by_listener.setdefault((lookup.account_id, lookup.job_id, listener), []).append(lookup.id)
    for (account_id, _, listener), ids in by_listener.items():
        tell_one(tx, account_id, EventKind.LOOKED_UP, ids, listener, now_ms)


def next_lookup_due_at(tx: Tx) -> int | None:
    """Return when the next question is due, in milliseconds since 1970; None if none waits. Spans accounts."""
    value: int | None = tx.value(
        select(lookups.c.due_at).where(is_asked).order_by(lookups.c.due_at, lookups.c.id).limit(1)
    )
    return value
