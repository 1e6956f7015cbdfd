"""From what the settings say to an open store."""

from __future__ import annotations

from pathlib import Path

from heliograph.store.base import Store
from heliograph.store.postgresql import PostgresqlStore
from heliograph.store.sqlite import SqliteStore

FILE_NAME = "heliograph.db"


async def open_store(url: str, data_dir: Path, *, beside: bool = False) -> Store:
    """The store at a `postgresql://` URL, or, for an empty `url`, the embedded one in `data_dir`.

    `beside`: also while servers run on it, to change a row or two and close again; a new store is made, and one of an
    older version is refused (OlderStore). Otherwise migrations are applied. SetupError, in one sentence, when it can't
    be opened or is newer than this version.
    """
    if url:
        return await PostgresqlStore.open(url, beside=beside)
    return SqliteStore(data_dir / FILE_NAME, beside=beside)
