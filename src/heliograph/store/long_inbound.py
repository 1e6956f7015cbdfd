"""Parts of inbound messages, until the others are there.

How it works. A part is stored before its provider is told that it was heard, so that none is lost, whichever process or
connection it came by. Parts of one message have the provider, both addresses, a reference and their number in common;
whoever adds one takes turns with all who have the same in common, and sees all that are there. The one that completes a
message has it joined; what is not complete by `due_at` is joined as it is, by a job.

Joining closes the message and stores what it says in one transaction, and only one can close it. If a process dies
before, the job finds the message when it is due, complete or not. What is closed is kept for as long again: a part that
its provider repeats is known.

References are few and come round again. A part that says something else under the same number begins another message,
and the one before ends with what it has.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, delete, select, update

from heliograph.domain.ids import new_id
from heliograph.domain.inbound import InboundPart, Payload
from heliograph.store.schema import inbound_parts, is_awaited, long_inbound
from heliograph.store.tx import Row, Tx, columns


class NewPart(msgspec.Struct, frozen=True):
    """One that has just come."""

    provider: str
    msisdn: str
    recipient: str
    part: InboundPart
    facts: str
    """JSON: what else is known of the message, for whoever joins it."""
    now_ms: int
    due_at: int

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        return self.provider, self.msisdn, self.recipient, self.part.reference, self.part.total


class LongInbound(msgspec.Struct, frozen=True):
    """A message in parts, as many of them as are there."""

    id: str
    provider: str
    msisdn: str
    recipient: str
    facts: str
    total: int
    parts: Mapping[int, Payload]


class _Long(Row, frozen=True):
    id: str
    provider: str
    msisdn: str
    recipient: str
    reference: str
    total: int
    facts: str
    due_at: int
    joined_at: int | None


class _Part(Row, frozen=True):
    long_id: str
    sequence: int
    encoding: str
    payload: str


_COLUMNS = columns(_Long, long_inbound)


def keep_parts(tx: Tx, those: Sequence[NewPart]) -> list[LongInbound | None]:
    """Store parts; of each the message that it completes, or None: others are awaited, or it was known."""
    answers: dict[int, LongInbound | None] = {}
    # In an order that is everybody's: nobody waits for one who waits for them.
    for place, each in sorted(enumerate(those), key=lambda found: found[1].key):
        answers[place] = _keep(tx, each)
    return [answers[place] for place in range(len(those))]


def _keep(tx: Tx, new: NewPart) -> LongInbound | None:
    tx.take_turns_about(f"parts {new.key}")
    found = tx.one(_Long, select(*_COLUMNS).where(*_is(new)))
    there = {} if found is None else _parts_of(tx, [found.id])[found.id]
    part, said = new.part, new.part.payload
    if found is not None and there.get(part.sequence) == said:
        return None
    if found is not None and (found.joined_at is not None or part.sequence in there):
        _let_end(tx, found, new.now_ms)
        found, there = None, {}
    if found is None:
        found = _Long(new_id(), *new.key, new.facts, new.due_at, None)
        tx.insert(long_inbound, [found])
    octets = b64encode(said.octets).decode()
    tx.insert(inbound_parts, [_Part(found.id, part.sequence, said.encoding, octets)])
    there[part.sequence] = said
    return _long(found, there) if len(there) == part.total else None


def _is(new: NewPart) -> tuple[ColumnElement[bool], ...]:
    of = long_inbound.c
    names = (of.provider, of.msisdn, of.recipient, of.reference, of.total)
    return tuple(column == value for column, value in zip(names, new.key, strict=True))


def _let_end(tx: Tx, found: _Long, now_ms: int) -> None:
    """Let its reference be another message's; what it has is joined now, if that was not yet."""
    other = {"reference": f"{found.reference} {found.id}", "due_at": min(found.due_at, now_ms)}
    tx.run(update(long_inbound).where(long_inbound.c.id == found.id).values(other))


def due_long(tx: Tx, now_ms: int, limit: int) -> list[LongInbound]:
    """Find messages for whose other parts nobody waits any more, the oldest first. Spans accounts."""
    query = select(*_COLUMNS).where(is_awaited, long_inbound.c.due_at <= now_ms).order_by(long_inbound.c.due_at)
    found = tx.all(_Long, query.limit(limit))
    parts = _parts_of(tx, [each.id for each in found])
    return [_long(each, parts[each.id]) for each in found]


def next_due_long(tx: Tx) -> int | None:
    """Find when the next one is due, in milliseconds since 1970; None: none is awaited."""
    due: int | None = tx.value(select(long_inbound.c.due_at).where(is_awaited).order_by(long_inbound.c.due_at).limit(1))
    return due


def close_long(tx: Tx, long_id: str, now_ms: int) -> bool:
    """End the waiting for a message's parts; False if somebody has before."""
    closing = update(long_inbound).where(long_inbound.c.id == long_id, is_awaited).values(joined_at=now_ms)
    return tx.run(closing) == 1


def forget_long(tx: Tx, before_ms: int) -> int:
    """Delete what was joined before `before_ms`, with its parts."""
    old = tx.column(select(long_inbound.c.id).where(long_inbound.c.joined_at < before_ms).limit(1_000))
    tx.run(delete(inbound_parts).where(tx.among(inbound_parts.c.long_id, old)))
    return tx.run(delete(long_inbound).where(tx.among(long_inbound.c.id, old)))


def _parts_of(tx: Tx, ids: Sequence[str]) -> dict[str, dict[int, Payload]]:
    parts: dict[str, dict[int, Payload]] = {each: {} for each in ids}
    for row in tx.all(_Part, select(*columns(_Part, inbound_parts)).where(tx.among(inbound_parts.c.long_id, ids))):
        parts[row.long_id][row.sequence] = Payload(row.encoding, b64decode(row.payload))
    return parts


def _long(found: _Long, parts: Mapping[int, Payload]) -> LongInbound:
    return LongInbound(found.id, found.provider, found.msisdn, found.recipient, found.facts, found.total, parts)
