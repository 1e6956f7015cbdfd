"""Requests that wait: each account has so many places, and takes nobody else's."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from heliograph.domain.errors import NotFound, TooManyWaits, WaitTimedOut
from heliograph.services.waits import AT_ONCE

from .conftest import ScriptedProvider, StartEngine


async def test_an_account_waits_at_so_many_places_and_keeps_nobody_else_from_waiting(start: StartEngine) -> None:
    running = await start(ScriptedProvider())
    messages = running.services.messages
    (later,) = await running.send(send_in=timedelta(hours=1))
    waiting = [asyncio.create_task(messages.wait_until_settled(running.account, later.id, 300)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)  # each has its place

    with pytest.raises(TooManyWaits):
        await messages.wait_until_settled(running.account, later.id, 300)
    other = await running.services.accounts.ensure("another")
    with pytest.raises(NotFound):  # it got as far as looking for a message of its own
        await messages.wait_until_settled(other, later.id, 300)
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    with pytest.raises(WaitTimedOut):
        await messages.wait_until_settled(running.account, later.id, 0)

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
