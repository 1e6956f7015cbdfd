"""Events: facts told to customers, from an outbox of their own.

An event has one id for life. It is written in the same transaction as the change it tells of, and is offered
again, with that id and the same facts, until the customer acknowledges it or the attempts run out. Its sink says where
it goes: an http or https URL is called back, `session:PROTOCOL/KEY` whoever is connected with that key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec


class EventKind(StrEnum):
    MESSAGE_STATUS = "message.status"
    BATCH_SETTLED = "batch.settled"
    BATCH_PAUSED = "batch.paused"
    """A batch has paused by itself, because too much of it failed."""
    INBOUND = "inbound"
    VERIFICATION_SETTLED = "verification.settled"
    OPTED_OUT = "optout.added"
    LINK_HIT = "link.hit"
    ATTACHMENT_HIT = "attachment.hit"
    LOOKED_UP = "lookup.done"


NATIVE = "v1"
"""The name of the native API's shape of callbacks."""
SESSION = "session"
"""The scheme of sinks that are connected clients."""
TOGETHER = 200
"""The most facts of the same kind that are told in one event."""


class Listener(NamedTuple):
    """Where an account is told of events that are not about its requests, and in which protocol's shape."""

    protocol: str
    sink: str


def callback_key(kind: EventKind, channel: str = "") -> str:
    """Return the key under which an application has the listener for events of this kind."""
    return f"{kind.value}.{channel}" if channel else kind.value


class MessageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A message's status as it was when the event happened."""

    message_id: str
    msisdn: str
    status: str
    reason: str | None
    provider_code: str | None
    detail: str | None
    encoding: str | None
    parts: int | None
    at_ms: int


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One fact on its way to a customer."""

    id: str
    account_id: str
    protocol: str
    """The protocol in whose shape it is told."""
    sink: str
    """Where it goes: a URL, or connected clients."""
    kind: EventKind
    subject_id: str
    """What it is about: a batch, for MESSAGE_STATUS and BATCH_SETTLED; an inbound message; a verification.

    For events about several things it is the first of `several`.
    """
    facts: MessageFacts | None
    several: Sequence[str] = ()
    """The opt-outs (by MSISDN), hits or lookups that it is about."""
    created_ms: int
    attempts: int
    receiver: str = ""
    """Who it is for, as `receiver_of` names them."""
    originator: str | None = None
    """The batch's originator, if it is about one, as is the client reference."""
    client_reference: str | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event, and how far it has come."""

    id: str
    kind: EventKind
    subject_id: str
    protocol: str
    sink: str
    status: str | None
    """The status of the message that it tells of; None if it is about something else."""
    state: Literal["waiting", "delivered", "given_up"]
    attempts: int
    error: str | None
    """Why the last attempt failed."""
    created_at: datetime
    done_at: datetime | None


def session_sink(protocol: str, key: str = "") -> str:
    """Name an account's clients of a protocol that are connected: with the key of this public id, or with any."""
    return f"{SESSION}:{protocol}/{key}" if key else f"{SESSION}:{protocol}"


def receiver_of(account_id: str, sink: str) -> str:
    """Name who is told: an account's own view of a host, or its sessions, so that nobody waits for another's."""
    return f"{account_id} {_origin(sink)}"


def scheme_of(receiver: str) -> str:
    """Return how a receiver is reached: `http`, `https` or `session`; empty if an old row does not say."""
    return receiver.partition(" ")[2].partition(":")[0]


def protocol_of(receiver: str) -> str | None:
    """Return the protocol of a receiver that is clients who are connected; None if it is none."""
    _, is_session, rest = receiver.partition(f" {SESSION}:")
    return rest.partition("/")[0] if is_session else None


@lru_cache(maxsize=4096)
def _origin(sink: str) -> str:
    if sink.startswith(f"{SESSION}:"):
        return sink
    scheme, _, rest = sink.partition("://")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    return f"{scheme}://{authority.rpartition('@')[2]}".lower()


#: A retry follows after 5 s, then twice as long each time; the last wait is 81,920 s (reference: XMS, section 10).
FIRST_DELAY_S = 5
MAX_ATTEMPTS = 16


LONGEST_MS = FIRST_DELAY_S * (2 ** (MAX_ATTEMPTS - 1) - 1) * 1_000
"""How long an event is offered, in ms, however few attempts it had: a receiver that is dead has few."""


def retry_delay_s(attempts: int) -> int | None:
    """Return how long to wait after that many failed attempts (1 or more), in seconds; None: give up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return FIRST_DELAY_S << (attempts - 1)
