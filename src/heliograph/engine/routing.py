"""Which line a message takes."""

from __future__ import annotations

from collections.abc import Sequence, Set

from heliograph.domain.channels import Channel
from heliograph.engine.lines import Line
from heliograph.numbers import is_test_number


class Router:
    """Today there is one line. Numbers of the sandbox's own range never leave by any other than the sandbox's."""

    def __init__(self, lines: Sequence[Line], default: str, sandbox: str = "sandbox") -> None:
        self.lines = {line.provider.name: line for line in lines}
        self._default = self.lines[default]
        self._sandbox = self.lines.get(sandbox)

    @property
    def channels(self) -> Set[Channel]:
        """Those by which ordinary numbers can be reached."""
        return self._default.provider.channels

    def route(self, msisdn: str, channel: str = Channel.SMS) -> Line | None:
        """The line for a recipient; None if none leads there."""
        line = self._sandbox if is_test_number(msisdn) else self._default
        return None if line is None or channel not in line.provider.channels else line

    def asked_about(self, msisdn: str) -> Line | None:
        """The line that can be asked about a number; None if there is none."""
        line = self._sandbox if is_test_number(msisdn) else self._default
        return None if line is None or not line.provider.looks_up else line
