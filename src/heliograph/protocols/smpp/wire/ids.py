"""The names of messages: as the response to a submit has them, and as receipts do, which may be something else.

An SMSC's counter is a number. Many write it in decimal in one place and in hexadecimal in the other, in capitals or
not, with zeros before it or not. What is a number for certain can be compared as one; what is not is a text, of which
nothing may be folded.

A message is kept under its id as it came, and under a key. A receipt names one id, and the keys that it may mean. With
`auto`, which knows nothing of the SMSC, an id of digits may be decimal or hexadecimal, so a receipt may mean several
messages; whoever looks them up has the recipient's number to tell them apart.
"""

from __future__ import annotations

import re
from enum import StrEnum

_HEXADECIMAL = re.compile("[0-9A-Fa-f]{1,64}")
_DECIMAL = re.compile("[0-9]{1,64}")


class IdForm(StrEnum):
    """How receipts write an id, compared with the response to the submit."""

    AUTO = "auto"
    """Nobody knows: in the same way, or in decimal, or in hexadecimal."""
    DEC = "dec"
    """In decimal, where the response has it in hexadecimal."""
    HEX = "hex"
    """In hexadecimal, where the response has it in decimal."""
    AS_IS = "as_is"
    """Octet by octet the same."""


def key_of(form: IdForm, message_id: str) -> str | None:
    """Tell under what a message is kept besides its id; None: under its id alone."""
    if form is IdForm.AS_IS:
        return None
    pattern = _DECIMAL if form is IdForm.HEX else _HEXADECIMAL
    return _bare(message_id) if pattern.fullmatch(message_id) else None


def keys_in(form: IdForm, message_id: str) -> tuple[str, ...]:
    """Collect the keys of messages that a receipt may mean by an id, besides the one of this very id."""
    is_decimal = _DECIMAL.fullmatch(message_id) is not None
    is_hexadecimal = _HEXADECIMAL.fullmatch(message_id) is not None
    if form is IdForm.DEC:
        return (f"{int(message_id):x}",) if is_decimal else ()
    if form is IdForm.HEX:
        return (str(int(message_id, 16)),) if is_hexadecimal else ()
    if form is IdForm.AS_IS or not is_hexadecimal:
        return ()
    keys = [_bare(message_id), str(int(message_id, 16))]
    if is_decimal:
        keys.append(f"{int(message_id):x}")
    return tuple(dict.fromkeys(keys))


def _bare(digits: str) -> str:
    """Return a number without the zeros before it, in small letters."""
    return digits.lower().lstrip("0") or "0"
