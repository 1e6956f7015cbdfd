"""How many requests may be unanswered at once: as many as the peer bears.

An SMSC that is sent too much says so, in one of several words. Then the window halves, once for all requests that were
on their way at that moment; and it grows by one after as many answers as fill it. This is what TCP does, for the same
reason: nobody says beforehand how much is too much, and it changes.
"""

from __future__ import annotations


class Window:
    def __init__(self, most: int) -> None:
        """Open it as wide as it may ever be: `most`, 1 or more."""
        self._most = most
        self.size = most
        """Now."""
        self._sent = 0
        self._halved_at = 0
        self._good = 0

    def opened(self) -> int:
        """Note that a request goes out; its place among all that have, for `closed`."""
        self._sent += 1
        return self._sent

    def closed(self, place: int, *, slow_down: bool) -> None:
        """Note an answer to the request at this place; `slow_down`: it says that this was too much."""
        if slow_down:
            self._good = 0
            if place > self._halved_at:
                self._halved_at = self._sent
                self.size = max(self.size // 2, 1)
            return
        self._good += 1
        if self._good >= self.size:
            self._good = 0
            self.size = min(self.size + 1, self._most)
