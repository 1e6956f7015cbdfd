"""Limits on how many requests of one account may wait for something to happen at the same time.

Each holds a connection for up to five minutes, and looks at the store every second, because news of other processes
does not come here: a thousand of them would keep the store from answering anybody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from heliograph.domain.accounts import Account
from heliograph.domain.errors import TooManyWaits

AT_ONCE = 100
"""How many requests of one account may wait in this process."""


class Waits:
    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def place(self, account: Account | None) -> Iterator[None]:
        """Take a place for as long as something is waited for; None, the operator, needs none. Raises TooManyWaits."""
        if account is None:
            yield
            return
        self.require_place(account)
        self._waiting[account.id] += 1
        try:
            yield
        finally:
            self._waiting[account.id] -= 1
            if not self._waiting[account.id]:
                del self._waiting[account.id]

    def require_place(self, account: Account) -> None:
        """Raise TooManyWaits if no place is free."""
        if self._waiting.get(account.id, 0) >= AT_ONCE:
            raise TooManyWaits(f"{AT_ONCE} requests of this account are waiting already.")
