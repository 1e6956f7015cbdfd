"""Short addresses, of places elsewhere and of files kept here, and who followed them."""

from __future__ import annotations

import re
import secrets
import string
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

ID_LENGTH = 6
TOKEN_LENGTH = 9
_CHARACTERS = string.ascii_letters + string.digits
_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
LONGEST_ADDRESS = 2_000


class LinkKind(StrEnum):
    SHORTLINK = "shortlink"
    ATTACHMENT = "attachment"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A short address."""

    id: str
    """What it ends in; unique on the platform."""
    account_id: str
    kind: LinkKind
    number: int
    name: str
    """Unique among the account's links of its kind."""
    target: str
    """The address behind it; of a file the key under which it is kept."""
    media_type: str | None
    """Of a file."""
    size: int | None
    """Of a file, in octets."""
    hits: int
    created_at: datetime


class Tracked(msgspec.Struct, frozen=True, array_like=True):
    """A short address made for one recipient: `{id}/{token}`."""

    link_id: str
    token: str
    msisdn: str


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody followed a short address."""

    id: str
    account_id: str
    link_id: str
    number: int
    """Counts the account's hits."""
    at: datetime
    user_agent: str | None
    address: str | None
    """Where from, without its last part."""
    language: str | None
    referrer: str | None
    msisdn: str | None
    """Whose message it was in, if the address was made for one recipient."""
    batch_id: str | None


class Click(NamedTuple):
    """A hit before it is stored."""

    link_id: str
    token: str | None
    at_ms: int
    user_agent: str | None
    address: str | None
    language: str | None
    referrer: str | None


def new_link_id() -> str:
    return _random(ID_LENGTH)


def new_token() -> str:
    return _random(TOKEN_LENGTH)


def _random(length: int) -> str:
    return "".join(secrets.choice(_CHARACTERS) for _ in range(length))


def is_web_address(text: str) -> bool:
    """Whether a browser that is sent there goes to a web server, and nowhere else."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None and text.isprintable()


def without_last_part(address: str) -> str:
    """An IP address that names a neighbourhood instead of a house: the last octet, or the last 80 bits, are 0."""
    if ":" in address:
        return ":".join(address.split(":")[:3]) + "::"
    head, dot, _ = address.rpartition(".")
    return f"{head}.0" if dot else address
