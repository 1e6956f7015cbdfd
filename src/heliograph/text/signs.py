"""ASCII for signs, currencies and numerals: each as itself, never as another.

A reading that looks like the sign but is another one in ASCII (`↑` as the `^` of powers, `∈` as `E`, `∅` as 0, the
colon and the cedi both as `C`) is worse than none, so signs are listed here, and those that aren't go by their Unicode
names, in parentheses.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from fractions import Fraction

from anyascii import anyascii

from heliograph.text.emoji import is_emoji_name

SIGNS: Mapping[str, str] = {
    # Of sums and comparisons.
    "±": "+-",
    "∓": "-+",
    "−": "-",
    "×": "x",
    "⨯": "x",
    "÷": "/",
    "⁄": "/",
    "∕": "/",
    "∗": "*",
    "∙": "*",
    "⋅": "*",
    "∖": "\\",
    "∣": "|",
    "∥": "||",
    "∶": ":",
    "∷": "::",
    "≔": ":=",
    "≕": "=:",
    "≟": "?=",
    "∼": "~",
    "≈": "~",
    "≃": "~=",
    "≅": "~=",
    "≤": "<=",
    "≦": "<=",
    "⩽": "<=",
    "≥": ">=",
    "≧": ">=",
    "⩾": ">=",
    "≪": "<<",
    "≫": ">>",
    "≲": "<~",
    "≳": ">~",
    "√": "sqrt",
    "∛": "cbrt",
    "؆": "cbrt",
    "∞": "inf",
    "∂": "d",
    "∑": "sum",
    "∏": "product",
    "∫": "integral",
    "⁒": "./.",
    "⇒": "=>",
    "⇔": "<=>",
    "♯": "#",
    # Units, and parts of a hundred or more.
    "µ": "u",
    "˚": "deg",  # the ring above, which is typed for the degree sign
    "℃": "degC",
    "℉": "degF",
    "℔": "lb",
    "‰": " per mille",
    "؉": " per mille",
    "‱": " per ten thousand",
    "؊": " per ten thousand",
    # Marks of notes; a plus would be a sign of the number beside it.
    "†": "(+)",
    "‡": "(++)",
}

#: Codes of ISO 4217 for the currency that CLDR's root locale has the sign for, else a name.
CURRENCIES: Mapping[str, str] = {
    "¢": "c",
    "£": "GBP",
    "¥": "JPY",
    "֏": "AMD",
    "؋": "AFN",
    "৲": "Rs",
    "৳": "BDT",
    "૱": "Rs",
    "௹": "Rs",
    "฿": "THB",
    "៛": "KHR",
    "₠": "XEU",
    "₡": "CRC",
    "₢": "BRC",
    "₣": "FRF",
    "₤": "lira",
    "₥": "mill",
    "₦": "NGN",
    "₧": "ESP",
    "₨": "Rs",
    "₩": "KRW",
    "₪": "ILS",
    "₫": "VND",
    "€": "EUR",
    "₭": "LAK",
    "₮": "MNT",
    "₯": "GRD",
    "₰": "Pf",
    "₱": "PHP",
    "₲": "PYG",
    "₳": "ARA",
    "₴": "UAH",
    "₵": "GHS",
    "₶": "livre",
    "₷": "spesmilo",
    "₸": "KZT",
    "₹": "INR",
    "₺": "TL",
    "₻": "mark",
    "₼": "AZN",
    "₽": "RUB",
    "₾": "GEL",
    "₿": "BTC",
    "⃀": "KGS",
    "﷼": "Rial",
}

_ARROWS = {">": "->", "<": "<-", "^": "(up)", "v": "(down)"}
_NEGATED = "\u0338"


def written_sign(character: str) -> str:
    """Write a sign in ASCII; "" if the character is not a sign, or goes by the name of an emoji."""
    known = SIGNS.get(character) or CURRENCIES.get(character)
    if known is not None:
        return known
    apart = unicodedata.normalize("NFD", character)
    if apart[1:] == _NEGATED:
        return _negation(character, apart[0])
    compatible = unicodedata.normalize("NFKC", character)
    if compatible != character and (compatible.isascii() or len(compatible) == 1):
        return compatible if compatible.isascii() else written_sign(compatible)
    looks = anyascii(character)
    name = unicodedata.name(character, "")
    if is_emoji_name(looks):
        return ""
    if "ARROW" in name or "HARPOON" in name:
        return _ARROWS.get(looks) or _by_name(name)
    # What looks like a zero is none.
    return _by_name(name) if unicodedata.category(character) in {"Sm", "Sc"} or looks == "0" else ""


def _negation(character: str, sign: str) -> str:
    plain = sign if sign.isascii() else written_sign(sign)
    return f"!{plain}" if plain and not plain.startswith("(") else _by_name(unicodedata.name(character))


def _by_name(name: str) -> str:
    return f"({name.lower().removesuffix(' sign')})" if name else ""


def written_numeral(character: str) -> str:
    """Write a numeral of any script, but no decimal digit, in ASCII: its own form (`IV`, `(4)`, `4.`), or its value.

    "" if it is not a numeral.
    """
    form = unicodedata.normalize("NFKC", character).replace("⁄", "/")
    if form != character and form.isascii():
        return form
    number = unicodedata.numeric(character, None)
    if number is None:
        return ""
    value = str(Fraction(number).limit_denominator(1000))
    bracketed = f"({value})"
    return bracketed if value.startswith("-") or anyascii(character) == bracketed else value
