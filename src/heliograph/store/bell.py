"""Waking other processes of a PostgreSQL store: LISTEN and NOTIFY, beside everything else.

The problem. A process that accepts messages may not be the one that sends them. What it has committed, others find when
they look by themselves, some hundred milliseconds later.

How it works. One connection of each process listens, and tells. What is to be told are words; while one ring is on its
way, and for EVERY_S after it, the next words gather, and of those about one thing the last one counts. So an idle
process rings at once, a busy one twenty times a second, however many messages it accepts.

Why not in the transaction that writes: PostgreSQL commits transactions that notify one after the other, with their wait
for the disk. A transaction that only notifies has none.

If the connection is lost, it is made again; what was not heard meanwhile is found by looking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from textwrap import wrap
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

EVERY_S = 0.05
AGAIN_S = 1.0
_CHANNEL = "heliograph"
_LONGEST = 7_000
"""The longest text that is told at once; PostgreSQL takes 7,999 bytes."""


class Bell:
    """The connection by which one process hears others, and is heard."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._words: dict[str, str] = {}
        """What is to be told, by what it is about."""
        self._wake = asyncio.Event()
        self._lost = False
        self.listens = asyncio.Event()
        """Set while others are heard."""

    def ring(self, word: str, about: str | None = None) -> None:
        """Have other processes hear a word without spaces soon, if they can; returns at once.

        It takes the place of a word that was not told yet and is about the same; None: of the same word.
        """
        self._words[word if about is None else about] = word
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
            words, self._words = self._words, {}
            for line in wrap(" ".join(words.values()), _LONGEST, break_long_words=False, break_on_hyphens=False):
                await connection.exec_driver_sql("SELECT pg_notify($1, $2)", (_CHANNEL, line))
            await asyncio.sleep(EVERY_S)
