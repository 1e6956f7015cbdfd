"""Every protocol that messages go out by: a new one adds one line. Loads nothing of a server."""

from __future__ import annotations

from importlib import import_module

from heliograph.engine.provided import ProvidedProtocol
from heliograph.protocols.ats.provider import AtsProvided
from heliograph.protocols.console.provider import ConsoleProvided
from heliograph.protocols.file.provider import FileProvided
from heliograph.protocols.heliograph.provider import HeliographProvided
from heliograph.protocols.isendpro.provider import IsendproProvided
from heliograph.protocols.smpp.provider import SmppProvided
from heliograph.protocols.smscx.provider import SmscxProvided
from heliograph.protocols.smsdrop.provider import SmsdropProvided
from heliograph.protocols.smsoperator.provider import SmsOperatorProvided
from heliograph.protocols.sns.provider import SnsProvided
from heliograph.protocols.twilio.provider import TwilioProvided
from heliograph.protocols.webhook.provider import WebhookProvided
from heliograph.protocols.xms.provider import XmsProvided

_SEPARATOR = ":"

PROVIDED: tuple[ProvidedProtocol, ...] = (
    ConsoleProvided(),
    FileProvided(),
    WebhookProvided(),
    HeliographProvided(),
    XmsProvided(),
    SmscxProvided(),
    SmsdropProvided(),
    IsendproProvided(),
    TwilioProvided(),
    SnsProvided(),
    AtsProvided(),
    SmsOperatorProvided(),
    SmppProvided(),
)


TYPES = f"one of {', '.join(sorted(protocol.name for protocol in PROVIDED))}, or package.module:Class of your own"
"""What a provider's `type` must be."""


def provided(kind: str) -> ProvidedProtocol:
    """Find what a provider's `type` means: a name from above, or `package.module:Class` of one's own.

    Raises LookupError, which says what was found instead.
    """
    names = {protocol.name: protocol for protocol in PROVIDED}
    if kind in names:
        return names[kind]
    module, separator, name = kind.partition(_SEPARATOR)
    if not separator:
        raise LookupError(kind)
    try:
        found = getattr(import_module(module), name)()
    except Exception as error:
        raise LookupError(f"{kind}, which can't be loaded ({type(error).__name__}: {error})") from error
    if not isinstance(found, ProvidedProtocol):
        raise LookupError(f"{kind}, which is no ProvidedProtocol")
    return found
