"""Opening a store: migrated, owned, and refused in one sentence where it can't be."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from heliograph.domain.errors import SetupError, ShuttingDown
from heliograph.store import Store, open_store
from heliograph.store.migrations import NewerStore
from heliograph.store.schema import metadata
from heliograph.store.settings import get_setting, put_setting
from heliograph.store.tx import Tx


async def test_the_migrations_make_exactly_the_schema_that_queries_use(store: Store) -> None:
    def differences(tx: Tx) -> list[object]:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        return [entry for entry in compare_metadata(context, metadata) if entry[0] not in {"remove_index"}]

    assert await store.write(differences) == []


async def test_a_store_is_found_again_as_it_was_left(store_url: str, tmp_path: Path) -> None:
    first = await open_store(store_url, tmp_path)
    await first.write(put_setting, "a", "1")
    await first.close()

    second = await open_store(store_url, tmp_path)
    found = await second.read(get_setting, "a")
    await second.close()

    assert found == "1"


async def test_a_store_of_a_newer_version_is_left_alone(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    await store.write(lambda tx: tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()

    with pytest.raises(NewerStore, match=r"newer Heliograph \(its schema is 9999\)"):
        await open_store(store_url, tmp_path)


async def test_a_directory_that_another_process_uses_is_named(tmp_path: Path) -> None:
    first = await open_store("", tmp_path)

    with pytest.raises(SetupError, match=r"in use by another Heliograph \(process \d+\)"):
        await open_store("", tmp_path)
    await first.close()
    await (await open_store("", tmp_path)).close()


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SetupError, match=r"is not writable .*--data-dir"):
        await open_store("", tmp_path / "file" / "data")


async def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "heliograph.db").write_bytes(b"not a database" * 100)

    with pytest.raises(SetupError, match="cannot be opened"):
        await open_store("", tmp_path)


async def test_a_database_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be opened") as refused:
        await open_store("postgresql://someone:secret@127.0.0.1:1/nowhere", tmp_path)

    assert "secret" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


async def test_a_closed_store_takes_nothing_more(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    await store.close()
    await store.close()

    with pytest.raises(ShuttingDown):
        await store.write(put_setting, "a", "1")
