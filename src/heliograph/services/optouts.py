"""The list of those who must not be written to."""

from __future__ import annotations

from heliograph.domain.accounts import Account
from heliograph.domain.errors import InvalidRecipient, NotFound
from heliograph.domain.instants import now_ms
from heliograph.domain.optouts import OptOut, OptOutSource
from heliograph.numbers import Check, InvalidNumber, normalise
from heliograph.store import Store
from heliograph.store.optouts import add_optouts, optouts_of, remove_optout


class OptOuts:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, account: Account, number: str) -> str:
        """The MSISDN that is not written to from now on. Safe to repeat. InvalidRecipient if it is not a number."""
        msisdn = _msisdn(account, number)
        await self._store.write(add_optouts, account.id, [msisdn], OptOutSource.API, now_ms())
        return msisdn

    async def remove(self, account: Account, number: str) -> None:
        """NotFound if the number had not opted out."""
        if not await self._store.write(remove_optout, account.id, _msisdn(account, number)):
            raise NotFound("This number has not opted out.")

    async def page(self, account: Account, *, limit: int, after: str | None = None) -> list[OptOut]:
        """In the order of the numbers."""
        return await self._store.read(optouts_of, account.id, limit=limit, after=after)


def _msisdn(account: Account, number: str) -> str:
    try:
        return normalise(number, region=account.default_region, check=Check.SHAPE)
    except InvalidNumber as error:
        raise InvalidRecipient(f"{number!r} is not a phone number: {error.reason}.", field="msisdn") from error
