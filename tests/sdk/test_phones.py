"""Codes on simulated phones as a test suite reads them, and phones that are cleared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from heliograph import AsyncClient, Client
from heliograph.domain.errors import InvalidRecipient, WaitTimedOut

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

NewNumber = Callable[[], str]


def delivered(client: Client, number: str, text: str) -> None:
    sent = client.messages.send(to=number, text=text)
    client.messages.wait_for_delivery(sent.id)


def test_a_code_is_never_that_of_the_message_before(start_server: StartServer, new_number: NewNumber) -> None:
    server = start_server(environment={"HELIOGRAPH_SANDBOX_RATE": "2"})  # so that the second one is on its way a while
    number = new_number()
    with server.client() as client, server.client() as another:
        delivered(client, number, "Your code is 111111")
        client.messages.send(to=number, text="Your code is 222222")

        assert another.sandbox.read_code(number) == "222222"


def test_a_client_reads_each_code_once(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client, server.client() as another:
        delivered(client, number, "Your code is 111111")
        assert client.sandbox.read_code(number) == "111111"
        with pytest.raises(WaitTimedOut):
            client.sandbox.read_code(f"00{number[1:]}", timeout_s=0)
        with ThreadPoolExecutor() as pool:
            reading = pool.submit(client.sandbox.read_code, number)
            another.messages.send(to=number, text="Your code is 111111")
            assert reading.result() == "111111"

        assert another.sandbox.read_code(number) == "111111"


def test_a_mark_leaves_out_what_was_there_before(server: Server, new_number: NewNumber) -> None:
    number, empty = new_number(), new_number()
    with server.client() as client:
        delivered(client, number, "Your code is 111111")
        marks = [client.sandbox.mark(each) for each in (number, empty)]
        for each, mark in zip((number, empty), marks, strict=True):
            with pytest.raises(WaitTimedOut):
                client.sandbox.read_code(each, after=mark, timeout_s=0)
            delivered(client, each, "Your code is 222222")

            assert client.sandbox.read_code(each, after=mark) == "222222"
            assert client.sandbox.wait_for_message(each, after=mark).text == "Your code is 222222"
        assert (
            client.sandbox.read_code(number, after=marks[0]) == "222222"
        )  # a mark says which, not whether it was read


def test_what_does_not_come_soon_is_not_waited_for(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    with server.client() as client:
        delivered(client, number, "Your code is 111111")
        delivered(client, number, "No code in this")
        client.messages.send(to=number, text="Later", send_at=datetime.now(UTC) + timedelta(hours=1))

        assert client.sandbox.read_code(number, timeout_s=0) == "111111"


async def test_the_asynchronous_client_reads_a_code_that_comes_later(server: Server, new_number: NewNumber) -> None:
    number = new_number()
    async with AsyncClient(server.url, server.token) as client:
        mark = await client.sandbox.mark(number)
        reading = asyncio.create_task(client.sandbox.read_code(number, after=mark))
        await client.messages.send(to=number, text="Your code is 482913")

        assert await reading == "482913"
        await client.sandbox.clear(number)
        assert list(await client.sandbox.messages(number)) == []


def test_one_phone_is_cleared_or_all_of_an_account(start_server: StartServer, new_number: NewNumber) -> None:
    server = start_server()
    one, two = new_number(), new_number()
    with server.client() as client:
        for number in (one, two):
            delivered(client, number, "Your code is 111111")

        client.sandbox.clear(f"00{one[1:]}")
        with pytest.raises(WaitTimedOut):
            client.sandbox.read_code(one, timeout_s=0)
        assert [phone.number for phone in client.sandbox.phones()] == [two]
        client.sandbox.clear()
        assert list(client.sandbox.phones()) == []
        delivered(client, one, "Your code is 222222")
        assert client.sandbox.read_code(one) == "222222"
        assert [each.status for each in client.messages.list(to=one)] == ["delivered"] * 2
        with pytest.raises(InvalidRecipient):
            client.sandbox.clear("nobody")
