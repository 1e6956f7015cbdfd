"""Words as they are looked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.text.words import LONGEST_WORD, folded, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Your code is 123456.", {"your", "code", "is", "123456"}),
        ("", set()),
        ("?! 😀 -", set()),
        ("Été à l'ÉCOLE", {"ete", "a", "l", "ecole"}),
        ("Straße STRASSE", {"strasse"}),
        ("ＡＢＣ １２", {"abc", "12"}),
        ("snake_case", {"snake", "case"}),
        ("Привет, МИР", {"привет", "мир"}),
        ("नमस्ते दुनिया", {"नमसते", "दुनिया"}),
        ("一二三", {"一", "二", "三", "一二", "二三"}),
        ("code是12", {"code", "是", "12"}),
        ("x" * 100, {"x" * LONGEST_WORD}),
    ],
)
def test_words(text: str, words: set[str]) -> None:
    assert words_of(text) == words


@given(st.text(), st.text(alphabet=" .,-\n"), st.text())
def test_a_text_has_the_words_of_what_it_is_put_together_from(before: str, between: str, after: str) -> None:
    """And each of its words is in the folded text, which is how texts without them are passed over quickly."""
    whole = before + " " + between + after

    assert words_of(before) | words_of(after) == words_of(whole)
    assert all(word in folded(whole) for word in words_of(whole))
    assert words_of(whole.upper()) == words_of(whole.upper().lower())
