"""The places where files can be kept: a directory, an S3-compatible store, or the store's own database.

A file is put there whole or not at all, under a key that nobody had before and nobody guesses; what is read comes in
pieces, so that a large file is never in memory at once. Who names a key stores it afterwards: a process that dies
between the two leaves a file that nobody names.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote

from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, from_url

from heliograph.domain.errors import SetupError, StoreUnavailable
from heliograph.domain.instants import now_ms
from heliograph.domain.links import IN_DATABASE
from heliograph.store.base import Store
from heliograph.store.file_pieces import PIECE, SLICE, add_pieces, delete_pieces, piece_of, unfinished_before

DIRECTORY = "attachments"
_LOCAL = "file://"
_METADATA = "http://169.254.169.254/"
"""Where a machine of AWS is asked for keys when there are none in the environment."""
_PARTS_AT_ONCE = 2
"""How many parts of a file, of 5 MiB each, are in memory while it is kept: 12 if nobody says otherwise."""
_READ_AT_ONCE = 1024**2
"""The octets of a piece that is read: ten times as many if nobody says otherwise."""
_PLACE = "place"
"""The file that says which place this is. Those of accounts are in directories."""


class Files(Protocol):
    """A place for files. Its methods raise StoreUnavailable when the place can't be reached."""

    async def put(self, key: str, content: bytes) -> None:
        """Store a file, whole or not at all. Raises StoreUnavailable."""

    async def keep(self, key: str, file: BinaryIO) -> None:
        """Store a file from where it stands to its end, whole or not at all. Raises StoreUnavailable."""

    async def place(self) -> str:
        """Return the name of this place, the same for whoever keeps files there. Raises StoreUnavailable."""

    async def read(self, key: str) -> AsyncIterator[bytes] | None:
        """Return the pieces of a file; None if there is no such file. Raises StoreUnavailable."""

    async def delete(self, key: str) -> None:
        """Delete a file, if it is there. Safe to repeat. Raises StoreUnavailable."""


def open_files(where: str, data_dir: Path, store: Store) -> Files:
    """Open a place: `database` for the tables of `store`, else an address as `ObjectFiles` takes it.

    Raises SetupError if there is no such place.
    """
    return DatabaseFiles(store) if where == IN_DATABASE else ObjectFiles(where, data_dir)


class ObjectFiles:
    """A directory, or an S3-compatible store."""

    def __init__(self, url: str, data_dir: Path) -> None:
        """Use the place that `url` names: `s3://BUCKET/PREFIX`, `file:///DIRECTORY`, or, if empty, one in `data_dir`.

        Keys and region of S3 are in the usual AWS_... variables of the environment. Raises SetupError if there is no
        such place.
        """
        try:
            if url and not url.startswith(_LOCAL):
                self._store = from_url(url)
            else:
                directory = Path(unquote(url.removeprefix(_LOCAL))) if url else data_dir / DIRECTORY
                self._store = LocalStore(prefix=str(directory.absolute()), mkdir=True)
        except Exception as error:
            raise SetupError(f"Attachments can't be kept in {url or data_dir}: {_reason(error)}.") from error

    async def put(self, key: str, content: bytes) -> None:
        """Store a file, whole or not at all. Raises StoreUnavailable."""
        try:
            await self._store.put_async(key, content)
        except Exception as error:
            raise StoreUnavailable(f"The file was not kept: {_reason(error)}.") from error

    async def keep(self, key: str, file: BinaryIO) -> None:
        """Store a file from where it stands to its end, whole or not at all. Raises StoreUnavailable."""
        try:
            await self._store.put_async(key, file, max_concurrency=_PARTS_AT_ONCE)
        except Exception as error:
            raise StoreUnavailable(f"The file was not kept: {_reason(error)}.") from error

    async def place(self) -> str:
        """Return the name of this place, which gets one at the first time. Raises StoreUnavailable."""
        try:
            await self._store.put_async(_PLACE, secrets.token_urlsafe(16).encode(), mode="create")
        except AlreadyExistsError:
            pass
        except Exception as error:
            raise StoreUnavailable(f"Files can't be kept there: {_reason(error)}.") from error
        pieces = await self.read(_PLACE)
        return b"".join([piece async for piece in pieces]).decode() if pieces is not None else ""

    async def read(self, key: str) -> AsyncIterator[bytes] | None:
        """Return the pieces of a file; None if there is no such file. Raises StoreUnavailable."""
        try:
            found = await self._store.get_async(key)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise StoreUnavailable(f"The file can't be read: {_reason(error)}.") from error
        return _pieces(found.stream(min_chunk_size=_READ_AT_ONCE))

    async def delete(self, key: str) -> None:
        """Delete a file, if it is there. Safe to repeat. Raises StoreUnavailable."""
        try:
            await self._store.delete_async(key)
        except FileNotFoundError:
            return
        except Exception as error:
            raise StoreUnavailable(f"The file was not deleted: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    """Return the sentence of an error of the library, without the many lines for its developers that follow it."""
    reason = str(error).partition("\n")[0].rstrip(" .")
    if _METADATA in reason:
        return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment, and this is no machine of AWS"
    return reason


async def _pieces(stream: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield bytes(piece)  # type: ignore[call-overload]


class DatabaseFiles:
    """Tables of the store, which all its processes have in common, and which are in its backups.

    A file is written and deleted some pieces at a time, so that no other write waits for all of a large one. It is
    there once its last piece is; what a process that died has left of one is cleared up by the housekeeping.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, key: str, content: bytes) -> None:
        """Store a file, whole or not at all. Raises StoreUnavailable."""
        pieces = [content[begin : begin + PIECE] for begin in range(0, len(content), PIECE)] or [b""]
        now = now_ms()
        for begin in range(0, len(pieces), SLICE):
            some = pieces[begin : begin + SLICE]
            is_last = begin + SLICE >= len(pieces)
            await self._store.write(add_pieces, key, begin, some, is_last=is_last, now_ms=now)

    async def keep(self, key: str, file: BinaryIO) -> None:
        """Store a file from where it stands to its end, whole or not at all. Raises StoreUnavailable."""
        now, begin = now_ms(), 0
        content = file.read(PIECE * SLICE)
        while True:
            behind = file.read(PIECE * SLICE)
            pieces = [content[at : at + PIECE] for at in range(0, len(content), PIECE)] or [b""]
            await self._store.write(add_pieces, key, begin, pieces, is_last=not behind, now_ms=now)
            if not behind:
                return
            content, begin = behind, begin + len(pieces)

    async def place(self) -> str:
        """Return the name of this place: every store has one."""
        return IN_DATABASE

    async def read(self, key: str) -> AsyncIterator[bytes] | None:
        """Return the pieces of a file; None if there is no such file. Raises StoreUnavailable."""
        first = await self._store.read(piece_of, key, 0)
        return None if first is None else self._pieces(key, first)

    async def _pieces(self, key: str, first: bytes) -> AsyncIterator[bytes]:
        piece: bytes | None = first
        position = 0
        while piece is not None:
            yield piece
            position += 1
            piece = await self._store.read(piece_of, key, position) if len(piece) == PIECE else None

    async def delete(self, key: str) -> None:
        """Delete a file, if it is there. Safe to repeat. Raises StoreUnavailable."""
        while await self._store.write(delete_pieces, key):
            pass


async def clear_up_files(store: Store, before_ms: int) -> None:
    """Delete what is left in the database of files that were begun before `before_ms` and never finished."""
    files = DatabaseFiles(store)
    for key in await store.read(unfinished_before, before_ms):
        await files.delete(key)
