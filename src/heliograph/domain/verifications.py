"""One-time codes: proving that a number is somebody's, by a code that only they are sent."""

from __future__ import annotations

import hmac
import string
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from heliograph.domain.channels import Channel
from heliograph.numbers import code_typed

PLACEHOLDER = "code"
"""The parameter of a text that the code is filled in for."""
LENGTHS = range(4, 11)
TIMES_TO_LIVE_S = range(60, 1_801)
ATTEMPTS = range(1, 11)
RESEND_AFTER = timedelta(seconds=15)
"""How long after a code another one may replace it."""
SENDS = 5
"""The most times that one code is sent (Twilio: error 60203)."""


class CodeKind(StrEnum):
    """The characters that a code is made of."""

    DIGITS = "digits"
    LETTERS = "letters"
    ALPHANUMERIC = "alphanumeric"


#: Without those that are taken for one another. Codes are compared in capitals.
_CHARACTERS = {
    CodeKind.DIGITS: string.digits,
    CodeKind.LETTERS: "ABCDEFGHJKLMNPQRSTUVWXYZ",
    CodeKind.ALPHANUMERIC: "23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
}


class VerificationStatus(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"
    EXPIRED = "expired"
    CANCELED = "canceled"
    FAILED = "failed"
    """Too many wrong codes were entered."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """What a code looks like, and the message that it is sent in."""

    text: str
    """The text, which has `${code}` in it."""
    values: Mapping[str, str] = {}
    """The values of other parameters in the text."""
    originator: str | None = None
    channel: Channel = Channel.SMS
    kind: CodeKind = CodeKind.DIGITS
    length: int = 6


class VerificationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A verification as an application asks for it."""

    number: str
    region: str | None = None
    """The country whose national numbers are read, in ISO 3166 alpha-2."""
    wording: Wording
    ttl_s: int = 300
    max_attempts: int = 3
    address: str | None = None
    """The IP address, say, of whoever is to prove that the number is theirs: codes are limited for each."""
    client_reference: str | None = None
    callback_url: str | None = None
    protocol: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code that was sent, and what came of it. The code itself is stored as a hash only."""

    id: str
    account_id: str
    msisdn: str
    address: str | None
    client_reference: str | None
    status: VerificationStatus
    code_hash: str
    attempts: int
    """How many wrong codes were entered so far."""
    max_attempts: int
    sends: int
    """How many messages with a code were sent."""
    ttl_s: int
    expires_at: datetime
    settled_at: datetime | None
    batch_id: str
    """The batch of the latest message."""
    earlier_batches: Sequence[str] = ()
    """The batches of earlier messages with the same code."""
    price: int
    """The price of all messages, in millionths."""
    parts: int
    """How many parts the latest message has."""
    callback_url: str | None
    protocol: str
    wording: Wording
    created_at: datetime


class CodeFate(StrEnum):
    """What came of a code that somebody entered."""

    RIGHT = "right"
    WRONG = "wrong"
    LAST_WRONG = "last_wrong"
    """The code was wrong, and there are no more attempts."""
    TOO_LATE = "too_late"
    """The code had expired, and nobody had noticed yet."""
    OVER = "over"
    """There is nothing to verify any more; the status says why."""


def code_of(secret: bytes, verification_id: str, nth: int, wording: Wording) -> str:
    """Derive the nth code of a verification: always the same, and impossible to guess without the secret."""
    characters = _CHARACTERS[wording.kind]
    drawn = int.from_bytes(hmac.digest(secret, f"code:{verification_id}:{nth}".encode(), "sha256"))
    code = ""
    for _ in range(wording.length):  # 256 bits are enough for ten characters of any kind to be equally likely
        drawn, place = divmod(drawn, len(characters))
        code += characters[place]
    return code


def hash_code(secret: bytes, verification_id: str, code: str) -> str:
    """Hash a code for storing: HMAC-SHA256 with a secret outside the store, so that its readers can't try them all.

    Case does not matter, nor the script of the digits, nor the blanks and dashes that people put between them.
    """
    written = f"hash:{verification_id}:{code_typed(code)}"
    return hmac.digest(secret, written.encode(), "sha256").hex()
