"""What other apps can listen to. Each is sent after the change is committed; a listener that fails is logged, and
keeps nobody else from hearing."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.dispatch import Signal

log = logging.getLogger(__name__)

sms_state_changed = Signal()
"""`message` (an OutputSMSMessage), `old_state`, `new_state`."""
sms_received = Signal()
"""`message` (an InboundSMSMessage)."""
sms_opted_out = Signal()
"""`recipient` (a number with its plus) asked not to be written to."""
sms_opted_in = Signal()
"""`recipient` took that back."""


def tell(signal: Signal, sender: type, *, using: str, **facts: Any) -> None:
    """Sends a signal when what it tells of is committed."""

    def send() -> None:
        for receiver, answer in signal.send_robust(sender=sender, **facts):
            if isinstance(answer, Exception):
                log.error("listener failed: %r", receiver, exc_info=answer)

    transaction.on_commit(send, using=using)
