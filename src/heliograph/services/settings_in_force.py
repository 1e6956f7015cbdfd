"""What the settings of this process are, for those who run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class SettingInForce(NamedTuple):
    """A setting as it is now. Whatever is secret in its value is masked."""

    name: str
    value: str
    source: str
    """Where the value comes from: `default`, a file, an environment variable or an option."""
    meaning: str


SettingsInForce = Callable[[], Sequence[SettingInForce]]
"""Lists the settings in force, in the order in which they are documented."""
