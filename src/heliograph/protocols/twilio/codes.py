"""Twilio's error codes (reference: providers.md, section A3), and the statuses that go with ours."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from heliograph.domain.messages import Message
from heliograph.domain.statuses import Reason, Status


class Code(IntEnum):
    CREDENTIALS = 20003
    NOT_ALLOWED = 20008
    NOT_FOUND = 20404
    METHOD_NOT_ALLOWED = 20004
    CONFLICT = 20409
    TOO_MANY_REQUESTS = 20429
    INTERNAL = 20500
    PARAMETER_INVALID = 20001
    TO_INVALID = 21211
    FROM_INVALID = 21212
    TO_IS_FROM = 21266
    COUNTRY_NOT_ENABLED = 21408
    BODY_MISSING = 21602
    FROM_MISSING = 21603
    TO_MISSING = 21604
    FROM_NOT_USABLE = 21606
    CALLBACK_INVALID = 21609
    OPTED_OUT = 21610
    NOT_ROUTABLE = 21612
    BODY_TOO_LONG = 21617
    MEDIA_INVALID = 21620
    CONTENT_INVALID = 21655
    SEND_AT_INVALID = 35114
    SCHEDULE_INCOMPLETE = 35111
    SERVICE_MISSING = 35118
    SCHEDULE_TYPE_INVALID = 35126
    QUEUE_OVERFLOW = 30001
    SUSPENDED = 30002
    UNREACHABLE = 30003
    UNKNOWN_NUMBER = 30005
    FILTERED = 30007
    UNKNOWN = 30008
    VERIFY_PARAMETER = 60200
    CHECKS_EXHAUSTED = 60202
    SENDS_EXHAUSTED = 60203
    CUSTOM_CODE = 60204
    CHANNEL_DISABLED = 60223
    BLOCKED = 60410
    COUNTRY_BLOCKED = 60605
    TO_IS_FROM_ON_CHANNEL = 63031


HTTP_STATUS = {
    Code.CREDENTIALS: 401,
    Code.NOT_ALLOWED: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.CONFLICT: 409,
    Code.TOO_MANY_REQUESTS: 429,
    Code.INTERNAL: 500,
    Code.SUSPENDED: 402,
    Code.CHECKS_EXHAUSTED: 429,
    Code.SENDS_EXHAUSTED: 429,
    Code.CUSTOM_CODE: 403,
    Code.BLOCKED: 403,
    Code.COUNTRY_BLOCKED: 403,
}
"""The HTTP status of answers with each code; 400 for codes that are not here."""

_OF_REASON: dict[str, Code] = {
    Reason.OPTED_OUT: Code.OPTED_OUT,
    Reason.UNROUTABLE: Code.NOT_ROUTABLE,
    Reason.NO_COVERAGE: Code.COUNTRY_NOT_ENABLED,
    Reason.INSUFFICIENT_CREDIT: Code.SUSPENDED,
    Reason.RETRIES_EXHAUSTED: Code.QUEUE_OVERFLOW,
    Reason.UNKNOWN_SUBSCRIBER: Code.UNKNOWN_NUMBER,
    Reason.UNDELIVERED: Code.UNREACHABLE,
    Reason.EXPIRED_IN_NETWORK: Code.UNREACHABLE,
    Reason.PROVIDER_REFUSED: Code.FILTERED,
    Reason.TOO_MANY_PARTS: Code.BODY_TOO_LONG,
}


def error_code(status: str, reason: str | None) -> int | None:
    """Return the error code of a message that was not delivered; None while nothing is wrong."""
    if status not in {"failed", "undelivered"}:
        return None
    return int(_OF_REASON.get(reason or "", Code.UNKNOWN))


_WORDS = {
    Status.SENDING: "sending",
    Status.SENT: "sent",
    Status.DELIVERED: "delivered",
    Status.CANCELED: "canceled",
    Status.UNKNOWN: "undelivered",
}


def word_of(status: Status, *, went_out: bool) -> str:
    """Name the status of a message that is not queued, as Twilio does."""
    refused = status is Status.REJECTED or not went_out
    return _WORDS.get(status, "failed" if refused else "undelivered")


def message_word(message: Message, now: datetime, *, by_service: bool) -> str:
    """Name the status of a message as Twilio does; queued ones by whether they are scheduled or sent by a service."""
    if message.status is Status.QUEUED:
        if message.due_at > now and not message.attempts and message.reason is None:
            return "scheduled"
        return "accepted" if by_service else "queued"
    return word_of(message.status, went_out=message.sent_at is not None)
