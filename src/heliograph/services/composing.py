"""Writing a text: how long it is as a message, and what makes it longer than it looks."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from heliograph.text import Encoding, Template, TooManyParts, measure_text, to_gsm, unsupported

MOST_SHOWN = 50
"""How many different characters that force UCS-2 are listed."""


class Foreign(NamedTuple):
    """A character that the GSM alphabet does not have."""

    character: str
    name: str
    """What Unicode calls it."""
    replacement: str
    """The nearest that the alphabet has."""


class Counted(NamedTuple):
    """A text as it would be sent, before anything is filled in."""

    characters: int
    parts: int | None
    """How many parts it has; None if it fits into no message."""
    encoding: Encoding
    room: int
    """How many more characters of its encoding fit into the last part."""
    foreign: Sequence[Foreign]
    """What forces the text into UCS-2, in the order of the text."""
    replaced_parts: int | None
    """How many parts it would have with these replaced; None if it fits into no message even then."""
    names: Sequence[str]
    """The parameters that are filled in for each recipient."""


def counted(text: str) -> Counted:
    """Count a text of an SMS."""
    foreign = unsupported(text)[:MOST_SHOWN]
    parts, room = _measured(text)
    return Counted(
        characters=len(text),
        parts=parts,
        encoding=Encoding.UCS2 if foreign else Encoding.GSM7,
        room=room,
        foreign=[Foreign(each, unicodedata.name(each, "").capitalize(), to_gsm(each)) for each in foreign],
        replaced_parts=_measured(to_gsm(text))[0] if foreign else parts,
        names=sorted(Template(text).names),
    )


def filled(text: str, values: Mapping[str, str]) -> str:
    """Fill in the values that are known so far; a parameter without one stays as it is written."""
    template = Template(text)
    return template.render({name: values.get(name) or f"${{{name}}}" for name in template.names})


def without_foreign(text: str) -> str:
    """Replace every character that the GSM alphabet does not have by the nearest that it has."""
    return to_gsm(text)


def _measured(text: str) -> tuple[int | None, int]:
    try:
        measure = measure_text(text)
    except TooManyParts:
        return None, 0
    return (measure.parts if text else 0), measure.room
