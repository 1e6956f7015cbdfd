"""Placeholders of SMS.CX in a text, as parameters of ours (reference: section 8, SmsApi).

`{{name}}` of a contact's field, of today, of random characters, of the opt-out link: each becomes `${pN}` with a value
for everybody or for each recipient. What the text has of our own syntax is kept from being read as such.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from heliograph.domain.accounts import Account
from heliograph.domain.bounded import count_in
from heliograph.domain.contacts import Details
from heliograph.domain.errors import NotFound, TooManyItems
from heliograph.domain.links import LinkKind, Tracked, new_token
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.links import Links
from heliograph.text import verbatim

_NAME = "[A-Za-z0-9_-]++(?: ++[A-Za-z0-9_-]++)*+"
_ARGUMENT = r"[^{}\s]*+(?:\s++[^{}\s]++)*+"
_PLACEHOLDER = re.compile(rf"\{{\{{\s*+({_NAME})\s*+(?::\s*+({_ARGUMENT})\s*+)?\}}\}}")
"""Nothing in it is tried in two ways: a text may be all braces and blanks."""
MOST_VALUES = 500_000
"""How many values placeholders have at most, each for each recipient."""
_RANDOM = {
    "numbers": string.digits,
    "letters": string.ascii_lowercase,
    "alphanumeric": string.ascii_lowercase + string.digits,
}
_FIELDS = {"firstName": "first_name", "lastName": "last_name"}
"""Our names of a contact's own fields, where the reference has other names."""
_RANDOM_LENGTH = 4
_LONGEST_RANDOM = 20
_TRACKED = {
    "shortlink": LinkKind.SHORTLINK,
    "attachement": LinkKind.ATTACHMENT,  # the vendor's spelling
    "attachment": LinkKind.ATTACHMENT,
}

Recipients = Sequence[tuple[str, Details | None]]
"""MSISDNs, each with the contact's details; None for a number that is not a contact and has no fields."""


Placeholder = tuple[str, str | None]
"""A name, and what comes after its colon."""


class Addresses(NamedTuple):
    """How the addresses that a text has for each recipient are made."""

    optout: Callable[[str], str]
    """Makes the address at which an MSISDN opts out."""
    short: str
    """What every short address begins with."""


async def require_links(links: Links, account: Account, texts: Iterable[str]) -> None:
    """Check that the account has every link that is tracked in the texts. Raises SmscxRefusal if not."""
    try:
        await links.require(account, [link for text in texts for link in _tracked_in(text)])
    except NotFound as error:
        raise invalid_param(Code.LINK_IN_TEXT_UNKNOWN, error.message) from error


def _tracked_in(text: str) -> Iterator[tuple[LinkKind, str]]:
    for match in _PLACEHOLDER.finditer(text):
        if match[1] in _TRACKED:
            yield _TRACKED[match[1]], match[2] or ""


class Personalising:
    """Makes texts with placeholders into bodies of ours; several texts share the parameters."""

    def __init__(
        self,
        recipients: Recipients,
        addresses: Addresses,
        *,
        custom: Mapping[str, str] | None = None,
        kept: Mapping[str, str] | None = None,
    ) -> None:
        """Begin without parameters, for these recipients.

        `custom` has values that are the same for everybody; with it, every other name has no value. `kept` maps
        placeholders to parameters of ours whose values come from somewhere else.
        """
        self._recipients = recipients
        self._addresses = addresses
        self._custom = custom
        self._as_parameters = kept or {}
        self._contacts = any(details is not None for _, details in recipients)
        self._made: dict[Placeholder, list[str]] = {}
        self._values_made = 0
        self.parameters: dict[str, Mapping[str, str]] = {}
        self.tracked: list[Tracked] = []
        """The short addresses that were made."""

    def body(self, text: str) -> str:
        """Make a text into a body. Raises a refusal for a random placeholder that is too long, or has no length;
        TooManyItems for more than MOST_VALUES.
        """
        return self._put_together(text, self._replaced)

    def respelt(self, text: str) -> str:
        """Make the text of a body that was made already, in another spelling, into a body with the same parameters."""
        made = {placeholder: iter(pieces) for placeholder, pieces in self._made.items()}
        return self._put_together(text, lambda match: next(made.get(_parts(match), iter(())), match[0]))

    def _put_together(self, text: str, replaced: Callable[[re.Match[str]], str]) -> str:
        pieces = []
        end = 0
        for match in _PLACEHOLDER.finditer(text):
            pieces += [self._verbatim(text[end : match.start()]), replaced(match)]
            end = match.end()
        pieces.append(self._verbatim(text[end:]))
        return "".join(pieces)

    def _verbatim(self, text: str) -> str:
        body, parameters = verbatim(text)
        self.parameters |= parameters
        return body

    def _replaced(self, match: re.Match[str]) -> str:
        if match[1] in self._as_parameters:
            return f"${{{self._as_parameters[match[1]]}}}"
        values = self._values(match[1], match[2])
        if values is None:
            return match[0]
        name = f"p{len(self.parameters)}"
        self.parameters[name] = values
        self._made.setdefault(_parts(match), []).append(f"${{{name}}}")
        return f"${{{name}}}"

    def _values(self, name: str, argument: str | None) -> Mapping[str, str] | None:
        if self._custom is not None and name in self._custom:
            return {"default": self._custom[name]}
        if name == "today":
            now = datetime.now(UTC)
            return {"default": f"{now.day} {now:%b %Y}"}
        if name == "optoutLink":
            self._require_room()
            return {msisdn: self._addresses.optout(msisdn) for msisdn, _ in self._recipients}
        if name in _RANDOM:
            length = _random_length(argument)
            self._require_room()
            return {
                msisdn: "".join(secrets.choice(_RANDOM[name]) for _ in range(length)) for msisdn, _ in self._recipients
            }
        if name in _TRACKED:
            self._require_room()
            made = [Tracked(argument or "", new_token(), msisdn) for msisdn, _ in self._recipients]
            self.tracked += made
            return {one.msisdn: f"{self._addresses.short}/{one.link_id}/{one.token}" for one in made}
        if not self._contacts:
            return None if self._custom is None else {"default": ""}
        self._require_room()
        return {msisdn: field_of(details, name) for msisdn, details in self._recipients if details is not None}

    def _require_room(self) -> None:
        """Take room for a value of each recipient. Raises TooManyItems."""
        self._values_made += len(self._recipients)
        if self._values_made > MOST_VALUES:
            raise TooManyItems(
                f"The placeholders have more than {MOST_VALUES} values for all recipients.", field="text"
            )


def _parts(match: re.Match[str]) -> Placeholder:
    return match[1], match[2]


def _random_length(argument: str | None) -> int:
    if not argument:
        return _RANDOM_LENGTH
    length = count_in(argument)
    if length is None:
        raise invalid_param(Code.RANDOM_LENGTH_INVALID, f"A random placeholder can't have the length {argument!r}.")
    if not 1 <= length <= _LONGEST_RANDOM:
        raise invalid_param(
            Code.RANDOM_LENGTH_OUT_OF_RANGE, f"A random placeholder has 1 to {_LONGEST_RANDOM} characters."
        )
    return length


def field_of(details: Details, name: str) -> str:
    """Find a contact's field by the name that the reference has for it; empty if it has none."""
    return details.value_of(_FIELDS.get(name, name)) or ""
