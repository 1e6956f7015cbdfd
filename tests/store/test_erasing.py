"""Erasing a number: every text column of the schema is looked at, so that one which is added later is, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec
import pytest
from sqlalchemy import Column, Table, Text, func, insert, select

from heliograph.domain.batches import ReportWish
from heliograph.domain.filters import MessageFilter
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.prices import Tariff
from heliograph.domain.statuses import Status
from heliograph.services.erasure import erase
from heliograph.store import Store, Tx
from heliograph.store.base import Lane
from heliograph.store.batches import NewBatch, accept
from heliograph.store.changes import apply_changes
from heliograph.store.checking import findings_in
from heliograph.store.erasing import IN_BATCHES, PLACES, Action
from heliograph.store.messages import messages_of
from heliograph.store.schema import attempts, balances, batches, inbound_parts, ledger, messages, metadata, optouts

from .conftest import ACCOUNT, OTHER, MakeBatch
from .test_checking import billed

ERASED, KEPT = "33612345678", "33612345679"

#: Tables of the account itself, and of its machinery: nobody writes a recipient's number into them but by hand.
NOBODYS = {
    *(
        "accounts",
        "applications",
        "audit",
        "audit_head",
        "balances",
        "code_counts",
        "credentials",
        "former_secrets",
        "imports",
        "group_children",
    ),
    *("groups", "ledger", "links", "lookup_jobs", "numbering", "originators", "paces", "ref_keys", "rents"),
    *("request_rates", "retention_held", "retention_walks", "settings", "templates", "usage"),
    *("people", "recovery_codes", "sessions", "invitations", "roles", "processes", "leases"),
    *("person_links", "used_states", "files", "file_pieces", "connected_keys"),
    *("text_words", "text_indexes"),
}
#: What columns of these names have, wherever they are: identifiers, words of ours, and what is the account's own.
OURS = {
    *("id", "account_id", "batch_id", "message_id", "subject_id", "link_id", "group_id", "job_id", "rent_id", "token"),
    *("protocol", "kind", "status", "state", "outcome", "reason", "source", "channel", "encoding", "country", "udh"),
    *("direction", "provider", "provider_ref", "provider_code", "keyword", "operator", "recipient", "originator"),
    *("idempotency_key", "fingerprint", "groups", "report", "options", "pause", "pause_reason", "sink", "code_hash"),
    *("address", "callback_url", "earlier_batches", "heard", "user_agent", "language", "receipt_id", "rich_media"),
    *("reference", "detail", "worker", "import_id", "assignee_id", "author"),
}


def text_columns() -> Iterator[Column[Any]]:
    for table in metadata.sorted_tables:
        yield from (column for column in table.columns if isinstance(column.type, Text))


def looked_at() -> set[Column[Any]]:
    """The columns that an erasure finds a number by, and those of rows that go with what it finds."""
    found = {messages.c.msisdn, optouts.c.msisdn, *IN_BATCHES}
    for place in PLACES:
        found |= {*place.exact, *place.within}
    gone_with_them = {column for table in (messages, attempts, inbound_parts) for column in table.columns}
    return found | gone_with_them


def test_each_text_column_is_looked_at_or_is_known_to_have_nobodys_number() -> None:
    forgotten = [
        str(column)
        for column in text_columns()
        if column not in looked_at() and column.table.name not in NOBODYS and column.name not in OURS
    ]

    assert forgotten == []


def test_what_is_known_to_have_nobodys_number_is_there() -> None:
    assert NOBODYS - metadata.tables.keys() == set()
    assert OURS - {column.name for column in text_columns()} == set()


def naming(tx: Tx, digits: str) -> dict[str, int]:
    """Rows that have the digits in them, by column, of every text column there is."""
    found = {}
    for table, columns in groupby(text_columns(), key=lambda column: column.table):
        each = list(columns)
        counts = tx.connection.execute(
            select(*(func.count().filter(column.contains(digits)) for column in each)).select_from(table)
        ).one()
        found |= {str(column): int(count) for column, count in zip(each, counts, strict=True) if count}
    return found


def row_with(table: Table, column: Column[Any], number: str, key: str) -> dict[str, Any]:
    """A row whose one column has the number, and whose others have as little as they may."""
    values: dict[str, Any] = {}
    for each in table.columns:
        if each.name == "account_id":
            values[each.name] = ACCOUNT
        elif each is column:
            values[each.name] = number if each.name in {"msisdn", "peer", "msisdns"} else f'{{"a": "{number}"}}'
        elif isinstance(each.type, Text):
            values[each.name] = key if each.primary_key or not each.nullable else None
        elif not each.nullable:
            values[each.name] = 1
    return values


SOUGHT = [(place, column) for place in PLACES for column in (*place.exact, *place.within) if not column.primary_key] + [
    (place, column) for place in PLACES for column in place.exact if column.primary_key
]


@pytest.mark.parametrize(("place", "column"), SOUGHT, ids=lambda each: str(each) if isinstance(each, Column) else "")
async def test_a_row_that_names_it_goes_and_one_that_names_another_stays(
    store: Store, place: Any, column: Column[Any]
) -> None:
    for number, key in ((ERASED, "K1"), (KEPT, "K2")):
        row = row_with(place.table, column, number, key)
        await store.write(lambda tx, row=row: tx.connection.execute(insert(place.table).values(**row)))
    assert await store.read(naming, ERASED) == {str(column): 1}

    dry = await erase(store, ERASED, None, dry_run=True)
    seen = await store.read(naming, ERASED)
    done = await erase(store, ERASED, None)
    again = await erase(store, ERASED, None)

    assert dry.rows == done.rows == {place.table.name: 1}
    assert seen == {str(column): 1}
    assert again.rows == {}
    assert await store.read(naming, ERASED) == {}
    assert await store.read(naming, KEPT) == {str(column): 1}
    left = await store.read(
        lambda tx: tx.connection.execute(select(func.count()).select_from(place.table)).scalar_one()
    )
    assert left == (1 if place.action is Action.DELETE else 2)


def amount_of(tx: Tx, table: Table) -> int:
    """What all rows of the balances, or of the ledger, come to."""
    return int(tx.connection.execute(select(func.sum(table.c.amount))).scalar_one())


async def put(store: Store, new: NewBatch) -> None:
    """Accepts a batch, whose messages cost 50 000 each."""
    tariff = Tariff(channels={"sms": {"FR": 50_000}})
    await store.write_item(accept, msgspec.structs.replace(new, tariff=tariff), Lane.ACCEPT)


async def test_messages_batches_and_money(store: Store, batch: MakeBatch) -> None:
    """Those that wait are canceled and given back; a batch to others loses the number, one to nobody else is gone."""
    await store.write(billed)
    personal = {"name": {ERASED: "Ada", KEPT: "Bob", "default": "you"}}
    told = {"report": ReportWish.SUMMARY, "callback_url": "http://a.example/"}
    both = batch(ERASED, KEPT, parameters=personal, **told)
    await put(store, both)
    alone = batch(ERASED, title=f"for {ERASED}")
    await put(store, alone)
    mentioned = batch(KEPT, body=f"Call {ERASED}", client_reference=ERASED, tags=[ERASED, "x"])
    await put(store, mentioned)
    before = await store.read(amount_of, balances)

    done = await erase(store, ERASED, None)

    named = await store.read(naming, ERASED)
    rows = await store.read(lambda tx: tx.rows(select(batches.c.id, batches.c.recipients, batches.c.parameters)))
    by_id = {row[0]: row for row in rows}
    assert named == {}
    assert (done.canceled, done.on_their_way) == (2, 0)
    assert (done.rows["messages"], done.rows["batches"]) == (2, 3)
    assert by_id.keys() == {both.batch.id, mentioned.batch.id}
    assert json.loads(by_id[both.batch.id][1]) == [KEPT]
    assert json.loads(by_id[both.batch.id][2]) == {"name": {KEPT: "Bob", "default": "you"}}
    after = await store.read(amount_of, balances)
    assert after == before + 2 * 50_000
    assert after == await store.read(amount_of, ledger)
    assert await store.read(findings_in) == []


async def test_what_a_provider_has_stays_until_it_ends(store: Store, batch: MakeBatch) -> None:
    await put(store, batch(ERASED))
    (message,) = await store.read(messages_of, ACCOUNT, MessageFilter(), limit=2)
    sent = Change(message.id, Status.SENT, provider="p", provider_ref="1")
    await store.write(apply_changes, [sent], now_ms())

    first = await erase(store, ERASED, None)
    (still,) = await store.read(messages_of, ACCOUNT, MessageFilter(), limit=2)
    await store.write(apply_changes, [Change(message.id, Status.DELIVERED)], now_ms())
    second = await erase(store, ERASED, None)

    assert (first.rows, first.on_their_way, still.msisdn) == ({}, 1, ERASED)
    assert (second.rows, second.on_their_way) == ({"batches": 1, "messages": 1}, 0)
    assert await store.read(naming, ERASED) == {}


async def test_of_one_account_and_with_or_without_its_optout(store: Store, batch: MakeBatch) -> None:
    for account in (ACCOUNT, OTHER):
        await put(store, batch(ERASED, account_id=account))
        row = {"msisdn": ERASED, "account_id": account, "source": "api", "created_at": 1}
        await store.write(lambda tx, row=row: tx.connection.execute(insert(optouts).values(**row)))

    done = await erase(store, ERASED, ACCOUNT)
    kept = await store.read(naming, ERASED)
    await erase(store, ERASED, None, forget_optouts=True)

    assert (done.rows, done.optouts) == ({"batches": 1, "messages": 1}, 1)
    assert kept == {"messages.msisdn": 1, "batches.recipients": 1, "optouts.msisdn": 2}
    assert await store.read(naming, ERASED) == {}
