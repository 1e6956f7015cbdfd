"""The native API's keys: one string, whose beginning names it."""

from __future__ import annotations

from typing import ClassVar

from heliograph.domain.accounts import CredentialKind, Scope
from heliograph.services.key_kinds import Key, KeyKind


class NativeKeys(KeyKind):
    name: ClassVar[str] = "native"
    kind: ClassVar[CredentialKind] = CredentialKind.API_KEY
    further_scopes: ClassVar[frozenset[str]] = frozenset({Scope.ADMIN, Scope.CHAOS})

    def shown(self, key: Key) -> dict[str, str]:
        return {"token": key.secret}
