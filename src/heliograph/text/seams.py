"""Seams keep numerals apart from the digits beside them, once nothing else does.

A numeral that is written without the height, the ring or the slash that set it apart must not run into its neighbours:
1½ is not 11/2, 10² is not 102, ①② is not 12. What that takes depends on both neighbours as they are written, so each
such numeral is written with seams at its ends, and the seams are closed last, when all else stands. Seams are
noncharacters, which Unicode keeps for use inside a program; where nothing runs together, they close to nothing.
"""

from __future__ import annotations

import re

BREAK = "\ufdd0"
"""Stands between digits, and closes to a blank."""
_FRACTION = "\ufdd1"
"""Stands at either end of a fraction: closes to a blank also between it and a letter before it, or a slash."""
_RAISED, _ALWAYS_RAISED = "\ufdd2", "\ufdd3"
"""Stand before what was a superscript: close to `^` behind a digit or a bracket; the second, also behind a letter."""
_LOWERED, _ALWAYS_LOWERED = "\ufdd4", "\ufdd5"
"""Stand before what was a subscript: close to `_` behind a digit; the second, also behind a letter or a bracket."""
_SEAM = re.compile("[\ufdd0-\ufdd5]+")
_SEAMLESS = dict.fromkeys(range(0xFDD0, 0xFDD6))

_BEGINS_IN_DIGIT = re.compile("[.,]?[0-9]").match
_ENDS_IN_DIGIT = re.compile("[0-9][.,]?$").search
_IS_FRACTION = re.compile("[0-9]+/[0-9]+").fullmatch
_EXPONENTS = frozenset("nixyk")
"""Superscript letters that are exponents, not the endings of ordinals and abbreviations: 2ⁿ, but 2ⁿᵈ and Mʳ."""
_COUNTS = re.compile("[0-9+=-]").search
_IS_POWER = re.compile("[0-9]+[+-]?|[+-]").fullmatch
_IS_ONE_TERM = re.compile(r"[+-]?(?:[0-9]+|[A-Za-z])|\(.*\)").fullmatch


def with_seams(written: str) -> str:
    """Add seams at the ends of a reading that could run into digits beside it."""
    if _IS_FRACTION(written):
        return f"{_FRACTION}{written}{_FRACTION}"
    return f"{BREAK if _BEGINS_IN_DIGIT(written) else ''}{written}{BREAK if _ENDS_IN_DIGIT(written) else ''}"


def raised(text: str) -> str:
    """Write what was a superscript: m² is m2, but 10² is 10^2, 10⁻³ 10^-3, xⁿ⁺¹ x^(n+1); and 1ˢᵗ is 1st."""
    if not _COUNTS(text):
        return f"{_ALWAYS_RAISED}{text}" if text in _EXPONENTS else text
    if _IS_POWER(text):
        return f"{_RAISED}{text}{BREAK}"
    return f"{_ALWAYS_RAISED}{_one_term(text)}{BREAK}"


def lowered(text: str) -> str:
    """Write what was a subscript: H₂O is H2O, but 1010₂ is 1010_2 and xₙ₋₁ x_(n-1)."""
    if text.isalnum():
        return f"{_LOWERED}{text}{BREAK}"
    return f"{_ALWAYS_LOWERED}{_one_term(text)}{BREAK}"


def _one_term(text: str) -> str:
    return text if _IS_ONE_TERM(text) else f"({text})"


def closed(text: str) -> str:
    """Close the seams of a text whose every other character stands as it will be read."""
    return _SEAM.sub(_closed, text)


def _closed(seam: re.Match[str]) -> str:
    before = seam.string[max(seam.start() - 3, 0) : seam.start()].translate(_SEAMLESS)
    after = seam.string[seam.end() : seam.end() + 3].translate(_SEAMLESS)
    return _sign_of_height(seam[0], before) or (" " if _run_together(seam[0], before, after) else "")


def _sign_of_height(seams: str, before: str) -> str:
    number, bracket, word = _ENDS_IN_DIGIT(before) is not None, before.endswith((")", "]")), before[-1:].isalnum()
    if (number or bracket) if _RAISED in seams else _ALWAYS_RAISED in seams and (number or bracket or word):
        return "^"
    if number if _LOWERED in seams else _ALWAYS_LOWERED in seams and (number or bracket or word):
        return "_"
    return ""


def _run_together(seams: str, before: str, after: str) -> bool:
    number = _ENDS_IN_DIGIT(before) is not None
    if number and _BEGINS_IN_DIGIT(after):
        return True
    if _FRACTION not in seams:
        return False
    return (number and after.startswith("/")) or (
        after[:1].isdecimal() and (before[-1:].isalpha() or before.endswith("/"))
    )
