"""Reads the words of a text, however a phone writes them.

STOP, groups' keywords and accounts' own words are all compared as this module reads them, so that each forgives the
same things: autocorrected quotes and ellipses, capitals, accents, full-width letters, emoji, invisible marks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

LONGEST_PHRASE = 5
"""How many words of a text are compared with phrases, at most."""

_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58]")
#: Marks that people leave out: accents of Latin, Greek and Cyrillic letters, the points of Hebrew, the vowels and
#: hamzas of Arabic. Marks of other scripts are part of the spelling.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670]"
)
#: Not seen, though in a category of what is: the grapheme joiner, fillers of Hangul and Khmer, variation selectors.
#: The tatweel is a dash that stretches an Arabic word.
_JOINERS = frozenset("\u034f\u0640\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0").union(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text in upper case, without punctuation and symbols around them.

    Other forms of a letter are that letter (Unicode's NFKC), dashes are hyphens, and what is invisible is left out. A
    symbol counts as the letter that it shows (Ⓜ, ™) only in a text of symbols alone.
    """
    pieces, found = text.split(), False
    for reads in (_core, str):
        for piece in pieces:
            for word in (piece if piece.isascii() else _usual(piece, reads)).upper().split():
                if core := _core(word):
                    found = True
                    yield core
        if found:
            return


def bare_word(word: str) -> str:
    """Strip the accents of a word or phrase, and put it in upper case, for comparing."""
    if word.isascii():
        return word.upper()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word.upper())))


def phrase_of(text: str) -> str:
    """Join the words of a short text by one space, in place of hyphens and other punctuation, too: opt-out is OPT OUT.

    What follows the first few words only makes the text none of our phrases, so it is not read.
    """
    words = " ".join(islice(words_of(text), LONGEST_PHRASE + 1))
    return " ".join("".join(each if _is_letter(each) else " " for each in words).split())


def begins_with(text: str, keywords: Sequence[str]) -> bool:
    """Say whether the first words of a text are these keywords, accents aside."""
    said = islice(words_of(text), len(keywords))
    return [bare_word(word) for word in said] == [bare_word(next(words_of(word), "")) for word in keywords]


def _usual(piece: str, reads: Callable[[str], str]) -> str:
    """Write the usual form of each letter (NFKC), with hyphens for dashes and without what is invisible.

    It may have spaces in it: NFKC makes one, and a mark, of an accent that stands alone.
    """
    seen = reads("".join(filter(_is_seen, piece)))
    return _DASHES.sub("-", unicodedata.normalize("NFKC", seen))


def _core(word: str) -> str:
    """Cut a word to what lies from its first letter or digit to its last, with the marks that belong to that."""
    letters = [place for place, each in enumerate(word) if each.isalnum()]
    if not letters:
        return ""
    end = letters[-1] + 1
    while end < len(word) and _is_letter(word[end]):
        end += 1
    return word[letters[0] : end]


def _is_letter(character: str) -> bool:
    """Say whether a character is a letter or digit, or a mark, which is part of the letter before it."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _is_seen(character: str) -> bool:
    """Say whether a character is visible: not a control or format character, nor a mark that encloses a letter."""
    if character in _JOINERS:
        return False
    return character.isspace() or unicodedata.category(character) not in {"Cc", "Cf", "Me"}
