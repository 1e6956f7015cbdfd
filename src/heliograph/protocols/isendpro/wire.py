"""The bodies of iSendPro (reference: isendpro.md, sections 1 and 2), for the server and for our client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

MOST_PARTS = 6
AS_MANY_AS_NEEDED = 999
"""What `smslong` says for that."""
MAX_NUMBERS = 10_000
"""In one request: ours; the vendor's limit is not known."""
MAX_LOOKUPS = 100
"""In one request, which waits for the answers: ours, too."""
FIELDS = 27
"""champ1 is a contact's name, champ2 to champ27 are whatever else is known."""
MAX_FIELDS = MAX_NUMBERS * (1 + FIELDS) + 1_000
"""In a form: as many numbers as there may be, with all that can be said of each."""


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One thing that is said: of a number, or of the request. Which fields there are depends on the operation."""

    code: int | str | UnsetType = UNSET
    """A number in replies to a send, else a text that is one."""
    message: str | UnsetType = UNSET
    tel: str | UnsetType = UNSET
    """The number as it was given; not there in what is said of the whole request."""
    smslong: str | UnsetType = UNSET
    """How many parts were billed."""
    nb_caractere: str | UnsetType = UNSET
    nb_sms: str | UnsetType = UNSET
    operateur: str | UnsetType = UNSET
    liste_noire: str | UnsetType = msgspec.field(default=UNSET, name="listeNoire")
    repertoire_id: str | UnsetType = msgspec.field(default=UNSET, name="repertoireId")
    shortlink: str | UnsetType = UNSET
    """Without a scheme."""
    subaccount_id: str | UnsetType = msgspec.field(default=UNSET, name="subAccountId")
    subaccount_key_id: str | UnsetType = msgspec.field(default=UNSET, name="subAccountKeyId")
    edited_key_id: str | UnsetType = msgspec.field(default=UNSET, name="subAccountKeyid")
    """The same in replies to a change."""
    subaccount_login: str | UnsetType = msgspec.field(default=UNSET, name="subAccountLogin")


class Entries(msgspec.Struct):
    etat: Sequence[Entry]


class Reply(msgspec.Struct):
    etat: Entries


class Credit(msgspec.Struct, omit_defaults=True):
    credit: float
    """Euros."""
    quantite: str | UnsetType = UNSET
    """SMS to metropolitan France."""


class CreditReply(msgspec.Struct):
    etat: Credit


def reply(entries: Sequence[Entry]) -> Reply:
    """In its two envelopes."""
    return Reply(Entries(entries))


def entries_of(body: bytes) -> list[Entry]:
    """What a reply says; also where a single entry stands in the list's place, as some servers write it.

    msgspec.DecodeError, of which ValidationError is one, for what is no reply.
    """
    said = msgspec.json.decode(body)
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
