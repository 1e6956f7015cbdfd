"""A process that is killed while it forgets what is old: the next one goes on where it was, and does nothing twice."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from tests.patience import HANG_S
from tests.store.conftest import MakeBatch
from tests.store.test_retention import DAYS, old_batch

from heliograph.domain.accounts import Kept
from heliograph.runtime import database
from heliograph.runtime.settings import Settings
from heliograph.store import open_store
from heliograph.store.base import Lane
from heliograph.store.batches import accept
from heliograph.store.schema import messages

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer, StartServer

pytestmark = pytest.mark.slow

LARGE, SMALL = 10_000, 200
CLASSES = (Kept.TEXTS, Kept.NUMBERS, Kept.RECEIPTS)


async def fill(store_url: str, data_dir: Path) -> None:
    """Puts old batches into a store, all of whose messages were delivered."""
    store = await open_store(store_url, data_dir)
    batch = MakeBatch()
    for count in (LARGE, *([1] * SMALL)):
        new = old_batch(batch, *(f"3361{place:07}" for place in range(count)))
        await store.write_item(accept, new, Lane.ACCEPT)
    delivered = {"status": "delivered", "provider_ref": messages.c.id}
    await store.write(lambda tx: tx.run(update(messages).values(**delivered)))
    await store.close()


def progress(settings: Settings) -> dict[str, dict[str, Any]]:
    """What `heliograph db status` says of the walks through batches, by class."""
    walks: Any = database.status(settings)["retention"]
    return {kept: each for each in walks for kept in CLASSES if each["walk"] == f"{kept}/batches/{DAYS}/all"}


def once(settings: Settings, *, all_done: bool) -> dict[str, dict[str, Any]]:
    """The progress once a step of each class is done, or all of them are."""
    give_up = time.monotonic() + HANG_S
    while True:
        found = progress(settings)
        if len(found) == len(CLASSES) and all(
            each["done_at"] if all_done else each["all_rows"] for each in found.values()
        ):
            return found
        assert time.monotonic() < give_up, f"it came no further than {found}"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_a_killed_process_has_not_forgotten_the_next_one_does(
    engine: str, start_server: StartServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store = ""
    if engine == "postgresql":
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        store = postgresql.new_database()
    data_dir = tmp_path / "data"
    settings = Settings(data_dir=data_dir, store=store)
    asyncio.run(fill(store, data_dir))
    environment = {"HELIOGRAPH_RETENTION": json.dumps(dict.fromkeys(CLASSES, DAYS))}

    first = start_server(data_dir, store=store, environment=environment)
    before = once(settings, all_done=False)
    first.kill()
    second = start_server(data_dir, store=store, environment=environment)
    after = once(settings, all_done=True)
    second.stop()

    assert not before[Kept.NUMBERS]["done_at"], "it was killed too late to say anything"
    assert {kept: each["all_rows"] for kept, each in after.items()} == {
        Kept.TEXTS: 1 + SMALL,
        Kept.NUMBERS: LARGE + SMALL,
        Kept.RECEIPTS: LARGE + SMALL,
    }
    assert database.check(settings) == []
