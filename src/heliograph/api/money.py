"""Operations on the account's balance, its changes, and the prices of messages."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.resource import NativeResource, page
from heliograph.api.values import money
from heliograph.domain.accounts import Scope
from heliograph.domain.instants import from_ms
from heliograph.domain.ledger import Entry
from heliograph.doors import Call, Operation


class Money(NativeResource):
    operations = (
        Operation(
            name="get_balance",
            method="GET",
            path="/balance",
            scope=Scope.MONEY_READ,
            response=wire.Balance,
            summary="What the account has to spend",
        ),
        Operation(
            name="list_ledger",
            method="GET",
            path="/ledger",
            scope=Scope.MONEY_READ,
            query=wire.PageQuery,
            response=wire.LedgerPage,
            summary="What changed the balance, newest first",
        ),
        Operation(
            name="list_prices",
            method="GET",
            path="/prices",
            scope=Scope.MONEY_READ,
            response=wire.Prices,
            summary="What a part of an SMS costs, by country",
        ),
    )

    async def get_balance(self, call: Call[None, None]) -> wire.Balance:
        balance = await self._services.money.balance(call.account)
        currency = self._services.money.currency
        return wire.Balance(balance=None if balance is None else money(balance), currency=currency)

    async def list_ledger(self, call: Call[wire.PageQuery, None]) -> wire.LedgerPage:
        query = call.query
        found = await self._services.money.ledger(call.account, limit=query.limit, before=query.before)
        return page(wire.LedgerPage, [shown_entry(entry) for entry in found], query.limit)

    async def list_prices(self, call: Call[None, None]) -> wire.Prices:
        found = self._services.money.prices(call.account, "sms")
        return wire.Prices(
            currency=self._services.money.currency,
            items=[wire.Price(country=country, price=money(price)) for country, price in sorted(found.items())],
        )


def shown_entry(entry: Entry) -> wire.LedgerEntry:
    return wire.LedgerEntry(
        id=entry.id,
        kind=entry.kind.value,
        amount=money(entry.amount),
        batch_id=entry.batch_id,
        note=entry.note,
        created_at=from_ms(entry.created_at),
    )
