"""The life of a message in a Django project, as one table (reference: pymess.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, nonmember

from heliograph.domain.statuses import Status

_LABELS: Mapping[int, str] = {
    1: "waiting",
    2: "unknown",
    3: "sending",
    4: "sent",
    5: "refused or not delivered",
    6: "debug",
    7: "delivered",
    8: "error",
    9: "error, to be tried again",
}


class SMSState(IntEnum):
    """The states of a message; the numbers are pymess's."""

    WAITING = 1
    UNKNOWN = 2
    SENDING = 3
    SENT = 4
    ERROR_UPDATE = 5
    DEBUG = 6
    DELIVERED = 7
    ERROR = 8
    ERROR_RETRY = 9

    choices = nonmember(tuple(_LABELS.items()))

    @property
    def label(self) -> str:
        return _LABELS[self.value]


_S = SMSState

#: Not with a backend yet, or to be given to it again.
PUBLISHABLE = frozenset({_S.WAITING, _S.ERROR_RETRY})
FAILED = frozenset({_S.ERROR, _S.ERROR_UPDATE, _S.ERROR_RETRY})
#: What a receipt may still change, and into what. ERROR is not the last word: a message that idled too long may turn
#: up, and one that seemed to fail may have gone out.
REPORTABLE: Mapping[SMSState, frozenset[SMSState]] = {
    _S.SENDING: frozenset({_S.SENT, _S.DELIVERED, _S.ERROR_UPDATE, _S.UNKNOWN}),
    _S.SENT: frozenset({_S.DELIVERED, _S.ERROR_UPDATE, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.SENT, _S.DELIVERED, _S.ERROR_UPDATE}),
    _S.ERROR: frozenset({_S.SENT, _S.DELIVERED, _S.ERROR_UPDATE}),
}
#: What a receipt says, in these words; what is not here says nothing new.
OF_STATUS: Mapping[Status, SMSState] = {
    Status.SENT: _S.SENT,
    Status.DELIVERED: _S.DELIVERED,
    Status.FAILED: _S.ERROR_UPDATE,
    Status.REJECTED: _S.ERROR_UPDATE,
    Status.EXPIRED: _S.ERROR_UPDATE,
    Status.CANCELED: _S.ERROR_UPDATE,
    Status.UNKNOWN: _S.UNKNOWN,
}


def may_become(now: int, then: SMSState) -> bool:
    """Say whether a receipt may change a message from `now` to `then`."""
    return then in REPORTABLE.get(SMSState(now), frozenset())
