"""The bare limit: the same rows inserted, claimed and updated by the driver alone, with nothing around it.

The tables and indexes are Heliograph's own. Chunks are as large as Heliograph's, and every transaction is durable.
"""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import asyncpg

CHUNK = 500

WAITING = "status = 'queued' AND waits_at IS NULL AND set_aside IS NULL AND priority = 1"
"""As the index on the queue has it."""
_COLUMNS = "id, account_id, batch_id, msisdn, status, notify, due_at, expire_at, attempts, created_at"


def _rows(count: int, run: int) -> list[tuple[Any, ...]]:
    return [
        (f"{run:04d}{place:022d}", "A" * 26, "B" * 26, str(33600000000 + place), "queued", 0, 1, 2**40, 0, 1)
        for place in range(count)
    ]


class BareSqlite:
    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            self._connection.execute(f"PRAGMA {pragma}")

    async def insert(self, count: int, group: int, run: int) -> float:
        """Seconds to insert so many rows, `group` in each transaction."""
        rows = _rows(count, run)
        started = time.perf_counter()
        for start in range(0, count, group):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                f"INSERT INTO messages ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows[start : start + group]
            )
            self._connection.execute("COMMIT")
        return time.perf_counter() - started

    async def read(self) -> float:
        """Seconds to read all rows, as they are."""
        started = time.perf_counter()
        self._connection.execute("SELECT * FROM messages ORDER BY id DESC").fetchall()
        return time.perf_counter() - started

    async def live(self, run: int) -> float:
        """Seconds for all queued rows to be claimed, marked sent and marked delivered."""
        started = time.perf_counter()
        execute = self._connection.execute
        while True:
            execute("BEGIN IMMEDIATE")
            claimed = execute(
                "UPDATE messages SET status = 'sending', lease_until = 9, worker = 'w', attempts = attempts + 1 "
                "WHERE id IN "
                f"(SELECT id FROM messages WHERE {WAITING} AND due_at <= 9 ORDER BY due_at, id LIMIT ?) "
                "RETURNING id",
                (CHUNK,),
            ).fetchall()
            execute("COMMIT")
            if not claimed:
                return time.perf_counter() - started
            refs = json.dumps([f"P{row[0]}" for row in claimed])
            execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "UPDATE messages SET status = 'sent', provider = 's', provider_ref = 'P' || id, sent_at = 9 "
                "WHERE id = ?",
                claimed,
            )
            execute("COMMIT")
            execute("BEGIN IMMEDIATE")
            execute(
                "UPDATE messages SET status = 'delivered', settled_at = 9 "
                "WHERE provider_ref IN (SELECT value FROM json_each(?))",
                (refs,),
            )
            execute("COMMIT")

    async def close(self) -> None:
        self._connection.close()


class BarePostgresql:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, url: str) -> BarePostgresql:
        return cls(await asyncpg.connect(url))

    async def insert(self, count: int, group: int, run: int) -> float:
        """Seconds to insert so many rows, `group` in each transaction."""
        rows = _rows(count, run)
        started = time.perf_counter()
        for start in range(0, count, group):
            await self._connection.copy_records_to_table(
                "messages", records=rows[start : start + group], columns=_COLUMNS.split(", ")
            )
        return time.perf_counter() - started

    async def read(self) -> float:
        """Seconds to read all rows, as they are."""
        started = time.perf_counter()
        await self._connection.fetch("SELECT * FROM messages ORDER BY id DESC")
        return time.perf_counter() - started

    async def live(self, run: int) -> float:
        """Seconds for all queued rows to be claimed, marked sent and marked delivered."""
        started = time.perf_counter()
        while True:
            claimed = await self._connection.fetch(
                "UPDATE messages SET status = 'sending', lease_until = 9, worker = 'w', attempts = attempts + 1 "
                "WHERE id IN "
                f"(SELECT id FROM messages WHERE {WAITING} AND due_at <= 9 ORDER BY due_at, id LIMIT $1 "
                "FOR UPDATE SKIP LOCKED) RETURNING id",
                CHUNK,
            )
            if not claimed:
                return time.perf_counter() - started
            ids = [row["id"] for row in claimed]
            await self._connection.execute(
                "UPDATE messages SET status = 'sent', provider = 's', provider_ref = 'P' || id, sent_at = 9 "
                "WHERE id = ANY($1)",
                ids,
            )
            await self._connection.execute(
                "UPDATE messages SET status = 'delivered', settled_at = 9 WHERE provider_ref = ANY($1)",
                [f"P{identifier}" for identifier in ids],
            )

    async def close(self) -> None:
        await self._connection.close()


Bare = BareSqlite | BarePostgresql
