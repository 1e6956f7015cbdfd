"""Where a person's number is in the store, and how it is taken out.

The problem. One number stands in some 20 tables: as a column, in lists and tables of JSON, in rows that are about it
without naming it. What is forgotten here stays for ever, so the places are one table (`PLACES`), and a test asks of
every text column of the schema whether it is one.

How it works. Each place is looked for in a read, which may take as long as its table is large and which nobody waits
for; what is found is written by its keys, in slices. Messages come first, and what hangs on them goes in the slice that
deletes them. A message that has not ended stays, with its batch: the provider has it, or will in a moment, and its
receipt has to find it. Money is not touched: the ledger knows batches, and no numbers.

If the process dies, some slices are written and the others are not; the same erasure again finds what is left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Column, Select, Table, and_, delete, false, or_, select, true, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from heliograph.domain.statuses import OPEN, Status
from heliograph.store.indexing import forget_words, learn_words
from heliograph.store.messages import of_batch
from heliograph.store.schema import (
    attempts,
    batches,
    conversation_notes,
    conversations,
    early_receipts,
    events,
    group_members,
    groups,
    hits,
    idempotency_keys,
    import_changes,
    import_rejects,
    imports,
    inbound,
    inbound_parts,
    link_tokens,
    long_inbound,
    lookups,
    messages,
    optouts,
    parked,
    phone_messages,
    polls,
    verifications,
    works,
)
from heliograph.store.tx import Tx
from heliograph.store.works import strike

SLICE = 500
"""Rows that are written in one transaction."""
_ERASED = "erased"
_OPEN = [status.value for status in OPEN]

Key = Sequence[str]


class Action(StrEnum):
    DELETE = "delete"
    BLANK = "blank"
    STRIKE = "strike"


class Place(NamedTuple):
    """A table that a person's number may be in."""

    table: Table
    exact: tuple[Column[Any], ...] = ()
    """Columns that are a number."""
    within: tuple[Column[Any], ...] = ()
    """Columns whose text has it in it."""
    action: Action = Action.DELETE


PLACES = (
    Place(inbound, (inbound.c.msisdn,), (inbound.c.body, inbound.c.provider_facts)),
    Place(conversations, (conversations.c.msisdn,), (conversations.c.last_text,)),
    Place(conversation_notes, (conversation_notes.c.msisdn,), (conversation_notes.c.body,)),
    Place(verifications, (verifications.c.msisdn,), (verifications.c.wording, verifications.c.client_reference)),
    Place(lookups, (lookups.c.msisdn,), (lookups.c.facts,)),
    Place(link_tokens, (link_tokens.c.msisdn,)),
    Place(hits, (hits.c.msisdn,), (hits.c.referrer,), Action.BLANK),
    Place(works, (), (works.c.members,), Action.STRIKE),
    Place(group_members, (group_members.c.msisdn,), (group_members.c.details,)),
    Place(import_changes, (import_changes.c.msisdn,), (import_changes.c.details,)),
    Place(import_rejects, (), (import_rejects.c.value, import_rejects.c.cells)),
    Place(phone_messages, (phone_messages.c.msisdn, phone_messages.c.peer), (phone_messages.c.body,)),
    Place(long_inbound, (), (long_inbound.c.msisdn, long_inbound.c.facts)),
    Place(early_receipts, (), (early_receipts.c.msisdns, early_receipts.c.detail)),
    Place(polls, (), (polls.c.handle,)),
    Place(idempotency_keys, (), (idempotency_keys.c.idempotency_key, idempotency_keys.c.answer)),
    Place(parked, (), (parked.c.draft,)),
    Place(events, (), (events.c.facts, events.c.sink, events.c.last_error, events.c.receiver)),
)
"""All but messages with their attempts, batches, and opt-outs, which have ways of their own."""
IN_BATCHES = (
    *(batches.c.recipients, batches.c.parameters, batches.c.fields, batches.c.body, batches.c.title),
    *(batches.c.client_reference, batches.c.tags, batches.c.callback_url),
    *(batches.c.door_facts, batches.c.recipient_facts),
)
_BLANK_HIT = {"msisdn": None, "address": None, "user_agent": None, "language": None, "referrer": None}


def waiting_for(tx: Tx, msisdn: str, account_id: str | None) -> list[str]:
    """List messages to a number that wait to be sent. Spans accounts if none is given."""
    query = select(messages.c.id).where(_of(messages, account_id), messages.c.msisdn == msisdn)
    return [row[0] for row in tx.rows(query.where(messages.c.status == Status.QUEUED.value))]


def ended_to(tx: Tx, msisdn: str, account_id: str | None) -> list[str]:
    """List messages to a number that have ended. Spans accounts if none is given."""
    query = select(messages.c.id).where(_of(messages, account_id), messages.c.msisdn == msisdn)
    return [row[0] for row in tx.rows(query.where(messages.c.status.not_in(_OPEN)))]


def under_way_to(tx: Tx, msisdn: str, account_id: str | None) -> list[tuple[str, str]]:
    """Name each message to a number that has not ended, with its batch. Spans accounts if none is given."""
    query = select(messages.c.id, messages.c.batch_id).where(_of(messages, account_id), messages.c.msisdn == msisdn)
    return [(row[0], row[1]) for row in tx.rows(query.where(messages.c.status.in_(_OPEN)))]


def erase_messages(tx: Tx, ids: Sequence[str]) -> dict[str, int]:
    """Delete messages with their attempts and with what is to be told of them; say how much. Spans accounts."""
    return {
        "attempts": tx.run(delete(attempts).where(tx.among(attempts.c.message_id, ids))),
        "events": tx.run(delete(events).where(tx.among(events.c.subject_id, ids))),
        "messages": tx.run(delete(messages).where(tx.among(messages.c.id, ids))),
    }


def batches_with(tx: Tx, msisdn: str, account_id: str | None) -> dict[str, bool]:
    """Find batches that name a number, and say of each whether its messages are still being made or changed.

    Spans accounts if none is given.
    """
    query = select(batches.c.id, batches.c.expand_at, works.c.id.label("work"))
    query = query.select_from(batches).outerjoin(works, works.c.id == batches.c.id)
    rows = tx.rows(query.where(_of(batches, account_id), or_(*(each.contains(msisdn) for each in IN_BATCHES))))
    return {row[0]: row[1] is not None or row[2] is not None for row in rows}


def erase_in_batches(tx: Tx, msisdn: str, ids: Sequence[str]) -> dict[str, int]:
    """Take a number out of batches, and delete those that have no messages. Spans accounts."""
    rows = tx.rows(select(batches.c.id, *IN_BATCHES).where(tx.among(batches.c.id, ids)).with_for_update())
    names = [each.name for each in IN_BATCHES]
    empty: list[str] = []
    forget_words(tx, ids)
    for identifier, *texts in rows:  # each has another text, and messages of its own: no statement does it for all
        if tx.first(select(messages.c.id).where(of_batch(identifier)).limit(1)) is None:
            empty.append(identifier)
            continue
        values: dict[str, Any] = {name: _without(name, text, msisdn) for name, text in zip(names, texts, strict=True)}
        # Who has read it to change it must find that it is another now, and not write the number back.
        values |= {"fingerprint": None, "modified_at": batches.c.modified_at + 1}
        tx.run(update(batches).where(batches.c.id == identifier).values(**values))
    told = tx.run(delete(events).where(tx.among(events.c.subject_id, empty)))
    tx.run(delete(batches).where(tx.among(batches.c.id, empty)))
    learn_words(tx, ids)
    return {"batches": len(rows), "events": told}


def _without(column: str, text: str | None, msisdn: str) -> str | None:
    if text is None or msisdn not in text:
        return text
    if column == "recipients":
        return json.dumps([each for each in json.loads(text) if each != msisdn])
    if column == "recipient_facts":
        text = json.dumps({of: facts for of, facts in json.loads(text).items() if of != msisdn}, ensure_ascii=False)
    if column in {"parameters", "fields"}:
        tables = {
            name: {of: value for of, value in values.items() if of != msisdn}
            for name, values in json.loads(text).items()
        }
        text = json.dumps(tables, ensure_ascii=False)
    return text.replace(msisdn, _ERASED)


def found_in(tx: Tx, place: Place, msisdn: str, account_id: str | None) -> list[Key]:
    """List the keys of rows in a place that have a number. Spans accounts if none is given."""
    having = or_(*(each == msisdn for each in place.exact), *(each.contains(msisdn) for each in place.within))
    keys = list(place.table.primary_key.columns)
    query: Select[Any] = select(*keys).where(_of(place.table, account_id), having)
    return [tuple(row) for row in tx.rows(query)]


def erase_in(tx: Tx, place: Place, keys: Sequence[Key], msisdn: str) -> dict[str, int]:
    """Delete rows by their keys, or blank what they say of a person; say how many. Spans accounts."""
    if place.action is Action.STRIKE:
        return {place.table.name: strike(tx, [key[0] for key in keys], msisdn)}
    columns = list(place.table.primary_key.columns)
    mine = tx.among(columns[0], [key[0] for key in keys])
    if len(columns) > 1:
        mine = and_(mine, tuple_(*columns).in_([tuple(key) for key in keys]))
    if place.action is Action.BLANK:
        return {place.table.name: tx.run(update(place.table).where(mine).values(**_BLANK_HIT))}
    counts = {}
    if place.table is long_inbound:
        ids = [key[0] for key in keys]
        counts["inbound_parts"] = tx.run(delete(inbound_parts).where(tx.among(inbound_parts.c.long_id, ids)))
    if place.table in (inbound, verifications, lookups):
        ids = [key[0] for key in keys]
        counts["events"] = tx.run(delete(events).where(tx.among(events.c.subject_id, ids)))
    return {place.table.name: tx.run(delete(place.table).where(mine)), **counts}


def optouts_of(tx: Tx, msisdn: str, account_id: str | None) -> int:
    """Count opt-outs of a number. Spans accounts if none is given."""
    return len(tx.rows(select(optouts.c.account_id).where(_of(optouts, account_id), optouts.c.msisdn == msisdn)))


def erase_optouts(tx: Tx, msisdn: str, account_id: str | None) -> dict[str, int]:
    """Delete opt-outs of a number, which may then be written to again. Spans accounts if none is given."""
    return {"optouts": tx.run(delete(optouts).where(_of(optouts, account_id), optouts.c.msisdn == msisdn))}


def _of(table: Table, account_id: str | None) -> ColumnElement[bool]:
    """Return the condition that a row is an account's; what belongs to no account is nobody's who asks for one."""
    if account_id is None:
        return true()
    if table is group_members:
        return group_members.c.group_id.in_(select(groups.c.id).where(groups.c.account_id == account_id))
    if table in (import_changes, import_rejects):
        return table.c.import_id.in_(select(imports.c.id).where(imports.c.account_id == account_id))
    if "account_id" not in table.c:
        return false()
    return table.c.account_id == account_id
