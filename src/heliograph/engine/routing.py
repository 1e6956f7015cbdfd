"""Which line a message takes."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.engine.lines import Line
from heliograph.numbers import is_test_number


class Router:
    """Today there is one line. Numbers of the sandbox's own range never leave by any other than the sandbox's."""

    def __init__(self, lines: Sequence[Line], default: str, sandbox: str = "sandbox") -> None:
        self.lines = {line.provider.name: line for line in lines}
        self._default = self.lines[default]
        self._sandbox = self.lines.get(sandbox)

    def route(self, msisdn: str) -> Line | None:
        """The line for a recipient; None if none leads there."""
        return self._sandbox if is_test_number(msisdn) else self._default
