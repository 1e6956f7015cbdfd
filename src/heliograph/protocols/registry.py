"""Every protocol that is served, and every one that is sent by: a new one adds one line."""

from __future__ import annotations

from heliograph.protocols.isendpro.protocol import Isendpro
from heliograph.protocols.isendpro.provider import IsendproProvided
from heliograph.protocols.provided import ProvidedProtocol
from heliograph.protocols.served import ServedProtocol
from heliograph.protocols.smscx.protocol import Smscx
from heliograph.protocols.smscx.provider import SmscxProvided
from heliograph.protocols.smsdrop.protocol import Smsdrop
from heliograph.protocols.smsdrop.provider import SmsdropProvided
from heliograph.protocols.xms.protocol import Xms
from heliograph.protocols.xms.provider import XmsProvided

SERVED: tuple[ServedProtocol, ...] = (Xms(), Smscx(), Smsdrop(), Isendpro())
PROVIDED: tuple[ProvidedProtocol, ...] = (XmsProvided(), SmscxProvided(), SmsdropProvided(), IsendproProvided())
