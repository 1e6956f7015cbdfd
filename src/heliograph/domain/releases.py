"""Holding a campaign first: until somebody else lets it go, or until a share of it has shown how it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from hashlib import sha256
from math import ceil

import msgspec

from heliograph.domain.errors import InvalidField

ENDED_SHARE = 0.95
"""Of the messages that went first: how many must have ended before they are judged. The last few may be phones that
are off for days."""


class Release(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a batch is held for before it goes out; shares are from 0 to 1."""

    made_by: str = ""
    """The person who made it, where another has to let it go; empty: anybody may."""
    after: str = ""
    """The batch with the share that goes first; empty: there is none."""
    by_itself: bool = False
    """Whether it goes on by itself while the share that went first stays within the bounds."""
    least_delivered: float = 0.9
    most_failed: float = 0.1
    most_opted_out: float = 0.01

    def require_shares(self) -> None:
        """Check the bounds. Raises InvalidField by name."""
        for name in ("least_delivered", "most_failed", "most_opted_out"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidField("A share is from 0 to 1.", field=name)


class Standing(msgspec.Struct, frozen=True):
    """What has become of the messages that went first."""

    messages: int
    ended: int
    delivered: int
    failed: int
    """Ended other than delivered, those that were canceled left out."""
    opted_out: int
    """How many of their recipients have opted out since."""


class Verdict(Enum):
    WAIT = "wait"
    GO_ON = "go on"
    STOP = "stop"


def judged(release: Release, standing: Standing) -> Verdict:
    """Say what becomes of what is held. A bound that is broken for sure stops it before the rest has ended."""
    count = standing.messages
    if standing.failed > release.most_failed * count or standing.opted_out > release.most_opted_out * count:
        return Verdict.STOP
    if not count or standing.ended < ENDED_SHARE * count:
        return Verdict.WAIT
    return Verdict.GO_ON if standing.delivered >= release.least_delivered * standing.ended else Verdict.STOP


def split(msisdns: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """Return those recipients who get it first, and the others, each in the order given.

    Who is first follows from the number alone, and from nothing that people have in common: the same request divides
    them in the same way. There is at least one of each. Raises InvalidField if that can't be.
    """
    if not 0 < share < 1:
        raise InvalidField("The share that goes first is more than 0 and less than 1.", field="share")
    if len(msisdns) < 2:
        raise InvalidField("A share of one message can't go first: there must be two at least.", field="share")
    count = min(ceil(share * len(msisdns)), len(msisdns) - 1)
    first = set(sorted(msisdns, key=lambda msisdn: sha256(msisdn.encode()).digest())[:count])
    return [each for each in msisdns if each in first], [each for each in msisdns if each not in first]
