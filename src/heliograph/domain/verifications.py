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
"""The parameter of a text that the code is put in for."""
LENGTHS = range(4, 11)
TIMES_TO_LIVE_S = range(60, 1_801)
ATTEMPTS = range(1, 11)
RESEND_AFTER = timedelta(seconds=15)
"""How soon another code may take the place of the last."""
SENDS = 5
"""How many times one code is sent (Twilio: error 60203)."""


class CodeKind(StrEnum):
    """What a code is made of."""

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
    """Too many wrong codes."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """What a code looks like and how it is sent."""

    text: str
    """With `${code}` in it."""
    values: Mapping[str, str] = {}
    """Of other parameters in the text."""
    originator: str | None = None
    channel: Channel = Channel.SMS
    kind: CodeKind = CodeKind.DIGITS
    length: int = 6


class VerificationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What an application asks for."""

    number: str
    region: str | None = None
    """ISO 3166 alpha-2: how a national number is read."""
    wording: Wording
    ttl_s: int = 300
    max_attempts: int = 3
    address: str | None = None
    """Of whoever is to prove that the number is theirs (an IP address, say): codes are limited for each."""
    client_reference: str | None = None
    callback_url: str | None = None
    protocol: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """A code on its way, and what came of it. The code itself is kept as a hash only."""

    id: str
    account_id: str
    msisdn: str
    address: str | None
    client_reference: str | None
    status: VerificationStatus
    code_hash: str
    attempts: int
    """Wrong codes so far."""
    max_attempts: int
    sends: int
    """How many messages with a code there were."""
    ttl_s: int
    expires_at: datetime
    settled_at: datetime | None
    batch_id: str
    """Of the latest message."""
    earlier_batches: Sequence[str] = ()
    """Of the messages before that with the same code."""
    price: int
    """Of all messages, in millionths."""
    parts: int
    """Of the latest message."""
    callback_url: str | None
    protocol: str
    wording: Wording
    created_at: datetime


class CodeFate(StrEnum):
    """What came of a code that somebody typed."""

    RIGHT = "right"
    WRONG = "wrong"
    LAST_WRONG = "last_wrong"
    """Wrong, and there are no more attempts."""
    TOO_LATE = "too_late"
    """The code had expired, and nobody had noticed yet."""
    OVER = "over"
    """There is nothing to verify any more; the status says why."""


def code_of(secret: bytes, verification_id: str, nth: int, wording: Wording) -> str:
    """The nth code of a verification: always the same one, which nobody can guess who has not the secret."""
    characters = _CHARACTERS[wording.kind]
    drawn = int.from_bytes(hmac.digest(secret, f"code:{verification_id}:{nth}".encode(), "sha256"))
    code = ""
    for _ in range(wording.length):  # 256 bits are enough for ten characters of any kind to be equally likely
        drawn, place = divmod(drawn, len(characters))
        code += characters[place]
    return code


def hash_code(secret: bytes, verification_id: str, code: str) -> str:
    """What is stored of a code: HMAC-SHA256 with a secret that is not in the store, so that nobody who reads the store
    can try them all.

    Capitals do not matter, nor in which script digits are typed, nor what people put between them to read them: blanks
    and dashes.
    """
    written = f"hash:{verification_id}:{code_typed(code)}"
    return hmac.digest(secret, written.encode(), "sha256").hex()
