"""What is looked for in texts: words, all of which a text must have (`text/words.py` says what a word is)."""

from __future__ import annotations

from typing import NamedTuple

from heliograph.text.words import folded, words_of

__all__ = ["MOST_WORDS", "Sought", "words_of"]

MOST_WORDS = 10
"""How many words can be looked for at a time."""


class Sought(NamedTuple):
    """Words that are looked for."""

    words: frozenset[str]

    @classmethod
    def in_(cls, text: str) -> Sought:
        """Return the words of what somebody looks for."""
        return cls(frozenset(words_of(text)))

    def are_in(self, text: str | None) -> bool:
        """Say whether a text has all of them."""
        if not text:
            return False
        plain = folded(text)  # words are cut only where that may be so: it takes ten times as long
        return all(word in plain for word in self.words) and self.words <= words_of(text)
