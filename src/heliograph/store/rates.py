"""How many requests each account made in the current second, as far as processes have to agree on it."""

from __future__ import annotations

from sqlalchemy import select, update

from heliograph.store.schema import request_rates
from heliograph.store.tx import Tx


def take_requests(tx: Tx, account_id: str, second: int, wanted: int, limit: int) -> int:
    """Take up to `wanted` requests of one second from an account's limit; how many there still were."""
    tx.insert(request_rates, ("account_id", "second", "taken"), [(account_id, second, 0)], skip_existing=True)
    mine = request_rates.c.account_id == account_id
    row = tx.first(select(request_rates.c.second, request_rates.c.taken).where(mine).with_for_update())
    taken = row[1] if row is not None and row[0] == second else 0
    granted = max(min(wanted, limit - taken), 0)
    tx.run(update(request_rates).where(mine).values(second=second, taken=taken + granted))
    return granted
