"""Channels: the ways for a message to travel, and the plan of a message that may take several in turn."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec


class Channel(StrEnum):
    """A way for a message to travel."""

    SMS = "sms"
    VIBER = "viber"
    WHATSAPP = "whatsapp"


class RichMedia(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An image and a button that are shown besides the text, on channels that can."""

    image_url: str | None = None
    button_caption: str | None = None
    target_url: str | None = None


class Fallback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sent if the channel before it does not deliver."""

    channel: Channel
    body: str = ""
    rich_media: RichMedia | None = None
    template: int | str | None = None
    """A stored template for this channel, instead of the body, until it has been looked up."""


class Leg(NamedTuple):
    """One of the channels that a message may take, with what it costs there."""

    number: int
    """0 is the batch's own body by its own channel; n is its nth fallback."""
    channel: str
    price: int
    """The price in millionths, if this leg delivers."""
    parts: int


class Plan(msgspec.Struct, frozen=True):
    """The legs that one message may take, in order; those that lead nowhere are left out. Kept with each message."""

    after_ms: int
    """How long each leg but the last has to deliver, in ms from being sent."""
    legs: Sequence[Leg]

    @property
    def reserved(self) -> int:
        """Return what the message is charged until it is settled: its dearest leg, so that any can be paid."""
        return max(leg.price for leg in self.legs)

    def at(self, number: int) -> Leg:
        return next(leg for leg in self.legs if leg.number == number)

    def after(self, number: int) -> Leg | None:
        """Return the leg that follows one; None after the last."""
        return next((leg for leg in self.legs if leg.number > number), None)


def plan_text(plan: Plan) -> str:
    return msgspec.json.encode(plan).decode()


@lru_cache(maxsize=1024)
def plan_of(text: str) -> Plan:
    """Decode a plan. Results are cached: the messages of a batch have a handful of plans between them."""
    return msgspec.json.decode(text, type=Plan)
