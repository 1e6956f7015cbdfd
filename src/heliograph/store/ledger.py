"""Balances, and the ledger of everything that changed them.

An account without a balance is not billed. A batch is charged when it is accepted, in the same transaction, so that
what is accepted is paid for; what is then not sent is returned in the transaction that ends the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, select

from heliograph.domain.ids import following, new_id
from heliograph.domain.ledger import Entry, EntryKind
from heliograph.store.schema import balances, ledger
from heliograph.store.tx import Row, Tx


class Bill(NamedTuple):
    """An amount that is charged to an account for a batch, or given back."""

    account_id: str
    batch_id: str
    amount: int
    """The amount in millionths, not negative."""


class _Balance(Row, frozen=True):
    account_id: str
    amount: int


class _Line(NamedTuple):
    """An entry for the ledger that is not written yet."""

    account_id: str
    kind: EntryKind
    amount: int
    batch_id: str | None


class _LedgerRow(Row, frozen=True):
    id: str
    account_id: str
    kind: str
    amount: int
    batch_id: str | None


def balance_of(tx: Tx, account_id: str) -> int | None:
    """Return an account's balance in millionths; None if it is not billed."""
    value: int | None = tx.value(select(balances.c.amount).where(balances.c.account_id == account_id))
    return value


def set_balance(tx: Tx, account_id: str, amount: int | None, now_ms: int) -> None:
    """Set an account's balance, in millionths; None: it is not billed from now on."""
    before = _lock(tx, [account_id]).get(account_id, 0)
    tx.run(delete(balances).where(balances.c.account_id == account_id))
    if amount is not None:
        tx.insert(balances, [_Balance(account_id, amount)])
    _enter(tx, [_Line(account_id, EntryKind.SET, (amount or 0) - before, None)], now_ms)


def entries_of(tx: Tx, account_id: str, *, limit: int, before: str | None = None) -> list[Entry]:
    """List a page of the ledger, newest first, of what is older than the entry `before`."""
    columns = (ledger.c.id, ledger.c.kind, ledger.c.amount, ledger.c.batch_id, ledger.c.created_at)
    query = select(*columns).where(ledger.c.account_id == account_id)
    if before is not None:
        query = query.where(ledger.c.id < before)
    rows = tx.rows(query.order_by(ledger.c.id.desc()).limit(limit))
    return [
        Entry(identifier, EntryKind(kind), amount, batch_id, created_at)
        for identifier, kind, amount, batch_id, created_at in rows
    ]


def charge(tx: Tx, bills: Sequence[Bill], now_ms: int) -> list[bool]:
    """Charge each bill to its account's balance, one after the other; False for one that the balance does not cover.

    What is not covered is not charged at all. Waits for others that change the same balances.
    """
    left = _lock(tx, [bill.account_id for bill in bills if bill.amount])
    covered: list[bool] = []
    lines: list[_Line] = []
    for account_id, batch_id, amount in bills:
        balance = left.get(account_id)
        enough = not amount or balance is None or balance >= amount
        covered.append(enough)
        if enough and amount and balance is not None:
            left[account_id] = balance - amount
            lines.append(_Line(account_id, EntryKind.CHARGE, -amount, batch_id))
    _write(tx, left, lines, now_ms)
    return covered


def give_back(tx: Tx, bills: Sequence[Bill], now_ms: int) -> None:
    """Return what was charged to the balances of accounts that are billed."""
    left = _lock(tx, [bill.account_id for bill in bills])
    lines: list[_Line] = []
    for account_id, batch_id, amount in bills:
        if account_id in left:
            left[account_id] += amount
            lines.append(_Line(account_id, EntryKind.RETURN, amount, batch_id))
    _write(tx, left, lines, now_ms)


def take(tx: Tx, account_id: str, subject_id: str, amount: int, now_ms: int) -> None:
    """Charge an account for what has happened already, even if its balance is too low for it."""
    left = _lock(tx, [account_id])
    if account_id in left:
        left[account_id] -= amount
        _write(tx, left, [_Line(account_id, EntryKind.CHARGE, -amount, subject_id)], now_ms)


def transfer(tx: Tx, giver: str, taker: str, amount: int, now_ms: int) -> bool:
    """Move credit (millionths) from one account to another; False, and nothing moves, if the giver has not as much.

    An account that is not billed gives what it likes.
    """
    left = _lock(tx, [giver, taker])
    moved = [(account_id, by) for account_id, by in ((giver, -amount), (taker, amount)) if account_id in left]
    if left.get(giver, amount) < amount:
        return False
    for account_id, by in moved:
        left[account_id] += by
    _write(tx, left, [_Line(account_id, EntryKind.TRANSFER, by, None) for account_id, by in moved], now_ms)
    return True


def _lock(tx: Tx, account_ids: Sequence[str]) -> dict[str, int]:
    if not account_ids:
        return {}
    return tx.pairs(
        select(balances.c.account_id, balances.c.amount)
        .where(tx.among(balances.c.account_id, set(account_ids)))
        .order_by(balances.c.account_id)
        .with_for_update()
    )


def _write(tx: Tx, left: dict[str, int], lines: Sequence[_Line], now_ms: int) -> None:
    if lines:
        changed = {line.account_id for line in lines}
        balances_left = [_Balance(account_id, amount) for account_id, amount in left.items() if account_id in changed]
        tx.update(balances, balances_left)
        _enter(tx, lines, now_ms)


def _enter(tx: Tx, lines: Sequence[_Line], now_ms: int) -> None:
    rows = [
        _LedgerRow(identifier, line.account_id, line.kind.value, line.amount, line.batch_id)
        for identifier, line in zip(following(new_id(), len(lines)), lines, strict=True)
    ]
    tx.insert(ledger, rows, {"created_at": now_ms})
