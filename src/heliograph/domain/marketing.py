"""What French networks ask of marketing texts (reference: isendpro.md, section 3)."""

from __future__ import annotations

STOP_CODE = "36111"
MENTION = f" STOP {STOP_CODE}"
"""Eleven characters, so that 149 are left of a text of one part."""
NIGHT = (20 * 60, 8 * 60 - 1)
"""Minutes of the recipient's day from which and until which no marketing is sent: it waits until eight."""


def with_mention(text: str) -> str:
    """A text that says how to opt out."""
    return text + MENTION
