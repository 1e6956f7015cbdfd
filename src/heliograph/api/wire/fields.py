"""Types of fields that several resources have."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from heliograph.domain.batches import MAX_GROUPS, MAX_RECIPIENTS

ReportName = Literal["none", "summary", "full", "per_recipient", "per_recipient_final", "per_recipient_failed"]
StatusName = Literal["queued", "sending", "sent", "delivered", "failed", "rejected", "expired", "canceled", "unknown"]
ShortText = Annotated[str, Meta(max_length=255)]
PriorityName = Literal["urgent", "normal", "low"]
ChannelName = Literal["sms", "viber", "whatsapp"]
Instant = Annotated[datetime, Meta(tz=True)]
"""An instant with an offset: without one it would mean another moment on every machine."""
Storable = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What a column of the store can hold."""
PartCount = Annotated[int, Meta(ge=1, le=255)]
TimeoutSeconds = Annotated[float, Meta(ge=0, le=300)]
Numbers = Annotated[list[str], Meta(max_length=MAX_RECIPIENTS)]
Groups = Annotated[list[str], Meta(max_length=MAX_GROUPS)]
Tags = Annotated[list[ShortText], Meta(max_length=50)]
Money = str
"""A sum in the account's currency, as a decimal: "0.045"."""
