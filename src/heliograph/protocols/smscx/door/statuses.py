"""The statuses of SMS.CX, and what they make of ours.

Numbers of statuses and errors are nowhere published (reference: section 7); the two tables here are our own convention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from heliograph.domain.statuses import Reason, Status

STATUS_CODES = {
    "ACCEPTED": 1,
    "SENT": 2,
    "DELIVERED": 3,
    "FAILED": 4,
    "SCHEDULED": 5,
    "REJECTED": 6,
    "NO COVERAGE": 7,
}
ERROR_CODES: Mapping[str | None, int] = {
    reason: code for code, reason in enumerate(Reason, 1) if reason is not Reason.CANCELED_BY_CUSTOMER
}
_STATUSES = {
    Status.SENDING: "ACCEPTED",
    Status.SENT: "SENT",
    Status.UNKNOWN: "SENT",
    Status.DELIVERED: "DELIVERED",
    Status.FAILED: "FAILED",
    Status.EXPIRED: "FAILED",
    Status.CANCELED: "REJECTED",
    Status.REJECTED: "REJECTED",
}
REPORTED = [status for status in Status if status is not Status.CANCELED]
"""What reports tell of: what was deleted before it was sent is gone."""


def status_of(status: Status, reason: str | None, *, scheduled: bool) -> str:
    """Name a status as SMS.CX does; `scheduled` says that the message is not due yet."""
    if status is Status.QUEUED:
        return "SCHEDULED" if scheduled else "ACCEPTED"
    return "NO COVERAGE" if reason == Reason.NO_COVERAGE else _STATUSES[status]


#: The statuses that are reported with each word a filter may have, if there is a price for the number's country.
DELIVERY_REPORTS: Mapping[str, Sequence[Status]] = {
    word.lower(): [
        status
        for status in REPORTED
        if word in {status_of(status, None, scheduled=scheduled) for scheduled in (False, True)}
    ]
    for word in STATUS_CODES
    if word != "NO COVERAGE"
}
#: Which of the five counters of a summary each status belongs to; what was rejected is in none.
BUCKETS = {
    "ACCEPTED": "accepted",
    "SENT": "accepted",
    "DELIVERED": "delivered",
    "FAILED": "failed",
    "SCHEDULED": "scheduled",
    "NO COVERAGE": "no_coverage",
}
