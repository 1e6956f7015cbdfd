"""A campaign that is paused and resumed while processes die: nothing is skipped, nothing is sent twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heliograph.engine.claiming import CHUNK
from heliograph.runtime.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer, Server, StartServer

pytestmark = pytest.mark.slow

RECIPIENTS = 8_000


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_killed_while_it_pauses_and_while_it_goes_on(
    engine: str, start_server: StartServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """By a provider that sends nothing twice, so what was in a worker's hands at a kill may be unknown, and no more."""
    store = ""
    if engine == "postgresql":
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        store = postgresql.new_database()
    sent = tmp_path / "sent.jsonl"

    def start(rate: int) -> Server:
        line = {"type": "file", "path": str(sent), "rate": rate, "resend_uncertain": False}
        environment = {
            "HELIOGRAPH_PROVIDERS": json.dumps({"line": line}),
            "HELIOGRAPH_DEFAULT_PROVIDER": "line",
            "HELIOGRAPH_SANDBOX": "on",
            "HELIOGRAPH_LEASE_S": "2",
        }
        return start_server(tmp_path / "data", store=store, environment=environment)

    server = start(rate=500)
    numbers = [f"+336{place:08d}" for place in range(RECIPIENTS)]
    with server.client() as client:
        batch = client.batches.send(to=numbers, text="Hello", originator="Acme", title="Everybody")
        while not sent.exists():
            client.batches.get(batch.id)
        assert client.batches.pause(batch.id).paused
    server.kill()  # the decision is committed; its messages are still being taken out of the queue

    server = start(rate=500)
    with server.client() as client:
        paused = client.batches.get(batch.id)
        other = client.messages.send(to="+447400123456", text="Hello", originator="Acme")
        client.messages.wait_for_delivery(other.id)  # whatever was due before it has been claimed
        while any(bucket.status == "sending" for bucket in client.batches.report(batch.id).buckets):
            pass
        before = len(sent.read_text().splitlines())
        client.messages.wait_for_delivery(client.messages.send(to="+447400123457", text="Hello", originator="A").id)
        still = len(sent.read_text().splitlines())
        resumed = client.batches.resume(batch.id)
    server.kill()  # some are back in the queue, others not

    server = start(rate=5_000)
    with server.client() as client:
        while True:
            report = client.batches.report(batch.id)
            if report.settled == report.total:
                break
        found = Counter({bucket.status: bucket.count for bucket in report.buckets})
    server.stop()
    times = Counter(json.loads(each)["to"] for each in sent.read_text().splitlines())

    assert paused.paused
    assert still == before + 1
    assert before < RECIPIENTS / 2
    assert not resumed.paused
    assert set(found) <= {"delivered", "unknown"}
    assert found["unknown"] <= 2 * Settings().window * CHUNK
    assert [number for number in numbers if times[number] > 1] == []
    assert sum(times[number] for number in numbers) >= found["delivered"]
    assert found["delivered"] + found["unknown"] == RECIPIENTS
