"""Romanising one alphabet, and no other character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.text import ALPHABETS, is_gsm, romanise, without_emoji


@pytest.mark.parametrize(
    ("alphabet", "text", "expected"),
    [
        ("RUSSIAN_CYRILLIC", "Щи да каша — пища наша", "Shchi da kasha — pishcha nasha"),
        ("RUSSIAN_CYRILLIC", "ЁЖИК", "EZHIK"),
        ("BULGARIAN_CYRILLIC", "Благодаря за поръчката, щастие!", "Blagodarya za porachkata, shtastie!"),
        ("UKRAINIAN_CYRILLIC", "Київ, Запоріжжя, гуля", "Kyiv, Zaporizhzhia, hulia"),
        ("BELARUSIAN_CYRILLIC", "Мінск, ўвечары", "Minsk, uvechary"),
        ("SERBIAN_CYRILLIC", "Љубав и Џеп", "Ljubav i Dzep"),
        ("GREEK", "Καλημέρα, ΘΕΟΣ", "Kalimera, THEOS"),
        ("POLISH", "Zażółć gęślą jaźń", "Zazolc gesla jazn"),
        ("ROMANIAN", "Bună ziua, Ștefan", "Buna ziua, Stefan"),
        ("TURKISH", "Işık ve İstanbul", "Isik ve Istanbul"),
    ],
)
def test_each_language_in_its_own_way(alphabet: str, text: str, expected: str) -> None:
    assert romanise(text, alphabet) == expected


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_every_letter_becomes_gsm(alphabet: str) -> None:
    assert all(is_gsm(reading) for reading in ALPHABETS[alphabet].values())
    assert is_gsm(romanise("".join(ALPHABETS[alphabet]), alphabet))


@given(st.sampled_from(sorted(ALPHABETS)), st.text())
def test_other_characters_stay(alphabet: str, text: str) -> None:
    letters = {*ALPHABETS[alphabet], *(letter.upper() for letter in ALPHABETS[alphabet])}
    others = "".join(character for character in text if character.lower() not in letters and character not in letters)

    assert romanise(others, alphabet) == others


def test_emoji_go_and_letters_of_any_alphabet_stay() -> None:
    assert without_emoji("Привет 😀, мир 🇫🇷!") == "Привет, мир!"
