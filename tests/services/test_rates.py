"""A limit on requests is an account's, whichever processes it asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import PostgresqlServer

from heliograph.services.rates import SHARES, RequestRates
from heliograph.store import Store, open_store
from heliograph.store.rates import take_requests

LIMIT = 200


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def allowed(rates: RequestRates, account: str, count: int) -> int:
    """How many of so many requests at once are within the limit."""
    standings = await asyncio.gather(*(rates.take(account, LIMIT) for _ in range(count)))
    return sum(not standing.exceeded for standing in standings)


async def test_an_account_makes_as_many_as_its_limit_in_each_second(store: Store) -> None:
    clock = Clock()
    rates = RequestRates(store, clock=clock)

    first = await allowed(rates, "A", 3 * LIMIT)
    other = await allowed(rates, "B", LIMIT)
    clock.now += 1
    second = await allowed(rates, "A", LIMIT // 2)

    assert (first, other, second) == (LIMIT, LIMIT, LIMIT // 2)


async def test_the_settings_say_it_for_all_doors(store: Store) -> None:
    rates = RequestRates(store, LIMIT // 2, Clock())

    assert await allowed(rates, "A", LIMIT) == LIMIT // 2


async def test_it_is_told_where_it_stands(store: Store) -> None:
    rates = RequestRates(store, clock=Clock())

    standings = [await rates.take("A", LIMIT) for _ in range(LIMIT + 1)]

    assert [standing.left for standing in standings[:3]] == [LIMIT - 1, LIMIT - 2, LIMIT - 3]
    assert standings[LIMIT - 1].left == 0
    assert [standing.exceeded for standing in standings] == [False] * LIMIT + [True]
    assert {standing.reset_at for standing in standings} == {1_001}


@pytest.fixture
async def two(postgresql: PostgresqlServer, tmp_path: Path) -> AsyncIterator[list[Store]]:
    """Connections of two processes to one store."""
    url = postgresql.new_database()
    stores = [await open_store(url, tmp_path) for _ in range(2)]
    yield stores
    for store in stores:
        await store.close()


async def test_processes_keep_it_together_to_within_a_tenth_for_each(two: list[Store]) -> None:
    clock = Clock()
    both = [RequestRates(store, clock=clock) for store in two]

    counts = await asyncio.gather(*(allowed(rates, "A", LIMIT) for rates in both))

    assert LIMIT <= sum(counts) <= LIMIT + len(both) * LIMIT // SHARES


async def test_no_more_is_given_than_there_is(store: Store) -> None:
    given = await asyncio.gather(*(store.write(take_requests, "A", 7, 30, 100) for _ in range(10)))
    next_second = await store.write(take_requests, "A", 8, 30, 100)

    assert sum(given) == 100
    assert next_second == 30
