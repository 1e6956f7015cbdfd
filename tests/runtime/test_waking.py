"""Processes that share a PostgreSQL store wake each other, and find each other's work without that, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx2
import pytest
from sqlalchemy import text
from tests.conftest import PostgresqlServer
from tests.patience import HANG_S
from tests.protocols.listening import Listener

from heliograph.api.keys import NativeKeys
from heliograph.engine import claiming, jobs
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.processes import Role
from heliograph.runtime.settings import Settings
from heliograph.sandbox.accounts import FIRST
from heliograph.store import Store
from heliograph.store.bell import Bell
from heliograph.store.tx import Tx


class Two(NamedTuple):
    """A process that sends and one that accepts; neither looks by itself."""

    worker: Platform
    api: Platform
    client: httpx2.AsyncClient

    @property
    def bells(self) -> list[Bell]:
        return [bell for each in (self.worker, self.api) if (bell := each.engine.store.bell) is not None]

    async def status_of(self, number: str) -> str:
        """What became of a message, once it is no longer queued."""
        sent = (await self.client.post("messages", json={"to": number, "text": "x"})).json()
        async with asyncio.timeout(HANG_S):
            while (status := (await self.client.get(f"messages/{sent['id']}")).json()["status"]) == "queued":
                pass
        return str(status)


@pytest.fixture(scope="module")
async def two(postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Two]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("two"), store=postgresql.new_database())
    with pytest.MonkeyPatch.context() as patched:
        for module in (claiming, jobs):
            patched.setattr(module, "LONGEST_PAUSE_S", 10 * HANG_S)
        async with (
            running(settings, Role.WORKER) as worker,
            running(settings, Role.API) as api,
            _client(api) as client,
        ):
            found = Two(worker, api, client)
            await asyncio.gather(*(bell.listens.wait() for bell in found.bells))
            yield found


@asynccontextmanager
async def _client(platform: Platform) -> AsyncIterator[httpx2.AsyncClient]:
    assert platform.credentials is not None
    token = platform.credentials[FIRST][NativeKeys.name].secret
    transport = httpx2.ASGITransport(app=platform.web())
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://here/v1/", headers=headers) as client:
        yield client


async def test_a_worker_sends_and_calls_back_at_once_what_another_process_accepts(two: Two, customer: Listener) -> None:
    sent = await two.status_of("+33655000001")
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    batch = {"to": ["+33655000002"], "text": "x", "send_at": later, "callback_url": customer.url, "report": "summary"}
    made = (await two.client.post("batches", json=batch)).json()
    await two.client.post(f"batches/{made['id']}/cancel")
    told = await asyncio.to_thread(customer.next)

    assert sent in {"sending", "sent", "delivered"}
    assert told["data"]["batch_id"] == made["id"]


async def test_processes_hear_each_other_again_after_their_connections_were_lost(two: Two) -> None:
    first = await two.status_of("+33655000001")
    bells = two.bells
    for bell in bells:
        bell.listens.clear()  # set when it listens anew
    await _cut(two.worker.engine.store)
    await asyncio.gather(*(bell.listens.wait() for bell in bells))
    second = await two.status_of("+33655000002")

    assert "queued" not in {first, second}


async def _cut(store: Store) -> None:
    """Ends the connections by which processes hear each other, as a restart of the server does."""

    def cut(tx: Tx) -> None:
        tx.run(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND (query LIKE 'LISTEN%' OR query LIKE 'SELECT pg_notify%')"
            )
        )

    await store.write(cut)
