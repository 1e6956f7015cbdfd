"""Our identifiers as Twilio's: two letters and 32 hexadecimal digits (reference: providers.md, section A1)."""

from __future__ import annotations

import re

from heliograph.domain.accounts import Account
from heliograph.domain.ids import encode, to_int

FORM = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
ACCOUNT, SMS, MMS, MEDIA, VERIFY_SERVICE, VERIFICATION, ATTEMPT = "AC", "SM", "MM", "ME", "VA", "VE", "VL"
MESSAGING_SERVICE, API_KEY = "MG", "SK"


def sid(prefix: str, identifier: str) -> str:
    return f"{prefix}{to_int(identifier):032x}"


def id_of(text: str, *prefixes: str) -> str | None:
    """Read our identifier from a sid; None if it is no sid with one of these prefixes."""
    if not FORM.fullmatch(text) or text[:2] not in prefixes:
        return None
    return encode(int(text[2:], 16))


def media_sid(message_id: str, place: int) -> str:
    """Make the sid of a message's medium; `place` counts from 0.

    It is unique among the media of its message, whose address it always comes with.
    """
    return f"{MEDIA}{to_int(message_id) ^ (place + 1):032x}"


def account_sid(account: Account) -> str:
    return sid(ACCOUNT, account.id)


def verify_service_sid(account: Account) -> str:
    """Return the sid of the account's only service of Verify."""
    return sid(VERIFY_SERVICE, account.id)
