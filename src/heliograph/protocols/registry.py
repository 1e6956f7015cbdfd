"""Every protocol that is served: a new one adds one line. Those that messages go out by are in `providers.py`."""

from __future__ import annotations

from heliograph.api.keys import NativeKeys
from heliograph.doors.served import ServedProtocol
from heliograph.protocols.isendpro.door.protocol import Isendpro
from heliograph.protocols.smscx.door.protocol import Smscx
from heliograph.protocols.smsdrop.door.protocol import Smsdrop
from heliograph.protocols.twilio.door.protocol import Twilio
from heliograph.protocols.xms.door.protocol import Xms
from heliograph.services.key_kinds import KeyKind

SERVED: tuple[ServedProtocol, ...] = (Xms(), Smscx(), Smsdrop(), Isendpro(), Twilio())
KEY_KINDS: tuple[KeyKind, ...] = (NativeKeys(), *SERVED)
"""Whatever an account can have keys for."""
