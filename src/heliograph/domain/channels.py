"""Channels: the ways for a message to travel, and the plan of one that may take several, one after the other."""

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
    """What a message shows besides its text, on channels that can."""

    image_url: str | None = None
    button_caption: str | None = None
    target_url: str | None = None


class Fallback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sent instead when the channel before it does not deliver."""

    channel: Channel
    body: str = ""
    rich_media: RichMedia | None = None
    template: int | str | None = None
    """One that the account keeps for this channel, instead of the body, until it has been looked up."""


class Leg(NamedTuple):
    """One attempt of a message that may take several channels."""

    number: int
    """0: the batch's own body by its own channel; n: its nth fallback."""
    channel: str
    price: int
    """Millionths, if this is the one that delivers."""
    parts: int


class Plan(msgspec.Struct, frozen=True):
    """The legs that one message may take, in order: those that lead to its recipient. Kept with each message."""

    after_ms: int
    """How long each but the last has, from being sent, to be delivered."""
    legs: Sequence[Leg]

    @property
    def reserved(self) -> int:
        """What the message is charged until it is settled: the dearest leg, so that any can be paid."""
        return max(leg.price for leg in self.legs)

    def at(self, number: int) -> Leg:
        return next(leg for leg in self.legs if leg.number == number)

    def after(self, number: int) -> Leg | None:
        """The leg that follows; None behind the last."""
        return next((leg for leg in self.legs if leg.number > number), None)


def plan_text(plan: Plan) -> str:
    return msgspec.json.encode(plan).decode()


@lru_cache(maxsize=1024)
def plan_of(text: str) -> Plan:
    """Kept for a while: the messages of a batch have a handful of plans between them."""
    return msgspec.json.decode(text, type=Plan)
