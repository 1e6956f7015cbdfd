"""Opt-outs: asked at every acceptance and again before every send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select

from heliograph.domain.instants import from_ms
from heliograph.domain.optouts import OptOut, OptOutSource
from heliograph.store.schema import optouts
from heliograph.store.tx import Tx


def opted_out_among(tx: Tx, recipients: Iterable[tuple[str, Sequence[str]]]) -> set[tuple[str, str]]:
    """Those pairs of account and MSISDN among the given ones (account, its MSISDNs) that opted out."""
    wanted = [(account_id, msisdns) for account_id, msisdns in recipients if msisdns]
    if not wanted or tx.first(select(optouts.c.msisdn).limit(1)) is None:
        return set()
    found = tx.rows(
        select(optouts.c.account_id, optouts.c.msisdn).where(
            tx.among(optouts.c.msisdn, {msisdn for _, msisdns in wanted for msisdn in msisdns}),
            tx.among(optouts.c.account_id, {account_id for account_id, _ in wanted}),
        )
    )
    return {(account_id, msisdn) for account_id, msisdn in found}


def add_optouts(tx: Tx, account_id: str, msisdns: Sequence[str], source: OptOutSource, now_ms: int) -> int:
    """How many were new."""
    constants = {"account_id": account_id, "source": source.value, "created_at": now_ms}
    return tx.insert(
        optouts, ("msisdn",), [(msisdn,) for msisdn in dict.fromkeys(msisdns)], constants, skip_existing=True
    )


def remove_optout(tx: Tx, account_id: str, msisdn: str) -> int:
    """0 if the number had not opted out."""
    return tx.run(delete(optouts).where(optouts.c.account_id == account_id, optouts.c.msisdn == msisdn))


def optouts_of(tx: Tx, account_id: str, *, limit: int, after: str | None = None) -> list[OptOut]:
    """A page in the order of the numbers, from the one after `after`."""
    query = select(optouts.c.account_id, optouts.c.msisdn, optouts.c.source, optouts.c.created_at).where(
        optouts.c.account_id == account_id
    )
    if after is not None:
        query = query.where(optouts.c.msisdn > after)
    rows = tx.rows(query.order_by(optouts.c.msisdn).limit(limit))
    return [OptOut(row[0], row[1], OptOutSource(row[2]), from_ms(row[3])) for row in rows]
