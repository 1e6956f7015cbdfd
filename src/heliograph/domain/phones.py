"""The simulated phones of the sandbox."""

from __future__ import annotations

import msgspec


class PhoneMessage(msgspec.Struct, frozen=True, array_like=True):
    """A message on a simulated phone, as it is stored."""

    id: str
    msisdn: str
    """The phone."""
    peer: str
    """The originator of a received message, the recipient of one sent from the phone."""
    direction: str
    """received or sent"""
    body: str
    """The text; for binary, standard base64."""
    udh: str
    encoding: str
    parts: int
    message_id: str | None
    """Ours, of a received message. A phone that has one twice got it twice."""
    account_id: str
    provider_ref: str | None
    outcome: str
    at: int
    """Milliseconds since 1970."""
    channel: str = "sms"
    rich_media: str | None = None
    """JSON of `channels.RichMedia`, if there is any."""
