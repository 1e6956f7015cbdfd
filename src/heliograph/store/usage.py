"""What accounts with caps have sent in the current day and month: a row for each, changed where a batch is charged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import select

from heliograph.domain.caps import NO_USAGE, Caps, CapState, Usage, exceeded, neared
from heliograph.domain.errors import CapReached
from heliograph.domain.prices import MICROS
from heliograph.store.schema import usage
from heliograph.store.tx import Row, Tx, columns

_PERIODS = {"day": "today", "month": "this month"}


class _UsageRow(Row, frozen=True):
    account_id: str
    day: int
    day_messages: int
    day_amount: int
    month: int
    month_messages: int
    month_amount: int


_COLUMNS = columns(_UsageRow, usage)


class Meter:
    """Counts what an account sends, in a transaction that keeps others from its row."""

    def __init__(self, before: Usage) -> None:
        self.usage = before

    def refusal(self, caps: Caps, messages: int, amount: int) -> CapReached | None:
        """Say why this can't be sent besides; None if it can."""
        over = exceeded(caps, self.usage.plus(messages, amount))
        if over is None:
            return None
        period, _, unit = over.name.partition("_")
        used = getattr(self.usage, over.name)
        cap, was = (over.cap, used) if unit == "messages" else (over.cap / MICROS, used / MICROS)
        what = "messages" if unit == "messages" else "in money"
        return CapReached(f"The account may send {cap:g} {what} a {period}; it has sent {was:g} {_PERIODS[period]}.")

    def count(self, caps: Caps, messages: int, amount: int) -> Sequence[CapState]:
        """Count what is sent, and return the caps that are to be warned of because of it."""
        before, self.usage = self.usage, self.usage.plus(messages, amount)
        return neared(caps, before, self.usage)


def meters_of(tx: Tx, account_ids: Iterable[str], now_ms: int) -> Mapping[str, Meter]:
    """Read a meter for each account. Waits for others that count for the same accounts."""
    wanted = sorted(set(account_ids))
    if not wanted:
        return {}
    new = [_UsageRow(account_id, **msgspec.structs.asdict(NO_USAGE)) for account_id in wanted]
    tx.insert(usage, new, skip_existing=True)
    query = select(*_COLUMNS).where(tx.among(usage.c.account_id, wanted)).order_by(usage.c.account_id)
    found = tx.all(_UsageRow, query.with_for_update())
    return {row.account_id: Meter(_usage(row).at(now_ms)) for row in found}


def write_meters(tx: Tx, meters: Mapping[str, Meter]) -> None:
    """Write down what was counted."""
    rows = [_UsageRow(account_id, **msgspec.structs.asdict(meter.usage)) for account_id, meter in meters.items()]
    tx.update(usage, rows)


def usage_of(tx: Tx, account_id: str, now_ms: int) -> Usage:
    """Read what an account with caps has sent; nothing if it has none."""
    row = tx.one(_UsageRow, select(*_COLUMNS).where(usage.c.account_id == account_id))
    return (NO_USAGE if row is None else _usage(row)).at(now_ms)


def _usage(row: _UsageRow) -> Usage:
    return msgspec.convert({name: getattr(row, name) for name in Usage.__struct_fields__}, Usage)
