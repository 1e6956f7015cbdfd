"""A seal key can be given up: what it had sealed is sealed anew, wherever it stands."""

from __future__ import annotations

import pytest
from sqlalchemy import Text, insert, select

from heliograph.domain.errors import SetupError
from heliograph.domain.seals import Seal, is_sealed
from heliograph.runtime import seal_key
from heliograph.runtime.settings import Settings
from heliograph.store import Store, Tx, sealing
from heliograph.store.schema import metadata

from .conftest import ACCOUNT
from .test_retention import filled_row

OF_ACCOUNTS = ("applications", "credentials", "former_secrets", "people")


def sealed_texts(tx: Tx) -> dict[tuple[str, str], list[str]]:
    """All sealed texts in the store, by their table and column, whichever those are."""
    found = {}
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Text) and (texts := tx.column(select(column).where(column.startswith("seal")))):
                found[table.name, column.name] = [text for text in texts if is_sealed(text)]
    return {place: texts for place, texts in found.items() if texts}


async def test_what_a_key_has_sealed_is_sealed_anew_so_that_it_can_be_given_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "AT_ONCE", 2)
    old, new = Seal.new_key(), Seal.new_key()
    seal = await seal_key.ensure(Settings(seal_key=old), store)
    places = {column.table.name: column.table for column in sealing.SEALED if column.table.name in OF_ACCOUNTS}
    for name, table in places.items():
        for place in range(5):
            row = filled_row(name, f"{name}-{place}", ACCOUNT, 1)
            row |= {column.name: seal.close(f"{name} {place}") for column in sealing.SEALED if column.table is table}
            values = {key: value for key, value in row.items() if key in table.columns}
            await store.write(lambda tx, table=table, values=values: tx.run(insert(table).values(**values)))
    before = await store.read(sealed_texts)

    with pytest.raises(SetupError, match="sealed with another key"):
        await seal_key.ensure(Settings(seal_key=new), store)
    both = await seal_key.ensure(Settings(seal_key=f"{new},{old}"), store)
    again = await store.read(sealed_texts)
    await seal_key.ensure(Settings(seal_key=f"{new},{old}"), store)
    alone = await seal_key.ensure(Settings(seal_key=new), store)

    assert before.keys() == {(column.table.name, column.name) for column in sealing.SEALED}
    assert await store.read(sealed_texts) == again  # nothing is sealed twice
    for place, texts in again.items():
        assert sorted(map(alone.open, texts)) == sorted(map(both.open, before[place]))
        assert not set(texts) & set(before[place])
