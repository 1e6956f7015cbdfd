"""Any text, as the GSM alphabet can write it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.text import is_gsm, to_ascii, to_gsm

unhurried = settings(deadline=None)  # each script that is met for the first time is read from disk

any_character = st.characters(exclude_categories=[])  # surrogates too
emoji_bits = st.sampled_from("😀👍🏽👩\u200d\ufe0f🇸🇪❤⚕🏴\U000e0067\U000e007f🦰 \na1\u20e3.")
texts = st.text(any_character | emoji_bits | st.sampled_from("½²ا\u0301\u0338"))


@unhurried
@given(texts, st.booleans())
def test_the_result_is_always_gsm(text, remove_emoji):
    assert is_gsm(to_gsm(text, remove_emoji=remove_emoji))


@unhurried
@given(texts.map(to_gsm), st.booleans())
def test_a_text_that_is_gsm_stays_as_it_is(text, remove_emoji):
    assert to_gsm(text, remove_emoji=remove_emoji) == text


@unhurried
@given(texts, st.booleans())
def test_a_text_with_letters_is_never_emptied(text, remove_emoji):
    if any(unicodedata.category(character).startswith("L") for character in text):
        assert to_gsm(text, remove_emoji=remove_emoji).strip()


@unhurried
@given(st.text(st.sampled_from("Δ€é[ß\n ñÇ☃日")))
def test_characters_of_the_alphabet_stay_beside_others(text):
    assert to_gsm(text) == text.replace("☃", ":snowman2:").replace("日", "Ri")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("‘it’s’ “so” „it“ ´is`", "'it's' \"so\" \"it\" 'is'"),
        ("1–2 — 3… • «ja»", "1-2 - 3... * <<ja>>"),
        ("é ñ ü Δ ¿ ø", "é ñ ü Δ ¿ ø"),
        ("garçon, Ça va", "garcon, Ça va"),  # the alphabet's only cedilla is a capital: a capital is another meaning
        ("á ê ï ő ş ł đ", "a e i o s l d"),
        ("ǻ ǘ ố Ώ", "å ü o Ω"),  # only the accents that the alphabet lacks are taken off
        ("e\u0301 n\u0303 q\u0303", "é ñ q"),  # accents of their own
        ("Œuvre, Þór, ẞ", "Oeuvre, Thor, Ss"),
        ("Ω Å", "Ω Å"),  # ohm and ångström
        ("Москва 東京 서울", "Moskva DongJing SeoUl"),
        ("नमस्ते", "nmste"),
        ("السلام", "lslm"),
        ("½ 1½ m² 10² ① ﬁ №", "1/2 1 1/2 m2 10^2 1 fi No"),
        ("5 ≠ 6 × 2 → 7‰", "5 != 6 x 2 -> 7 per mille"),
        ("a\u00a0b\u2009c\td\u2028e", "a b c d\ne"),
        ("so\u00adft \u200bzero\ufeff \u202aleft\u202c \x00nul", "soft zero left nul"),
        ("© ® ™ ₺ ¢", "(C) (R) TM TL c"),
        ("\ufffd \ue000 \ud83d", "? ? ?"),  # nothing can be said of these
        ("ا", "?"),  # a silent letter, alone
    ],
)
def test_others_are_replaced_by_the_nearest(text, written):
    assert to_gsm(text) == written


@pytest.mark.parametrize(
    ("text", "named", "removed"),
    [
        ("Hi 😀 there", "Hi :grinning: there", "Hi there"),
        ("😀 Hi 😀", ":grinning: Hi :grinning:", "Hi"),
        ("Hi 😀, you 👍!", "Hi :grinning:, you :thumbsup:!", "Hi, you!"),
        ("Hi😀 you", "Hi:grinning: you", "Hi you"),
        ("Hi😀you", "Hi:grinning:you", "Hiyou"),
        ("One 😀\n😀 Two", "One :grinning:\n:grinning: Two", "One\nTwo"),
        ("two  blanks 😀", "two  blanks :grinning:", "two  blanks"),
        ("Yes 👍🏽!", "Yes :thumbsup:!", "Yes!"),  # a skin tone
        ("I ❤️ you", "I :heart: you", "I you"),  # a variation selector
        ("Dr 👩‍⚕️ X", "Dr :woman::medical_symbol: X", "Dr X"),  # joined
        ("Red 👩‍🦰", "Red :woman:", "Red"),
        ("In 🇸🇪 now", "In SE now", "In now"),  # a flag
        ("In 🏴󠁧󠁢󠁳󠁣󠁴󠁿 now", "In :flag_black: now", "In now"),  # a flag of tags
        ("Press 1️⃣ or #️⃣", "Press 1 or #", "Press 1 or #"),  # a key that reads as a digit
        ("🆗 Acme™️ ©️", "OK AcmeTM (C)", "OK AcmeTM (C)"),  # signs that read as letters
        ("😀👍", ":grinning::thumbsup:", ""),
        ("日 😀", "Ri :grinning:", "Ri"),
        ("New \U0001facd", "New ?", "New"),  # younger than our tables
    ],
)
def test_emoji_are_named_or_removed_with_all_that_belongs_to_them(text, named, removed):
    assert to_gsm(text) == named
    assert to_gsm(text, remove_emoji=True) == removed


def test_blanks_are_left_alone_where_there_was_no_emoji():
    assert to_gsm("  a  –  b  ", remove_emoji=True) == "  a  -  b  "


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("Příliš žluťoučký kůň", "Prilis zlutoucky kun"),
        ("Straße æ Ø ł", "Strasse ae O l"),
        ("5 € “ok” – …", '5 EUR "ok" - ...'),
        ("Привет", "Privet"),
        ("ﬁ ½ Ⅳ", "fi 1/2 IV"),
        ("a\u200db", "ab"),
        ("\u0301", "?"),
    ],
)
def test_ascii_is_as_near_as_it_can_be(text: str, ascii_text: str) -> None:
    assert to_ascii(text) == ascii_text


@unhurried
@given(texts)
def test_any_text_can_be_written_in_ascii_and_none_is_emptied(text: str) -> None:
    written = to_ascii(text)

    assert written.isascii()
    assert bool(written.strip()) or not text.strip()
    assert to_ascii(written) == written


@unhurried
@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F)))
def test_accented_latin_letters_come_out_as_unicode_takes_them_apart(text: str) -> None:
    apart = [unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() for letter in text]

    assert all(to_ascii(letter) == plain for letter, plain in zip(text, apart, strict=True) if plain)
