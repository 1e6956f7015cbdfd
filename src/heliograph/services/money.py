"""Balances, the ledger, and prices."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.domain.accounts import Account
from heliograph.domain.instants import now_ms
from heliograph.engine.engine import Engine
from heliograph.store.ledger import Entry, balance_of, entries_of, set_balance


class Money:
    def __init__(self, engine: Engine) -> None:
        self._store = engine.store
        self._tariff = engine.tariff

    @property
    def currency(self) -> str:
        """ISO 4217."""
        return self._tariff.currency

    async def balance(self, account: Account) -> int | None:
        """In millionths, without what waiting messages have been charged; None if the account is not billed."""
        return await self._store.read(balance_of, account.id)

    async def set_balance(self, account: Account, amount: int | None) -> None:
        """In millionths; None: the account is not billed any more. The ledger keeps the difference."""
        await self._store.write(set_balance, account.id, amount, now_ms())

    async def ledger(self, account: Account, *, limit: int, before: str | None = None) -> list[Entry]:
        """What changed the balance, newest first."""
        return await self._store.read(entries_of, account.id, limit=limit, before=before)

    def prices(self, channel: str) -> Mapping[str, int]:
        """By country, millionths for a part; `default` is for all others."""
        return self._tariff.channels.get(channel, {})
