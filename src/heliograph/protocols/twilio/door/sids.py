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
    """Our identifier; None if it is no sid of these kinds."""
    if not FORM.fullmatch(text) or text[:2] not in prefixes:
        return None
    return encode(int(text[2:], 16))


def media_sid(message_id: str, place: int) -> str:
    """Of a message's nth link, from 0: its own sid could be a message's, so the place is put where none has digits."""
    return f"{MEDIA}{to_int(message_id) ^ (place + 1):032x}"


def account_sid(account: Account) -> str:
    return sid(ACCOUNT, account.id)


def verify_service_sid(account: Account) -> str:
    """Each account has one service of Verify."""
    return sid(VERIFY_SERVICE, account.id)
