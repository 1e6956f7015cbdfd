"""Providers that somebody has paused: a setting for each, so that it holds for all processes and after a start."""

from __future__ import annotations

import msgspec

from heliograph.domain.routes import ProviderPause
from heliograph.store.settings import ensure_setting, forget_setting, settings_under
from heliograph.store.tx import Tx

_PAUSED = "providers.paused."


def pause_provider(tx: Tx, name: str, pause: ProviderPause) -> bool:
    """Note that a provider is paused. Return False if it was paused before: that stays as it was."""
    written = msgspec.json.encode(pause).decode()
    return ensure_setting(tx, _PAUSED + name, written) == written


def resume_provider(tx: Tx, name: str) -> bool:
    """Note that a provider is paused no more. Return False if it was not."""
    return forget_setting(tx, _PAUSED + name)


def paused_providers(tx: Tx) -> dict[str, ProviderPause]:
    """Read which providers are paused, since when, and by whom."""
    found = settings_under(tx, _PAUSED)
    return {name: msgspec.json.decode(value, type=ProviderPause) for name, value in found.items()}
