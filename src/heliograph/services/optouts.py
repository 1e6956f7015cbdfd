"""The list of those who must not be written to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from heliograph.domain.accounts import Account
from heliograph.domain.batches import BodyKind
from heliograph.domain.consent_links import msisdn_in
from heliograph.domain.contacts import Added
from heliograph.domain.errors import InvalidRecipient, Locked, NotFound
from heliograph.domain.filters import InboundFilter
from heliograph.domain.inbound import Inbound
from heliograph.domain.instants import now_ms
from heliograph.domain.optouts import Consent, OptOut, OptOutSource, consent_in
from heliograph.numbers import Check, InvalidNumber, InvalidRow, normalise, normalise_many
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.store import Store
from heliograph.store.accounts import account_by_optout_page
from heliograph.store.inbound import inbound_of
from heliograph.store.optouts import (
    add_optouts,
    newest_optouts,
    opted_out_among,
    optout_by_number,
    optouts_of,
    optouts_to,
    remove_optouts,
)
from heliograph.store.tx import Tx

ADDED_AT_ONCE = 2_000
"""How many numbers are added in one transaction."""
_EXPORTED_AT_ONCE = 5_000


_LOOKED_AT = 50
"""How many messages of a number are looked at for the one that opted it out: the newest before it did."""


class Proof(NamedTuple):
    """What shows that somebody asked not to be written to."""

    optout: OptOut
    said: Inbound | None
    """The message by which they did; None if it was by other means, or the message is not kept any more."""


class OptOuts:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, account: Account, number: str) -> str:
        """Add a number, and return its MSISDN, which is not written to from now on. Safe to repeat.

        Raises InvalidRecipient if it is not a number.
        """
        msisdn = _msisdn(account, number)
        await self._store.write(add_optouts, account.id, [msisdn], OptOutSource.API, now_ms())
        return msisdn

    async def remove(self, account: Account, number: str) -> None:
        """Remove an opt-out. Raises NotFound if there was none, InvalidRecipient if it is not a number."""
        if not await self.remove_many(account, [number]):
            raise NotFound("This number has not opted out.")

    async def remove_many(self, account: Account, numbers: Sequence[str]) -> int:
        """Remove opt-outs, and return how many there were. Raises InvalidRecipient if something is not a number."""
        return await self._store.write(remove_optouts, account.id, [_msisdn(account, each) for each in numbers])

    async def add_many(
        self,
        account: Account,
        numbers: Sequence[str],
        *,
        region: str | None,
        on_invalid: Callable[[Sequence[InvalidRow]], Exception] | None,
    ) -> Added:
        """Add numbers, as many as there are.

        `on_invalid` makes the error that is raised if something is not a number; None: the others are added.
        """
        place = region or account.default_region
        many = len(numbers) > MANY_NUMBERS
        read = await aside(many, normalise_many, numbers, region=place, check=Check.POSSIBLE)
        if read.invalid and on_invalid is not None:
            raise on_invalid(read.invalid)
        msisdns = list(dict.fromkeys(read.msisdns))
        new: list[str] = []
        for start in range(0, len(msisdns), ADDED_AT_ONCE):
            some = msisdns[start : start + ADDED_AT_ONCE]
            async with self._store.in_turn(len(some)):
                new += await self._store.write(_add_new, account.id, some, now_ms())
        return Added(asked=len(numbers), msisdns=msisdns, new=new, invalid=read.invalid)

    async def among(self, account: Account, msisdns: Sequence[str]) -> set[str]:
        """Return those of these numbers that are not written to."""
        return {msisdn for _, msisdn in await self._store.read(opted_out_among, [(account.id, msisdns)])}

    async def asked_by_link(self, page: str, token: str) -> tuple[Account, str] | None:
        """Find the account and the number that an opt-out link is for; None if it is no such link."""
        account = await self._store.read(account_by_optout_page, page)
        msisdn = None if account is None else msisdn_in(account, token)
        return None if account is None or msisdn is None else (account, msisdn)

    async def add_by_link(self, account: Account, msisdn: str) -> None:
        """Add a number because its owner has asked for it. Safe to repeat."""
        await self._store.write(add_optouts, account.id, [msisdn], OptOutSource.LINK, now_ms())

    async def newest(
        self, account: Account, *, limit: int, before: int | None = None, after: int | None = None
    ) -> tuple[list[OptOut], int]:
        """Read a page, newest first, of opt-outs numbered below `before` or above `after`; and how many there are."""
        return await self._store.read(newest_optouts, account.id, limit=limit, before=before, after=after)

    async def to(self, account: Account, number: str) -> OptOut | None:
        """Find the opt-out of a number; None if it may be written to. Raises InvalidRecipient."""
        found = await self._store.read(optouts_to, account.id, [_msisdn(account, number)])
        return found[0] if found else None

    async def proof(self, account: Account, number: int) -> Proof:
        """Read an opt-out by its place among all, with what its owner wrote that led to it. Raises NotFound."""
        found = await self._store.read(_proof, account, number)
        if found is None:
            raise NotFound(f"There is no opt-out {number} in this account.")
        return found

    async def everybody(self, account: Account) -> AsyncIterator[list[OptOut]]:
        """Read all opt-outs, newest first, some thousands at a time, as they are asked for."""
        before: int | None = None
        while True:
            page, _ = await self.newest(account, limit=_EXPORTED_AT_ONCE, before=before)
            if page:
                yield page
            if len(page) < _EXPORTED_AT_ONCE:
                return
            before = page[-1].number

    async def remove_by_number(self, account: Account, number: int) -> OptOut:
        """Remove an opt-out and return it. Raises NotFound; Locked if the recipient asked for it, not the account."""
        found = await self._store.read(optout_by_number, account.id, number)
        if found is None:
            raise NotFound(f"There is no opt-out {number} in this account.")
        if found.source is not OptOutSource.API:
            raise Locked("The recipient asked for this; it can't be taken back by anybody else.")
        await self._store.write(remove_optouts, account.id, [found.msisdn])
        return found

    async def page(self, account: Account, *, limit: int, after: str | None = None) -> list[OptOut]:
        """Read a page, in the order of the phone numbers."""
        return await self._store.read(optouts_of, account.id, limit=limit, after=after)


def _add_new(tx: Tx, account_id: str, msisdns: Sequence[str], now_ms: int) -> list[str]:
    silent = opted_out_among(tx, [(account_id, msisdns)])
    add_optouts(tx, account_id, msisdns, OptOutSource.API, now_ms)
    return [msisdn for msisdn in msisdns if (account_id, msisdn) not in silent]


def _proof(tx: Tx, account: Account, number: int) -> Proof | None:
    found = optout_by_number(tx, account.id, number)
    if found is None:
        return None
    if found.source is not OptOutSource.INBOUND:
        return Proof(found, None)
    before = InboundFilter(msisdns=[found.msisdn], until=found.created_at + timedelta(milliseconds=1))
    heard = inbound_of(tx, account.id, before, limit=_LOOKED_AT)
    texts = (each for each in heard if each.kind is BodyKind.TEXT)
    return Proof(
        found, next((each for each in texts if consent_in(each.body, account.words) is Consent.WITHDRAWN), None)
    )


def _msisdn(account: Account, number: str) -> str:
    try:
        return normalise(number, region=account.default_region, check=Check.SHAPE)
    except InvalidNumber as error:
        raise InvalidRecipient(f"{number!r} is not a phone number: {error.reason}.", field="msisdn") from error
