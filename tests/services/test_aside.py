"""What takes long does not hold up the event loop."""

from __future__ import annotations

import asyncio
from threading import get_ident

import pytest
from tests.patience import HANG_S

from heliograph.services.aside import aside

pytestmark = pytest.mark.anyio


async def test_others_go_on_while_something_large_is_worked_on() -> None:
    """The work waits for somebody else: on the loop it would wait for ever."""
    loop, went_on = asyncio.get_running_loop(), asyncio.Event()

    def work() -> bool:
        return asyncio.run_coroutine_threadsafe(went_on.wait(), loop).result(timeout=HANG_S)

    working = asyncio.create_task(aside(True, work))
    went_on.set()

    assert await working is True


async def test_what_is_small_is_done_at_once() -> None:
    assert await aside(False, get_ident) == get_ident()


async def test_what_it_raises_is_raised() -> None:
    for is_large in (True, False):
        with pytest.raises(ValueError):
            await aside(is_large, int, "x")
