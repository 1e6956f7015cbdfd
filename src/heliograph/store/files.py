"""Files, kept on disk or in an S3-compatible store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from obstore.store import LocalStore, from_url

from heliograph.domain.errors import SetupError, StoreUnavailable

DIRECTORY = "attachments"


class Files:
    """A place for files. Its methods raise StoreUnavailable when the place can't be reached."""

    def __init__(self, url: str, data_dir: Path) -> None:
        """Use the place that `url` names: `s3://BUCKET/PREFIX`, or, if it is empty, a directory in `data_dir`.

        Keys and region of S3 are in the usual AWS_... variables of the environment. Raises SetupError if there is no
        such place.
        """
        try:
            if url:
                self._store = from_url(url)
            else:
                self._store = LocalStore(prefix=str((data_dir / DIRECTORY).absolute()), mkdir=True)
        except Exception as error:
            raise SetupError(f"Attachments can't be kept in {url or data_dir}: {error}.") from error

    async def put(self, key: str, content: bytes) -> None:
        """Store a file, whole or not at all. Raises StoreUnavailable."""
        try:
            await self._store.put_async(key, content)
        except Exception as error:
            raise StoreUnavailable(f"The file was not kept: {error}.") from error

    async def read(self, key: str) -> AsyncIterator[bytes] | None:
        """Return the pieces of a file; None if there is no such file. Raises StoreUnavailable."""
        try:
            found = await self._store.get_async(key)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise StoreUnavailable(f"The file can't be read: {error}.") from error
        return _pieces(found.stream())

    async def delete(self, key: str) -> None:
        """Delete a file, if it is there. Safe to repeat. Raises StoreUnavailable."""
        try:
            await self._store.delete_async(key)
        except FileNotFoundError:
            return
        except Exception as error:
            raise StoreUnavailable(f"The file was not deleted: {error}.") from error


async def _pieces(stream: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield bytes(piece)  # type: ignore[call-overload]
