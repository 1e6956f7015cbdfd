"""Files, kept on disk or in an S3-compatible store."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, from_url

from heliograph.domain.errors import SetupError, StoreUnavailable

DIRECTORY = "attachments"
_LOCAL = "file://"
_PLACE = "place"
"""The file that says which place this is. Those of accounts are in directories."""


class Files:
    """A place for files. Its methods raise StoreUnavailable when the place can't be reached."""

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
            reason = str(error).partition("\n")[0].rstrip(".")
            raise SetupError(f"Attachments can't be kept in {url or data_dir}: {reason}.") from error

    async def put(self, key: str, content: bytes) -> None:
        """Store a file, whole or not at all. Raises StoreUnavailable."""
        try:
            await self._store.put_async(key, content)
        except Exception as error:
            raise StoreUnavailable(f"The file was not kept: {error}.") from error

    async def place(self) -> str:
        """Return the name of this place, the same for whoever keeps files there; it gets one at the first time.

        Raises StoreUnavailable.
        """
        try:
            await self._store.put_async(_PLACE, secrets.token_urlsafe(16).encode(), mode="create")
        except AlreadyExistsError:
            pass
        except Exception as error:
            raise StoreUnavailable(f"Files can't be kept there: {error}.") from error
        pieces = await self.read(_PLACE)
        return b"".join([piece async for piece in pieces]).decode() if pieces is not None else ""

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
