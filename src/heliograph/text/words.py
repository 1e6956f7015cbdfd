"""The words of a text, as they are looked for: whatever their case, accents and widths.

A word is a run of letters, numerals and the marks that belong to them. Scripts that put no blanks between words (Han,
Kana, Thai, Lao, Khmer, Burmese) are cut into single characters and pairs of neighbours: who looks for some characters
finds the texts that have each pair of them, which are those with the whole, and hardly any others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

LONGEST_WORD = 64
"""Characters of a word that count: what is longer is found by its beginning."""
_PLAIN = re.compile(r"[a-z0-9]+")
_WITHOUT_BLANKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_PIECES = re.compile(f"[{_WITHOUT_BLANKS}]+|[^{_WITHOUT_BLANKS}]+")
_UNSPACED = re.compile(f"[{_WITHOUT_BLANKS}]")


def folded(text: str) -> str:
    """Return a text without what words are the same in spite of: case, accents, widths."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(each for each in apart if not unicodedata.combining(each)))


def words_of(text: str) -> set[str]:
    """Return the words of a text, each once; none if it has no letter and no numeral."""
    plain = folded(text)
    if plain.isascii():
        return {word[:LONGEST_WORD] for word in _PLAIN.findall(plain)}
    return {word[:LONGEST_WORD] for run in _runs(plain) for piece in _PIECES.findall(run) for word in _cut(piece)}


def _runs(text: str) -> list[str]:
    return "".join(each if unicodedata.category(each)[0] in "LNM" else " " for each in text).split()


def _cut(piece: str) -> Iterator[str]:
    if _UNSPACED.match(piece) is None:
        yield piece
        return
    yield from piece
    for first, second in pairwise(piece):
        yield first + second
