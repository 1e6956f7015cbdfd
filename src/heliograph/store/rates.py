"""How many requests each account made in the current second, for processes that share its limit."""

from __future__ import annotations

from sqlalchemy import select, update

from heliograph.store.schema import request_rates
from heliograph.store.tx import Row, Tx, columns


class _Rate(Row, frozen=True):
    account_id: str
    second: int
    taken: int


def take_requests(tx: Tx, account_id: str, second: int, wanted: int, limit: int) -> int:
    """Take up to `wanted` requests of one second from an account's limit, and return how many it gave."""
    tx.insert(request_rates, [_Rate(account_id, second, 0)], skip_existing=True)
    mine = request_rates.c.account_id == account_id
    rate = tx.one(_Rate, select(*columns(_Rate, request_rates)).where(mine).with_for_update())
    taken = rate.taken if rate is not None and rate.second == second else 0
    granted = max(min(wanted, limit - taken), 0)
    tx.run(update(request_rates).where(mine).values(second=second, taken=taken + granted))
    return granted
