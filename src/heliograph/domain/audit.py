"""The audit log: who did what to which object, and how entries are chained so that a change of one shows.

Each entry has the hash of the entry before it, and a hash of that and of its own content. Whoever changes, removes or
inserts an entry would have to write all later ones anew, and the last hash, which others may have written down, would
be another (docs/decisions/0021-audit.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from heliograph.domain.instants import from_ms

FIRST_HASH = "0" * 64
"""What the first entry of all has as the hash of the one before it."""
LONGEST_NAME = 255


class ActorKind(StrEnum):
    KEY = "key"
    PERSON = "person"
    COMMAND = "command"
    """Somebody at the terminal of a machine with access to the store."""
    SYSTEM = "system"
    """Heliograph itself, of its own accord or because of its settings."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something."""

    kind: ActorKind
    id: str = ""
    """A key's or a person's; empty for others."""
    name: str = ""
    """The account of a key, the e-mail address of a person, the user of the machine who gave a command."""
    address: str | None = None
    """Where they called from; None: nobody called."""


SYSTEM = Actor(kind=ActorKind.SYSTEM, name="heliograph")


class Action(StrEnum):
    """What can be done that leaves an entry. A new one is a line here."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    """Its own decisions: where it is called back, how it reads numbers."""
    ACCOUNT_TERMS_CHANGED = "account.terms_changed"
    ACCOUNT_SECRET_ROTATED = "account.secret_rotated"  # noqa: S105 - an action, not a secret
    ACCOUNT_CLOSED = "account.closed"
    BALANCE_TOPPED_UP = "balance.topped_up"
    BALANCE_CORRECTED = "balance.corrected"
    BALANCE_TRANSFERRED = "balance.transferred"
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    PERSON_CREATED = "person.created"
    PERSON_CHANGED = "person.changed"
    PERSON_LINKED = "person.linked"
    """From now on an issuer of OpenID Connect says who this is."""
    PERSON_UNLINKED = "person.unlinked"
    PERSON_SIGNED_IN = "person.signed_in"
    PERSON_SIGN_IN_REFUSED = "person.sign_in_refused"
    """Somebody gave a wrong password or code of theirs; of many, some are written down."""
    PERSON_SIGNED_OUT = "person.signed_out"
    """They ended one of their sessions."""
    PERSON_DISABLED = "person.disabled"
    PERSON_ENABLED = "person.enabled"
    PERSON_ROLE_ASSIGNED = "person.role_assigned"
    PERSON_TOTP_CHANGED = "person.totp_changed"
    PERSON_SESSIONS_ENDED = "person.sessions_ended"
    PERSON_INVITED = "person.invited"
    PERSON_INVITATION_WITHDRAWN = "person.invitation_withdrawn"
    APPLICATION_CREATED = "application.created"
    APPLICATION_CHANGED = "application.changed"
    APPLICATION_DELETED = "application.deleted"
    APPLICATION_TOKENS_REVOKED = "application.tokens_revoked"
    PROVIDER_ADDRESS_RENEWED = "provider.address_renewed"
    PROVIDER_ADDED = "provider.added"
    PROVIDER_CHANGED = "provider.changed"
    PROVIDER_REMOVED = "provider.removed"
    PROVIDER_PAUSED = "provider.paused"
    PROVIDER_RESUMED = "provider.resumed"
    ROUTING_CHANGED = "routing.changed"
    PRICES_CHANGED = "prices.changed"
    CONSOLE_KEY_ROTATED = "console.key_rotated"
    NUMBER_ERASED = "number.erased"
    """A number was taken out of what is kept; which one is not said."""
    SANDBOX_CHAOS_CHANGED = "sandbox.chaos_changed"
    AUDIT_CUT = "audit.cut"


Facts = Mapping[str, Any]
"""What is said of an object: texts, whole numbers, booleans, None, and lists and maps of these. No floats: they are not
written alike everywhere. Never a secret, a message's text, or a recipient's number."""
NOTHING: Facts = {}


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to one object, as it is to stand in the log."""

    action: Action
    object_id: str
    account_id: str | None = None
    """The account that the object belongs to, or is; None: it is the installation's."""
    before: Facts = NOTHING
    after: Facts = NOTHING


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log."""

    seq: int
    """Counts from 1, without a gap."""
    at: int
    """Milliseconds since 1970."""
    actor_kind: str
    actor_id: str
    actor_name: str
    address: str | None
    action: str
    object_id: str
    account_id: str | None
    account_name: str | None = None
    """For people; not part of what is hashed."""
    before: str
    """A JSON object, as it is hashed; so is `after`."""
    after: str
    previous: str
    """The hash of the entry before this one."""
    hash: str

    @property
    def id(self) -> str:
        """Name the entry in listings."""
        return str(self.seq)


class Head(msgspec.Struct, frozen=True):
    """Where the chain ends, and where what is kept of it begins."""

    seq: int
    """Of the last entry; 0: there is none yet."""
    hash: str
    cut_seq: int
    """Of the last entry that was cut off; 0: none was."""
    cut_hash: str


def cut_acts(head: Head | None) -> Sequence[Act]:
    """Return what is written down of entries that were cut off, whose end is in `head`; None: none were."""
    if head is None:
        return ()
    through = {"through": head.cut_seq, "hash": head.cut_hash}
    return (Act(action=Action.AUDIT_CUT, object_id="audit", after=through),)


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries a listing is about; None: any."""

    account_id: str | None = None
    actor: str | None = None
    """An id, a name or a kind."""
    action: str | None = None
    """An action, or the part before the dot for all of that kind."""
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Entries before this instant."""


def encoded_facts(facts: Facts) -> str:
    """Write facts as the JSON that is stored and hashed: names in order, nothing between the signs, UTF-8."""
    return msgspec.json.encode(facts, order="sorted").decode()


def decoded_facts(stored: str) -> Any:
    """Read facts as they are stored; what somebody has spoiled is given as the text that it is."""
    try:
        return msgspec.json.decode(stored)
    except msgspec.DecodeError:
        return stored


def hash_of(entry: Entry) -> str:
    """Return the SHA-256 of the hash before an entry, a line feed, and the entry's content, as 64 hexadecimal digits.

    The content is a JSON list without spaces, in UTF-8: seq, instant in milliseconds since 1970, the actor's kind, id,
    name and address, action, object, account, before and after, these two as the texts that they are stored as.
    """
    who = (entry.actor_kind, entry.actor_id, entry.actor_name, entry.address)
    what = (entry.action, entry.object_id, entry.account_id, entry.before, entry.after)
    encoded = msgspec.json.encode((entry.seq, entry.at, *who, *what))
    return hashlib.sha256(entry.previous.encode() + b"\n" + encoded).hexdigest()


def entry_facts(entry: Entry) -> dict[str, Any]:
    """Say all of an entry, for exports: whoever has a whole line can compute its hash."""
    return {
        "seq": entry.seq,
        "at": f"{from_ms(entry.at):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "at_ms": entry.at,
        "actor_kind": entry.actor_kind,
        "actor_id": entry.actor_id,
        "actor_name": entry.actor_name,
        "address": entry.address,
        "action": entry.action,
        "object": entry.object_id,
        "account_id": entry.account_id,
        "account": entry.account_name,
        "before": decoded_facts(entry.before),
        "after": decoded_facts(entry.after),
        "previous": entry.previous,
        "hash": entry.hash,
    }


def differences(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """Return what is not the same of two descriptions of one thing, as it was and as it is."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


class Break(msgspec.Struct, frozen=True):
    """A place where the chain does not hold."""

    seq: int
    """The entry that it shows at."""
    told: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of following the chain from where it begins to where it ends."""

    entries: int
    head: Head
    breaks: Sequence[Break]


class Chain:
    """Follows the entries of a log in their order, and notes where they do not hold together."""

    def __init__(self, head: Head, expected: str | None = None) -> None:
        """Begin behind what was cut off; `expected` is a hash that somebody wrote down, which must be met."""
        self._head = head
        self._expected = expected
        self._met = expected in {None, head.cut_hash}
        self._seq, self._hash = head.cut_seq, head.cut_hash
        self._entries = 0
        self._breaks: list[Break] = []

    def follow(self, entry: Entry) -> None:
        """Look at the entry that comes next."""
        self._entries += 1
        seq = entry.seq
        if seq <= self._head.cut_seq:
            self._note(seq, f"Entry {seq} was inserted: everything up to {self._head.cut_seq} has been cut off.")
            return
        if seq > self._head.seq:
            self._note(seq, f"Entry {seq} was inserted: the log ends with {self._head.seq}.")
            return
        if seq != self._seq + 1:
            self._missing(seq - 1)
        elif entry.previous != self._hash:
            before = f"entry {self._seq}" if self._seq else "the beginning"
            self._note(seq, f"Entry {seq} does not follow from {before}: one of the two was put in later or changed.")
        if hash_of(entry) != entry.hash:
            self._note(seq, f"Entry {seq} was changed: its hash is not that of its content.")
        self._met = self._met or entry.hash == self._expected
        self._seq, self._hash = seq, entry.hash

    def verdict(self) -> Verdict:
        """Say what was found, when the last entry has been looked at."""
        if self._seq != self._head.seq:
            self._missing(self._head.seq)
        elif self._hash != self._head.hash:
            self._note(self._seq, f"Entry {self._seq} is not the one that the log ended with.")
        if not self._met:
            self._note(self._head.seq, f"The log has no entry with the hash {self._expected} that was expected.")
        return Verdict(entries=self._entries, head=self._head, breaks=self._breaks)

    def _missing(self, last: int) -> None:
        first = self._seq + 1
        which = f"Entry {first} is" if first == last else f"Entries {first} to {last} are"
        self._note(first, f"{which} missing.")

    def _note(self, seq: int, told: str) -> None:
        self._breaks.append(Break(seq, told))
