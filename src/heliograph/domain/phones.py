"""The simulated phones of the sandbox."""

from __future__ import annotations

import msgspec


class PhoneMessage(msgspec.Struct, frozen=True, array_like=True):
    """A message on a simulated phone, as it is stored."""

    id: str
    msisdn: str
    """The phone's number."""
    peer: str
    """The originator of a received message, the recipient of one sent from the phone."""
    direction: str
    """`received` or `sent`."""
    body: str
    """The text; for binary, the octets in standard base64."""
    udh: str
    encoding: str
    parts: int
    message_id: str | None
    """Our message, if the phone received it; a phone that has one twice got it twice."""
    account_id: str
    provider_ref: str | None
    outcome: str
    at: int
    """When it was received or sent, in milliseconds since 1970."""
    channel: str = "sms"
    rich_media: str | None = None
    """The JSON of `channels.RichMedia`, if there is any."""
