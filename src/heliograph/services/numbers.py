"""Facts about numbers: from the numbering plans for nothing, and from the networks by lookups."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

from heliograph.domain.accounts import Account
from heliograph.domain.errors import InvalidRecipient, NoCoverage, NotFound
from heliograph.domain.ids import following, new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.lookups import Lookup, LookupJob
from heliograph.engine.engine import Engine
from heliograph.numbers import (
    Check,
    InvalidNumber,
    NumberType,
    country_of,
    normalise,
    normalise_many,
    operator_of,
    time_zone_of,
    type_of,
)
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.store.lookups import (
    Question,
    add_lookups,
    countries_of_job,
    job_by_id,
    jobs_of,
    lookup_by_id,
    lookups_of_job,
)

ANSWER_LEASE_MS = 30_000
"""How long a number that was asked about alone is left to the request that asked, in milliseconds."""
READ_AT_ONCE = 5_000


class Facts(NamedTuple):
    """The facts about a number that its numbering plan has."""

    msisdn: str
    country: str | None
    operator: str | None
    type: NumberType
    time_zone: str


class AcceptedLookups(NamedTuple):
    """A job of lookups that was accepted, and the texts that were not numbers."""

    job: LookupJob
    lookups: Sequence[Lookup]
    invalid: Sequence[str]


def facts_of(msisdn: str) -> Facts:
    return Facts(msisdn, country_of(msisdn), operator_of(msisdn), type_of(msisdn), time_zone_of(msisdn))


class Numbers:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    def validate(self, number: str, region: str | None = None) -> Facts:
        """Check a number and return its facts. Raises InvalidRecipient if it is not a number."""
        try:
            return facts_of(normalise(number, region=region, check=Check.POSSIBLE))
        except InvalidNumber as error:
            raise InvalidRecipient(f"{number!r} is not a phone number: {error.reason}.", field="number") from error

    async def validate_many(self, numbers: Sequence[str], region: str | None = None) -> list[Facts | str]:
        """Check numbers, and return their facts in the order given; what is not a number comes back as it was given."""
        return await aside(len(numbers) > MANY_NUMBERS, self._validated, numbers, region)

    def _validated(self, numbers: Sequence[str], region: str | None) -> list[Facts | str]:
        read = normalise_many(numbers, region=region, check=Check.POSSIBLE)
        wrong = {row.index for row in read.invalid}
        right = iter(read.msisdns)
        return [text if index in wrong else facts_of(next(right)) for index, text in enumerate(numbers)]

    async def look_up(self, account: Account, number: str, *, protocol: str, region: str | None = None) -> Lookup:
        """Ask the networks and wait for the answer; one that is not to be had has no facts yet, or failed.

        Raises InvalidRecipient, NoCoverage, InsufficientCredit.
        """
        facts = self.validate(number, region)
        price = self._price(facts.country)
        if price is None:
            raise NoCoverage()
        now = now_ms()
        lookup = self._wanted(account, new_id(), facts.msisdn, price, now, protocol=protocol)
        await self._store.write(add_lookups, [lookup], None, now + ANSWER_LEASE_MS, now)
        await self._engine.look_up([Question(lookup.id, lookup.msisdn, 1)])
        return await self.lookup(account, lookup.id)

    async def look_up_many(
        self,
        account: Account,
        numbers: Sequence[str],
        *,
        protocol: str,
        region: str | None = None,
        callback_url: str | None = None,
        on_invalid: Callable[[Sequence[str]], Exception],
    ) -> AcceptedLookups:
        """Store a job; the answers come later. What is not a number, or not covered, is left out.

        `on_invalid` makes the error that is raised if nothing is left. Raises InvalidCallbackUrl, InsufficientCredit.
        """
        self._engine.guard.require(callback_url)
        now = now_ms()
        job_id = new_id()

        def read() -> tuple[list[Lookup], list[str]]:
            found = normalise_many(numbers, region=region or account.default_region, check=Check.POSSIBLE)
            msisdns = list(dict.fromkeys(found.msisdns))
            covered = [(msisdn, price) for msisdn in msisdns if (price := self._price(country_of(msisdn))) is not None]
            wanted = [
                self._wanted(account, lookup_id, msisdn, price, now, protocol=protocol, job_id=job_id, url=callback_url)
                for lookup_id, (msisdn, price) in zip(following(job_id, len(covered)), covered, strict=True)
            ]
            return wanted, [row.text for row in found.invalid]

        wanted, invalid = await aside(len(numbers) > MANY_NUMBERS, read)
        if not wanted:
            raise on_invalid(invalid)
        total = sum(lookup.price for lookup in wanted)
        job = LookupJob(
            id=job_id,
            account_id=account.id,
            asked=len(numbers),
            accepted=len(wanted),
            price=total,
            created_at=from_ms(now),
        )
        async with self._store.in_turn(len(wanted)):
            await self._store.write(add_lookups, wanted, job, now, now)
        self._engine.lookups_appeared()
        return AcceptedLookups(job, wanted, invalid)

    def _price(self, country: str | None) -> int | None:
        return self._engine.tariff.price_of("lookup", country)

    def _wanted(
        self,
        account: Account,
        lookup_id: str,
        msisdn: str,
        price: int,
        now: int,
        *,
        protocol: str,
        job_id: str | None = None,
        url: str | None = None,
    ) -> Lookup:
        return Lookup(
            id=lookup_id,
            account_id=account.id,
            job_id=job_id,
            msisdn=msisdn,
            country=country_of(msisdn),
            price=price,
            facts=None,
            callback_url=url,
            protocol=protocol,
            created_at=from_ms(now),
            done_at=None,
        )

    async def lookup(self, account: Account, lookup_id: str) -> Lookup:
        """Read a lookup. Raises NotFound if the account has no such lookup."""
        found = await self._store.read(lookup_by_id, account.id, lookup_id)
        if found is None:
            raise NotFound("There is no such lookup in this account.")
        return found

    async def job(self, account: Account, job_id: str) -> tuple[LookupJob, list[str | None]]:
        """Read a job, and the country of each of its numbers. Raises NotFound if the account has no such job."""
        found = await self._store.read(job_by_id, account.id, job_id)
        if found is None:
            raise NotFound("There is no such lookup in this account.")
        return found, await self._store.read(countries_of_job, account.id, job_id)

    async def jobs(
        self, account: Account, *, limit: int, before: str | None = None, after: str | None = None
    ) -> list[LookupJob]:
        """Read a page of jobs, newest first."""
        return await self._store.read(jobs_of, account.id, limit=limit, before=before, after=after)

    async def lookups(
        self, account: Account, job_id: str, *, limit: int, before: str | None = None, after: str | None = None
    ) -> list[Lookup]:
        """Read a page of a job's lookups, newest first."""
        return await self._store.read(lookups_of_job, account.id, job_id, limit=limit, before=before, after=after)

    async def all_lookups(self, account: Account, job_id: str) -> AsyncIterator[list[Lookup]]:
        """Read all lookups of a job, newest first, some thousands at a time, as they are asked for."""
        before: str | None = None
        while page := await self.lookups(account, job_id, limit=READ_AT_ONCE, before=before):
            yield page
            before = page[-1].id
