"""A platform inside the tests' own process, so that they can issue credentials of any kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from heliograph.domain.accounts import CredentialKind
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.settings import Settings


@dataclass
class InProcess:
    """Requests reach the application without a socket; everything behind it is real."""

    platform: Platform

    def __post_init__(self) -> None:
        self._transport = httpx2.ASGITransport(app=self.platform.web())

    def client(self, token: str) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(transport=self._transport, base_url="http://test/v1", headers=headers)

    async def token(self, account: str = "sandbox", *scopes: str) -> str:
        """An API key of an account, with these scopes only."""
        owner = await self.platform.services.accounts.ensure(account)
        issued = await self.platform.services.accounts.issue(owner, CredentialKind.API_KEY, scopes=scopes)
        return issued.secret


@pytest.fixture
async def in_process(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with running(Settings(data_dir=tmp_path)) as platform:
        yield InProcess(platform)


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """One platform for all tests of a module that leave nothing behind."""
    async with running(Settings(data_dir=tmp_path_factory.mktemp("shared"))) as platform:
        yield InProcess(platform)


@pytest.fixture
def numbers(new_number: Callable[[], str]) -> Callable[[int], list[str]]:
    return lambda count: [new_number() for _ in range(count)]
