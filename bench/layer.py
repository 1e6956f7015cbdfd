"""The least that a service of this kind is: `python -m bench.layer DIRECTORY`.

Starlette and uvicorn take a message, msgspec reads it, and one writer thread stores it on SQLite; it is answered after
its commit, which it shares with whatever has come meanwhile. Nothing is checked, sent or told. It prints its address,
and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import sqlite3
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heliograph.store.base import SWITCH_INTERVAL_S


class Taken(msgspec.Struct):
    to: str
    text: str
    id: int = 0


class Writer:
    def __init__(self, path: Path) -> None:
        self._queue: SimpleQueue[tuple[Taken, asyncio.Future[None]]] = SimpleQueue()
        self._path = path
        Thread(target=self._write, daemon=True).start()

    async def store(self, message: Taken) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((message, done))
        await done

    def _write(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, number TEXT NOT NULL, text TEXT NOT NULL)")
        while True:
            jobs = [self._queue.get()]
            while not self._queue.empty():
                jobs.append(self._queue.get())
            connection.execute("BEGIN")
            rows = [(message.id, message.to, message.text) for message, _ in jobs]
            connection.executemany("INSERT INTO messages VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")
            jobs[0][1].get_loop().call_soon_threadsafe(_tell, [done for _, done in jobs])


def _tell(waiting: list[asyncio.Future[None]]) -> None:
    for done in waiting:
        if not done.done():
            done.set_result(None)


def application(path: Path) -> Starlette:
    writer, ids = Writer(path), itertools.count(1)

    async def take(request: Request) -> Response:
        message = msgspec.json.decode(await request.body(), type=Taken)
        message.id = next(ids)
        await writer.store(message)
        return Response(msgspec.json.encode(message), 201, media_type="application/json")

    return Starlette(routes=[Route("/messages", take, methods=["POST"])])


async def main(directory: Path) -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # two threads, as ours: with Python's own each waits 5 ms for the other
    server = uvicorn.Server(uvicorn.Config(application(directory / "layer.db"), log_level="error", access_log=False))
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # an answer is two writes
        running = asyncio.create_task(server.serve([listening]))
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/messages", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        server.should_exit = True
        await running


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
