"""Romanisation of the letters of one alphabet. Every other character stays, as do letters that are units: 5 μg, 5 Ω.

The readings are those of each language, not of the script: Bulgarian щ is sht, Ukrainian г is h. Cyrillic follows the
official romanisations (Bulgaria 2009, Ukraine 2010, Belarus 2007 without diacritics, Serbia's Latin alphabet without
them), Greek the letters of ELOT 743.
"""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.text.transliterate import greek_units, to_gsm


def _paired(letters: str, readings: str) -> dict[str, str]:
    """Pair each letter with its reading; the readings are separated by blanks, and `-` stands for no sound at all."""
    return {
        letter: "" if reading == "-" else reading for letter, reading in zip(letters, readings.split(" "), strict=True)
    }


_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_RUSSIAN = _paired(_CYRILLIC, "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya e")
_BULGARIAN = {letter: _RUSSIAN[letter] for letter in _CYRILLIC if letter not in "ыэё"} | {
    "х": "h",
    "щ": "sht",
    "ъ": "a",
    "ь": "y",
}
_UKRAINIAN = {letter: _RUSSIAN[letter] for letter in _CYRILLIC if letter not in "ъыэё"} | {
    "г": "h",
    "ґ": "g",
    "є": "ie",
    "и": "y",
    "і": "i",
    "ї": "i",
    "й": "i",
    "ю": "iu",
    "я": "ia",
}
_BELARUSIAN = {letter: _RUSSIAN[letter] for letter in _CYRILLIC if letter not in "ищъ"} | {
    "г": "h",
    "і": "i",
    "ў": "u",
    "х": "kh",
    "ё": "io",
    "ю": "iu",
    "я": "ia",
}
_SERBIAN = _paired(
    "абвгдђежзијклљмнњопрстћуфхцчџш",
    "a b v g d dj e z z i j k l lj m n nj o p r s t c u f h c c dz s",
)
_GREEK = _paired(
    "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
    "a v g d e z i th i k l m n x o p r s t y f ch ps o s a e i i o y o i y i y",
)


def _unaccented(letters: str) -> dict[str, str]:
    return {letter: to_gsm(letter) for letter in letters}


#: By the names that SMS.CX has for them.
ALPHABETS: Mapping[str, Mapping[str, str]] = {
    "RUSSIAN_CYRILLIC": _RUSSIAN,
    "BULGARIAN_CYRILLIC": _BULGARIAN,
    "UKRAINIAN_CYRILLIC": _UKRAINIAN,
    "BELARUSIAN_CYRILLIC": _BELARUSIAN,
    "SERBIAN_CYRILLIC": _SERBIAN,
    "GREEK": _GREEK,
    "POLISH": _unaccented("ąćęłńóśźż"),
    "ROMANIAN": _unaccented("ăâîșțşţ"),
    "TURKISH": _unaccented("çğıöşüâîû") | {"İ": "I"},
}


def romanise(text: str, alphabet: str) -> str:
    """Romanise the letters of one of `ALPHABETS` in a text. Raises KeyError for another name.

    Capitals follow their small letters: Bulgarian Щ is Sht, or SHT before another capital.
    """
    small = ALPHABETS[alphabet]
    units = greek_units(text) if small is _GREEK else {}
    out = []
    for place, character in enumerate(text):
        reading = units.get(place, small.get(character))
        if reading is None and (lower := small.get(character.lower())) is not None:
            following = text[place + 1 : place + 2]
            reading = lower.upper() if len(lower) == 1 or following.isupper() else lower.capitalize()
        out.append(character if reading is None else reading)
    return "".join(out)
