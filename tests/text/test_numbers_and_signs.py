"""What no transliteration may change: numbers, signs and units. Unicode's own tables are the judge."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.text import romanise, to_ascii, to_gsm, without_emoji

Written = Callable[[str], str]
both = pytest.mark.parametrize("written", [to_ascii, to_gsm])
unhurried = settings(deadline=None)  # each script that is met for the first time is read from disk

EVERYTHING = [
    each for each in map(chr, range(0x80, sys.maxunicode + 1)) if unicodedata.category(each) not in {"Cn", "Co", "Cs"}
]
ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def of_category(*categories: str) -> list[str]:
    return [each for each in EVERYTHING if unicodedata.category(each) in categories]


def value_of(number: str) -> Fraction:
    """What a reader of ASCII takes a number for."""
    bare = number.strip("().,").removesuffix("/")
    if bare.upper().strip("".join(ROMAN)) == "":
        values = [ROMAN[letter] for letter in bare.upper()]
        following = [*values[1:], 0]
        return Fraction(sum(-one if one < after else one for one, after in zip(values, following, strict=True)))
    return Fraction(bare)


@both
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Take 1½ tablets", "Take 1 1/2 tablets"),
        ("½, 5½%, ½3, -½", "1/2, 5 1/2%, 1/2 3, -1/2"),
        ("10² m, 10²3, 5 m²", "10^2 m, 10^2 3, 5 m2"),
        ("3⁵⁄₈ in, 3⁵/₈, 5⁄8, 3⅟8, ⅟₁₆", "3 5/8 in, 3 5/8, 5/8, 3 1/8, 1/16"),
        ("10⁻³, 5 s⁻¹, 2ⁿ, 2ⁿ⁺¹, ¾²", "10^-3, 5 s^-1, 2^n, 2^(n+1), (3/4)^2"),
        ("(a+b)², 1ˢᵗ, 2ⁿᵈ, 1º, 1ª", "(a+b)^2, 1st, 2nd, 1o, 1a"),
        ("H₂O, 1010₂, xₙ₋₁, SO₄²⁻, Ca²⁺", "H2O, 1010_2, x_(n-1), SO4^2-, Ca2+"),
        ("①②, 1①, ①2, ⑴5, ⒈5, 3.¹", "1 2, 1 1, 1 2, (1)5, 1. 5, 3.^1"),
        ("1️⃣2️⃣, 1️⃣2, 1\u20dd2", "1 2, 1 2, 1 2"),
        ("١٢ ١٢٫٥ ١٬٢٣٤ 𝟏𝟐 １２", "12 12.5 1,234 12 12"),
        ("Ⅷ ⅩⅡ ↂ ㈠ 〇 ༪", "VIII XII 10000 (1) 0 1/2"),
        ("3·5, 6·10³, N·m, col·legi", "3*5, 6*10^3, N.m, col.legi"),
        ("−5 －5 5−3 ±5 ∓5 5×3 6÷2", "-5 -5 5-3 +-5 -+5 5x3 6/2"),
        ("a ≠ b ≤ c ≥ d ≈ e ≮ f ≯ g ≰ h", "a != b <= c >= d ~ e !< f !> g !<= h"),
        ("x ∉ A, ∅, 5 +\u0338 3", "x (not an element of) A, (empty set), 5 !+ 3"),
        ("→ ← ⇒ ⇔ ↑ ➔ ↛", "-> <- => <=> (up) -> !->"),
        ("5 ㎍ 5 µg 5 μg 5 μ, 5 ㎏, 5 ㎡, 5 ㎨, 5 ㏄", "5 ug 5 ug 5 ug 5 u, 5 kg, 5 m2, 5 m/s2, 5 cc"),
        ("3 μ.μ. μία", "3 m.m. mia"),
        ("20℃ 20°C 20˚C 20ºC", "20degC 20degC 20degC 20degC"),
        ("5₹ 5₽ 5₩ 5₡ 5₵", "5INR 5RUB 5KRW 5CRC 5GHS"),
        ("5‰, ٥٪, ⌀ 5, 50†", "5 per mille, 5%, (diameter) 5, 50(+)"),
        ("1ا2, 1\u20622, 1ƨ3, ㋀㏠", "1 2, 1 2, 1 2 3, 1Yue1Ri"),
    ],
)
def test_numbers_signs_and_units_stay_what_they_are(written: Written, text: str, expected: str) -> None:
    assert written(text) == expected


@pytest.mark.parametrize(
    ("text", "ascii_text", "gsm"),
    [
        ("¤ 5 £ € ¥ ￡ ￥", "(currency) 5 GBP EUR JPY GBP JPY", "¤ 5 £ € ¥ £ ¥"),
        ("5 kΩ 5 ㏀ 5\u2126 μΩ ΑΩ", "5 kOhm 5 kOhm 5Ohm uOhm AO", "5 kΩ 5 kΩ 5Ω uΩ AΩ"),
        ("5 Å, 5 \u212b, Ångström", "5 Angstrom, 5 Angstrom, Angstrom", "5 Å, 5 Å, Ångström"),
    ],
)
def test_what_gsm_has_stays_there_and_is_named_in_ascii(text: str, ascii_text: str, gsm: str) -> None:
    assert to_ascii(text) == ascii_text
    assert to_gsm(text) == gsm


@both
def test_every_decimal_digit_is_its_own_digit_in_any_number(written: Written) -> None:
    for digit in of_category("Nd"):
        value = str(unicodedata.decimal(digit))
        assert written(f"1{digit}2{digit}{digit}") == f"1{value}2{value}{value}"
        assert written(f"-{digit}") == f"-{value}"


@both
def test_every_other_numeral_has_its_value_and_runs_into_no_digit(written: Written) -> None:
    for numeral in of_category("No", "Nl"):
        if (value := unicodedata.numeric(numeral, None)) is None:
            continue
        own = written(numeral)
        apart = "(?![0-9])[^0-9.,]" if own[-1:].isdecimal() else "[^0-9]" if own[-1] in ".," else ""
        before = "[^0-9.,]" if own[0].isdecimal() else ""

        assert value_of(own) == Fraction(value).limit_denominator(1000), numeral
        for text, expected in {
            f"1{numeral}": f"1{before}{re.escape(own)}",
            f"{numeral}2": f"{re.escape(own)}{apart}2",
            f"1{numeral}2": f"1{before}{re.escape(own)}{apart}2",
            f"1.{numeral}": f"1\\.{before}{re.escape(own)}",
            f"-{numeral}": f"-{re.escape(own)}",
        }.items():
            assert re.fullmatch(expected, written(text)), (text, written(text))


SEPARATORS = {*".,/", "\u066b", "\u066c", "\u060c", "\u3001", "\u3002", "\u2396", "\u2044", "\u2215", "\u00f7"}
"""What may stand between the digits of a number or a fraction (CLDR, lenient parsing), and signs of division."""
UNSEEN = {"Cc", "Cf", "Mn", "Mc", "Me"}


@both
def test_no_character_between_digits_makes_one_number_of_them(written: Written) -> None:
    """All of Unicode; what can't be seen, or belongs to the digit, can't part two digits."""
    joined = [
        each
        for each in EVERYTHING
        if unicodedata.category(each) not in UNSEEN | {"Nd"}
        and unicodedata.normalize("NFKC", each) not in SEPARATORS
        and re.fullmatch("1[.,]?2", written(f"1{each}2"))
    ]

    assert [each for each in joined if not "\U0001f9b0" <= each <= "\U0001f9b3"] == []  # hair, which only follows emoji


ARITHMETIC = {
    "+": "＋﹢﬩⁺₊",
    "-": "−－﹣⁻₋",
    "*": "∗∙⋅",
    "/": "⁄∕÷",
    "=": "＝﹦⁼₌",
    "<": "＜﹤",
    ">": "＞﹥",
    "~": "∼≈～",
    "^": "",
    "%": "",
    "!": "",
    "|": "｜∣",
}


@both
def test_no_mathematical_sign_becomes_another(written: Written) -> None:
    for sign in of_category("Sm"):
        if (own := written(sign)) in ARITHMETIC:
            assert sign in ARITHMETIC[own], (sign, own)


@both
def test_a_negated_sign_is_not_the_sign(written: Written) -> None:
    negated = [each for each in EVERYTHING if unicodedata.normalize("NFD", each)[1:] == "\u0338"]

    assert len(negated) > 40
    for each in negated:
        own = written(each)
        assert own.startswith("!") or re.search(r"\b(not|nor|no|stroke|negated|forking)\b", own), (each, own)
        assert own != written(unicodedata.normalize("NFD", each)[0])


@both
def test_no_currency_becomes_another(written: Written) -> None:
    by_reading = defaultdict(set)
    for sign in of_category("Sc"):
        by_reading[written(sign)].add(unicodedata.normalize("NFKC", sign))

    assert by_reading.pop("$") == {"$"}
    assert all(each == "Rs" or "RUPEE" in unicodedata.name(each) for each in by_reading.pop("Rs"))
    assert "?" not in by_reading
    assert [shared for shared in by_reading.values() if len(shared) > 1] == []


@both
def test_units_in_one_character_are_those_that_it_is_made_of(written: Written) -> None:
    squares = [chr(code) for code in (*range(0x3371, 0x3380), *range(0x3380, 0x33E0), 0x33FF)]
    for square in squares:
        letters = unicodedata.normalize("NFKC", square)
        if all(each.isascii() or each in "μΩ∕" for each in letters):
            ohm = "Ω" if written is to_gsm else "Ohm"
            assert written(f"5 {square}") == "5 " + letters.replace("μ", "u").replace("∕", "/").replace("Ω", ohm)


NUMBERS = st.integers(1, 9999)
SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SUBSCRIPT = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")
VULGAR = {unicodedata.numeric(each): each for each in "½⅓¼⅔¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒"}


@unhurried
@given(st.integers(0, 999), NUMBERS, NUMBERS, st.sampled_from("⁄/∕"))
def test_a_mixed_fraction_is_the_sum_of_its_parts(whole: int, above: int, below: int, slash: str) -> None:
    text = f"{whole}{str(above).translate(SUPERSCRIPT)}{slash}{str(below).translate(SUBSCRIPT)}"
    for written in (to_ascii(text), to_gsm(text)):
        assert sum(map(Fraction, written.split(" "))) == whole + Fraction(above, below)


@unhurried
@given(st.integers(0, 999), st.sampled_from(sorted(VULGAR)), st.sampled_from(["", " ", "%", " kg", "3", "."]))
def test_a_vulgar_fraction_is_added_to_what_is_before_it(whole: int, value: float, after: str) -> None:
    for written in (to_ascii(f"{whole}{VULGAR[value]}{after}"), to_gsm(f"{whole}{VULGAR[value]}{after}")):
        found = re.match("([0-9]+) ([0-9]+)/([0-9]+)(?![0-9])", written)
        assert found is not None
        assert int(found[1]) + Fraction(int(found[2]), int(found[3])) == whole + Fraction(value).limit_denominator(10)


@unhurried
@given(st.integers(0, 999), st.integers(-99, 99), st.sampled_from(["", "7", "m", " 7", ",", "½"]))
def test_a_power_is_a_power(base: int, exponent: int, after: str) -> None:
    text = f"{base}{str(exponent).translate(SUPERSCRIPT)}{after}"
    for written in (to_ascii(text), to_gsm(text)):
        assert re.match(rf"{base}\^{exponent}(?![0-9])", written)


@unhurried
@given(st.lists(st.sampled_from([*"①②③⑩❶⑴⒈Ⅷ½²₂㈠5٥", "1\ufe0f\u20e3"]), max_size=6))
def test_numerals_side_by_side_are_as_many_numbers(numerals: list[str]) -> None:
    merged = re.sub("[5٥]+", "5", "".join(numerals).replace("1\ufe0f\u20e3", "①"))
    merged = re.sub("²+", "²", re.sub("₂+", "₂", merged))
    merged = re.sub("Ⅷ", "", merged)
    shown = re.findall("[0-9]+/[0-9]+|[0-9]+", to_ascii("".join(numerals)))

    assert to_gsm("".join(numerals)) == to_ascii("".join(numerals))
    assert len(shown) == len(merged)


def test_emoji_leave_a_blank_between_two_numbers() -> None:
    assert without_emoji("1😀2, 3️⃣4, ½👍5, a😀b") == "1 2, 3 4, ½ 5, ab"
    assert to_gsm("1😀2 – 1️⃣2️⃣", remove_emoji=True) == "1 2 - 1 2"


def test_romanising_greek_leaves_units_what_they_are() -> None:
    assert romanise("Πάρε 5 μg, 10μm, στις 3 μ.μ., 5 kΩ, 5 \u2126, Ωραία", "GREEK") == (
        "Pare 5 ug, 10um, stis 3 m.m., 5 kΩ, 5 Ω, Oraia"
    )
    assert romanise("5 μg", "RUSSIAN_CYRILLIC") == "5 μg"
