"""Balances, the ledger, and prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from heliograph.domain.accounts import Account
from heliograph.domain.channels import Channel
from heliograph.domain.instants import now_ms
from heliograph.domain.ledger import Entry
from heliograph.domain.prices import Tariff
from heliograph.engine.engine import Engine
from heliograph.numbers import COUNTRIES, country_of
from heliograph.store.ledger import balance_of, entries_of, set_balance


class Money:
    def __init__(self, engine: Engine) -> None:
        self._store = engine.store
        self._engine = engine

    @property
    def currency(self) -> str:
        """Return the code of ISO 4217."""
        return self._engine.tariff.currency

    async def balance(self, account: Account) -> int | None:
        """Return the balance in millionths, with waiting messages charged; None if the account is not billed."""
        return await self._store.read(balance_of, account.id)

    async def set_balance(self, account: Account, amount: int | None) -> None:
        """Set the balance in millionths; None: the account is not billed any more. The ledger keeps the difference."""
        await self._store.write(set_balance, account.id, amount, now_ms())

    async def ledger(self, account: Account, *, limit: int, before: str | None = None) -> list[Entry]:
        """List what changed the balance, newest first."""
        return await self._store.read(entries_of, account.id, limit=limit, before=before)

    def covers(self, account: Account, msisdn: str, channel: str = Channel.SMS) -> bool:
        """Say whether an account can send anything to a number."""
        return self._tariff(account).price_of(channel, country_of(msisdn)) is not None

    def quotes(self, account: Account, msisdns: Sequence[str]) -> list[int | None]:
        """List what a part to each of these costs an account, in millionths; None where it can't send."""
        tariff = self._tariff(account)
        return [tariff.price_of("sms", country_of(msisdn)) for msisdn in msisdns]

    def prices(self, account: Account, channel: str, countries: Sequence[str] | None = None) -> Mapping[str, int]:
        """Return what a part to each of these countries, or to all, costs an account, in millionths.

        A country that has no price, or no numbers, is left out.
        """
        tariff = self._tariff(account)
        if channel not in tariff.channels and channel != "sms":
            return {}
        numbered = [country for country in countries or COUNTRIES if country in COUNTRIES]
        found = {country: tariff.price_of(channel, country) for country in numbered}
        return {country: price for country, price in found.items() if price is not None}

    def _tariff(self, account: Account) -> Tariff:
        """Return what an account is charged by: the installation's tariff under what is agreed with it."""
        return self._engine.tariff.under(account.terms)
