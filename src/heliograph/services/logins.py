"""Limits on how often somebody may try a password.

A password is chosen by a person, so it can be guessed, and checking one is made expensive (Argon2id, 64 MiB): both are
reasons to bound who may have how many checked. Wrong ones are counted for a quarter of an hour

- by name and address, so that one caller does not try many passwords of one account;
- by address, so that one caller does not try one password of many accounts;
- by name, so that many callers do not share the guessing.

A name is not held to the last two at an address from which its right password has come before: whoever attacks an
account, or shares an address with its owner, does not lock the owner out.

Few of the checks that wait for a place are one address's, and there is a place that only those use from whose address
the right password has come before: a flood of strangers keeps nobody from logging in. An IPv6 address counts as its
/64, which is what one customer of a network has.

Counts are kept by all processes together: whoever counts a wrong one tells the others (`on_wrong`), which count it,
too (`hear`). A process that starts begins with none, and one that can't be told counts its own. Which addresses are
known, and who waits, is for each process by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote, unquote

from heliograph.domain.errors import TooManyLogins

WINDOW_S = 900.0
PER_NAME_AND_ADDRESS = 10
PER_ADDRESS = 50
PER_NAME = 30
REMEMBERED = 100_000
"""How many names and addresses are remembered; the oldest are forgotten beyond that."""
AT_ONCE = 2
"""How many passwords are checked at once for everybody; there is one more place for those who are known."""
WAITING, WAITING_PER_ADDRESS = 100, 10


class Counts:
    """Wrong passwords of the last quarter of an hour, by whatever they are counted for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def of(self, key: str) -> int:
        began, count = self._counted.get(key, (0.0, 0))
        return count if self._clock() - began < WINDOW_S else 0

    def add(self, key: str) -> None:
        before = self.of(key)
        began = self._counted[key][0] if before else self._clock()
        self._counted[key] = (began, before + 1)
        self._counted.move_to_end(key)
        if len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)


class Logins:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_limited: Callable[[], None] = lambda: None
        """Called for each attempt that is one too many."""
        self.on_wrong: Callable[[str], None] = lambda _wrong: None
        """Called with each wrong password's name and network, in a form for other processes."""
        self._by_both, self._by_address, self._by_name = Counts(clock), Counts(clock), Counts(clock)
        self._known: OrderedDict[str, None] = OrderedDict()
        """Names with addresses from which the right password came."""
        self._places = asyncio.Semaphore(AT_ONCE)
        self._place_of_the_known = asyncio.Semaphore(1)
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def attempt(self, name: str, address: str) -> AsyncIterator[Attempt]:
        """Wait for a place to check a password in. Raises TooManyLogins, before anything is checked, for one too many.

        Whoever checks says on the attempt that it was right; otherwise it counts as wrong.
        """
        network = network_of(address)
        both = f"{name} {network}"
        known = both in self._known
        self._require(name, network, both, known=known)
        turn = both if known else network
        if self._waiting[turn] >= WAITING_PER_ADDRESS or (not known and self._waiting.total() >= WAITING):
            self.on_limited()
            raise TooManyLogins("Other logins are being looked at; wait for their answers.")
        self._waiting[turn] += 1
        try:
            async with self._place_of_the_known if known else self._places:
                self._require(name, network, both, known=known)  # others were wrong while this one waited
                attempt = Attempt()
                yield attempt
        finally:
            self._waiting[turn] -= 1
            if not self._waiting[turn]:
                del self._waiting[turn]
        if attempt.right:
            self._known[both] = None
            self._known.move_to_end(both)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return
        self._count(name, network)
        self.on_wrong(f"{quote(name, safe='')}:{quote(network, safe='')}")

    def hear(self, wrong: str) -> None:
        """Count a wrong password that another process has looked at, as `on_wrong` was told of it."""
        name, network = map(unquote, wrong.split(":"))
        self._count(name, network)

    def _count(self, name: str, network: str) -> None:
        by = ((self._by_both, f"{name} {network}"), (self._by_address, network), (self._by_name, name))
        for counts, key in by:
            counts.add(key)

    def _require(self, name: str, network: str, both: str, *, known: bool) -> None:
        if self._by_both.of(both) >= PER_NAME_AND_ADDRESS or (
            not known and (self._by_address.of(network) >= PER_ADDRESS or self._by_name.of(name) >= PER_NAME)
        ):
            self.on_limited()
            raise TooManyLogins()


class Attempt:
    """One password that is being checked."""

    right = False


def network_of(address: str) -> str:
    """Return the network that counts as one caller; what is not an address counts as itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found.ipv4_mapped or found) if isinstance(found, IPv6Address) else str(found)
