"""Placeholders of SMS.CX in a text, as parameters of ours (reference: section 8, SmsApi).

`{{name}}` of a contact's field, of today, of random characters, of the opt-out link: each becomes `${pN}` with a value
for everybody or for each recipient. What the text has of our own syntax is kept from being read as such.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from heliograph.domain.contacts import Details
from heliograph.protocols.smscx.errors import invalid_param
from heliograph.text import Template

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_ -]+?)\s*(?::\s*([^{}]*?)\s*)?\}\}")
_DOLLAR = "dollar"
_RANDOM = {
    "numbers": string.digits,
    "letters": string.ascii_lowercase,
    "alphanumeric": string.ascii_lowercase + string.digits,
}
_RANDOM_LENGTH = 4
_LONGEST_RANDOM = 20
_TRACKED = {"shortlink", "attachement", "attachment"}

Recipients = Sequence[tuple[str, Details | None]]
"""MSISDNs, with what is known of them; None: it is not a contact, and its fields are no placeholders."""


def personalised(
    text: str, recipients: Recipients, *, optout_link: Callable[[str], str]
) -> tuple[str, dict[str, Mapping[str, str]] | None]:
    """The body and parameters that say the same in our words. Raises 1112, 1136 and 1137 of the reference."""
    parameters: dict[str, Mapping[str, str]] = {}
    contacts = any(details is not None for _, details in recipients)

    def replaced(match: re.Match[str]) -> str:
        values = _values(match[1], match[2], recipients, contacts, optout_link)
        if values is None:
            return match[0]
        name = f"p{len(parameters)}"
        parameters[name] = values
        return f"${{{name}}}"

    pieces = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        pieces += [_kept(text[end : match.start()], parameters), replaced(match)]
        end = match.end()
    pieces.append(_kept(text[end:], parameters))
    return "".join(pieces), parameters or None


def _kept(text: str, parameters: dict[str, Mapping[str, str]]) -> str:
    """Text that means what it says, even if it looks like a parameter of ours."""
    if Template(text).is_plain:
        return text
    parameters[_DOLLAR] = {"default": "$"}
    return text.replace("${", f"${{{_DOLLAR}}}{{")


def _values(
    name: str, argument: str | None, recipients: Recipients, contacts: bool, optout_link: Callable[[str], str]
) -> Mapping[str, str] | None:
    if name == "today":
        now = datetime.now(UTC)
        return {"default": f"{now.day} {now:%b %Y}"}
    if name == "optoutLink":
        return {msisdn: optout_link(msisdn) for msisdn, _ in recipients}
    if name in _RANDOM:
        length = _random_length(argument)
        return {msisdn: "".join(secrets.choice(_RANDOM[name]) for _ in range(length)) for msisdn, _ in recipients}
    if name in _TRACKED:
        raise invalid_param(1112, f"There is no {name} {argument}.")
    if not contacts:
        return None
    return {msisdn: field_of(details, name) for msisdn, details in recipients if details is not None}


def _random_length(argument: str | None) -> int:
    if not argument:
        return _RANDOM_LENGTH
    if not argument.isdecimal() or not argument.isascii():
        raise invalid_param(1136, f"A random placeholder can't have the length {argument!r}.")
    if not 1 <= int(argument) <= _LONGEST_RANDOM:
        raise invalid_param(1137, f"A random placeholder has 1 to {_LONGEST_RANDOM} characters.")
    return int(argument)


def field_of(details: Details, name: str) -> str:
    """A contact's field by the name it has there; empty if it has none."""
    known = {"firstName": details.first_name, "lastName": details.last_name, "email": details.email}
    return (known[name] if name in known else details.fields.get(name)) or ""
