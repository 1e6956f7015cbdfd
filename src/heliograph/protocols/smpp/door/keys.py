"""What SMPP clients bind with (SMPP 3.4, sections 5.2.1 and 5.2.2)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import ClassVar

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.services.key_kinds import Key, KeyKind, ascii_name

LONGEST_SYSTEM_ID, LONGEST_PASSWORD = 15, 8
"""Octets, without the NUL at the end."""
_SIGNS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Those that nobody takes for others."""
_RANDOM_SIGNS = 6


class SmppKeys(KeyKind):
    name: ClassVar[str] = "smpp"
    kind: ClassVar[CredentialKind] = CredentialKind.SMPP
    listens: ClassVar[bool] = True

    def public_ids(self, account: Account) -> Iterable[str]:
        """Name keys by the beginning of the account's name, and random signs."""
        name = ascii_name(account.name)[: LONGEST_SYSTEM_ID - _RANDOM_SIGNS - 1].strip("-.")
        yield from (f"{name}-{_random(_RANDOM_SIGNS).lower()}" for _ in range(3))

    def new_secret(self) -> str:
        return _random(LONGEST_PASSWORD)

    def shown(self, key: Key) -> dict[str, str]:
        return {"system_id": key.public_id, "password": key.secret}


def _random(count: int) -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(count))
