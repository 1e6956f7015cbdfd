"""Parameters: `${name}` in a body stands for a value that each recipient has of its own.

That is all a body can do: there are no expressions, no conditions, and a value is never looked into again. A name has
letters, digits, dots, dashes, underscores, and blanks between these; `${` that begins no name is ordinary text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MAX_NAME_LENGTH = 64
DEFAULT = "default"

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9._-](?:[A-Za-z0-9._ -]{0,62}[A-Za-z0-9._-])?)\}")
_NOT_DIGITS = re.compile(r"[^0-9]+")


class MissingParameter(ValueError):
    """A body names parameters that have no value."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__("no value for " + ", ".join(f"${{{name}}}" for name in self.names))


class Template:
    """A body, read once and rendered for many recipients."""

    __slots__ = ("_pieces", "names")

    def __init__(self, text: str) -> None:
        #: Text, name, text, name, ..., text.
        self._pieces = _PLACEHOLDER.split(text)
        self.names = frozenset(self._pieces[1::2])

    @property
    def is_plain(self) -> bool:
        """Whether it is the same for everybody."""
        return not self.names

    def render(self, values: Mapping[str, str]) -> str:
        """The body with its parameters filled in. MissingParameter names all that have no value."""
        if not self.names:
            return self._pieces[0]
        pieces = self._pieces.copy()
        try:
            pieces[1::2] = [values[name] for name in pieces[1::2]]
        except KeyError:
            raise MissingParameter(sorted(self.names - values.keys())) from None
        return "".join(pieces)


class ParameterTable:
    """`{name: {recipient or "default": value}}`, read once and asked for many recipients.

    Recipients may be written with `+`, with `00` or bare, with blanks and dashes: the digits count.
    """

    __slots__ = ("_columns",)

    def __init__(self, table: Mapping[str, Mapping[str, str]]) -> None:
        self._columns: list[tuple[str, str | None, dict[str, str]]] = [
            (name, column.get(DEFAULT), {_msisdn(key): value for key, value in column.items() if key != DEFAULT})
            for name, column in table.items()
        ]

    def values_for(self, msisdn: str) -> dict[str, str]:
        """The recipient's own value of each parameter, else its default; those with neither are left out."""
        values: dict[str, str] = {}
        for name, default, own in self._columns:
            value = own.get(msisdn, default)
            if value is not None:
                values[name] = value
        return values


def _msisdn(key: str) -> str:
    digits = key if key.isdigit() else _NOT_DIGITS.sub("", key)
    return digits.removeprefix("00")
