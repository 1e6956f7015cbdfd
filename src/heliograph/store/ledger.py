"""Balances, and the ledger of everything that changed them.

An account without a balance is not billed. A batch is charged when it is accepted, in the same transaction, so that
what is accepted is paid for; what is then not sent is returned in the transaction that ends the message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, select, update

from heliograph.domain.caps import Caps, CapState
from heliograph.domain.errors import InsufficientCredit
from heliograph.domain.ids import following, new_id
from heliograph.domain.ledger import Entry, EntryKind
from heliograph.store.prepared import Given, among, prepared
from heliograph.store.schema import balances, ledger
from heliograph.store.tx import Row, Tx, columns
from heliograph.store.usage import meters_of, write_meters


class Bill(NamedTuple):
    """An amount that is charged to an account for a batch, or given back."""

    account_id: str
    batch_id: str
    amount: int
    """The amount in millionths, not negative."""
    messages: int = 0
    """Those that count towards caps."""
    caps: Caps | None = None
    """What bounds the account; None: nothing."""


class Charges(NamedTuple):
    """What came of several bills."""

    refusals: Sequence[InsufficientCredit | None]
    """Of each: None if it was charged."""
    neared: Mapping[str, Sequence[CapState]]
    """The caps that a batch has used so much of that it is to be told, by the batch."""


class Balance(NamedTuple):
    """What an account has to spend, in millionths."""

    amount: int
    credit: int
    """How far below nothing the amount may go."""


class _Balance(Row, frozen=True):
    account_id: str
    amount: int


class _Line(NamedTuple):
    """An entry for the ledger that is not written yet."""

    account_id: str
    kind: EntryKind
    amount: int
    batch_id: str | None
    note: str | None = None


class _LedgerRow(Row, frozen=True):
    id: str
    account_id: str
    kind: str
    amount: int
    batch_id: str | None
    note: str | None


def balance_of(tx: Tx, account_id: str) -> int | None:
    """Return an account's balance in millionths; None if it is not billed."""
    value: int | None = tx.value(select(balances.c.amount).where(balances.c.account_id == account_id))
    return value


def balance_with_credit(tx: Tx, account_id: str) -> Balance | None:
    """Read a balance with its credit; None if the account is not billed."""
    found = tx.first(select(balances.c.amount, balances.c.credit).where(balances.c.account_id == account_id))
    return None if found is None else Balance(*found)


def set_balance(tx: Tx, account_id: str, amount: int | None, now_ms: int) -> None:
    """Set an account's balance, in millionths; None: it is not billed from now on."""
    before = _lock(tx, [account_id])
    if amount is None:
        tx.run(delete(balances).where(balances.c.account_id == account_id))
    elif account_id in before:
        tx.update(balances, [_Balance(account_id, amount)])
    else:
        tx.insert(balances, [_Balance(account_id, amount)])
    change = (amount or 0) - before.get(account_id, 0)
    _enter(tx, [_Line(account_id, EntryKind.SET, change, None)], now_ms)


def set_credit(tx: Tx, account_id: str, credit: int) -> bool:
    """Set how far below nothing a balance may go, in millionths; False if the account is not billed."""
    return bool(tx.run(update(balances).where(balances.c.account_id == account_id).values(credit=credit)))


def add_to_balance(tx: Tx, account_id: str, kind: EntryKind, amount: int, note: str | None, now_ms: int) -> int:
    """Change a balance by hand, and return what it is then. An account that was not billed is from now on."""
    left = _lock(tx, [account_id])
    if account_id not in left:
        tx.insert(balances, [_Balance(account_id, 0)])
    after = left.get(account_id, 0) + amount
    _write(tx, {account_id: after}, [_Line(account_id, kind, amount, None, note)], now_ms)
    return after


def entries_of(tx: Tx, account_id: str, *, limit: int, before: str | None = None) -> list[Entry]:
    """List a page of the ledger, newest first, of what is older than the entry `before`."""
    columns = (ledger.c.id, ledger.c.kind, ledger.c.amount, ledger.c.batch_id, ledger.c.created_at, ledger.c.note)
    query = select(*columns).where(ledger.c.account_id == account_id)
    if before is not None:
        query = query.where(ledger.c.id < before)
    rows = tx.rows(query.order_by(ledger.c.id.desc()).limit(limit))
    return [
        Entry(identifier, EntryKind(kind), amount, batch_id, created_at, note)
        for identifier, kind, amount, batch_id, created_at, note in rows
    ]


def charge(tx: Tx, bills: Sequence[Bill], now_ms: int) -> list[bool]:
    """Charge each bill to its account's balance, one after the other; False for one that the balance does not cover.

    What is not covered is not charged at all. Waits for others that change the same balances.
    """
    return [refusal is None for refusal in charge_within(tx, bills, now_ms).refusals]


def charge_within(tx: Tx, bills: Sequence[Bill], now_ms: int) -> Charges:
    """Charge bills as `charge` does, within the caps of accounts that have some.

    What is more than a cap is CapReached, and what was charged is counted in the same transaction. Nothing is asked for
    an account without caps.
    """
    balances_before = _lock_with_credit(tx, [bill.account_id for bill in bills if bill.amount])
    left = {account_id: balance.amount for account_id, balance in balances_before.items()}
    meters = meters_of(tx, [bill.account_id for bill in bills if bill.caps is not None], now_ms)
    refusals: list[InsufficientCredit | None] = []
    lines: list[_Line] = []
    neared: dict[str, Sequence[CapState]] = {}
    for bill in bills:
        account_id, batch_id, amount, messages, caps = bill
        balance, meter = left.get(account_id), meters.get(account_id)
        refusal: InsufficientCredit | None = None
        if caps is not None and meter is not None:
            refusal = meter.refusal(caps, messages, amount)
        if refusal is None and amount and balance is not None:
            if balance + balances_before[account_id].credit < amount:
                refusal = InsufficientCredit()
            else:
                left[account_id] = balance - amount
                lines.append(_Line(account_id, EntryKind.CHARGE, -amount, batch_id))
        if refusal is None and caps is not None and meter is not None:
            neared[batch_id] = meter.count(caps, messages, amount)
        refusals.append(refusal)
    _write(tx, left, lines, now_ms)
    write_meters(tx, meters)
    return Charges(refusals, neared)


def give_back(tx: Tx, bills: Sequence[Bill], now_ms: int) -> None:
    """Return what was charged to the balances of accounts that are billed."""
    left = _lock(tx, [bill.account_id for bill in bills])
    lines: list[_Line] = []
    for bill in bills:
        if bill.account_id in left:
            left[bill.account_id] += bill.amount
            lines.append(_Line(bill.account_id, EntryKind.RETURN, bill.amount, bill.batch_id))
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
    return {account_id: balance.amount for account_id, balance in _lock_with_credit(tx, account_ids).items()}


def _lock_with_credit(tx: Tx, account_ids: Sequence[str]) -> dict[str, Balance]:
    if not account_ids:
        return {}
    found = tx.fetch(_locked, account_ids=set(account_ids))
    return {row.account_id: Balance(row.amount, row.credit) for row in found}


class _WithCredit(_Balance, frozen=True):
    credit: int


@prepared(_WithCredit)
def _locked(account_ids: Given) -> Select[*tuple[Any, ...]]:
    """Lock balances in the order of their accounts. Spans accounts."""
    query = select(*columns(_WithCredit, balances)).where(among(balances.c.account_id, account_ids))
    return query.order_by(balances.c.account_id).with_for_update()


def _write(tx: Tx, left: dict[str, int], lines: Sequence[_Line], now_ms: int) -> None:
    if lines:
        changed = {line.account_id for line in lines}
        balances_left = [_Balance(account_id, amount) for account_id, amount in left.items() if account_id in changed]
        tx.update(balances, balances_left)
        _enter(tx, lines, now_ms)


def _enter(tx: Tx, lines: Sequence[_Line], now_ms: int) -> None:
    rows = [
        _LedgerRow(identifier, line.account_id, line.kind.value, line.amount, line.batch_id, line.note)
        for identifier, line in zip(following(new_id(), len(lines)), lines, strict=True)
    ]
    tx.insert(ledger, rows, {"created_at": now_ms})
