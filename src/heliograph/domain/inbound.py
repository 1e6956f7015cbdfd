"""An inbound message (MO)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from heliograph.domain.batches import BodyKind


class Inbound(msgspec.Struct, kw_only=True):
    """A message from a phone to one of an account's originators."""

    id: str
    account_id: str
    kind: BodyKind
    msisdn: str
    """Who wrote it."""
    to: str
    """The originator it was written to."""
    body: str
    """The text; for binary, standard base64."""
    udh: str
    provider: str
    provider_ref: str | None
    keyword: str | None
    """The first word of a text, in upper case."""
    received_at: datetime
    sent_at: datetime | None = None
    operator: str | None = None
    """MCC and MNC, as digits."""
    channel: str = "sms"
    price: int = 0
    """What receiving it cost, in millionths."""
    rent_id: str | None = None
    """Of the rented number that it was written to, if it was one."""


def words_of(text: str) -> Iterator[str]:
    """Its words in upper case, without punctuation around them."""
    for word in text.split():
        bare = word.strip(".,;:!?\"'()[]").upper()
        if bare:
            yield bare


def keyword_of(text: str) -> str | None:
    """The first of its words; None if there is none."""
    return next(words_of(text), None)
