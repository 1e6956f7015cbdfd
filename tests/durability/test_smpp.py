"""Whole processes that send by an SMSC: what it told them before they died, and what it tells the other of two."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.patience import HANG_S
from tests.protocols.smpp.smsc import PASSWORD, SYSTEM_ID, Smsc, smsc

from heliograph.domain.seals import Seal
from heliograph.protocols.smpp.connection import Connection
from heliograph.protocols.smpp.wire.coding import Coding, text_pieces
from heliograph.protocols.smpp.wire.pdus import DeliverSm, SubmitSm, SubmitSmResp
from heliograph.sdk import Client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import PostgresqlServer, Server, StartServer

pytestmark = pytest.mark.slow
#: Servers are started by this thread, while the SMSC waits: who starts the first outlives all of them.

TEXT = "This is a message from a phone, and it is longer than one part of it has room for. " * 3


def environment(far: Smsc) -> dict[str, str]:
    line = {"type": "smpp", "hosts": [f"127.0.0.1:{far.port}"], "system_id": SYSTEM_ID, "password": PASSWORD}
    return {
        "HELIOGRAPH_PROVIDERS": json.dumps({"line": line}),
        "HELIOGRAPH_DEFAULT_PROVIDER": "line",
        "HELIOGRAPH_SANDBOX": "on",
    }


def parts() -> list[DeliverSm]:
    return [
        DeliverSm(
            source_addr_ton=1,
            source_addr="33612345678",
            destination_addr="36111",
            esm_class=piece.esm_class,
            data_coding=piece.data_coding,
            short_message=piece.short_message,
        )
        for piece in text_pieces(TEXT, Coding(), reference=7)
    ]


async def gone(far: Smsc) -> None:
    await far.until(lambda: not far.connections)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_trap_25_a_process_that_is_killed_forgets_no_part(
    engine: str, start_server: StartServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store = ""
    if engine == "postgresql":
        postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
        store = postgresql.new_database()
    async with smsc() as far:
        first = start_server(tmp_path / "data", store=store, environment=environment(far))
        await far.until(lambda: far.connections)
        *early, last = parts()
        for part in reversed(early):
            assert (await far.tell(part)).status == 0
        await asyncio.to_thread(first.kill)
        await gone(far)

        second = start_server(tmp_path / "data", store=store, environment=environment(far))
        await far.until(lambda: far.connections)
        assert (await far.tell(early[0])).status == 0  # nobody knows whether the answer had arrived
        assert (await far.tell(last)).status == 0
        found = await asyncio.to_thread(_inbound, second)
        await asyncio.to_thread(second.stop)

    assert [(message.text, message.missing_parts) for message in found] == [(TEXT, 0)]


def _inbound(server: Server) -> list[Any]:
    with server.client() as client:
        return list(client.inbound.list())


async def test_trap_5_a_receipt_may_come_to_another_process(
    start_server: StartServer, postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    store, key = postgresql.new_database(), Seal.new_key()
    by: dict[str, Connection] = {}
    async with smsc() as far:

        def noting(submit: SubmitSm) -> SubmitSmResp:
            answer = far.taken(submit)
            by[answer.message_id] = far.hears
            return answer

        far.answer = noting
        shared = {
            "HELIOGRAPH_SEAL_KEY": key,
            "HELIOGRAPH_ATTACHMENTS": (tmp_path / "one" / "attachments").as_uri(),
        }
        servers = [
            start_server(tmp_path / name, store=store, environment=environment(far) | shared)
            for name in ("one", "other")
        ]
        await far.until(lambda: len(far.connections) == 2)

        def sent() -> list[str]:
            with servers[1].client() as client:
                batch = client.batches.send(
                    to=[f"+3361234{place:04d}" for place in range(40)], text="Hello", originator="Acme"
                )
                return [message.id for message in client.messages.list(batch_id=batch.id, page_size=100)]

        ids = await asyncio.to_thread(sent)
        await far.until(lambda: len(by) == 40)
        for (message_id, came_by), submit in zip(by.items(), far.submitted, strict=True):
            other = next(place for place, each in enumerate(far.connections) if each is not came_by)
            text = f"id:{int(message_id):x} stat:DELIVRD".encode()
            told = DeliverSm(esm_class=4, source_addr=submit.destination_addr, short_message=text)
            assert (await far.tell(told, by=other)).status == 0

        def delivered() -> set[str]:
            with servers[1].client() as client:
                return {_until_delivered(client, identifier) for identifier in ids}

        statuses = await asyncio.to_thread(delivered)
        for server in servers:
            await asyncio.to_thread(server.stop)

    assert statuses == {"delivered"}


def _until_delivered(client: Client, message_id: str) -> str:
    return client.messages.wait_for_delivery(message_id, timeout_s=HANG_S).status
