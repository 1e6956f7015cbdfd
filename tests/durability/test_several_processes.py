"""Two API processes and two workers on one PostgreSQL, of which one each is killed."""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from tests import forking
from tests.conftest import PostgresqlServer, Server, StartServer
from tests.patience import HANG_S
from tests.protocols.listening import Listener

from heliograph import Client
from heliograph.api.wire import Message
from heliograph.calling import Unreachable
from heliograph.engine.claiming import CHUNK
from heliograph.runtime.settings import Settings

KEY = "q3J5v0c1V2s3dGhpcyBpcyBhIHNlYWwga2V5ISEhMTI="
SENDERS = 4
EACH = 60
"""How many messages each sender sends after the others were killed."""


def test_nothing_is_lost_when_one_of_two_apis_and_one_of_two_workers_is_killed(
    start_server: StartServer, postgresql: PostgresqlServer, tmp_path: Path, customer: Listener
) -> None:
    store = postgresql.new_database()
    environment = {
        "HELIOGRAPH_SEAL_KEY": KEY,
        "HELIOGRAPH_ATTACHMENTS": (tmp_path / "first" / "attachments").as_uri(),
        "HELIOGRAPH_LEASE_S": "2",
        "HELIOGRAPH_SANDBOX_RATE": "400",
    }

    def start(role: str, name: str) -> Server:
        return start_server(tmp_path / name, store=store, environment=environment, role=role)

    apis = [start("api", "first"), start("api", "second")]
    workers = [start("worker", "third"), start("worker", "fourth")]
    early: dict[str, Message] = {}
    late: dict[str, Message] = {}
    enough = threading.Event()
    killed = threading.Event()

    def send_one(client: Client, key: str) -> Message:
        return client.messages.send(
            to=number(key), text=key, idempotency_key=key, report="summary", callback_url=customer.url
        )

    def send(sender: int) -> None:
        """Send until the processes are killed, then the last one again and some more, by the one that is left."""
        count = 0
        with apis[sender % 2].client() as client, suppress(Unreachable):
            while not killed.is_set():
                early[f"{sender}-{count}"] = send_one(client, f"{sender}-{count}")
                count += 1
                if len(early) >= 100:
                    enough.set()
        killed.wait(HANG_S)
        with apis[1].client() as client:
            for key in (f"{sender}-{count + more}" for more in range(EACH)):
                late[key] = send_one(client, key)

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    for thread in senders:
        thread.start()
    assert enough.wait(HANG_S)
    leading = leader(workers, store, environment)
    leading.kill()
    apis[0].kill()
    killed.set()
    for thread in senders:
        thread.join()
    (left,) = [worker for worker in workers if worker is not leading]
    left.wait_until_logged("a process has died")
    with apis[1].client() as client:
        statuses = {
            client.messages.wait_for_delivery(message.id, timeout_s=HANG_S).status
            for message in (*early.values(), *late.values())
        }
        reception = client.sandbox.reception()
    told = events_until(customer, {message.batch_id for message in late.values()})

    assert len(early) >= 100
    assert len(late) == SENDERS * EACH
    assert len({message.id for message in (*early.values(), *late.values())}) == len(early) + len(late)
    assert statuses == {"delivered"}
    assert reception.received - reception.repeated == len(early) + len(late)
    assert reception.repeated <= Settings().window * CHUNK
    assert {len(told[message.batch_id]) for message in late.values()} == {1}
    assert {len(set(events)) for events in told.values()} == {1}  # what is told again is the same event
    assert left.stop() == 0
    assert apis[1].stop() == 0


def number(key: str) -> str:
    sender, count = key.split("-")
    return f"+3365{sender}{int(count):06d}"


def events_until(customer: Listener, awaited: set[str]) -> dict[str, list[str]]:
    """Return the events that the customer was told, by batch, when it has been told of all these."""
    told: dict[str, list[str]] = defaultdict(list)
    while not awaited <= told.keys():
        event = customer.next()
        told[event["data"]["batch_id"]].append(customer.headers["X-Heliograph-Event"])
    return told


def leader(workers: list[Server], store: str, environment: dict[str, str]) -> Server:
    done = forking.run(
        *("processes", "--json", "--store", store, "--data-dir", str(workers[0].data_dir)),
        environment=os.environ | environment,
        timeout=HANG_S,
    )
    (pid,) = [each["pid"] for each in json.loads(done.stdout) if each["leads"]]
    return next(worker for worker in workers if worker.process.pid == pid)
