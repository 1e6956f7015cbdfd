"""What was accepted survives the death of the process at any moment."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from tests.patience import HANG_S

from heliograph.calling import Unreachable
from heliograph.engine.claiming import CHUNK
from heliograph.runtime.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer, StartServer

pytestmark = pytest.mark.slow

MESSAGES = 10_000
BATCH = 5_000
FEW = 1_000


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_accepted_message_ends_delivered_after_the_server_was_killed(
    engine: str,
    start_server: StartServer,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    store, environment = "", {}
    if engine == "postgresql":  # others could hold leases there, so a lease is waited for; on SQLite none is
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        store, environment = postgresql.new_database(), {"HELIOGRAPH_LEASE_S": "2"}
    first = start_server(tmp_path / "data", store=store, environment=environment)
    with first.client() as client:
        herald = client.messages.send(to="+33630000000", text="Hello", originator="Acme")
        batches = [
            client.batches.send(
                to=[f"+3364{batch}{place:06d}" for place in range(BATCH)], text="Hello", originator="Acme"
            ).id
            for batch in range(MESSAGES // BATCH)
        ]
        # The first receipt is in: now thousands are queued, are with the provider, or wait for receipts of their own.
        client.messages.wait_for_delivery(herald.id)
        before = Counter[str]()
        for batch in batches:
            before.update({bucket.status: bucket.count for bucket in client.batches.report(batch).buckets})
    first.kill()

    second = start_server(tmp_path / "data", store=store, environment=environment)
    with second.client() as client:
        for batch in batches:
            for message in client.messages.list(batch_id=batch, page_size=1_000):
                if message.status != "delivered":
                    client.messages.wait_for_delivery(message.id, timeout_s=HANG_S)
        reports = [client.batches.report(batch) for batch in batches]
        reception = client.sandbox.reception()
    second.stop()

    record_property("in flight", str(dict(before)))
    record_property("received twice", reception.repeated)
    print(f"{engine}: {dict(before)} just before the kill, {reception.repeated} received twice")  # noqa: T201
    assert MESSAGES - before["delivered"] >= BATCH
    assert [[(bucket.status, bucket.count) for bucket in report.buckets] for report in reports] == (
        [[("delivered", BATCH)]] * len(batches)
    )
    assert reception.received - reception.repeated == MESSAGES + 1
    assert reception.repeated <= Settings().window * CHUNK


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_was_acknowledged_is_there_and_a_repeated_request_sends_nothing_twice(
    engine: str, start_server: StartServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store = "" if engine == "sqlite" else request.getfixturevalue("postgresql").new_database()
    environment = {"HELIOGRAPH_LEASE_S": "2"}
    server = start_server(tmp_path / "data", store=store, environment=environment)
    acknowledged: dict[str, str] = {}
    enough = threading.Event()

    def send_until_it_breaks(sender: int) -> None:
        with server.client() as client, suppress(Unreachable):
            for count in itertools.count():
                key = f"{sender}-{count}"
                acknowledged[key] = client.messages.send(to=number(key), text=key, idempotency_key=key).id
                if len(acknowledged) >= 200:
                    enough.set()

    senders = [threading.Thread(target=send_until_it_breaks, args=(sender,)) for sender in range(4)]
    for sender in senders:
        sender.start()
    enough.wait(HANG_S)
    server.kill()
    for sender in senders:
        sender.join()

    again = start_server(tmp_path / "data", store=store, environment=environment)
    # Each sender's last request got no answer: it may have been accepted or not, and is repeated like all others.
    keys = {f"{sender}-{count}" for sender, last in ends(acknowledged).items() for count in range(last + 2)}
    with again.client() as client:
        found = {key: client.messages.send(to=number(key), text=key, idempotency_key=key).id for key in sorted(keys)}
        statuses = {
            client.messages.wait_for_delivery(message_id, timeout_s=HANG_S).status for message_id in found.values()
        }
        reception = client.sandbox.reception()
    again.stop()

    assert len(acknowledged) >= 200
    assert {key: found[key] for key in acknowledged} == acknowledged
    assert statuses == {"delivered"}
    assert reception.received - reception.repeated == len(keys)


def number(key: str) -> str:
    sender, count = key.split("-")
    return f"+3365{sender}{int(count):06d}"


def ends(keys: Iterable[str]) -> dict[int, int]:
    """The highest count of each sender; -1 of one whose first request already failed."""
    highest = dict.fromkeys(range(4), -1)
    for key in keys:
        sender, count = map(int, key.split("-"))
        highest[sender] = max(highest[sender], count)
    return highest


def test_being_killed_again_and_again_loses_nothing(start_server: StartServer, tmp_path: Path) -> None:
    environment = {"HELIOGRAPH_SANDBOX_RATE": "2000"}
    server = start_server(tmp_path / "data", environment=environment)
    with server.client() as client:
        batches = [client.batches.send(to=[f"+3366{b}{n:06d}" for n in range(FEW)], text="x").id for b in range(4)]
    for batch in batches[:3]:
        with server.client() as client:
            message = next(iter(client.messages.list(batch_id=batch, page_size=1)))
            client.messages.wait_for_delivery(message.id)
        server.kill()
        server = start_server(tmp_path / "data", environment=environment)

    with server.client() as client:
        for message in client.messages.list(batch_id=batches[3], page_size=1_000):
            if message.status != "delivered":
                client.messages.wait_for_delivery(message.id)
        reports = [client.batches.report(batch) for batch in batches]
        reception = client.sandbox.reception()
    server.stop()

    assert [[(one.status, one.count) for one in report.buckets] for report in reports] == [[("delivered", FEW)]] * 4
    assert reception.received - reception.repeated == 4 * FEW
    assert reception.repeated <= 3 * Settings().window * CHUNK


def test_the_end_of_each_batch_is_called_back_although_the_process_was_killed(
    start_server: StartServer, tmp_path: Path
) -> None:
    told: SimpleQueue[tuple[str, str]] = SimpleQueue()

    class Customer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()
            told.put((body["data"]["batch_id"], self.headers["X-Heliograph-Event"]))

        def log_message(self, *_: object) -> None:
            pass

    customer = ThreadingHTTPServer(("127.0.0.1", 0), Customer)
    listening = threading.Thread(target=customer.serve_forever, kwargs={"poll_interval": 0.01})
    listening.start()
    url = f"http://127.0.0.1:{customer.server_port}/"
    server = start_server(tmp_path / "data")
    with server.client() as client:
        batches = {
            client.batches.send(
                to=[f"+3368{b:02d}{n:05d}" for n in range(100)], text="x", report="summary", callback_url=url
            ).id
            for b in range(20)
        }
    events: dict[str, set[str]] = {batch: set() for batch in batches}
    first, event = told.get(timeout=HANG_S)
    events[first].add(event)
    server.kill()

    again = start_server(tmp_path / "data")
    while not all(events.values()):
        batch, event = told.get(timeout=HANG_S)
        events[batch].add(event)
    again.stop()
    customer.shutdown()
    listening.join()
    customer.server_close()

    assert {len(of_batch) for of_batch in events.values()} == {1}
