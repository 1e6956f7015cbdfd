"""Opens the store that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from heliograph.domain.errors import SetupError
from heliograph.store.base import Store
from heliograph.store.postgresql import PostgresqlStore, asked
from heliograph.store.sqlite import SqliteStore, looked_into
from heliograph.store.tx import Tx

R = TypeVar("R")

FILE_NAME = "heliograph.db"
SQLITE = "sqlite:///"


async def open_store(url: str, data_dir: Path, *, beside: bool = False) -> Store:
    """Open the store at a `postgresql://` URL, the embedded one in the file of a `sqlite:///` URL, or, for an empty
    `url`, that in `data_dir`.

    Migrations are applied. With `beside`, servers may be running on it: it is opened to change a row or two, a new
    store is made, and one of an older version is refused (OlderStore). Raises SetupError, in one sentence, when it
    can't be opened or is newer than this version.
    """
    if url.startswith(SQLITE):
        return SqliteStore(Path(url.removeprefix(SQLITE)), beside=beside)
    if url:
        return await PostgresqlStore.open(url, beside=beside)
    return SqliteStore(data_dir / FILE_NAME, beside=beside)


async def look_into(url: str, data_dir: Path, query: Callable[[Tx], R]) -> R:
    """Ask the store something in one read transaction, whatever its version, and change nothing.

    Servers may be running on it. Raises SetupError, in one sentence, when there is none or it can't be read.
    """
    if url:
        return await asked(url, query)
    path = data_dir / FILE_NAME
    if not (path.exists() and path.stat().st_size):
        raise SetupError(f"There is no store in {data_dir}; name its directory with --data-dir.")
    return looked_into(path, query)


async def bring_up_to_date(url: str, data_dir: Path, target: str) -> None:
    """Apply migrations up to the revision `target`. Raises SetupError, in one sentence, when that can't be done."""
    if url:
        await (await PostgresqlStore.open(url, target=target)).close()
    else:
        await SqliteStore(data_dir / FILE_NAME, target=target).close()
