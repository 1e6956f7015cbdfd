"""From what the settings say to an open store."""

from __future__ import annotations

from pathlib import Path

from heliograph.store.base import Store
from heliograph.store.postgresql import PostgresqlStore
from heliograph.store.sqlite import SqliteStore

FILE_NAME = "heliograph.db"


async def open_store(url: str, data_dir: Path, *, beside: bool = False) -> Store:
    """The store at a `postgresql://` URL, or, for an empty `url`, the embedded one in `data_dir`.

    `beside`: also while another process owns the embedded store, to change a row or two and close again.
    Migrations are applied. SetupError, in one sentence, when it can't be opened or is newer than this version.
    """
    if url:
        return await PostgresqlStore.open(url)
    return SqliteStore(data_dir / FILE_NAME, beside=beside)
