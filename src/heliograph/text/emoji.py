"""Removing emoji from texts, together with the blanks that they would leave."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

from heliograph.text.gsm import is_gsm

# What makes one emoji of several characters (UTS #51, 1.4): the joiner, the keycap, variation selectors and tags; and
# the letters of flags, the regional indicators.
_GLUE_OR_FLAG = re.compile("[\u200d\u20e3\ufe00-\ufe0f\U000e0020-\U000e007f\U0001f1e6-\U0001f1ff]")
_PICTOGRAPHS = re.compile("[\U0001f300-\U0001faff]")
# Unicode's own sign for "an object stood here", which is what a removed emoji leaves until its blanks are closed up.
_GONE = "\ufffc"
_GAP = re.compile(f" ?{_GONE}[ {_GONE}]*")
_LINE_ENDS = frozenset({"", "\n"})
_BLANKLESS = _LINE_ENDS | frozenset(".,;:!?)")


def without_emoji(text: str) -> str:
    """Remove emoji and flags, and the blanks that they would leave; everything else stays as it is.

    A blank stays, or comes, where two numbers would become one.
    """
    return _GAP.sub(_closed, "".join(map(_gone_if_emoji, unicodedata.normalize("NFC", text))))


@lru_cache(maxsize=4096)
def _gone_if_emoji(character: str) -> str:
    if is_gsm(character):
        return character
    return _GONE if _GLUE_OR_FLAG.match(character) or _is_picture(character) else character


def _is_picture(character: str) -> bool:
    """Say whether a character is an emoji: it reads only as a name, or is a pictograph too new to have a reading."""
    written = anyascii(character)
    return is_emoji_name(written) if written else _PICTOGRAPHS.match(character) is not None


def is_emoji_name(text: str) -> bool:
    """Say whether a reading is the name of an emoji, such as `:thumbs_up:`."""
    return len(text) > 2 and text[0] == text[-1] == ":"


def _closed(gap: re.Match[str]) -> str:
    """Return one blank for all the blanks around emoji, or none at the ends of a line and before punctuation."""
    before = gap.string[gap.start() - 1 : gap.start()]
    after = gap.string[gap.end() : gap.end() + 1]
    if before.isnumeric() and after.isnumeric():
        return " "
    return " " if " " in gap[0] and before not in _LINE_ENDS and after not in _BLANKLESS else ""
