"""Every protocol that is served: a new one adds one line."""

from __future__ import annotations

from heliograph.protocols.served import ServedProtocol
from heliograph.protocols.xms.protocol import Xms

SERVED: tuple[ServedProtocol, ...] = (Xms(),)
