"""Batches ready to be stored, and an empty store of each kind to put them in."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import empty

from heliograph.domain.batches import Batch, BodyKind, ReportWish
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.store import Store, open_store
from heliograph.store.batches import NewBatch

ACCOUNT = "A" * 26
OTHER = "B" * 26


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> AsyncIterator[Store]:
    """As everywhere, but on one PostgreSQL database, which is emptied."""
    if request.param == "sqlite":
        shutil.copy(migrated, tmp_path)
        opened = await open_store("", tmp_path)
    else:
        opened = await open_store(request.getfixturevalue("shared_database"), tmp_path)
        await opened.write(empty)
    yield opened
    await opened.close()


class MakeBatch:
    """Batches of one account."""

    def __call__(
        self, *numbers: str, key: str | None = None, fingerprint: str | None = None, **fields: Any
    ) -> NewBatch:
        now = from_ms(now_ms())
        recipients = list(numbers or ["33612345678"])
        values: dict[str, Any] = {
            "id": new_id(),
            "account_id": ACCOUNT,
            "protocol": "v1",
            "kind": BodyKind.TEXT,
            "originator": "Acme",
            "body": "Hello",
            "udh": "",
            "parameters": None,
            "recipients": recipients,
            "groups": [],
            "recipient_count": len(recipients),
            "send_at": now,
            "expire_at": now + timedelta(days=3),
            "callback_url": None,
            "report": ReportWish.NONE,
            "tags": [],
            "title": None,
            "client_reference": None,
            "flash": False,
            "max_parts": None,
            "created_at": now,
            "modified_at": now,
        }
        return NewBatch(Batch(**values | fields), key, fingerprint)


@pytest.fixture
def batch() -> MakeBatch:
    return MakeBatch()


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)
