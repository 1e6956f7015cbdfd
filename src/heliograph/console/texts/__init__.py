"""The texts of the console: one catalogue for each language, in which every text has a name.

The name is the file's and the key's: `messages.title` is `title` in `texts/en/messages.toml`. A text has its values in
braces, as in "{count} messages"; where words follow a number it is a table with `one` and `other`, chosen by `count`.
Templates have no words of their own, so that another language is another folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

Text = str | Mapping[str, str]
LANGUAGE = "en"


@cache
def catalogue(language: str = LANGUAGE) -> Mapping[str, Text]:
    """Load the texts of a language, by their names."""
    texts: dict[str, Text] = {}
    for file in sorted((Path(__file__).parent / language).glob("*.toml")):
        for key, text in tomllib.loads(file.read_text()).items():
            texts[f"{file.stem}.{key}"] = text
    return texts


def text(name: str, /, **values: object) -> str:
    """Return a text with its values. Raises KeyError for a name that the catalogue does not have."""
    found = catalogue()[name]
    if not isinstance(found, str):
        found = found["one" if values["count"] == 1 else "other"]
    shown = {key: f"{value:,}" if isinstance(value, int) else value for key, value in values.items()}
    return found.format_map(shown)


def has_text(name: str) -> bool:
    """Say whether the catalogue has a text of this name."""
    return name in catalogue()
