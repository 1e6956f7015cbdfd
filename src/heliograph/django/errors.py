"""The exceptions that callers get."""

from __future__ import annotations


class SMSSendingError(Exception):
    """A message can't be made, because its recipient or its text breaks a rule. Nothing is stored."""
