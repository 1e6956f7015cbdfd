"""Statuses in the words of XMS, and its own in ours."""

from __future__ import annotations

from heliograph.domain.statuses import Reason, Status

DELIVERY_FAILURE = 254  # ESME_RDELIVERYFAILURE, SMPP 3.4 section 5.1.3
UNKNOWN_ERROR = 255  # ESME_RUNKNOWNERR
INVALID_DESTINATION = 11  # ESME_RINVDSTADR
SUBMIT_FAILED = 69  # ESME_RSUBMITFAIL

_STATUS: dict[Status, tuple[str, int]] = {
    Status.QUEUED: ("Queued", 400),
    Status.SENDING: ("Queued", 400),
    Status.SENT: ("Dispatched", 401),
    Status.DELIVERED: ("Delivered", 0),
    Status.FAILED: ("Failed", DELIVERY_FAILURE),
    Status.REJECTED: ("Rejected", SUBMIT_FAILED),
    Status.EXPIRED: ("Expired", DELIVERY_FAILURE),
    Status.CANCELED: ("Aborted", 407),
    Status.UNKNOWN: ("Unknown", UNKNOWN_ERROR),
}
#: Where the reason says more than the status.
_REASON: dict[str, tuple[str, int]] = {
    Reason.UNROUTABLE: ("Aborted", 402),
    Reason.NO_COVERAGE: ("Aborted", 402),
    Reason.INSUFFICIENT_CREDIT: ("Aborted", 413),
    Reason.INTERNAL: ("Aborted", 403),
    Reason.RETRIES_EXHAUSTED: ("Aborted", 404),
    Reason.MISSING_PARAMETER: ("Aborted", 405),
    Reason.EXPIRED_BEFORE_SENDING: ("Aborted", 406),
    Reason.CANCELED_BY_CUSTOMER: ("Aborted", 407),
    Reason.OPTED_OUT: ("Aborted", 408),
    Reason.TOO_MANY_PARTS: ("Aborted", 411),
    Reason.UNKNOWN_SUBSCRIBER: ("Failed", INVALID_DESTINATION),
}


def status_and_code(status: Status, reason: str | None, provider_code: str | None) -> tuple[str, int]:
    """Return XMS's status and code for a message; a provider's numeric code, where ours would say no more."""
    if status in {Status.QUEUED, Status.SENDING, Status.SENT, Status.DELIVERED}:
        return _STATUS[status]
    if reason in _REASON:
        return _REASON[reason]
    word, code = _STATUS[status]
    if provider_code is not None and provider_code.isascii() and provider_code.isdigit() and len(provider_code) < 10:
        code = int(provider_code)
    return word, code


#: An XMS server's final statuses in our words, and its codes where they say why.
_OUR_STATUS: dict[str, tuple[Status, Reason | None]] = {
    "delivered": (Status.DELIVERED, None),
    "failed": (Status.FAILED, Reason.UNDELIVERED),
    "rejected": (Status.REJECTED, Reason.PROVIDER_REFUSED),
    "expired": (Status.EXPIRED, Reason.EXPIRED_IN_NETWORK),
    "unknown": (Status.UNKNOWN, Reason.UNCERTAIN),
    "aborted": (Status.FAILED, Reason.PROVIDER_REFUSED),
    "cancelled": (Status.REJECTED, Reason.PROVIDER_REFUSED),
    "deleted": (Status.REJECTED, Reason.PROVIDER_REFUSED),
}
_OUR_REASON: dict[int, tuple[Status, Reason]] = {
    402: (Status.REJECTED, Reason.UNROUTABLE),
    405: (Status.FAILED, Reason.MISSING_PARAMETER),
    406: (Status.EXPIRED, Reason.EXPIRED_IN_NETWORK),
    407: (Status.REJECTED, Reason.PROVIDER_REFUSED),
    408: (Status.REJECTED, Reason.PROVIDER_REFUSED),
    411: (Status.FAILED, Reason.TOO_MANY_PARTS),
}


def our_status(word: str, code: int) -> tuple[Status | None, Reason | None] | None:
    """Tell what a status and code of an XMS server's report mean for us.

    Returns None if it is not final, and a status of None if we do not know it.
    """
    if word.lower() in {"queued", "dispatched"}:
        return None
    if word.lower() == "aborted" and code in _OUR_REASON:
        return _OUR_REASON[code]
    if word.lower() == "failed" and code == INVALID_DESTINATION:
        return Status.FAILED, Reason.UNKNOWN_SUBSCRIBER
    return _OUR_STATUS.get(word.lower(), (None, None))
