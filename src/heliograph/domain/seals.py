"""Sealing: how the store keeps secrets that this server has to know itself.

Most secrets are stored as hashes, because it is enough to recognize them. A few must be known: Twilio's protocol signs
callbacks with an account's token, and SMS.CX shows an application's secret to its owner. Those are encrypted with a key
that is kept outside the store, so that whoever reads the store, or a backup of it, can't act as an account.

The cipher is Fernet of the package cryptography: AES-128-CBC, authenticated by HMAC-SHA256.
"""

from __future__ import annotations

import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_SEALED = "sealed:"


class WrongSealKey(ValueError):
    """The text was sealed with a key that is not among those we have."""


class Seal:
    """Seals with the first of its keys, and opens what was sealed with any of them."""

    def __init__(self, *keys: str) -> None:
        """Take the keys, each 32 bytes as URL-safe base64. Raises ValueError for one that is not, or for none."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._first = Fernet(keys[0])
        self._key = keys[0].encode()
        self.has_others = len(keys) > 1
        """Whether it opens what it does not seal: with keys that are to be given up."""

    @staticmethod
    def new_key() -> str:
        """Make a random key."""
        return Fernet.generate_key().decode()

    def key_for(self, purpose: str) -> bytes:
        """Derive a key of 32 bytes for something else that must not follow from the store (HMAC-SHA256)."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    def close(self, secret: str) -> str:
        """Seal a secret; each call gives another text."""
        return _SEALED + self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the secret that was sealed. Raises WrongSealKey if none of the keys fits."""
        try:
            return self._fernet.decrypt(sealed.removeprefix(_SEALED)).decode()
        except InvalidToken as error:
            raise WrongSealKey("It was sealed with another key.") from error

    def again(self, sealed: str) -> str | None:
        """Seal anew, with the first key, what another has sealed; None if it need not be, or no key fits."""
        try:
            self._first.decrypt(sealed.removeprefix(_SEALED))
        except InvalidToken:
            try:
                return self.close(self.open(sealed))
            except WrongSealKey:
                return None
        return None


def is_sealed(text: str) -> bool:
    """Tell what `Seal.close` made from a secret that an earlier version kept in clear."""
    return text.startswith(_SEALED)
