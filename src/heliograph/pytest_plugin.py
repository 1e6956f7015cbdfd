"""The pytest plugin: the fixture `sms`. Nothing is imported or started until a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from heliograph.testing import Sms


@pytest.fixture(scope="session")
def heliograph_sandbox() -> Iterator[Sms]:
    """Run one sandbox for all tests; each worker of pytest-xdist has its own."""
    from heliograph.testing import sandbox

    with sandbox() as sms:
        yield sms


@pytest.fixture
def sms(heliograph_sandbox: Sms) -> Sms:
    """The sandbox, with empty phones: what an earlier test has sent is not seen, also if it comes now."""
    heliograph_sandbox.clear()
    return heliograph_sandbox
