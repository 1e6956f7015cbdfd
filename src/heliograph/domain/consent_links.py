"""Opt-out links: an address for each recipient, which says who it is and can't be made by anybody else.

It ends in `{page}/{token}`: the page names the account; the token is the MSISDN in 7 octets and 5 octets of an
HMAC-SHA256 over it with the account's opt-out secret, in base64url. There are 2**40 seals for a number, and trying
one is an HTTP request. That secret is the callback secret that the account was made with; it stays when that changes,
because recipients keep texts with such links for ever.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from heliograph.domain.accounts import Account

PATH = "/o"
_NUMBER_OCTETS = 7
_SEAL_OCTETS = 5


def optout_path(account: Account, msisdn: str) -> str:
    """Return the path of an opt-out link, from the root of the server."""
    number = int(msisdn).to_bytes(_NUMBER_OCTETS, "big")
    return f"{PATH}/{account.optout_page}/{urlsafe_b64encode(number + _seal(account, number)).decode()}"


def msisdn_in(account: Account, token: str) -> str | None:
    """Return the number that a token of this account is for; None if it is not one of its tokens."""
    try:
        octets = urlsafe_b64decode(token.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return None
    number, seal = octets[:_NUMBER_OCTETS], octets[_NUMBER_OCTETS:]
    if len(number) < _NUMBER_OCTETS or not hmac.compare_digest(seal, _seal(account, number)):
        return None
    return str(int.from_bytes(number, "big"))


def _seal(account: Account, number: bytes) -> bytes:
    secret = account.optout_secret or account.callback_secret
    return hmac.digest(secret.encode(), b"opt-out:" + number, "sha256")[:_SEAL_OCTETS]
