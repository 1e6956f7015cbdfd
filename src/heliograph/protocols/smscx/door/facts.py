"""What this door keeps with a batch: the groups whose members were made recipients."""

from __future__ import annotations

import msgspec

from heliograph.doors.facts import FactsOf
from heliograph.protocols.smscx.door.resource import PROTOCOL


class Audience(msgspec.Struct, frozen=True):
    """A group as it was when a campaign went to its members."""

    number: int
    name: str
    size: int


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    audience: tuple[Audience, ...] = ()


FACTS = FactsOf(PROTOCOL, Facts)
