"""From any text to one that the GSM alphabet can write, as near to the original as can be."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

from heliograph.text.gsm import is_gsm

# Joiners, variation selectors, skin tones and tags: they change how their neighbour looks, and stand for nothing.
_MODIFIERS = "\u200b-\u200f\u2060\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\u20e3\U000e0020-\U000e007f"
_MODIFIER = re.compile(f"[{_MODIFIERS}]")
# Pictographs, dingbats and flags. Signs that belong to texts, such as © or €, are not among them.
_EMOJI = re.compile(
    "[\u2190-\u21ff\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe"
    "\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    f"\U0001f000-\U0001faff{_MODIFIERS}]+"
)
_SPACES = re.compile(" {2,}")

# Where the nearest letters are not the nearest meaning.
_BY_HAND = {"`": "'", "´": "'", "‘": "'", "’": "'", "‚": "'", "‛": "'", "\u00a0": " ", "\t": " ", "\u2028": "\n"}


def to_gsm(text: str, *, remove_emoji: bool = False) -> str:
    """The text with every character outside the GSM alphabet replaced by the nearest that is inside.

    Letters lose only the accents that the alphabet lacks; other scripts are romanised; typographic marks become plain
    ones. Emoji are written out (`:grinning:`), or left out with `remove_emoji`. What nobody can romanise becomes `?`.
    The result is always GSM; a text that is so already comes back as it is.
    """
    if is_gsm(text):
        return text
    if remove_emoji:
        text = _SPACES.sub(" ", _EMOJI.sub("", text)).strip(" ")
    return "".join(map(_nearest, unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=4096)
def _nearest(character: str) -> str:
    if is_gsm(character):
        return character
    if character in _BY_HAND:
        return _BY_HAND[character]
    if _MODIFIER.match(character) or unicodedata.category(character).startswith("M"):
        return ""
    compatible = unicodedata.normalize("NFKC", character)
    if is_gsm(compatible):
        return compatible
    # An accent too many: ắ has ă in no alphabet here, but à, ä and å are in this one.
    base = unicodedata.normalize("NFD", character)[0]
    if is_gsm(base):
        return base
    romanised = "".join(_BY_HAND.get(letter, letter) for letter in anyascii(character))
    return "".join(letter for letter in romanised if is_gsm(letter)) or "?"
