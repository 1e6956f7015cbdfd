"""How a number is spelled: from what people, phones and spreadsheets write to its digits, and a plus if it had one.

Ignored are spaces of every kind, dashes, dots, brackets, the wave of `8~10` (wait for the tone), and the invisible
marks that come along when a number is copied from a contact. Digits of every script count as 0 to 9.

Undone is what leaves one number to read:

- a slash after an area code (0151/23456789) or between groups (06/12/34/56/78);
- a `tel:` URI (RFC 3966), with the prefix that its phone-context names; other parameters change nothing;
- a spreadsheet's or a script's hand: an apostrophe in front, quotes around, `="0151…"`, commas or apostrophes between
  thousands, and decimal places without a value (4915112345678.0).

Everything else is refused, letters above all: a vanity number, an extension or a name in the wrong column is for a
person to fix. So are a second number after a slash, and what a spreadsheet has rounded (4.91511E+12): there the last
digits are lost.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from heliograph.numbers.digits import ascii_digits
from heliograph.numbers.number import InvalidNumber

_SPACES = " \t\n\v\f\r\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# The last two are the long-vowel mark of Japanese, which is where the dash is on a phone's keyboard.
_DASHES = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u30fc\uff70"
_DOTS = ".\u00b7\u2024\uff0e"
_BRACKETS = "()[]\uff08\uff09\uff3b\uff3d"
_WAVES = "~\u2053\u223c\uff5e"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"

#: Letters and signs that only look different.
_ALIKE: dict[int, str | None] = {
    **dict.fromkeys(map(ord, _INVISIBLE)),
    ord("\uff0b"): "+",
    ord("\ufe62"): "+",
    **dict.fromkeys(map(ord, "\u2044\u2215\uff0f"), "/"),
    **dict.fromkeys(map(ord, "\u2024\uff0e"), "."),
    ord("\uff0c"): ",",
    **dict.fromkeys(map(ord, "\u2018\u2019\uff07"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u00ab\u00bb\uff02"), '"'),
}
_GAPS: dict[int, str | None] = dict.fromkeys(map(ord, _SPACES + _DASHES + _DOTS + _BRACKETS + _WAVES + _INVISIBLE))
_BETWEEN_LETTERS: dict[int, str | None] = dict.fromkeys(map(ord, _SPACES + _DASHES + _INVISIBLE))

LONGEST_SPELLING = 255
"""The most characters of a text that is looked into, whatever it has beside digits."""

_TEL = re.compile(r"tel:(?://)?", re.IGNORECASE)
_PARAMETER = re.compile(r"[A-Za-z0-9-]+(?:=.*)?")
_EXTENSIONS = {"ext", "isub", "postd"}

_QUOTED = re.compile(r"""=?"([^"]*)"|'([^']*)'?""")
_ROUNDED = re.compile(r"\+?\d+(?:[.,]\d*)?e[+-]?\d+", re.IGNORECASE)
_THOUSANDS = re.compile(r"(\+?\d{1,3}(?:(,|')\d{3})(?:\2\d{3})+)(?:[.,]0+)?")
#: Zeros after digits that nothing else divides; or after a comma, which divides no numbers.
_WHOLE = re.compile(r"(\+?\d{7,})[.,]0+|([^,]*\d),00?")
#: Those, or one other digit; or one or two zeros after the only dot. (06.12.34.56.00 has other dots.)
_DECIMAL = re.compile(r"\+?\d{7,}[.,](?:\d|0+)|[^.]*\.00?")

_SLASHED = re.compile(
    r"""
    (?: (?:\+|00)\d{1,3} / )?                                # a country's code may stand by itself
    (?: \+\d{2,8} | 00\d{2,8} | 0\d{1,5} | [1-9]\d{1,7} )    # the area: with its 0 at most six digits (Germany)
    / \d{4,}                                                 # fewer are the other end of a range of numbers
    | \d{3,4} / \d{3} / \d{3,4}                              # 212/555/0123, and not a date
    | \+?\d{1,6} (?: /\d{2,4} ){3,}                          # 06/12/34/56/78
    """,
    re.VERBOSE,
)


def compact(text: str) -> str:
    """Return `text` as ASCII digits, with a plus in front if it had one. Raises InvalidNumber if it has more in it."""
    digits = text.removeprefix("+")
    if len(text) > LONGEST_SPELLING:
        raise InvalidNumber(text, "far too long")
    if digits.isascii() and digits.isdigit():
        return text
    bare = text.translate(_GAPS)
    digits = bare.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return _undone(text)
    if ("." in text or not text.isascii()) and _DECIMAL.fullmatch(text.translate(_ALIKE).strip()):
        return _undone(text)
    return bare


def plus_kept(text: str) -> str:
    """Restore the plus that a field of a form or a query began with: sent bare, a plus arrives there as a space.

    One space before a digit is such a plus, except before 0, where no calling code begins: a pasted ` 0151…` stays as
    it is. In a text that is neither a form's nor a query's a space is a space.
    """
    return f"+{text[1:]}" if text[:1] == " " and text[1:2].isdecimal() and ascii_digits(text[1]) != "0" else text


def code_typed(text: str) -> str:
    """Restore a one-time code from what a person typed: take out blanks, dashes and marks, and write capitals.

    What is far too long is no code, and empty.
    """
    if len(text) > LONGEST_SPELLING:
        return ""
    return ascii_digits(text).translate(_BETWEEN_LETTERS).upper()


def _undone(text: str) -> str:
    plain = ascii_digits(text).translate(_ALIKE).strip()
    if scheme := _TEL.match(plain):
        plain = _in_uri(text, plain[scheme.end() :])
    elif quoted := _QUOTED.fullmatch(plain):
        plain = (quoted[1] or quoted[2] or "").strip()
    plain = _whole(text, plain)
    bare = plain.translate(_GAPS)
    if "/" in bare:
        if _SLASHED.fullmatch(bare) is None:
            raise InvalidNumber(text, "has a slash where no area code ends: give one number, written out")
        bare = bare.replace("/", "")
    if reason := _why_not_digits(bare):
        raise InvalidNumber(text, reason)
    return bare


def _in_uri(text: str, rest: str) -> str:
    """Return the number of a `tel:` URI, given what follows the scheme.

    Raises InvalidNumber for a malformed parameter, and for an extension, which no message reaches.
    """
    number, *parameters = unquote(rest).split(";")
    for parameter in parameters:
        if _PARAMETER.fullmatch(parameter) is None:
            raise InvalidNumber(text, f"contains {parameter!r}, which is no parameter of a tel: URI")
        name, _, value = parameter.partition("=")
        if name.lower() in _EXTENSIONS:
            raise InvalidNumber(text, "has an extension, which no message reaches")
        if name.lower() == "phone-context" and value.startswith("+") and not number.startswith("+"):
            number = value + number
    return number


def _whole(text: str, plain: str) -> str:
    """Undo what a spreadsheet or a script has made of a number. Raises InvalidNumber if its digits are lost."""
    if _ROUNDED.fullmatch(plain):
        raise InvalidNumber(
            text, "a spreadsheet has rounded this number, and its last digits are lost: format the column as text"
        )
    if thousands := _THOUSANDS.fullmatch(plain):
        return thousands[1].replace(thousands[2], "")
    if whole := _WHOLE.fullmatch(plain):
        return whole[1] or whole[2]
    if _DECIMAL.fullmatch(plain):
        raise InvalidNumber(text, "ends like a decimal number: give its digits as text")
    return plain


def _why_not_digits(bare: str) -> str | None:
    for character in bare:
        if character != "+" and not (character.isascii() and character.isdigit()):
            return f"contains {character!r}, which is no part of a phone number"
    if "+" in bare[1:]:
        return "a plus can only stand at the beginning"
    return "contains no digits" if bare in {"", "+"} else None
