"""Callbacks: facts told to a customer's server, from an outbox of their own.

An event has one id for life. It is written in the same transaction as the change it tells of, and is offered
again, with that id and the same facts, until the customer's server acknowledges it or the attempts run out.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class EventKind(StrEnum):
    MESSAGE_STATUS = "message.status"
    BATCH_SETTLED = "batch.settled"
    INBOUND = "inbound"


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
    """Whose shape the payload takes."""
    url: str
    kind: EventKind
    subject_id: str
    """The batch of MESSAGE_STATUS and BATCH_SETTLED, the inbound message of INBOUND."""
    facts: MessageFacts | None
    created_ms: int
    attempts: int
    originator: str | None = None
    """This and the reference are the batch's, if it is about one."""
    client_reference: str | None = None


#: A retry follows after 5 s, then twice as long each time; the last wait is 81,920 s (reference: XMS, section 10).
FIRST_DELAY_S = 5
MAX_ATTEMPTS = 16


def retry_delay_s(attempts: int) -> int | None:
    """Seconds to wait after the given number of failed attempts (1 or more); None: give up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return FIRST_DELAY_S << (attempts - 1)
