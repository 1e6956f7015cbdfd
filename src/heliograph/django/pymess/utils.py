"""What pymess has in `pymess.utils`."""

from __future__ import annotations

from heliograph.django.recipients import canonical as normalize_phone_number

__all__ = ["fullname", "normalize_phone_number"]


def fullname(value: object) -> str:
    """Return the dotted path of an object's class."""
    return f"{type(value).__module__}.{type(value).__qualname__}"
