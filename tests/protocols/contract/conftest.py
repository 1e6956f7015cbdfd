"""A server for each test, and what is logged meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from tests.protocols.contract.far import Far
from tests.protocols.contract.wires import SECRET


@pytest.fixture(scope="session")
def far_server() -> Iterator[Far]:
    server = Far()
    yield server
    server.close()


@pytest.fixture
def far(far_server: Far) -> Far:
    """One that has heard nothing yet, and hangs up."""
    far_server.forget()
    return far_server


@pytest.fixture(autouse=True)
def log() -> Iterator[list[Any]]:
    """What is logged; nothing of it may have a credential in it."""
    with structlog.testing.capture_logs() as lines:
        yield lines
    assert SECRET not in repr(lines)
