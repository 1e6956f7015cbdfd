"""Every protocol that is served: a new one adds one line. Those that messages go out by are in `providers.py`."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.api.keys import NativeKeys
from heliograph.domain.callbacks import Listener
from heliograph.doors.served import ConnectedProtocol, HttpProtocol, ServedProtocol
from heliograph.protocols.isendpro.door.protocol import Isendpro
from heliograph.protocols.smpp.door.protocol import Smpp
from heliograph.protocols.smscx.door.protocol import Smscx
from heliograph.protocols.smsdrop.door.protocol import Smsdrop
from heliograph.protocols.twilio.door.protocol import Twilio
from heliograph.protocols.xms.door.protocol import Xms
from heliograph.services.key_kinds import KeyKind

SERVED: tuple[ServedProtocol, ...] = (Xms(), Smscx(), Smsdrop(), Isendpro(), Twilio(), Smpp())
HTTP_PROTOCOLS = [protocol for protocol in SERVED if isinstance(protocol, HttpProtocol)]
CONNECTED_PROTOCOLS = [protocol for protocol in SERVED if isinstance(protocol, ConnectedProtocol)]
"""The served protocols that have servers of their own."""
SERVED_KEYS: tuple[KeyKind, ...] = (NativeKeys(), *SERVED)
"""Keys for what is served: the sandbox's accounts have one of each."""
KEY_KINDS: tuple[KeyKind, ...] = SERVED_KEYS
"""Whatever an account can have keys for."""


def listeners_of(settings: Mapping[str, object]) -> dict[str, Listener]:
    """Read where an application with these settings is told of what: an address by `callback_key`."""
    return {key: listener for protocol in HTTP_PROTOCOLS for key, listener in protocol.listeners(settings).items()}
