"""Hiding what must not be read over anybody's shoulder: in the log, and in what commands print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import msgspec

if TYPE_CHECKING:
    from heliograph.engine.provided import ProviderConfig

MASK = "***"
SHORTEST = 4
"""Length from which a secret is looked for: shorter ones are words of other sentences, too."""
_USER = re.compile(
    r"""(?<=//)[^\s"'/?\#]{1,512}(?=@)"""  # RFC 3986, section 3.2.1
    r"""|(?<=//)[^\s"'/?\#:@]{1,256}:(?!\d{1,5}[/?\#])[^\s"']{1,512}(?=@)"""  # a password that was not encoded
    r"""|(?<![^\s"'(<=])[^\s"'/?\#:@=]{1,256}:[^\s"'/?\#@]{1,512}(?=@[\w\[])""",  # without a scheme
    re.VERBOSE,
)
_SECRET_NAME = re.compile(
    r"token|secret|password|passwd|pwd|auth|credential|api_?key|\Akey\Z|keyid|signature", re.IGNORECASE
)
_PARAMETER = re.compile(r"""(?<=[?&])([^\s"'=&\#]{1,128})=[^\s"'&\#]+""")


_hidden: set[str] = set()
_hidden_as: list[str] = []
"""How `masked_line` finds what is hidden, the longest first."""


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Mask users, passwords and secret parameters of URLs in `text`; and `secrets`, as they are or in a URL."""
    return _masked(text, _spelled(secrets))


def hide_in_log(secrets: Iterable[str]) -> None:
    """Have these secrets masked in every line of this process's log from now on: a server may repeat what it got."""
    _hidden.update(secrets)
    _hidden_as[:] = _spelled(_hidden)


def masked_line(line: str) -> str:
    """Mask in a line of the log what `masked` does, and all secrets that `hide_in_log` was told."""
    return _masked(line, _hidden_as)


def _spelled(secrets: Iterable[str]) -> list[str]:
    """List the ways that secrets are written in URLs and elsewhere, the longest first; short ones are left out."""
    spelled = {way(secret) for secret in secrets if len(secret) >= SHORTEST for way in (str, quote, quote_plus)}
    return sorted(spelled, key=len, reverse=True)


def _masked(text: str, spelled: Iterable[str]) -> str:
    for secret in spelled:
        text = text.replace(secret, MASK)
    return _PARAMETER.sub(_without_value, _USER.sub(MASK, text))


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if _SECRET_NAME.search(found[1]) else found[0]


def secrets_of(config: ProviderConfig | Mapping[str, Any], named: Iterable[str] = ()) -> list[str]:
    """List what is secret in a provider's table: fields that are `named`, or have the name of a secret, and headers."""
    table = msgspec.to_builtins(config)
    return list(_secrets(table, frozenset(named)))


def _secrets(table: Any, named: frozenset[str]) -> Iterator[str]:
    if not isinstance(table, dict):
        return
    for name, value in table.items():
        if name in named or name == "headers" or _SECRET_NAME.search(str(name)):
            yield from _texts(value)
        else:
            yield from _secrets(value, named)


def _texts(value: Any) -> Iterator[str]:
    """List the texts in a value. A header has its secret after the name of its scheme, and may be told without it."""
    if isinstance(value, str):
        yield value
        if " " in value:
            yield value.partition(" ")[2]
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
