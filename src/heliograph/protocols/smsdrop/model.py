"""What the client of smsdrop takes and gives."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

import msgspec
from msgspec import UNSET

from heliograph.protocols.smsdrop import wire

LONGEST_SENDER = 11


class MessageType(IntEnum):
    PLAIN_TEXT = 0
    FLASH_MESSAGE = 1
    UNICODE = 2


class ShipmentState(StrEnum):
    """Where a campaign stands."""

    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    SENDING = "SENDING"
    COMPLETED = "COMPLETED"
    ABORTED = "ABORTED"


class Campaign(msgspec.Struct):
    """A text to several numbers. Launching it fills in what the server knows of it."""

    message: str
    sender: str
    """A number, or at most 11 letters and digits."""
    recipient_list: list[str]
    """International numbers, with or without a plus."""
    title: str | None = None
    """The campaign's name; the server makes one up if it is None."""
    message_type: MessageType = MessageType.PLAIN_TEXT
    defer_until: datetime | None = None
    """When it is sent; without a time zone it is the server's. Not together with `defer_by`."""
    defer_by: int | None = None
    """How many seconds after its launch it is sent."""
    id: str | None = None
    delivery_percentage: int = 0
    message_count: int = 0
    sms_count: int = 1
    status: ShipmentState = ShipmentState.PENDING
    created_at: datetime | None = None
    """When it was created; None from a server of the older dialect."""

    def check(self) -> None:
        """Check the campaign before it is sent. Raises ValueError for what no server takes."""
        if self.defer_until and self.defer_by:
            raise ValueError("either `defer_until` or `defer_by`, not both")
        if self.sender.isalnum() and len(self.sender) > LONGEST_SENDER:
            raise ValueError(f"a sender of letters and digits has at most {LONGEST_SENDER} of them")
        if not self.recipient_list:
            raise ValueError("there must be at least one recipient")

    def wanted(self) -> wire.NewCampaign:
        """Return the request that asks the server for this campaign."""
        return wire.NewCampaign(
            message=self.message,
            sender=self.sender,
            recipient_list=self.recipient_list,
            message_type=int(self.message_type),
            title=self.title,
            defer_until=None if self.defer_until is None else self.defer_until.isoformat(),
            defer_by=self.defer_by,
        )

    def update(self, reply: wire.Campaign) -> None:
        """Take over what the server has made of it. Raises ValueError for an unknown status or a malformed date."""
        self.id, self.title = reply.id, reply.title
        self.delivery_percentage = reply.delivery_percentage
        self.message_count, self.sms_count = reply.message_count, reply.sms_count
        self.status = ShipmentState(reply.status)
        self.created_at = None if reply.created_at is UNSET else datetime.fromisoformat(reply.created_at)


CampaignCreate = Campaign
"""The older version's name of a campaign that is not launched yet."""


class User(msgspec.Struct, frozen=True):
    id: str
    email: str
    is_active: bool
    is_verified: bool
    is_superuser: bool


class Subscription(msgspec.Struct, frozen=True):
    id: str
    nbr_sms: int
    """How many SMS are left."""
    created_at: datetime


def campaign(reply: wire.Campaign) -> Campaign:
    """Build a campaign from the server's answer. Raises ValueError for an unknown type or status, or a bad date."""
    made = Campaign(
        reply.message,
        reply.sender,
        list(reply.recipient_list),
        message_type=MessageType(reply.message_type),
        defer_until=None if reply.defer_until is None else datetime.fromisoformat(reply.defer_until),
        defer_by=reply.defer_by,
    )
    made.update(reply)
    return made
