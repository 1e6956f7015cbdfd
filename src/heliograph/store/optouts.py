"""Opt-outs: asked at every acceptance and again before every send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, delete, func, select

from heliograph.domain.callbacks import EventKind
from heliograph.domain.instants import from_ms
from heliograph.domain.optouts import OptOut, OptOutSource
from heliograph.store.listeners import tell
from heliograph.store.numbering import take_numbers
from heliograph.store.prepared import prepared
from heliograph.store.schema import optouts
from heliograph.store.tx import Row, Tx, columns


class _OptOutRow(Row, frozen=True):
    account_id: str
    msisdn: str
    source: str
    created_at: int
    number: int


_COLUMNS = columns(_OptOutRow, optouts)


class _Numbered(Row, frozen=True):
    msisdn: str
    number: int


def _optout(row: _OptOutRow) -> OptOut:
    return OptOut(row.account_id, row.msisdn, OptOutSource(row.source), from_ms(row.created_at), row.number)


class _Somebody(Row, frozen=True):
    msisdn: str


@prepared(_Somebody)
def _anybody() -> Select[*tuple[Any, ...]]:
    return select(optouts.c.msisdn).limit(1)


def opted_out_among(tx: Tx, recipients: Iterable[tuple[str, Sequence[str]]]) -> set[tuple[str, str]]:
    """Find who has opted out among accounts and MSISDNs, as pairs of both. Spans accounts."""
    wanted = [(account_id, msisdns) for account_id, msisdns in recipients if msisdns]
    if not wanted or not tx.fetch(_anybody):
        return set()
    found = tx.rows(
        select(optouts.c.account_id, optouts.c.msisdn).where(
            tx.among(optouts.c.msisdn, {msisdn for _, msisdns in wanted for msisdn in msisdns}),
            tx.among(optouts.c.account_id, {account_id for account_id, _ in wanted}),
        )
    )
    return {(account_id, msisdn) for account_id, msisdn in found}


def add_optouts(tx: Tx, account_id: str, msisdns: Sequence[str], source: OptOutSource, now_ms: int) -> int:
    """Store opt-outs, tell whoever is to be told, and return how many were new."""
    silent = opted_out_among(tx, [(account_id, msisdns)])
    new = [msisdn for msisdn in dict.fromkeys(msisdns) if (account_id, msisdn) not in silent]
    if not new:
        return 0
    numbers = take_numbers(tx, account_id, "optouts", len(new))
    constants = {"account_id": account_id, "source": source.value, "created_at": now_ms}
    rows = [_Numbered(msisdn, number) for msisdn, number in zip(new, numbers, strict=True)]
    added = tx.insert(optouts, rows, constants, skip_existing=True)
    tell(tx, account_id, EventKind.OPTED_OUT, "", new, now_ms)
    return added


def remove_optouts(tx: Tx, account_id: str, msisdns: Sequence[str]) -> int:
    """Delete the opt-outs of these numbers, and return how many there were."""
    return tx.run(delete(optouts).where(optouts.c.account_id == account_id, tx.among(optouts.c.msisdn, msisdns)))


def optouts_of(tx: Tx, account_id: str, *, limit: int, after: str | None = None) -> list[OptOut]:
    """List a page of opt-outs in the order of the numbers, from the one after `after`."""
    query = select(*_COLUMNS).where(optouts.c.account_id == account_id)
    if after is not None:
        query = query.where(optouts.c.msisdn > after)
    return [_optout(row) for row in tx.all(_OptOutRow, query.order_by(optouts.c.msisdn).limit(limit))]


def newest_optouts(
    tx: Tx, account_id: str, *, limit: int, before: int | None = None, after: int | None = None
) -> tuple[list[OptOut], int]:
    """List a page of opt-outs, newest first, and return it with how many there are in all.

    It has those whose place is below `before`, or those that are next above `after`.
    """
    query = select(*_COLUMNS).where(optouts.c.account_id == account_id)
    total = tx.value(select(func.count()).select_from(optouts).where(optouts.c.account_id == account_id))
    if after is not None:
        rows = tx.all(_OptOutRow, query.where(optouts.c.number > after).order_by(optouts.c.number).limit(limit))
        return [_optout(row) for row in reversed(rows)], int(total)
    if before is not None:
        query = query.where(optouts.c.number < before)
    return [_optout(row) for row in tx.all(_OptOutRow, query.order_by(optouts.c.number.desc()).limit(limit))], int(
        total
    )


def optouts_to(tx: Tx, account_id: str, msisdns: Sequence[str]) -> list[OptOut]:
    """Find the opt-outs of these numbers, in the order of the numbers."""
    query = select(*_COLUMNS).where(optouts.c.account_id == account_id, tx.among(optouts.c.msisdn, msisdns))
    return [_optout(row) for row in tx.all(_OptOutRow, query.order_by(optouts.c.msisdn))]


def optout_by_number(tx: Tx, account_id: str, number: int) -> OptOut | None:
    row = tx.one(_OptOutRow, select(*_COLUMNS).where(optouts.c.account_id == account_id, optouts.c.number == number))
    return None if row is None else _optout(row)
