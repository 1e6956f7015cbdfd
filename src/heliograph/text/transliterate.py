"""Transliteration: any text to one that GSM or ASCII can write, as near to the original as can be.

Nearness is judged a character at a time: the alphabet's own characters stay; an accent too many is taken off, and no
more than that (ǻ is å, but á is a); other letters and signs are romanised. Case is meaning too: `ç` becomes `c` and not
the alphabet's capital `Ç`.

Letters may change their looks; a number, a sign or a unit stays what it is (`signs.py`, `seams.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from anyascii import anyascii

from heliograph.text import seams
from heliograph.text.emoji import without_emoji
from heliograph.text.gsm import CHARACTERS, is_gsm
from heliograph.text.signs import written_numeral, written_sign

# Where the general rules would change the look or the lines of a text.
_BY_HAND = {
    "`": "'",
    "´": "'",
    "\t": " ",
    "\v": "\n",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    # Like skin tones, the hair of an emoji says little and has no name of its own.
    **dict.fromkeys("\U0001f9b0\U0001f9b1\U0001f9b2\U0001f9b3", ""),
}
_TWINS = {"∆": "Δ"}
"""Signs that only their code point keeps apart from a letter."""
_STOPS = frozenset(".,")
_SEPARATORS = _STOPS | frozenset("٫٬،、。⎖")
"""Characters that may stand inside a number (CLDR, lenient parsing); other commas and stops are the ends of clauses."""
_INVISIBLE_OPERATORS = frozenset("\u2062\u2063\u2064")
"""Times, comma and plus as they are when nobody sees them; digits on either side must stay apart."""


def _of_height(kind: str) -> str:
    """List all characters that differ from others only by standing higher (`<super>`) or lower (`<sub>`)."""
    places = (*range(0xB2, 0xBA), *range(0x2B0, 0x2E5), *range(0x1D2C, 0x1DC0), *range(0x2070, 0x209D), 0x2C7C, 0x2C7D)
    return "".join(each for each in map(chr, places) if unicodedata.decomposition(each).startswith(kind))


_SUPERSCRIPTS, _SUBSCRIPTS = _of_height("<super>"), _of_height("<sub>")
_HIGH, _LOW, _VULGAR = "⁰¹²³⁴-⁹", "₀-₉", "¼-¾⅐-⅞↉"
_NUMERIC = rf"\d{_HIGH}{_LOW}{_VULGAR}"
_DOT, _NEGATION, _ENCLOSING = "·‧", "\u0338\u20d2", "\u20dd-\u20e0\u20e2-\u20e4"
_BEHIND_NUMBER = r"(?:(?<=\d)|(?<=\d ))"
_MU = "μ𝛍𝜇𝝁𝝻𝞵"
_GREEK = "\u0370-\u03ff\u1f00-\u1fff"
_OHM = f"(?:(?<![{_GREEK}])|(?<=[{_MU}]))Ω(?![{_GREEK}])|\u2126"
_MICRO = f"(?<![{_GREEK}])[{_MU}](?=[A-Za-z℧]|(?:{_OHM}))|{_BEHIND_NUMBER}[{_MU}](?!\\.?[{_GREEK}])"
_GREEK_UNITS = f"(?P<micro>{_MICRO})|(?P<ohm>{_OHM})"
"""Matches Greek letters that are units: micro, before another unit or behind a number, and the ohm."""
#: What several characters, or a character and its neighbours, mean together.
_TOGETHER = "|".join(
    (
        f"(?P<fraction>[{_HIGH}]+[/⁄∕][{_LOW}]+|⅟[{_LOW}]+)",
        f"(?P<base>[{_VULGAR}])(?=[{_HIGH}])",
        f"(?P<superscript>[{_SUPERSCRIPTS}]+)",
        f"(?P<subscript>[{_SUBSCRIPTS}]+)",
        f"(?P<negation>[^\\w\\s][{_NEGATION}])",
        f"(?P<enclosed>[\\d#*]\ufe0f?[{_ENCLOSING}])",
        f"(?P<times>(?<=[{_NUMERIC}])[{_DOT}]|[{_DOT}](?=[{_NUMERIC}])|(?<=[{_NUMERIC}] )[{_DOT}](?= [{_NUMERIC}]))",
        rf"(?P<joint>(?<=[^\W\d_])[{_DOT}](?=[^\W\d_]))",
        rf"(?P<degree>{_BEHIND_NUMBER}º(?=[CF]\b))",
        rf"(?P<angstrom>{_BEHIND_NUMBER}Å(?!\w))",
        _GREEK_UNITS,
    )
)
_TELLING = f"{_SUPERSCRIPTS}{_SUBSCRIPTS}{_VULGAR}⅟{_DOT}{_NEGATION}{_ENCLOSING}Åº"
# A quick look for any of these; Greek letters before other Greek letters are words.
_HAS_SUCH = re.compile(f"[{_TELLING}{_MU}ΩΩ](?:(?<=[{_TELLING}])|(?![{_GREEK}]))").search
_WORDS = {"times": "*", "joint": ".", "degree": "deg", "angstrom": "Angstrom", "micro": "u", "ohm": "Ohm"}
_SLASHES = {ord(slash): "/" for slash in "⁄∕"}


class _Alphabet:
    """The characters that can be written, and for every other one what is nearest to it among them."""

    def __init__(self, characters: str, has: Callable[[str], bool], *, takes_apart: bool = False) -> None:
        """Prepare an alphabet. With `takes_apart`, a letter becomes what is left of its NFKD in the alphabet."""
        self._has = has
        self._takes_apart = takes_apart
        self._foreign = re.compile(f"{_TOGETHER}|[^{re.escape(characters)}]")
        self._nearest = lru_cache(maxsize=4096)(self._sought)

    def write(self, text: str) -> str:
        """Write a text, which is in NFC, in characters of the alphabet only."""
        if _HAS_SUCH(text):
            return seams.closed(self._foreign.sub(self._replaced, text))
        return seams.closed("".join(map(self._nearest, text)))

    def _replaced(self, found: re.Match[str]) -> str:
        text = found[0]
        match found.lastgroup:
            case None:
                return self._nearest(text)
            case "fraction":
                return seams.with_seams(self._flat(text).translate(_SLASHES))
            case "base":
                return f"({self._flat(text)})"
            case "superscript":
                return seams.raised(self._flat(text))
            case "subscript":
                return seams.lowered(self._flat(text))
            case "negation":
                return "!" + self.write(text[0])
            case "enclosed":
                return f"{seams.BREAK}{self.write(text[0])}{seams.BREAK}"
            case kind:
                return text if self._has(text) else _WORDS[kind]

    def _flat(self, text: str) -> str:
        return self.write(unicodedata.normalize("NFKC", text))

    def _sought(self, character: str) -> str:
        if self._has(character):
            return character
        by_hand = _BY_HAND.get(character)
        if by_hand is not None:
            return by_hand
        category = unicodedata.category(character)
        if category == "Cf":  # Invisible; among them the tags of flags, which anyascii would spell out.
            return seams.BREAK if character in _INVISIBLE_OPERATORS else ""
        if category == "Nd":
            return str(unicodedata.decimal(character))
        written = self._letter(character) if category[0] == "L" else self._other(character)
        if written in _STOPS and unicodedata.normalize("NFKC", character) not in _SEPARATORS:
            return f"{written}{seams.BREAK}"
        return seams.with_seams(written) if written else _without_reading(category)

    def _letter(self, letter: str) -> str:
        unaccented = self._without_accents(letter)
        if unaccented:
            return unaccented
        if self._takes_apart and (apart := "".join(filter(self._has, unicodedata.normalize("NFKD", letter)))):
            return apart
        compatible = unicodedata.normalize("NFKC", letter)
        return compatible if self._has(compatible) else self._romanised(letter)

    def _without_accents(self, letter: str) -> str:
        """Return the letter with as many of its accents as the alphabet has; nothing if it has no form of it."""
        decomposed = unicodedata.normalize("NFD", letter)
        for length in range(len(decomposed) - 1, 0, -1):
            candidate = unicodedata.normalize("NFC", decomposed[:length])
            if self._has(candidate):
                return candidate
        return ""

    def _other(self, character: str) -> str:
        compatible = _TWINS.get(character) or unicodedata.normalize("NFKC", character)
        if compatible != character and self._has(compatible):
            return compatible
        if character in _TWINS or (compatible[0].isdecimal() and not character.isnumeric()):  # 1月, in one character
            return self.write(compatible)
        return written_numeral(character) or written_sign(character) or self._romanised(character)

    def _romanised(self, character: str) -> str:
        romanised = anyascii(character).replace("`", "'")
        return romanised if self._has(romanised) else ""


def _without_reading(category: str) -> str:
    """Return what stands for a character without a reading: `?` if something is lost with it.

    Nothing is lost with marks, blanks and invisible controls. A silent letter still keeps its neighbours apart.
    """
    if category[0] == "L" or category == "Sk":
        return seams.BREAK
    return "" if category[0] in "MZ" or category == "Cc" else "?"


_GSM = _Alphabet(CHARACTERS, is_gsm)
_ASCII = _Alphabet("".join(map(chr, range(128))), str.isascii, takes_apart=True)


def to_gsm(text: str, *, remove_emoji: bool = False) -> str:
    """Replace every character outside the GSM alphabet by the nearest inside it; the result is always GSM.

    A text that is GSM already comes back as it is. Emoji are written by name (`:thumbsup:`), flags by their country
    code; with `remove_emoji` both are left out, with the blanks that they leave. Signs that read as letters, digits or
    punctuation (🆗, 1️⃣, ™, ‼) are no emoji here and stay, as `OK`, `1`, `TM`, `!!`. A symbol that has no reading
    becomes `?`, and so does a text of which nothing would be left though it has letters.
    """
    if is_gsm(text):
        return text
    text = without_emoji(text) if remove_emoji else unicodedata.normalize("NFC", text)
    written = _GSM.write(text)
    return "?" if not written.strip() and any(map(str.isalpha, text)) else written


def to_ascii(text: str) -> str:
    """Write a text in ASCII: letters without their accents, other letters romanised, signs by the nearest there is.

    What Unicode takes apart into an ASCII letter and its marks (NFKD) becomes that letter, whatever it means in a
    language: `ö` is `o`. A sign without a reading becomes `?`, and so does a text of which nothing else would be left.
    """
    if text.isascii():
        return text
    # NFC would make the letter of the unit.
    written = _ASCII.write(unicodedata.normalize("NFC", text.replace("\u212b", _WORDS["angstrom"])))
    return "?" if not written.strip() and text.strip() else written


def greek_units(text: str) -> dict[int, str]:
    """Find the Greek letters of a text that are units: their places, and how GSM writes each."""
    return {unit.start(): "u" if unit["micro"] else "Ω" for unit in re.finditer(_GREEK_UNITS, text)}
