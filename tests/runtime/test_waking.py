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
from heliograph.domain.errors import TooManyLogins
from heliograph.domain.instants import now_ms
from heliograph.engine import claiming, jobs
from heliograph.engine.health import WINDOW
from heliograph.engine.routes import FAILURES_TO_LEAVE, Route
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.processes import Role
from heliograph.runtime.settings import Settings
from heliograph.sandbox.accounts import FIRST
from heliograph.services.logins import PER_NAME_AND_ADDRESS
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

    @property
    def routes(self) -> tuple[Route, Route]:
        """The same provider in the process that accepts and in the one that sends."""
        return self.api.engine.router.routes["sandbox"], self.worker.engine.router.routes["sandbox"]

    async def heard(self) -> None:
        """Until the one that sends has heard what the other has said so far, and that the provider is bad."""
        here, there = self.routes
        here.health.note(WINDOW, failed=WINDOW)
        for _ in range(FAILURES_TO_LEAVE):
            here.failed(now_ms())
        async with asyncio.timeout(HANG_S):
            while there.state != here.state:
                await self.client.get("account")

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
            running(settings, Role.ALL) as worker,
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


async def test_what_one_process_finds_of_a_provider_another_goes_by(two: Two) -> None:
    await two.heard()
    here, there = two.routes

    assert there.health.factor == here.health.factor < 1
    assert there.out_of_service_until_ms == here.out_of_service_until_ms > 0


async def test_wrong_passwords_are_counted_by_all_processes_together(two: Two) -> None:
    async def refused(platform: Platform) -> bool:
        try:
            async with platform.services.access.logins.attempt("Anne Example", "203.0.113.1"):
                await two.client.get("account")
        except TooManyLogins:
            return True
        return False

    for _ in range(PER_NAME_AND_ADDRESS):
        assert not await refused(two.api)
    await two.heard()

    assert await refused(two.worker)


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
