"""An inbound message (MO): what a phone sent to one of our numbers."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from heliograph.domain.batches import BodyKind
from heliograph.domain.optouts import Consent, ConsentWords, consent_in
from heliograph.domain.words import words_of
from heliograph.numbers import is_msisdn

MAX_BODY = 65_536
"""The most characters of a body that are kept.

They are more than 255 parts of SMS have, and as many as messengers let people write. They are whole groups of base64,
so that a binary body can be read although it was cut.
"""
MAX_KEYWORD = 64


class Payload(NamedTuple):
    """What a part carries: as `text.Part` has it."""

    encoding: str
    """A word of `text.Encoding`."""
    octets: bytes


class InboundPart(msgspec.Struct, frozen=True):
    """Which part of a long message an arrival is, and what it carries."""

    reference: str
    """The same in all parts of a message, and another in another message of the same sender, for a while."""
    total: int
    """2 to 255."""
    sequence: int
    """1 to `total`."""
    payload: Payload


class Inbound(msgspec.Struct, kw_only=True):
    """A message from a phone to one of an account's originators."""

    id: str
    account_id: str
    kind: BodyKind
    msisdn: str
    """Who wrote it: an MSISDN, a short code or a name (`numbers.read_address`); empty if that is withheld."""
    to: str
    """The originator that it was written to."""
    body: str
    """The text; for binary, the octets in standard base64."""
    udh: str
    provider: str
    provider_ref: str | None
    keyword: str | None
    """The first word of a text, in upper case."""
    received_at: datetime
    sent_at: datetime | None = None
    operator: str | None = None
    """The sender's network: MCC and MNC, as digits."""
    provider_facts: str | None = None
    """What else the provider said of it, in its own terms."""
    channel: str = "sms"
    price: int = 0
    """What receiving it cost, in millionths."""
    missing_parts: int = 0
    """How many parts of a long message never came; a text has an ellipsis in their place."""
    rent_id: str | None = None
    """The rent of the number that it was written to; None if that is not a rented one."""

    @property
    def is_from_a_phone(self) -> bool:
        """Say whether its sender is a number. Others are never answered, and can't opt out or be in a group."""
        return is_msisdn(self.msisdn)

    def consent(self, words: ConsentWords) -> Consent:
        """Tell what it says about consent, by an account's words: nothing, unless it is a text from a phone."""
        if self.kind is not BodyKind.TEXT or not self.is_from_a_phone:
            return Consent.NOT_ABOUT_IT
        return consent_in(self.body, words)


def keyword_of(text: str) -> str | None:
    """Return the first word of a text, cut after MAX_KEYWORD characters; None if there is none."""
    word = next(words_of(text), None)
    return None if word is None else word[:MAX_KEYWORD]
