"""Waking other processes of a PostgreSQL store: LISTEN and NOTIFY, beside everything else.

The problem. A process that accepts messages may not be the one that sends them. What it has committed, others find when
they look by themselves, some hundred milliseconds later.

How it works. One connection of each process listens, and tells. What is to be told is a set of words; while one ring is
on its way, and for EVERY_S after it, the next words gather. So an idle process rings at once, a busy one twenty times a
second, however many messages it accepts.

Why not in the transaction that writes: PostgreSQL commits transactions that notify one after the other, with their wait
for the disk. A transaction that only notifies has none.

If the connection is lost, it is made again; what was not heard meanwhile is found by looking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

EVERY_S = 0.05
AGAIN_S = 1.0
_CHANNEL = "heliograph"


class Bell:
    """The connection by which one process hears others, and is heard."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._words: set[str] = set()
        self._wake = asyncio.Event()
        self._lost = False
        self.listens = asyncio.Event()
        """Set while others are heard."""

    def ring(self, word: str) -> None:
        """Have other processes hear a word soon, if they can; returns at once."""
        self._words.add(word)
        self._wake.set()

    async def run(self, on_heard: Callable[[str], None], on_lost: Callable[[Exception], None]) -> None:
        """Listen, and let the others hear, until canceled.

        `on_heard` is called with each word of another process, and `on_lost` when the others can't be heard for a time.
        """
        was_told = False
        while True:
            try:
                async with self._engine.connect() as plain:
                    connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
                    try:
                        await self._listen(connection, on_heard)
                        was_told = False
                    finally:
                        self.listens.clear()
                        await plain.invalidate()  # nobody else is to have a connection that listens
            except Exception as error:  # of the driver, which has classes of its own
                if not was_told:
                    on_lost(error)
                was_told = True
            await asyncio.sleep(AGAIN_S)

    async def _listen(self, connection: AsyncConnection, on_heard: Callable[[str], None]) -> None:
        """Listen until the connection is lost."""
        driver: Any = (await connection.get_raw_connection()).driver_connection
        own = driver.get_server_pid()

        def heard(_connection: object, pid: int, _channel: str, words: str) -> None:
            if pid != own:
                for word in words.split():
                    on_heard(word)

        def lost(_connection: object) -> None:
            self._lost = True
            self._wake.set()

        self._lost = False
        driver.add_termination_listener(lost)
        await driver.add_listener(_CHANNEL, heard)
        self.listens.set()
        while True:
            await self._wake.wait()
            if self._lost:
                return
            self._wake.clear()
            words, self._words = self._words, set()
            if words:
                await connection.exec_driver_sql("SELECT pg_notify($1, $2)", (_CHANNEL, " ".join(sorted(words))))
            await asyncio.sleep(EVERY_S)
