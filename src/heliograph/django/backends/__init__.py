"""Ways to send messages: each a class that the setting BACKENDS names, with its configuration."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from heliograph.django import conf
from heliograph.django.backends.base import SMSBackend

__all__ = ["SMSBackend", "get_backend"]


def get_backend(name: str) -> SMSBackend:
    """Make the backend of this name. Raises ImproperlyConfigured or ImportError if that can't be done."""
    entries = conf.backends()
    if name not in entries:
        raise ImproperlyConfigured(f"There is no SMS backend {name!r}: BACKENDS has {', '.join(sorted(entries))}.")
    entry = entries[name]
    made: Any = import_string(entry.path)(dict(entry.config))
    made.name = name
    return made
