"""Events as they are posted to callback URLs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from heliograph.api.wire.batches import Batch, Report
from heliograph.api.wire.fields import StatusName
from heliograph.api.wire.inbound import Inbound
from heliograph.api.wire.links import Hits
from heliograph.api.wire.numbers import Lookups
from heliograph.api.wire.optouts import OptOuts
from heliograph.api.wire.verify import Verification


class MessageStatus(msgspec.Struct, kw_only=True):
    message_id: str
    batch_id: str
    to: str
    status: StatusName
    reason: str | None
    explanation: str | None
    provider_code: str | None
    at: datetime


EventData = MessageStatus | Report | Batch | Inbound | Verification | OptOuts | Hits | Lookups
"""What an event tells; its type says which of these it is."""


class Event(msgspec.Struct, kw_only=True):
    """An event as it is posted to a callback URL."""

    id: str
    """The event's identifier, the same at every attempt to post it."""
    type: Literal[
        "message.status",
        "batch.settled",
        "batch.paused",
        "inbound",
        "verification.settled",
        "optout.added",
        "link.hit",
        "attachment.hit",
        "lookup.done",
    ]
    created_at: datetime
    data: EventData
