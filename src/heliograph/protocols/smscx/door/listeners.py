"""The addresses in an application's settings that are told of events without a request, such as inbound messages."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.domain.callbacks import EventKind, Listener, callback_key
from heliograph.domain.channels import Channel
from heliograph.protocols.smscx.door.resource import PROTOCOL

_ADDRESSES = {
    ("sms", "receiveCallback"): callback_key(EventKind.INBOUND, Channel.SMS),
    ("viber", "receiveCallback"): callback_key(EventKind.INBOUND, Channel.VIBER),
    ("whatsapp", "receiveCallback"): callback_key(EventKind.INBOUND, Channel.WHATSAPP),
    ("optouts", "optoutsCallback"): callback_key(EventKind.OPTED_OUT),
    ("shortlinks", "shortlinksCallback"): callback_key(EventKind.LINK_HIT),
    ("attachments", "attachmentsCallback"): callback_key(EventKind.ATTACHMENT_HIT),
}
"""Area and name of each address among the settings (reference: sections 8 and 9)."""


def listeners(settings: Mapping[str, object]) -> dict[str, Listener]:
    """Read the addresses that are set, by `callback_key`; what is no text is left out."""
    found = {}
    for (area, name), key in _ADDRESSES.items():
        own = settings.get(area)
        url = own.get(name) if isinstance(own, dict) else None
        if isinstance(url, str) and url:
            found[key] = Listener(PROTOCOL, url)
    return found
