"""One platform for all these tests, with two accounts that have everything."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.isolation.belongings import Belongings, settle
from tests.isolation.callers import Caller

from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings


@pytest.fixture(scope="module")
async def caller(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("isolation"), rate_limit=1_000_000)
    async with running(settings) as platform:
        yield Caller(platform)


@pytest.fixture(scope="module")
async def theirs(caller: Caller) -> Belongings:
    """What an account has that the caller must not reach."""
    return await settle(caller.platform, "Kestrelfeather", ["+33699000001", "+33699000002", "+33699000003"])


@pytest.fixture(scope="module")
async def ours(caller: Caller) -> Belongings:
    """What the caller has itself."""
    return await settle(caller.platform, "Bramblewood", ["+33688000001", "+33688000002", "+33688000003"])
