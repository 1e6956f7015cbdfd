"""A protocol whose clients stay connected, on the real process: all that knows of it is its line in the registry."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.conftest import Server, StartServer

from heliograph.store import open_store
from heliograph.store.schema import events
from heliograph.store.tx import Tx

from .line import wire
from .line.client import LineClient

PROGRAM = "tests.runtime.line"
Begin = Callable[[], Server]


@pytest.fixture(scope="module")
def shared(start_server: StartServer) -> Server:
    """One for tests that leave nothing to be told."""
    return start_server(program=PROGRAM)


@pytest.fixture
def begin(start_server: StartServer, store_url: str, tmp_path: Path) -> Begin:
    """Starts the process, each time on the same store."""
    environment = {"HELIOGRAPH_LEASE_S": "1"}
    return lambda: start_server(tmp_path / "data", store=store_url, environment=environment, program=PROGRAM)


@pytest.fixture
def wait_for_leases(store_url: str, tmp_path: Path) -> Callable[[], None]:
    """Moves time on until what a killed process held is due again. On SQLite it is at the next start."""

    async def wait() -> None:
        store = await open_store(store_url, tmp_path)
        await store.write(end_leases)
        await store.close()

    return lambda: asyncio.run(wait()) if store_url else None


def end_leases(tx: Tx) -> int:
    return tx.run(update(events).where(events.c.state == "waiting").values(due_at=0))


def connect(server: Server, account: str = "") -> LineClient:
    """A client that has logged in, with the key of one of the sandbox's accounts: the first, or `other`."""
    line = server.ready["protocols"]["line"]
    return LineClient(line["address"], (line[account] if account else line)["key"])


def test_who_sends_is_told_over_the_connection_and_has_no_address(
    shared: Server, new_number: Callable[[], str]
) -> None:
    with connect(shared) as client, shared.client() as native:
        sent = [client.send(new_number(), "Hello") for _ in range(3)]
        told = [client.take() for _ in sent]
        addresses = [native.batches.get(batch_id).callback_url for batch_id in sent]
        addresses.append(native.account.get().callback_url)

    assert client.welcome == wire.Welcome("sandbox")
    assert {(line.message_id, line.status) for line in told if isinstance(line, wire.Receipt)} == {
        (message_id, "delivered") for message_id in sent
    }
    assert set(addresses) == {None}


def test_an_inbound_message_comes_to_a_client_of_the_account_and_to_no_other(
    shared: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    with connect(shared) as client, connect(shared, "other") as stranger, shared.client() as native:
        native.sandbox.reply(number, to="+33700000000", text="Is it still for sale?")
        told = client.take()
        stranger.send(new_number(), "Hello")
        told_to_stranger = stranger.take()

    assert isinstance(told, wire.Inbound)
    assert (told.sender, told.to, told.text) == (number[1:], "33700000000", "Is it still for sale?")
    assert isinstance(told_to_stranger, wire.Receipt)


def test_what_a_client_does_not_want_is_not_told_again(shared: Server, new_number: Callable[[], str]) -> None:
    with connect(shared) as client:
        client.send(new_number(), "Hello")
        client.say(wire.Never(client.told().id))
        sent = client.send(new_number(), "Hello again")  # its answer comes when that was heard
        told = client.take()

    assert isinstance(told, wire.Receipt)
    assert told.message_id == sent


@pytest.mark.parametrize("key", ["", "hg_nobodys", "\u2028"])
def test_who_has_no_key_is_not_let_in(shared: Server, key: str) -> None:
    with LineClient(shared.ready["protocols"]["line"]["address"], key) as client, pytest.raises(EOFError):
        client.next()

    assert client.welcome == wire.Refused("unauthenticated")


@pytest.mark.parametrize(
    "line", [b"\n", b"\xff\n", b"[]\n", b'{"type": "what"}\n', b"x" * 20_000 + b"\n"], ids=range(5)
)
def test_a_client_that_makes_no_sense_is_told_so_and_no_more(shared: Server, line: bytes) -> None:
    with connect(shared) as client:
        answer = client.ask(line)
        with pytest.raises(EOFError):
            client.next()

    assert answer == wire.Refused("not_understood")


def test_a_message_that_breaks_a_rule_is_refused_and_the_client_stays(
    shared: Server, new_number: Callable[[], str]
) -> None:
    with connect(shared) as client:
        refused = client.ask(wire.Send(7, "nowhere", "Hello"))
        client.send(new_number(), "Hello")
        client.take()

    assert refused == wire.Refused("invalid_recipient", 7)


def keys(server: Server, *words: str) -> str:
    """What `heliograph keys` says."""
    command = [sys.executable, "-m", PROGRAM, "keys", *words, "--data-dir", str(server.data_dir)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_client_whose_key_is_revoked_is_sent_away(shared: Server) -> None:
    made = json.loads(keys(shared, "create", "--account", "sandbox", "--protocol", "line", "--json"))
    with LineClient(shared.ready["protocols"]["line"]["address"], made["key"]) as client:
        keys(shared, "revoke", made["id"])
        while client.ask(wire.Send(1, "nowhere", "Hello")) == wire.Refused("invalid_recipient", 1):
            pass  # a key is remembered for two seconds
        with pytest.raises(EOFError):
            client.next()


def test_what_nobody_was_connected_for_is_told_to_who_comes(begin: Begin, new_number: Callable[[], str]) -> None:
    server = begin()
    with connect(server) as client:
        herald = client.send(new_number(), "Hello")
        client.take()
        sent = [client.send(new_number(), "Hello") for _ in range(5)]
    with server.client() as native:
        for message_id in sent:
            (message,) = native.messages.list(batch_id=message_id)
            native.messages.wait_for_delivery(message.id)

    with connect(server) as later:
        told = [later.take() for _ in sent]
    server.stop()

    assert herald not in sent
    assert {line.message_id for line in told if isinstance(line, wire.Receipt)} == set(sent)


def test_what_the_first_client_did_not_acknowledge_is_told_to_the_next(
    begin: Begin, new_number: Callable[[], str]
) -> None:
    server = begin()
    with connect(server) as first:
        sent = {first.send(new_number(), "Hello") for _ in range(3)}
        unacknowledged = [first.told() for _ in sent]

    with connect(server) as second:
        told = [second.take() for _ in sent]
        late = second.send(new_number(), "Hello")
        last = second.take()
    server.stop()

    assert sorted(told, key=str) == sorted(unacknowledged, key=str)
    assert {line.message_id for line in told if isinstance(line, wire.Receipt)} == sent
    assert isinstance(last, wire.Receipt)
    assert last.message_id == late


def test_an_orderly_end_keeps_what_was_not_acknowledged(begin: Begin, new_number: Callable[[], str]) -> None:
    server = begin()
    with connect(server) as client:
        sent = {client.send(new_number(), "Hello") for _ in range(10)}
        client.told()
        ended = server.stop()
        with pytest.raises(EOFError):
            while True:
                client.told()

    again = begin()
    with connect(again) as client:
        told = {line.message_id for line in (client.take() for _ in sent) if isinstance(line, wire.Receipt)}
    again.stop()

    assert ended == 0
    assert Path(server.log.name).read_text() == ""
    assert told == sent


def test_nothing_is_lost_when_the_process_is_killed(
    begin: Begin, wait_for_leases: Callable[[], None], new_number: Callable[[], str]
) -> None:
    server = begin()
    with connect(server) as client, server.client() as native:
        sent = {client.send(new_number(), "Hello") for _ in range(50)}
        native.sandbox.reply(number := new_number(), to="+33700000000", text="Hi")
        before = [client.take() for _ in range(5)]
        server.kill()

    wait_for_leases()
    again = begin()
    after: dict[str, wire.Receipt | wire.Inbound] = {}
    with connect(again) as client:
        while missing(sent, number, [*before, *after.values()]):
            line = client.take()
            assert line.id not in after, "told twice by one process"
            after[line.id] = line
    again.stop()

    of_message: dict[str, set[str]] = {}
    for line in [*before, *after.values()]:
        of_message.setdefault(line.message_id if isinstance(line, wire.Receipt) else line.sender, set()).add(line.id)
    assert {len(ids) for ids in of_message.values()} == {1}


def missing(sent: set[str], number: str, told: list[wire.Receipt | wire.Inbound]) -> set[str]:
    """What was not told yet."""
    return {number[1:], *sent} - {line.message_id if isinstance(line, wire.Receipt) else line.sender for line in told}


def test_without_a_sandbox_it_is_served_where_the_settings_say(start_server: StartServer, tmp_path: Path) -> None:
    environment = {
        "HELIOGRAPH_PROVIDERS": json.dumps({"out": {"type": "console"}}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "out",
    }
    named = {"HELIOGRAPH_LISTEN": json.dumps({"line": "127.0.0.1:0"})}

    without = start_server(tmp_path / "one", program=PROGRAM, environment=environment)
    served = start_server(tmp_path / "two", program=PROGRAM, environment=environment | named)
    with LineClient(served.ready["protocols"]["line"]["address"], "nobodys") as client:
        pass

    assert "line" not in without.ready["protocols"]
    assert client.welcome == wire.Refused("unauthenticated")
