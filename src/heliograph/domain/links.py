"""Short addresses, of addresses elsewhere and of files stored here, and the hits on them."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

ID_LENGTH = 6
TOKEN_LENGTH = 9
_CHARACTERS = string.ascii_letters + string.digits
_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
LONGEST_ADDRESS = 2_000
_PROGRAM = re.compile(
    r"(?<!cu)bot\b|bot[/;_-]|crawl|spider|slurp|facebookexternalhit|facebookcatalog|^whatsapp|^viber|bitlybot|preview"
    r"|skypeuri|embedly|vkshare|google-(safety|pagerenderer|inspectiontool|read-aloud)|googleother|mediapartners"
    r"|headless|lighthouse|safelinks|proofpoint|mimecast|barracuda|virustotal|urlscan",
    re.IGNORECASE,
)
"""How programs that look at addresses call themselves. CUBOT makes telephones."""
IN_DATABASE = "database"
"""Where files are kept, if that is the store's own database; other places are addresses."""


class LinkKind(StrEnum):
    SHORTLINK = "shortlink"
    ATTACHMENT = "attachment"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A short address, and what it leads to."""

    id: str
    """The end of the short address, unique on the platform."""
    account_id: str
    kind: LinkKind
    number: int
    name: str
    """The name, unique among the account's links of its kind."""
    target: str
    """The address that it leads to; for a file, the key under which it is stored."""
    media_type: str | None
    """The media type, if it leads to a file."""
    size: int | None
    """The size in octets, if it leads to a file."""
    hits: int
    created_at: datetime
    passes_query: bool = False
    """Whether the query of the short address is handed on to the other one."""


class Tracked(msgspec.Struct, frozen=True, array_like=True):
    """A short address made for one recipient: `{id}/{token}`."""

    link_id: str
    token: str
    msisdn: str


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One time that somebody opened a short address."""

    id: str
    account_id: str
    link_id: str
    number: int
    """The hit's place among all hits that the account ever had."""
    at: datetime
    user_agent: str | None
    address: str | None
    """The visitor's IP address without its last part."""
    language: str | None
    referrer: str | None
    msisdn: str | None
    """The recipient of the message that it was in, if the address was made for one recipient."""
    batch_id: str | None
    preview: bool = False
    """Whether a program asked for it, to show what is behind it, and not a person."""


class Click(NamedTuple):
    """A hit before it is stored."""

    link_id: str
    token: str | None
    at_ms: int
    user_agent: str | None
    address: str | None
    language: str | None
    referrer: str | None
    preview: bool = False


def is_preview(user_agent: str | None, purposes: Iterable[str]) -> bool:
    """Say whether a program asks for an address, and not a person who follows it.

    That is what messengers show beside a message, what crawls and what scans, by the names that they give themselves;
    and what a browser fetches before it is asked to, by its `purposes` (the headers Sec-Purpose of the Fetch standard,
    Purpose, X-Purpose and X-Moz). What fetches it for somebody (curl, say) counts as whoever told it to.
    """
    if any(word in purpose.lower() for purpose in purposes for word in ("prefetch", "preview", "prerender")):
        return True
    return user_agent is not None and _PROGRAM.search(user_agent) is not None


def with_query(target: str, query: str) -> str:
    """Return an address with a query behind its own, before its fragment; as it is if that makes it too long."""
    address, sign, fragment = target.partition("#")
    longer = f"{address}{'&' if '?' in address else '?'}{query}{sign}{fragment}"
    return longer if query and len(longer) <= LONGEST_ADDRESS else target


def new_link_id() -> str:
    return _random(ID_LENGTH)


def new_token() -> str:
    return _random(TOKEN_LENGTH)


def _random(length: int) -> str:
    return "".join(secrets.choice(_CHARACTERS) for _ in range(length))


def is_web_address(text: str) -> bool:
    """Say whether a browser that is sent to this address goes to a web server, and nowhere else."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None and text.isprintable()


def without_last_part(address: str) -> str:
    """Shorten an IP address so that it names a neighbourhood: the last octet, or the last 80 bits, become 0."""
    if ":" in address:
        return ":".join(address.split(":")[:3]) + "::"
    head, dot, _ = address.rpartition(".")
    return f"{head}.0" if dot else address
