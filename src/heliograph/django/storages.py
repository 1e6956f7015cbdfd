"""Django's cache as a storage for providers' tokens."""

from __future__ import annotations

import hashlib

from django.core.cache import caches


class DjangoCacheStorage:
    """A storage for smsdrop's clients (docs/smsdrop.md): processes that share the cache log in once."""

    def __init__(self, cache: str = "default") -> None:
        """Use the cache of this name in the setting CACHES."""
        self._name = cache

    def get(self, key: str) -> str | None:
        found = caches[self._name].get(_safe(key))
        return None if found is None else str(found)

    def set(self, key: str, value: str, expires: int) -> None:
        caches[self._name].set(_safe(key), value, expires)

    def delete(self, key: str) -> None:
        caches[self._name].delete(_safe(key))


def _safe(key: str) -> str:
    """Hash a key into one that every cache takes: memcached takes neither blanks nor long ones."""
    return f"heliograph:{hashlib.sha256(key.encode()).hexdigest()}"
