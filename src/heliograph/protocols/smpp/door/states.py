"""Where a message stands, in the words of SMPP (5.2.28, and appendix B for receipts)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from heliograph.domain.statuses import Status
from heliograph.protocols.smpp.wire.receipts import MessageState

_NUMBER = re.compile(r"[0-9]{1,5}", re.ASCII)
_M = MessageState
STATES: Mapping[Status, MessageState] = {
    Status.QUEUED: _M.ENROUTE,
    Status.SENDING: _M.ENROUTE,
    Status.SENT: _M.ENROUTE,
    Status.DELIVERED: _M.DELIVERED,
    Status.FAILED: _M.UNDELIVERABLE,
    Status.REJECTED: _M.REJECTED,
    Status.EXPIRED: _M.EXPIRED,
    Status.CANCELED: _M.DELETED,
    Status.UNKNOWN: _M.UNKNOWN,
}
WORDS: Mapping[MessageState, str] = {
    _M.ENROUTE: "ENROUTE",
    _M.DELIVERED: "DELIVRD",
    _M.EXPIRED: "EXPIRED",
    _M.DELETED: "DELETED",
    _M.UNDELIVERABLE: "UNDELIV",
    _M.UNKNOWN: "UNKNOWN",
    _M.REJECTED: "REJECTD",
}
"""Each has seven letters."""


def error_number(provider_code: str | None) -> int:
    """Return a provider's code as the number that networks' errors have in SMPP; 0: there is none, or no number."""
    if provider_code is None or not _NUMBER.fullmatch(provider_code):
        return 0
    number = int(provider_code)
    return number if number <= 0xFFFF else 0
