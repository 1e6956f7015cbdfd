"""Clients of SMPP, and processes that are killed or share a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.conftest import Server, StartServer
from tests.protocols.smpp.esme import Esme, submit

from heliograph.protocols.smpp.wire.pdus import BindReceiver, BindTransmitter, DeliverSm, QuerySm, QuerySmResp
from heliograph.protocols.smpp.wire.status import CommandStatus
from heliograph.protocols.smpp.wire.tlvs import Tag, text_in
from heliograph.store import open_store
from heliograph.store.schema import events
from heliograph.store.tx import Tx

NewNumber = Callable[[], str]
Begin = Callable[[], Server]


def entry(server: Server) -> dict[str, Any]:
    return dict(server.ready["protocols"]["smpp"])


@pytest.fixture
def begin(start_server: StartServer, store_url: str, tmp_path: Path) -> Begin:
    """Starts the process, each time on the same store."""
    environment = {"HELIOGRAPH_LEASE_S": "1"}
    return lambda: start_server(tmp_path / "data", store=store_url, environment=environment)


def end_leases(store_url: str, data_dir: Path) -> None:
    """Moves time on until what a killed process had told and not heard back is due again."""

    def end(tx: Tx) -> int:
        return tx.run(update(events).where(events.c.state == "waiting").values(due_at=0))

    async def go() -> None:
        store = await open_store(store_url, data_dir)
        await store.write(end)
        await store.close()

    asyncio.run(go())


def receipted(pdu: DeliverSm) -> str | None:
    return text_in(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID)


def test_trap_37_receipts_owed_to_a_client_that_is_not_bound_outlive_the_process(
    begin: Begin, new_number: NewNumber
) -> None:
    first = begin()
    with Esme(entry(first), bind=BindTransmitter) as esme, first.client() as native:
        sent = {esme.submit(new_number()).message_id for _ in range(20)}
        for message_id in sent:
            (message,) = native.messages.list(batch_id=message_id)
            native.messages.wait_for_delivery(message.id)
    first.kill()
    second = begin()
    with Esme(entry(second), bind=BindReceiver) as esme:
        told = [receipted(esme.told()) for _ in sent]

    assert sorted(map(str, told)) == sorted(sent)


def test_what_a_client_had_not_answered_is_told_again_by_the_next_process(
    begin: Begin, new_number: NewNumber, store_url: str, tmp_path: Path
) -> None:
    first = begin()
    with Esme(entry(first)) as esme:
        sent = esme.submit(new_number())
        while not isinstance(told := esme.next(), DeliverSm):
            pass
        first.kill()
    if store_url:
        end_leases(store_url, tmp_path / "data")
    with Esme(entry(begin())) as esme:
        again = esme.told()

    assert receipted(told) == receipted(again) == sent.message_id


def test_what_was_answered_is_kept_when_the_process_is_killed_amid_submits(begin: Begin, new_number: NewNumber) -> None:
    first = begin()
    with Esme(entry(first)) as esme:
        sequences = esme.say(*(submit(new_number(), registered_delivery=0) for _ in range(200)))
        accepted = [esme.answer_to(sequence) for sequence in sequences[:50]]
        first.kill()
    with Esme(entry(begin())) as esme:
        states = [esme.ask(QuerySm(message_id=getattr(answer, "message_id"))) for answer in accepted]  # noqa: B009

    assert {(type(state), state.status) for state in states} == {(QuerySmResp, CommandStatus.ROK)}


def test_a_key_is_bound_as_often_as_is_set_to_all_processes_together(
    start_server: StartServer, store_url: str, tmp_path: Path
) -> None:
    if not store_url:
        pytest.skip("SQLite is one process's")
    environment = {"HELIOGRAPH_SMPP_BINDS": "2"}
    one, other = (start_server(tmp_path / "data", store=store_url, environment=environment) for _ in range(2))
    with Esme(entry(one)) as first:
        with Esme(entry(other)) as second:
            assert [each.bound.status for each in (first, second) if each.bound] == [0, 0]
            for server in (one, other):
                with Esme(entry(server)) as third:
                    assert third.bound is not None
                    assert third.bound.status == CommandStatus.RBINDFAIL
        while True:  # until the other process has said that the second has gone
            with Esme(entry(one)) as third:
                if third.bound is not None and third.bound.status == 0:
                    break


def test_a_client_is_told_by_the_process_it_is_bound_to_whichever_heard(
    start_server: StartServer, store_url: str, tmp_path: Path, new_number: NewNumber
) -> None:
    if not store_url:
        pytest.skip("SQLite is one process's")
    one = start_server(tmp_path / "data", store=store_url)
    other = start_server(tmp_path / "data", store=store_url)
    number = new_number()
    with Esme(entry(one), bind=BindReceiver) as receiver, Esme(entry(other), bind=BindTransmitter) as transmitter:
        sent = {transmitter.submit(new_number()).message_id for _ in range(10)}
        told = {receipted(receiver.told()) for _ in sent}
        with other.client() as native:
            native.sandbox.reply(number, to="+33700000000", text="Hello")
        arrived = receiver.told()

    assert told == sent
    assert (arrived.source_addr, arrived.short_message) == (number[1:], b"Hello")
