"""The bodies of iSendPro (reference: isendpro.md, sections 1 and 2), for the server and for our client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.calling.documents import from_json

MOST_PARTS = 6
AS_MANY_AS_NEEDED = 999
"""The value of `smslong` that allows a text as many parts as it needs."""
MAX_NUMBERS = 10_000
"""The most numbers in one request: our limit; the vendor's is not known."""
MAX_LOOKUPS = 100
"""The most numbers in one request that waits for the networks' answers: our limit; the vendor's is not known."""
FIELDS = 27
"""champ1 is a contact's name, champ2 to champ27 are whatever else is known."""
MAX_FIELDS = MAX_NUMBERS * (1 + FIELDS) + 1_000
"""The most fields in a form: as many numbers as there may be, with all that can be said of each."""


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One entry of a reply, about a number or about the whole request. Its fields depend on the operation."""

    code: int | str | UnsetType = UNSET
    """The return code: a number in replies to a send, else its digits as a text."""
    message: str | UnsetType = UNSET
    tel: str | UnsetType = UNSET
    """The number as it was given; absent if the entry is about the whole request."""
    smslong: str | UnsetType = UNSET
    """How many parts were billed."""
    nb_caractere: str | UnsetType = UNSET
    nb_sms: str | UnsetType = UNSET
    operateur: str | UnsetType = UNSET
    liste_noire: str | UnsetType = msgspec.field(default=UNSET, name="listeNoire")
    repertoire_id: str | UnsetType = msgspec.field(default=UNSET, name="repertoireId")
    shortlink: str | UnsetType = UNSET
    """The short address, without a scheme."""
    subaccount_id: str | UnsetType = msgspec.field(default=UNSET, name="subAccountId")
    subaccount_key_id: str | UnsetType = msgspec.field(default=UNSET, name="subAccountKeyId")
    edited_key_id: str | UnsetType = msgspec.field(default=UNSET, name="subAccountKeyid")
    """The sub-account's key in replies to a change."""
    subaccount_login: str | UnsetType = msgspec.field(default=UNSET, name="subAccountLogin")


class Entries(msgspec.Struct):
    etat: Sequence[Entry]


class Reply(msgspec.Struct):
    etat: Entries


class Credit(msgspec.Struct, omit_defaults=True):
    credit: float
    """The balance, in euros."""
    quantite: str | UnsetType = UNSET
    """How many SMS to metropolitan France the balance buys."""


class CreditReply(msgspec.Struct):
    etat: Credit


def reply(entries: Sequence[Entry]) -> Reply:
    """Wrap entries in the two envelopes that every reply has."""
    return Reply(Entries(entries))


def entries_of(body: bytes) -> list[Entry]:
    """Read the entries of a reply, also where a single one stands in the list's place, as some servers write it.

    Raises msgspec.DecodeError, or its subclass ValidationError, if it is not a reply.
    """
    said = from_json(body)
    if not isinstance(said, dict) or "etat" not in said:
        raise msgspec.ValidationError("it has no `etat`")
    while isinstance(said, dict) and "etat" in said:
        said = said["etat"]
    found: list[Any] = said if isinstance(said, list) else [said]
    entries = msgspec.convert(found, list[Entry])
    if any(entry == _NOTHING for entry in entries):
        raise msgspec.ValidationError("it has none of the fields of a reply")
    return entries


_NOTHING = Entry()
