"""References: what tells the parts of one long message from those of another."""

from __future__ import annotations

import secrets
from collections import OrderedDict

MOST_NUMBERS = 65_536


class References:
    """What tells the parts of one message from those of another to the same number: the next for each number."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()

    def next(self, msisdn: str) -> int:
        """Give the next for a number, 0 to 65,535. The first is any: two processes hardly say the same."""
        last = self._last.pop(msisdn, None)
        reference = secrets.randbelow(0x10000) if last is None else (last + 1) % 0x10000
        self._last[msisdn] = reference
        if len(self._last) > MOST_NUMBERS:
            self._last.popitem(last=False)
        return reference
