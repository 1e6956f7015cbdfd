"""Several processes on one PostgreSQL: collisions are done again, outages are told as such."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.util import await_only

from heliograph.domain.errors import StoreUnavailable
from heliograph.domain.filters import BatchFilter
from heliograph.store import Store, batches, open_store
from heliograph.store.base import Lane
from heliograph.store.batches import accept, count_batches
from heliograph.store.settings import get_setting, put_setting
from heliograph.store.tx import Tx

from .conftest import ACCOUNT, MakeBatch

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

OpenStore = Callable[[], Awaitable[Store]]


@pytest.fixture
async def another(postgresql: PostgresqlServer, tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Opens the same database, each time as another process would."""
    url = postgresql.new_database()
    opened: list[Store] = []

    async def begin() -> Store:
        opened.append(await open_store(url, tmp_path))
        return opened[-1]

    yield begin
    for store in opened:
        await store.close()


async def test_two_writers_that_wait_for_each_other_both_succeed(another: OpenStore) -> None:
    store = await another()
    for name in "ab":
        await store.write(put_setting, name, "")
    met = asyncio.Barrier(2)
    attempts: list[str] = []

    def add(tx: Tx, first: str, second: str) -> str:
        attempts.append(first)
        tx.connection.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
        for name in (first, second):
            tx.connection.execute(
                text("UPDATE settings SET value = value || :mark WHERE name = :name"), {"mark": first, "name": name}
            )
            if name == first and len(attempts) <= 2:
                await_only(met.wait())
        return first

    answers = await asyncio.gather(
        store.write_item(lambda tx, _: [add(tx, "a", "b")], None, Lane.ENGINE),
        store.write_item(lambda tx, _: [add(tx, "b", "a")], None, Lane.RECEIPTS),
    )
    values = [await store.read(get_setting, name) for name in "ab"]

    assert answers == ["a", "b"]
    assert len(attempts) > 2  # 3, if the loser's next attempt lets the winner go first, as it nearly always does
    assert [sorted(value or "") for value in values] == [["a", "b"], ["a", "b"]]


async def test_the_same_request_in_two_processes_at_the_same_moment_is_stored_once(
    another: OpenStore, batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await another(), await another()
    both_looked = asyncio.Barrier(2)
    insert = batches._insert

    def insert_when_both_have_looked(tx: Tx, fresh: Sequence[Any]) -> Any:
        await_only(both_looked.wait())
        return insert(tx, fresh)

    monkeypatch.setattr(batches, "_insert", insert_when_both_have_looked)
    answers = await asyncio.gather(
        *(store.write_item(accept, batch(key="k", fingerprint="f"), Lane.ACCEPT) for store in (first, second))
    )

    assert sorted(answer.repeated for answer in answers) == [False, True]
    assert answers[0].batch_id == answers[1].batch_id
    assert await first.read(count_batches, ACCOUNT, BatchFilter()) == 1


async def test_what_the_database_refuses_for_good_is_refused_after_a_few_attempts(
    another: OpenStore, batch: MakeBatch
) -> None:
    store = await another()
    new = batch()
    await store.write_item(accept, new, Lane.ACCEPT)

    with pytest.raises(Exception, match="duplicate key"):
        await store.write_item(accept, batch(id=new.batch.id), Lane.ACCEPT)


async def test_a_lost_connection_is_an_outage_and_the_next_one_is_made_anew(another: OpenStore) -> None:
    store, killer = await another(), await another()
    await store.write(put_setting, "a", "1")
    await store.read(get_setting, "a")
    mine: set[int] = set()

    def hang_up(tx: Tx) -> None:
        mine.add(int(tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()))
        tx.connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND backend_type = 'client backend' AND datname = current_database()"
            )
        )

    await killer.write(hang_up)
    outages = []
    for call in (lambda: store.read(get_setting, "a"), lambda: store.write(put_setting, "a", "2")):
        try:
            await call()
        except StoreUnavailable as error:
            outages.append(error)
    await store.write(put_setting, "a", "3")

    assert outages
    assert await store.read(get_setting, "a") == "3"


async def test_processes_that_start_together_migrate_once(another: OpenStore) -> None:
    stores = await asyncio.gather(*(another() for _ in range(4)))

    await stores[0].write(put_setting, "a", "1")

    assert [await store.read(get_setting, "a") for store in stores] == ["1"] * 4
