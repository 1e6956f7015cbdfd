"""Parameters: `${name}` in a body stands for a value that each recipient may have of its own.

That is all a body can do: there are no expressions and no conditions, and a value is never looked into again. A name is
1 to 64 letters, digits, dots, dashes, underscores (XMS itself stops at 16), with spaces allowed inside but not around.
Whatever begins like a placeholder and is none, such as `${`, `${}` or `${a+b}`, is ordinary text; and there is no way
to escape one: `$${name}` is a dollar and a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from heliograph.numbers import InvalidNumber, compact

#: The key of the value for recipients that have none of their own.
DEFAULT = "default"

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9._-](?:[A-Za-z0-9._ -]{0,62}[A-Za-z0-9._-])?)\}")
_DOLLAR = "dollar"


class MissingParameter(ValueError):
    """A body has parameters without a value; `names` has them, sorted."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names))
        super().__init__(self.names)

    def __str__(self) -> str:
        return "no value for " + ", ".join(f"${{{name}}}" for name in self.names)


class Template:
    """A body, read once and rendered for many recipients."""

    __slots__ = ("_pieces", "names")

    def __init__(self, text: str) -> None:
        # Text, name, text, name, ..., text: a split by a pattern with one group keeps what the group found.
        self._pieces = _PLACEHOLDER.split(text)
        self.names = frozenset(self._pieces[1::2])

    @property
    def is_plain(self) -> bool:
        """Say whether the body has no parameters, and so is the same for everybody."""
        return not self.names

    def render(self, values: Mapping[str, str]) -> str:
        """Fill in the parameters; values that the body does not name are ignored.

        Raises MissingParameter with all the names that have no value.
        """
        pieces = self._pieces.copy()
        try:
            pieces[1::2] = [values[name] for name in pieces[1::2]]
        except KeyError:
            raise MissingParameter(self.names - values.keys()) from None
        return "".join(pieces)


def verbatim(text: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Return a body that says just this text, even if it looks like a placeholder, and the parameters it takes."""
    if Template(text).is_plain:
        return text, {}
    return text.replace("${", f"${{{_DOLLAR}}}{{"), {_DOLLAR: {DEFAULT: "$"}}


class ParameterTable:
    """The values of a batch, `{name: {recipient or "default": value}}`: read once, asked for each recipient.

    Recipients may be written as people write them: `+46 70-000 00 01`, `0046700000001` or bare. A key that is not a
    number matches only a recipient written the same. If one recipient has two keys, the later one counts.
    """

    __slots__ = ("_columns",)

    def __init__(
        self, table: Mapping[str, Mapping[str, str]], known: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Read a batch's table; `known` has more values of recipients, by bare MSISDN, and precedes the defaults."""
        known = known or {}
        # By name, not by recipient: names are few, and 25,000 dicts of a value or two would take longer to build.
        self._columns = [
            (name, own, known.get(name, {}), table.get(name, {}).get(DEFAULT))
            for name in dict.fromkeys((*table, *known))
            for own in [{_msisdn(key): value for key, value in table.get(name, {}).items() if key != DEFAULT}]
        ]

    def values_for(self, msisdn: str) -> dict[str, str]:
        """Return the recipient's value of each parameter: its own, else the known one, else the default.

        A parameter that has none of these is left out.
        """
        recipient = _msisdn(msisdn)
        values: dict[str, str] = {}
        for name, own, known, default in self._columns:
            value = own.get(recipient)
            if value is None:
                value = known.get(recipient, default)
            if value is not None:
                values[name] = value
        return values


def values_for(table: Mapping[str, Mapping[str, str]], recipient: str) -> dict[str, str]:
    """Return one recipient's values of a table that is not needed again; for many recipients use a `ParameterTable`."""
    return ParameterTable(table).values_for(recipient)


def _msisdn(key: str) -> str:
    """Return the digits of a number, without a plus or the 00 that stands for it; any other key as it is."""
    try:
        return compact(key).removeprefix("+").removeprefix("00")
    except InvalidNumber:
        return key
