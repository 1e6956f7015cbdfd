"""Opens the store that the settings name."""

from __future__ import annotations

from pathlib import Path

from heliograph.store.base import Store
from heliograph.store.postgresql import PostgresqlStore
from heliograph.store.sqlite import SqliteStore

FILE_NAME = "heliograph.db"


async def open_store(url: str, data_dir: Path, *, beside: bool = False) -> Store:
    """Open the store at a `postgresql://` URL, or, for an empty `url`, the embedded one in `data_dir`.

    Migrations are applied. With `beside`, servers may be running on it: it is opened to change a row or two, a new
    store is made, and one of an older version is refused (OlderStore). Raises SetupError, in one sentence, when it
    can't be opened or is newer than this version.
    """
    if url:
        return await PostgresqlStore.open(url, beside=beside)
    return SqliteStore(data_dir / FILE_NAME, beside=beside)
