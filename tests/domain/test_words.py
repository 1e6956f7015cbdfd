"""STOP and keywords, as phones write them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.groups import AutoUpdate, Membership
from heliograph.domain.inbound import MAX_KEYWORD, keyword_of
from heliograph.domain.optouts import HELP_WORDS, START_WORDS, STOP_WORDS, Consent, ConsentWords, consent_in

MEANINGS = {
    **dict.fromkeys(STOP_WORDS, Consent.WITHDRAWN),
    **dict.fromkeys(START_WORDS, Consent.GIVEN),
    **dict.fromkeys(HELP_WORDS, Consent.EXPLANATION_WANTED),
}
INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\u2066\u2069\ufeff\u00ad\u061c\u180e\ufe0e\ufe0f\u034f\U000e0101"
)
AROUND = st.text(st.characters(categories=["P", "S", "Z", "Cc", "Cf"]), max_size=6)

AS_PHONES_WRITE_IT = [
    *("STOP", "stop", " Stop!\n", "\u201cSTOP\u201d", "STOP\u2026", "¡STOP!", "STOP。", "STOP-", "—Stop—", "'stop'"),
    *(
        "(STOP)",
        "*STOP*",
        "STOP 🛑",
        "🛑STOP🛑",
        "STOP ❗️",
        "❌ stop ❌",
        "STOP :-)",
        "STOP´",
        "S\u200bTOP",
        "\ufeffSTOP",
    ),
    *("STOP™", "STOP Ⓜ️", "Ｓｔｏｐ！", "𝐒𝐓𝐎𝐏", "ⓈⓉⓄⓅ", "STOP\u3000", "stop\u00a0.", "STOPP!", "Stop all", "STOP-ALL"),
    *("opt out", "Opt-out", "OPT OUT!", "optout", "opt\u2011out", "opt \u2013 out", "opt_out", "Opt  Out."),
    *("«Arrêt»", "arre\u0302t", "ARRÊT", "Se désabonner.", "İPTAL", "iptal", "ıptal", "Στοπ", "стоп!", "“Стоп”"),
    *("توقف؟", "تـوقف", "تَوَقَّف", "إيقاف", "הסר׃", "रोकें।", "หยุด!", "停止。", "「退订」", "수신거부~"),
    *("quit", "end", "revoke", "cancel", "unsubscribe"),  # with "stop" and "opt out": 47 CFR 64.1200(a)(10)
]


@pytest.mark.parametrize("text", AS_PHONES_WRITE_IT)
def test_a_stop_is_one_however_a_phone_writes_it(text: str) -> None:
    assert consent_in(text) is Consent.WITHDRAWN


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "...", "🛑", "?", "sto p", "stop it", "please stop", "STOP 2", "1 STOP", "nonstop", "stops", "opt"),
        *("opt in out", "do not stop", "the end", "STOP\u0437", "рstop", "หยุดเถอะ", "停止中", "end.of", "x" * 70_000),
    ],
)
def test_other_texts_say_nothing(text: str) -> None:
    assert consent_in(text) is Consent.NOT_ABOUT_IT


@st.composite
def spelled_words(draw: st.DrawFn) -> tuple[str, str]:
    """A word of consent, and how somebody writes it."""
    word = draw(st.sampled_from(sorted(MEANINGS)))
    written = draw(st.sampled_from([str.lower, str.upper, str.title, str.capitalize]))(word)
    written = draw(st.sampled_from([str, lambda each: unicodedata.normalize("NFD", each)]))(written)
    for mark in draw(st.lists(st.sampled_from(INVISIBLE), max_size=3)):
        place = draw(st.integers(0, len(written)))
        written = written[:place] + mark + written[place:]
    if " " in word:
        written = written.replace(" ", draw(st.sampled_from([" ", "  ", "-", "\u2011", " - ", "\u00a0", "\n"])))
    return word, draw(AROUND) + written + draw(AROUND)


@given(spelled_words())
def test_every_word_of_consent_means_the_same_in_whatever_it_is_wrapped(example: tuple[str, str]) -> None:
    word, written = example

    assert consent_in(written) is MEANINGS[word]


@given(st.sampled_from(sorted(each for each in MEANINGS if each.isascii())), st.data())
def test_accents_and_full_width_letters_make_no_difference(word: str, data: st.DataObject) -> None:
    written = "".join(
        data.draw(
            st.sampled_from([each, each.lower(), f"{each}\u0301", chr(ord(each) + 0xFEE0), f"{each.lower()}\u0308"])
        )
        if each.isalpha()
        else each
        for each in word
    )

    assert consent_in(written) is MEANINGS[word]


@given(
    st.sampled_from(sorted(MEANINGS)),
    st.text(st.characters(categories=["L", "Nd"], exclude_characters="ـㅤﾠᅟᅠ"), min_size=1, max_size=8),
    st.booleans(),
)
def test_a_word_among_others_says_nothing(word: str, other: str, before: bool) -> None:
    text = f"{other} {word}" if before else f"{word} {other}"
    if " ".join(text.upper().split()) in MEANINGS or unicodedata.normalize("NFKC", other).strip() == "":
        return

    assert consent_in(text) is Consent.NOT_ABOUT_IT


def test_an_account_s_own_words_are_compared_likewise() -> None:
    own = ConsentWords(stop=["Finito!"], start=["ja-bitte"], help=["Wér", "STOP"])

    said = [
        consent_in(text, own) for text in ("“FINITO”", "Ja bitte", "ja\u2011bitte…", "wer?", "Ｗｅｒ", "Stop!", "?")
    ]

    assert said == [
        *(Consent.WITHDRAWN, Consent.GIVEN, Consent.GIVEN, Consent.EXPLANATION_WANTED, Consent.EXPLANATION_WANTED),
        *(Consent.EXPLANATION_WANTED, Consent.NOT_ABOUT_IT),
    ]


@pytest.mark.parametrize("text", ["“Join” us", "JOIN…", "¡join!", "🙋 join", "Ｊｏｉｎ", "jo\u200bin now", "Jóin"])
def test_a_group_s_keyword_is_found_as_phones_write_it(text: str) -> None:
    assert AutoUpdate(to="36111", add=["JOIN"], remove=["LEAVE"]).effect_of(text) is Membership.BEGINS


def test_keywords_as_they_were_entered_are_compared_as_they_are_read() -> None:
    entered = AutoUpdate(to="36111", add=["#Réunion", "in"], remove=["Réunion", "ra\u00adus!"])

    assert entered.effect_of("reunion. IN, please") is Membership.BEGINS
    assert entered.effect_of("RÉUNION “raus”") is Membership.ENDS
    assert entered.effect_of("in") is None


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("“Stop” now", "STOP"),
        ("Opt-out", "OPT-OUT"),
        ("arrêt.", "ARRÊT"),
        ("🛑 stop", "STOP"),
        ("Ｓｔｏｐ", "STOP"),
        ("…", None),
        ("", None),
        ("a" * 70_000, "A" * MAX_KEYWORD),
    ],
)
def test_the_keyword_of_a_text_is_its_first_word_in_upper_case(text: str, keyword: str | None) -> None:
    assert keyword_of(text) == keyword
