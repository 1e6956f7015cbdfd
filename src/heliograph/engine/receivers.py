"""Receivers of events: how each is doing, and how many events it is offered at once.

A receiver is one account's server, or its connected clients: a slow or dead one holds up its own events only. What it
is given follows from what it did last:

- one that answers quickly has QUICK places, and is claimed events ahead of them, so that chunks travel, not rows;
- one that is new, slow, or failed a moment ago has FEW, and all such together never have more than half of what there
  is (CAREFUL), so that the other half is always there for those that are quick. Of these, one account has no more than
  half of what the others leave free: however many hosts it names that never answer, and while only some accounts do
  so, there is a place for the new receiver of one that does not;
- one that failed BREAKER times in a row is left alone, a second at first and then twice as long each time up to a
  minute, and is asked by one event after that. Its other events wait meanwhile without an attempt being counted.

All of this is what one process knows. After a restart everybody is new.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from heliograph.domain.callbacks import Event

AT_ONCE = 256
"""How many requests there are to all receivers together, at most."""
QUICK, FEW = 32, 4
CAREFUL = AT_ONCE // 2
"""How many of these there are to receivers that are not quick, at most."""
AHEAD = 8
"""How many events are claimed for each place of a quick receiver. More are claimed once half of them are over."""
SLOW_S = 1.0
BREAKER = 5
LONGEST_SHUT_S = 60.0
_WEIGHT = 0.3
"""Weight of the newest answer in the moving average."""
TOGETHER = 64
"""How many receivers are claimed for in one statement."""
_REMEMBERED = 10_000


class Offer(NamedTuple):
    """An event that has a place with its receiver."""

    event: Event
    receiver: Receiver
    careful: bool
    """True if the receiver was not quick when it was given the place."""


class Receiver:
    """One account's server, or its connected clients."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.in_flight = 0
        self.waiting: deque[Event] = deque()
        """Events that were claimed and not offered yet, in order."""
        self.shut_until = 0.0
        self.served_at = 0.0
        self._failures = 0
        self._answers_in_s: float | None = None

    @property
    def is_quick(self) -> bool:
        return not self._failures and self._answers_in_s is not None and self._answers_in_s <= SLOW_S

    def state(self, now: float) -> str:
        """Say how it is doing, in a word: `shut`, `failing`, `new`, `slow` or `quick`."""
        if now < self.shut_until:
            return "shut"
        if self._failures:
            return "failing"
        if self._answers_in_s is None:
            return "new"
        return "quick" if self.is_quick else "slow"

    def places(self, now: float) -> int:
        """Return how many requests it may have at once."""
        if now < self.shut_until:
            return 0
        if self._failures >= BREAKER:
            return 1
        return QUICK if self.is_quick else FEW

    def wanted(self, now: float) -> int:
        """Return how many more events are to be claimed for it: none while it has half of what it may have.

        Each claim costs much the same, whether for one event or for a hundred.
        """
        most = self.places(now) * (AHEAD if self.is_quick else 1)
        room = max(most - self.in_flight - len(self.waiting), 0)
        return 0 if self.waiting and 2 * room < most else room

    def answered(self, took_s: float) -> None:
        """Note that it took an event, or said that it does not want it, in `took_s` seconds."""
        self._failures = 0
        before = took_s if self._answers_in_s is None else self._answers_in_s
        self._answers_in_s = before + _WEIGHT * (took_s - before)

    def failed(self, now: float) -> None:
        """Note that it did not answer, or not as it should."""
        self._failures += 1
        if self._failures >= BREAKER:
            self.shut_until = now + min(2.0 ** (self._failures - BREAKER), LONGEST_SHUT_S)

    @property
    def is_idle(self) -> bool:
        return not self.in_flight and not self.waiting


class Receivers:
    """All receivers that events were claimed for lately."""

    def __init__(self) -> None:
        self._known: dict[str, Receiver] = {}
        self._ready: dict[str, Receiver] = {}
        """Receivers with claimed events; who was offered one last is at the end."""
        self.in_flight = 0
        self._careful = 0
        """How many requests there are to receivers that are not quick."""
        self._careful_of: Counter[str] = Counter()
        """How many of these are each account's."""

    def __getitem__(self, name: str) -> Receiver:
        return self._known.get(name) or self._known.setdefault(name, Receiver(name))

    def state_of(self, name: str, now: float) -> str:
        """Say how a receiver is doing, in a word; one that is not known is `new`."""
        known = self._known.get(name)
        return "new" if known is None else known.state(now)

    def claims(self, due: Iterable[str], now: float, most: int) -> Mapping[str, int]:
        """Return how many events to claim for each of these, who have some due; who was served longest ago first."""
        if len(self._known) > _REMEMBERED:
            self._known = {name: each for name, each in self._known.items() if not each.is_idle}
        wanted: dict[str, int] = {}
        for receiver in sorted(map(self.__getitem__, due), key=lambda each: each.served_at):
            count = min(receiver.wanted(now), most)
            if count and len(wanted) < TOGETHER:
                wanted[receiver.name] = count
                receiver.served_at = now
                most -= count
        return wanted

    def take(self, events: Iterable[Event]) -> None:
        """Note events that were claimed."""
        for event in events:
            receiver = self[event.receiver]
            receiver.waiting.append(event)
            self._ready[receiver.name] = receiver

    def next_offer(self, now: float) -> Offer | None:
        """Take a place for an event; None if there is no event that has one."""
        if self.in_flight >= AT_ONCE:
            return None
        for receiver in self._ready.values():
            careful = not receiver.is_quick
            if receiver.in_flight >= receiver.places(now):
                continue
            if not careful or self._has_room(receiver.waiting[0].account_id):
                return self._offer(receiver, careful)
        return None

    def _has_room(self, account_id: str) -> bool:
        """Say whether this account may have one request more to receivers that are not quick."""
        free = CAREFUL - self._careful
        return free > 0 and self._careful_of[account_id] < max(free // 2, 1)

    def _offer(self, receiver: Receiver, careful: bool) -> Offer:
        event = receiver.waiting.popleft()
        # To the end of the order, so that receivers take turns.
        del self._ready[receiver.name]
        if receiver.waiting:
            self._ready[receiver.name] = receiver
        receiver.in_flight += 1
        self.in_flight += 1
        self._careful += careful
        self._careful_of[event.account_id] += careful
        return Offer(event, receiver, careful)

    def done(self, offer: Offer) -> None:
        """Give the place of an offer back."""
        offer.receiver.in_flight -= 1
        self.in_flight -= 1
        self._careful -= offer.careful
        account_id = offer.event.account_id
        self._careful_of[account_id] -= offer.careful
        if not self._careful_of[account_id]:
            del self._careful_of[account_id]

    def left_over(self, now: float) -> list[Event]:
        """Take back what was claimed for receivers that have been shut since."""
        return self._taken_back([receiver for receiver in self._ready.values() if receiver.shut_until > now])

    def take_back(self) -> list[Event]:
        """Take back all that was claimed and has no place yet."""
        return self._taken_back(list(self._ready.values()))

    def _taken_back(self, receivers: Iterable[Receiver]) -> list[Event]:
        found: list[Event] = []
        for receiver in receivers:
            found += receiver.waiting
            receiver.waiting.clear()
            del self._ready[receiver.name]
        return found

    def next_opening(self, due: Iterable[str], now: float) -> float | None:
        """Return when the first of those that are shut is asked again; None if none is shut."""
        return min((until for name in due if (until := self[name].shut_until) > now), default=None)
