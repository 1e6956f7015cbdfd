"""What was accepted survives the death of the process at any moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heliograph.engine.dispatch import CHUNK
from heliograph.runtime.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer, StartServer

MESSAGES = 10_000
BATCH = 1_000


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_accepted_message_ends_delivered_after_the_server_was_killed(
    engine: str,
    start_server: StartServer,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    store = ""
    if engine == "postgresql":
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        store = postgresql.new_database()
    environment = {"HELIOGRAPH_LEASE_S": "2"}
    first = start_server(tmp_path / "data", store=store, environment=environment)
    with first.client() as client:
        batches = [
            client.batches.send(
                to=[f"+3364{batch}{place:06d}" for place in range(BATCH)], text="Hello", originator="Acme"
            ).id
            for batch in range(MESSAGES // BATCH)
        ]
        # The first receipt is in: now thousands are queued, some are with the provider, some are delivered.
        first_message = next(iter(client.messages.list(batch_id=batches[0], page_size=1)))
        client.messages.wait_for_delivery(first_message.id)
    first.kill()

    second = start_server(tmp_path / "data", store=store, environment=environment)
    with second.client() as client:
        in_flight = 0
        for batch in batches:
            for message in client.messages.list(batch_id=batch, page_size=1_000):
                if message.status != "delivered":
                    in_flight += 1
                    client.messages.wait_for_delivery(message.id, timeout_s=60)
        reports = [client.batches.report(batch) for batch in batches]
        reception = client.sandbox.reception()
    second.stop()

    record_property("in flight", in_flight)
    record_property("received twice", reception.repeated)
    assert in_flight > 0
    assert [[(bucket.status, bucket.count) for bucket in report.buckets] for report in reports] == (
        [[("delivered", BATCH)]] * len(batches)
    )
    assert reception.received - reception.repeated == MESSAGES
    assert reception.repeated <= Settings().window * CHUNK
