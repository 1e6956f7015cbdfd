"""Files, kept on disk or in an S3-compatible store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from obstore.store import LocalStore, from_url

from heliograph.domain.errors import SetupError, StoreUnavailable

DIRECTORY = "attachments"


class Files:
    """Raises StoreUnavailable when the place can't be reached."""

    def __init__(self, url: str, data_dir: Path) -> None:
        """`url` is `s3://BUCKET/PREFIX`, with keys and region in the usual AWS_... variables of the environment; empty:
        a directory in `data_dir`. SetupError if there is no such place."""
        try:
            if url:
                self._store = from_url(url)
            else:
                self._store = LocalStore(prefix=str((data_dir / DIRECTORY).absolute()), mkdir=True)
        except Exception as error:
            raise SetupError(f"Attachments can't be kept in {url or data_dir}: {error}.") from error

    async def put(self, key: str, content: bytes) -> None:
        """Whole or not at all."""
        try:
            await self._store.put_async(key, content)
        except Exception as error:
            raise StoreUnavailable(f"The file was not kept: {error}.") from error

    async def read(self, key: str) -> AsyncIterator[bytes] | None:
        """Piece by piece; None if there is no such file."""
        try:
            found = await self._store.get_async(key)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise StoreUnavailable(f"The file can't be read: {error}.") from error
        return _pieces(found.stream())

    async def delete(self, key: str) -> None:
        """Safe to repeat."""
        try:
            await self._store.delete_async(key)
        except FileNotFoundError:
            return
        except Exception as error:
            raise StoreUnavailable(f"The file was not deleted: {error}.") from error


async def _pieces(stream: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield bytes(piece)  # type: ignore[call-overload]
