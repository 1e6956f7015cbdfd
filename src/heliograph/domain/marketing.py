"""What French networks require of marketing texts (reference: isendpro.md, section 3)."""

from __future__ import annotations

STOP_CODE = "36111"
MENTION = f" STOP {STOP_CODE}"
"""The words that say how to opt out: eleven characters, which leave 149 of a text of one part."""
NIGHT = (20 * 60, 8 * 60 - 1)
"""The minutes of the recipient's day from which and until which no marketing is sent: it waits until eight."""


def with_mention(text: str) -> str:
    """Append the words that say how to opt out."""
    return text + MENTION
