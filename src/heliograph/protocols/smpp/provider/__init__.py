"""Sending by an SMSC: `config.py` has the settings, `submits.py` what is said of a message, `lines.py` the binds and
what waits for them, `answers.py` what an SMSC's status means, `hearing.py` what comes: receipts, inbound messages."""

from heliograph.protocols.smpp.provider.provider import SmppProvided, SmppProvider

__all__ = ["SmppProvided", "SmppProvider"]
