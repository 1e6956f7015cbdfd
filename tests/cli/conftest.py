"""What tests of commands share: answers as people at a terminal see them, unless a test asks for another format."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def as_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_OUTPUT", "table")
