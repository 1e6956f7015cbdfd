"""Several processes on one PostgreSQL, each started by itself or all by one command, of which some are killed."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
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


def test_a_killed_process_of_a_command_is_replaced_and_nothing_is_lost(
    start_server: StartServer, postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    store = postgresql.new_database()
    # What the killed process was sending comes back at once, for another sees that it has ended.
    environment = {"HELIOGRAPH_LEASE_S": "3600", "HELIOGRAPH_SANDBOX_RATE": "400", "HELIOGRAPH_MONITOR": "127.0.0.1:0"}
    server = start_server(tmp_path / "data", "--processes", "2", store=store, environment=environment)
    sent: dict[str, Message] = {}
    enough = threading.Event()
    replaced = threading.Event()

    def send(sender: int) -> None:
        """Send until the process was replaced and then some more, each until it is said to be accepted."""
        more = EACH
        with server.client() as client:
            while more:
                key = f"{sender}-{len(sent)}"
                while key not in sent:
                    with suppress(Unreachable):
                        sent[key] = client.messages.send(to=number(key), text=key, idempotency_key=key)
                if len(sent) >= 100:
                    enough.set()
                more -= replaced.is_set()

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    for thread in senders:
        thread.start()
    assert enough.wait(HANG_S)
    before = pids(server, store)
    os.kill(before[0], signal.SIGKILL)
    server.wait_until_logged("a process has taken the place of one that ended")
    replaced.set()
    for thread in senders:
        thread.join()
    after = pids(server, store)
    watched = [httpx2.get(f"{monitor}/livez").status_code for monitor in server.ready["monitors"]]
    with server.client() as client:
        statuses = {client.messages.wait_for_delivery(message.id, timeout_s=HANG_S).status for message in sent.values()}
        reception = client.sandbox.reception()
    ended = server.stop()

    assert len(before) == len(set(after)) == 2
    assert server.process.pid not in {*before, *after}
    assert set(before) & set(after) == {before[1]}
    assert watched == [200, 200]
    assert statuses == {"delivered"}
    assert len({message.id for message in sent.values()}) == len(sent)
    assert reception.received - reception.repeated == len(sent)
    assert ended == 0
    with pytest.raises(ProcessLookupError):
        os.kill(before[1], 0)


def test_processes_of_a_command_end_when_it_is_killed(
    start_server: StartServer, postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    server = start_server(tmp_path / "data", "--processes", "2", store=postgresql.new_database(), role="worker")

    server.kill()  # and reads what it says, which ends when nobody is left who could say something

    assert Path(server.log.name).read_text().count("Traceback") == 0


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
    (pid,) = [each["pid"] for each in processes(workers[0], store, environment) if each["leads"]]
    return next(worker for worker in workers if worker.process.pid == pid)


def pids(server: Server, store: str) -> list[int]:
    """Those of processes that run: what has died is in the store until a leader sees it."""
    found = [each["pid"] for each in processes(server, store, {})]
    return [pid for pid in found if Path(f"/proc/{pid}").exists()]


def processes(server: Server, store: str, environment: dict[str, str]) -> list[dict[str, Any]]:
    done = forking.run(
        *("processes", "--json", "--store", store, "--data-dir", str(server.data_dir)),
        environment=os.environ | environment,
        timeout=HANG_S,
    )
    found: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    return found
