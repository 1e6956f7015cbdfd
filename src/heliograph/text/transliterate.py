"""From any text to one that the GSM alphabet can write, as near to the original as can be.

Nearness is judged a character at a time: the alphabet's own characters stay; an accent too many is taken off, and no
more than that (ǻ is å, but á is a); other letters and signs are romanised. Case is meaning too: `ç` becomes `c` and
not the alphabet's capital `Ç`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

from heliograph.text.gsm import is_gsm

# Where the general rules would change the meaning, the look, or the lines of a text.
_BY_HAND = {
    "`": "'",
    "´": "'",
    "\t": " ",
    "\v": "\n",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    "≠": "!=",
    "×": "x",
    "→": "->",
    "←": "<-",
    "‰": " per mille",
    # Like skin tones, the hair of an emoji says little and has no name of its own.
    **dict.fromkeys("\U0001f9b0\U0001f9b1\U0001f9b2\U0001f9b3", ""),
}
# 1½ is not 11/2, and 10² is not 102.
_FRACTION_AFTER_DIGIT = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅞])")
_POWER_AFTER_DIGIT = re.compile("(?<=[0-9])(?=[²³¹⁰⁴-⁹])")

# What makes one emoji of several characters (UTS #51, 1.4): the joiner, the keycap, variation selectors and tags; and
# the letters of flags, the regional indicators.
_GLUE_OR_FLAG = re.compile("[\u200d\u20e3\ufe00-\ufe0f\U000e0020-\U000e007f\U0001f1e6-\U0001f1ff]")
_PICTOGRAPHS = re.compile("[\U0001f300-\U0001faff]")
# Unicode's own sign for "an object stood here", which is what a removed emoji leaves until its blanks are closed up.
_GONE = "\ufffc"
_GAP = re.compile(f" ?{_GONE}[ {_GONE}]*")
_LINE_ENDS = frozenset({"", "\n"})
_BLANKLESS = _LINE_ENDS | frozenset(".,;:!?)")


def to_gsm(text: str, *, remove_emoji: bool = False) -> str:
    """The text with every character outside the GSM alphabet replaced by the nearest inside it; always GSM.

    A text that is GSM already comes back as it is. Emoji are written by name (`:thumbsup:`), flags by their country
    code; with `remove_emoji` both are left out, with the blanks that they leave. Signs that read as letters, digits or
    punctuation (🆗, 1️⃣, ™, ‼) are no emoji here and stay, as `OK`, `1`, `TM`, `!!`. A symbol that has no reading
    becomes `?`, and so does a text of which nothing would be left though it has letters.
    """
    if is_gsm(text):
        return text
    text = unicodedata.normalize("NFC", text)
    if remove_emoji:
        text = _without_emoji(text)
    text = _FRACTION_AFTER_DIGIT.sub(" ", text)
    text = _POWER_AFTER_DIGIT.sub("^", text)
    written = "".join(map(_nearest, text))
    return "?" if not written.strip() and any(map(str.isalpha, text)) else written


def to_ascii(text: str) -> str:
    """The text in ASCII: letters without their accents, other letters romanised, signs by the nearest there is.

    What Unicode takes apart into an ASCII letter and its marks (NFKD) becomes that letter, whatever it means in a
    language: `ö` is `o`. A sign without a reading becomes `?`, and so does a text of which nothing else would be left.
    """
    if text.isascii():
        return text
    written = "".join(map(_in_ascii, unicodedata.normalize("NFC", text)))
    return "?" if not written.strip() and text.strip() else written


@lru_cache(maxsize=4096)
def _in_ascii(character: str) -> str:
    if character.isascii():
        return character
    unmarked = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if unmarked:
        return unmarked
    return _nearest(character) if _nearest(character).isascii() else anyascii(character) or "?"


@lru_cache(maxsize=4096)
def _nearest(character: str) -> str:
    if is_gsm(character):
        return character
    by_hand = _BY_HAND.get(character)
    if by_hand is not None:
        return by_hand
    category = unicodedata.category(character)
    if category == "Cf":  # Invisible; among them the tags of flags, which anyascii would spell out.
        return ""
    unaccented = _without_accents(character)
    if unaccented:
        return unaccented
    compatible = unicodedata.normalize("NFKC", character)
    if is_gsm(compatible):
        return compatible
    romanised = anyascii(character).replace("`", "'")
    if romanised and is_gsm(romanised):
        return romanised
    # Silent letters, marks, blanks, invisible controls: nothing is lost. Symbols and private or unassigned codes: is.
    return "" if category[0] in "LMZ" or category in {"Cc", "Sk"} else "?"


def _without_accents(letter: str) -> str:
    """The letter with as many of its accents as the alphabet has; nothing if that is none of the alphabet's."""
    if not letter.isalpha():
        return ""
    decomposed = unicodedata.normalize("NFD", letter)
    for length in range(len(decomposed) - 1, 0, -1):
        candidate = unicodedata.normalize("NFC", decomposed[:length])
        if is_gsm(candidate):
            return candidate
    return ""


def without_emoji(text: str) -> str:
    """The text without emoji and flags, and without the blanks that they leave; everything else stays as it is."""
    return _without_emoji(unicodedata.normalize("NFC", text))


def _without_emoji(text: str) -> str:
    return _GAP.sub(_closed, "".join(map(_gone_if_emoji, text)))


@lru_cache(maxsize=4096)
def _gone_if_emoji(character: str) -> str:
    if is_gsm(character):
        return character
    return _GONE if _GLUE_OR_FLAG.match(character) or _is_picture(character) else character


def _is_picture(character: str) -> bool:
    """Whether it can only be written by a name, or is a pictograph too young, or too dependent, to have one."""
    written = anyascii(character)
    if not written:
        return _PICTOGRAPHS.match(character) is not None
    return len(written) > 2 and written[0] == written[-1] == ":"


def _closed(gap: re.Match[str]) -> str:
    """One blank for all the blanks around emoji, or none at the ends of a line and before punctuation."""
    before = gap.string[gap.start() - 1 : gap.start()]
    after = gap.string[gap.end() : gap.end() + 1]
    return " " if " " in gap[0] and before not in _LINE_ENDS and after not in _BLANKLESS else ""
