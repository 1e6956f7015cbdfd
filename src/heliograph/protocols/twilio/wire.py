"""The shapes of Twilio (reference: providers.md, sections A2 to A4). No I/O.

Requests are forms whose names are in PascalCase; answers are JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

VERSION = "2010-04-01"
API = f"/{VERSION}"
FORM = "application/x-www-form-urlencoded"
MAX_BODY = 1_600
USUAL_PAGE, LARGEST_PAGE = 50, 1_000
VALIDITY_S = range(1, 36_001)
DELAYS_S = range(300, 35 * 24 * 3_600 + 1)
"""How far ahead a message may be scheduled, in seconds."""

Fields = Sequence[tuple[str, str]]
"""A form, in order; names may repeat."""


class Message(msgspec.Struct, kw_only=True):
    account_sid: str
    api_version: str = VERSION
    body: str
    date_created: str
    date_sent: str | None
    date_updated: str
    direction: str
    error_code: int | None
    error_message: str | None
    sender: str | None = msgspec.field(name="from")
    messaging_service_sid: str | None
    num_media: str
    num_segments: str
    price: str | None
    price_unit: str | None
    sid: str
    status: str
    subresource_uris: Mapping[str, str] = {}
    to: str | None
    uri: str


class Page(msgspec.Struct, kw_only=True):
    """The fields that each listing has beside its items."""

    page: int = 0
    page_size: int = USUAL_PAGE
    start: int = 0
    end: int = 0
    uri: str = ""
    first_page_uri: str | None = None
    previous_page_uri: str | None = None
    next_page_uri: str | None = None


class MessagePage(Page, kw_only=True):
    messages: Sequence[Message]


class Media(msgspec.Struct, kw_only=True):
    account_sid: str
    content_type: str
    date_created: str
    date_updated: str
    parent_sid: str
    sid: str
    uri: str


class MediaPage(Page, kw_only=True):
    media_list: Sequence[Media]


class Feedback(msgspec.Struct, kw_only=True):
    account_sid: str
    message_sid: str
    outcome: str
    date_created: str
    date_updated: str
    uri: str


class Balance(msgspec.Struct, kw_only=True):
    account_sid: str
    balance: str
    currency: str


class AccountInfo(msgspec.Struct, kw_only=True):
    sid: str
    friendly_name: str
    status: str = "active"
    type: str = "Full"
    date_created: str
    date_updated: str
    uri: str


class Verification(msgspec.Struct, kw_only=True):
    """A verification as Verify v2 shows it; its dates are in ISO 8601, unlike those of messages."""

    sid: str
    service_sid: str
    account_sid: str
    to: str
    channel: str
    status: str
    valid: bool
    lookup: Mapping[str, Any] = {}
    amount: str | None = None
    payee: str | None = None
    send_code_attempts: Sequence[Mapping[str, str]] = ()
    date_created: str
    date_updated: str
    url: str


class VerificationCheck(msgspec.Struct, kw_only=True):
    sid: str
    service_sid: str
    account_sid: str
    to: str
    channel: str
    status: str
    valid: bool
    amount: str | None = None
    payee: str | None = None
    date_created: str
    date_updated: str


class ErrorBody(msgspec.Struct, kw_only=True):
    code: int
    message: str
    more_info: str = ""
    status: int


def form(fields: Mapping[str, Any]) -> bytes:
    """Write a request's body; what is None is left out, and a list repeats its name."""
    return urlencode(list(pairs(fields))).encode()


def pairs(fields: Mapping[str, Any]) -> Fields:
    found: list[tuple[str, str]] = []
    for name, value in fields.items():
        for each in value if isinstance(value, list | tuple) else [value]:
            if each is not None:
                found.append((name, _written(each)))
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def fields_in(body: bytes) -> Fields:
    """Read the fields of a form, in order. Raises ValueError if it is none."""
    return parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=1_000)


def date(at: datetime) -> str:
    """Write a date as listings have it, in RFC 2822."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0))


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
