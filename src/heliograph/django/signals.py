"""Signals that other apps can listen to.

Each is sent after the change is committed; a listener that fails is logged, and keeps nobody else from hearing.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.dispatch import Signal

log = logging.getLogger(__name__)

sms_state_changed = Signal()
"""A message's state has changed. Sent with `message` (an OutputSMSMessage), `old_state`, `new_state`."""
sms_received = Signal()
"""An inbound message has come. Sent with `message` (an InboundSMSMessage)."""
sms_opted_out = Signal()
"""A number asked not to be written to. Sent with `recipient`, the number with its plus."""
sms_opted_in = Signal()
"""A number took back that it is not to be written to. Sent with `recipient`, the number with its plus."""


def tell(signal: Signal, sender: type, *, using: str, **facts: Any) -> None:
    """Send a signal when what it tells of is committed."""

    def send() -> None:
        for receiver, answer in signal.send_robust(sender=sender, **facts):
            if isinstance(answer, Exception):
                log.error("listener failed: %r", receiver, exc_info=answer)

    transaction.on_commit(send, using=using)
