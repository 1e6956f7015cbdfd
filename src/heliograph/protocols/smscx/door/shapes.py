"""Pieces of bodies that several resources have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from heliograph.domain.batches import Batch
from heliograph.domain.channels import Channel
from heliograph.domain.messages import Message
from heliograph.domain.prices import MICROS
from heliograph.domain.rendering import Rendered
from heliograph.protocols.shared.uuids import FORM as UUID_FORM
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.door.facts import FACTS
from heliograph.protocols.smscx.wire import common
from heliograph.text import Encoding

NO_COUNTRY = "ZZ"
"""CLDR's code for an unknown region: what a number of no country is said to belong to."""
MULTICHANNEL = "multichannel"
DEFAULT_SENDER = "Heliograph"
"""The sender that is shown for a message that has no originator of its own."""


def money(amount: int) -> float:
    """Write an amount in units of the currency: a number, as their client decodes nothing else."""
    return amount / MICROS


@lru_cache(maxsize=4096)
def when(at: datetime) -> str:
    """Write a moment in UTC. Kept for a while: all messages of a batch were made at the same moment."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def maybe_when(at: datetime | None) -> str | None:
    return None if at is None else when(at)


def by_country(countries: Sequence[str | None]) -> dict[str, Any]:
    """Count the numbers of each country, and once more as version 0.1.10 of their client wants it."""
    counted: dict[str, Any] = {}
    for country in countries:
        counted[country or NO_COUNTRY] = counted.get(country or NO_COUNTRY, 0) + 1
    return counted | {"countryCode": dict(counted)}


def channel_of(batch: Batch) -> str:
    """Name what a batch counts as: a channel, or multichannel."""
    return MULTICHANNEL if batch.options.fallbacks else batch.options.channel.value


def analysis(rendered: Rendered, channel: str = Channel.SMS) -> common.TextAnalysis:
    """Measure a text. By other channels than SMS none is cut into parts, or encoded anew for one character."""
    return common.TextAnalysis(
        length=len(rendered.body),
        unicode=channel == Channel.SMS and rendered.encoding == Encoding.UCS2,
        parts=max(rendered.parts, 1),
    )


def sender(originator: str | None) -> str:
    """Name the sender. Their client takes 3 to 15 characters; other doors take one or two, which get blanks."""
    return (originator or DEFAULT_SENDER).ljust(3)


def track(reference: str | None) -> str | None:
    """Return what a customer calls something if that is a UUID: other doors take other names, their client doesn't."""
    lower = "" if reference is None else reference.lower()
    return lower if UUID_FORM.fullmatch(lower) else None


def groups(batch: Batch) -> list[wire.sending.GroupInfo]:
    """Describe the groups that a batch went to, as they were then."""
    return [
        wire.sending.GroupInfo(id=audience.number, name=audience.name, phone_numbers=audience.size)
        for audience in FACTS.read(batch.protocol, batch.door_facts).audience
    ]


def group_name(name: str | None, number: int) -> str:
    """Name a group. Their client takes 3 to 40 characters; groups of other doors may have other names, or none."""
    return (name or f"Group {number}")[:40].ljust(3, "_")


def waits_for_morning(message: Message, batch: Batch) -> bool:
    """Say whether quiet hours have put a message off."""
    return batch.options.quiet is not None and message.due_at != batch.send_at
