"""What the tests of all protocols share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.protocols.listening import Listener


@pytest.fixture
def customer() -> Iterator[Listener]:
    """Acknowledges every callback."""
    listener = Listener()
    yield listener
    listener.close()
