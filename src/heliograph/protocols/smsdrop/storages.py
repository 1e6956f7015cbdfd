"""Where a client keeps its token between one run and the next.

The key says which server and which account, and never the password (reference: smsdrop.md, section 3).
"""

from __future__ import annotations

import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import msgspec

from heliograph.calling.private_files import write_private
from heliograph.engine.provided import TokenStorage

if TYPE_CHECKING:
    from redis import Redis


Storage = TokenStorage
"""What a storage must do."""


class DummyStorage:
    """A storage that keeps nothing: each client logs in again."""

    def get(self, key: str) -> str | None:
        return None

    def set(self, key: str, value: str, expires: int) -> None:
        pass

    def delete(self, key: str) -> None:
        pass


class _Entry(msgspec.Struct, frozen=True):
    value: str
    until: float
    """When the entry expires, in seconds since 1970."""


class DictStorage:
    """A storage in memory: clients that share the object share the tokens in it, by account."""

    def __init__(self) -> None:
        self._kept: dict[str, _Entry] = {}

    def get(self, key: str) -> str | None:
        return _current(self._kept.get(key))

    def set(self, key: str, value: str, expires: int) -> None:
        self._kept[key] = _Entry(value, time.time() + expires)

    def delete(self, key: str) -> None:
        self._kept.pop(key, None)


class FileStorage:
    """A storage in a file that only its owner can read. A damaged file counts as empty.

    A token that two processes store at the same moment may be lost, which costs a login.
    """

    def __init__(self, file: str | Path) -> None:
        self._file = Path(file)

    def get(self, key: str) -> str | None:
        return _current(self._read().get(key))

    def set(self, key: str, value: str, expires: int) -> None:
        """Store a token for `expires` seconds. Raises OSError if the file can't be written."""
        self._write(self._read() | {key: _Entry(value, time.time() + expires)})

    def delete(self, key: str) -> None:
        """Delete a token, if it is there. Raises OSError if the file can't be written."""
        if key in (kept := self._read()):
            self._write({other: value for other, value in kept.items() if other != key})

    def _read(self) -> dict[str, _Entry]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, _Entry])
        except (OSError, msgspec.DecodeError):
            return {}

    def _write(self, kept: dict[str, _Entry]) -> None:
        write_private(self._file, msgspec.json.encode(kept))


class RedisStorage:
    """A storage in a Redis server, for several processes.

    It needs the package `redis`, which `heliograph[redis]` brings along. Every method raises redis.RedisError if the
    server can't be reached.
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        from redis import Redis

        self._redis: Redis = Redis(host, port, db, password, username=username, decode_responses=True)

    def get(self, key: str) -> str | None:
        """Get a token; None if there is none. Raises redis.RedisError if the server can't be reached."""
        found = self._redis.get(key)
        return None if found is None else str(found)

    def set(self, key: str, value: str, expires: int) -> None:
        self._redis.set(key, value, ex=expires)

    def delete(self, key: str) -> None:
        self._redis.delete(key)

    def close(self) -> None:
        self._redis.close()


def _current(kept: _Entry | None) -> str | None:
    return kept.value if kept is not None and kept.until > time.time() else None


class Kept:
    """One account's token in a storage, for a client that waits for it."""

    def __init__(self, storage: Storage, key: str, lifetime_s: int) -> None:
        self._storage = storage
        self._key = key
        self._lifetime_s = lifetime_s
        self.alone = Lock()
        """Held while a token is asked for, so that many who need one ask once."""

    def load(self) -> str | None:
        return self._storage.get(self._key)

    def save(self, token: str) -> None:
        self._storage.set(self._key, token, self._lifetime_s)

    def drop(self) -> None:
        self._storage.delete(self._key)


class AsyncKept:
    """One account's token in a storage, for a client that awaits: the storage is asked in a thread."""

    def __init__(self, storage: Storage, key: str, lifetime_s: int) -> None:
        self._kept = Kept(storage, key, lifetime_s)
        self.alone = anyio.Lock()

    async def load(self) -> str | None:
        return await anyio.to_thread.run_sync(self._kept.load)

    async def save(self, token: str) -> None:
        await anyio.to_thread.run_sync(self._kept.save, token)

    async def drop(self) -> None:
        await anyio.to_thread.run_sync(self._kept.drop)
