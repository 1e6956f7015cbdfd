"""Forgetting what was kept for as long as it was to be: every class, every column, on both stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import Column, Text, func, insert, select, update

from heliograph.domain.accounts import Kept, Terms
from heliograph.domain.audit import SYSTEM, Act, Action
from heliograph.domain.batches import Fallback, Options
from heliograph.domain.channels import Channel
from heliograph.domain.ids import earliest_at, made_at_ms, new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.life import Change
from heliograph.domain.prices import Tariff
from heliograph.domain.retention import DAY_MS, LATE_MS, STAYS, TREATMENTS, Walk, stand_in, walks_of
from heliograph.domain.statuses import Status
from heliograph.store import Store, Tx
from heliograph.store import retention as retaining
from heliograph.store.audit import append, check
from heliograph.store.base import Lane
from heliograph.store.batches import NewBatch, accept
from heliograph.store.changes import apply_changes
from heliograph.store.checking import findings_in
from heliograph.store.retention import Taken, days_of_accounts, keep_walks, look, next_walk, progress_of, take
from heliograph.store.schema import (
    accounts,
    attempts,
    audit,
    audit_head,
    batches,
    import_changes,
    import_rejects,
    imports,
    inbound,
    ledger,
    link_tokens,
    messages,
    metadata,
    retention_held,
    retention_walks,
    works,
)

from .conftest import ACCOUNT, OTHER, MakeBatch
from .test_checking import billed

DAYS = 30
OLD_MS = (DAYS + 5) * DAY_MS

#: Columns of tables that are gone through which say nothing that a class is about, and so stay.
OURS = {
    *("id", "account_id", "batch_id", "message_id", "link_id", "rent_id", "protocol", "kind", "status", "reason"),
    *("originator", "udh", "groups", "callback_url", "report", "tags", "title", "client_reference", "idempotency_key"),
    *("pause", "pause_reason", "sink", "door_facts", "worker", "encoding", "provider", "country", "channel", "plan"),
    *("waits_at", "passed_on_by", "why_queued", "recipient", "operator", "provider_ref", "recipient_facts"),
}


def test_each_table_has_a_treatment_or_a_reason_to_stay() -> None:
    treated = {each.table for each in TREATMENTS} | {each.aged_by for each in TREATMENTS}

    assert treated & STAYS.keys() == set()
    assert treated | STAYS.keys() == metadata.tables.keys()


def test_each_text_column_of_a_treated_table_goes_or_says_nothing_that_a_class_is_about() -> None:
    gone = {each.table for each in TREATMENTS if not each.blanks}
    blanked = {(each.table, name) for each in TREATMENTS for name in each.blanks}
    forgotten = [
        str(column)
        for table in metadata.sorted_tables
        if table.name not in STAYS and table.name not in gone
        for column in table.columns
        if isinstance(column.type, Text) and (table.name, column.name) not in blanked and column.name not in OURS
    ]

    assert forgotten == []
    assert blanked <= {(column.table.name, column.name) for table in metadata.sorted_tables for column in table.columns}


async def stepped(store: Store, walks: dict[str, Walk], share: float = 1.0) -> Taken | None:
    """Takes the next step that is due; None if none is."""
    now = now_ms() + 1
    position = await store.read(next_walk)
    if position is None or position.next_at > now:
        return None
    walk = walks[position.id]
    step = await store.read(look, walk, position, now, share)
    return await store.write(take, walk, position, step, now)


async def run(
    store: Store, installation: dict[Kept, int], of: dict[str, dict[Kept, int]] | None = None, *, steps: int = 500
) -> int:
    """Does everything that is due, and says how many rows that were."""
    walks = walks_of(installation, of or {})
    await store.write(keep_walks, walks, now_ms())
    rows = 0
    while (taken := await stepped(store, walks)) is not None:
        rows += taken.rows
        steps -= 1
        assert steps > 0, "a walk does not end"
    return rows


async def again(store: Store) -> None:
    """Lets the pause until the next run be over."""
    await store.write(lambda tx: tx.run(update(retention_walks).values(next_at=0)))


def old_id() -> str:
    fresh = new_id()
    return earliest_at(made_at_ms(fresh) - OLD_MS)[:10] + fresh[10:]


def old_batch(batch: MakeBatch, *numbers: str, **fields: Any) -> NewBatch:
    at = from_ms(now_ms() - OLD_MS)
    values = {"id": old_id(), "created_at": at, "modified_at": at, "send_at": at, "expire_at": at}
    return batch(*numbers, **values | fields)


async def sent(store: Store, new: NewBatch, status: Status = Status.DELIVERED) -> Sequence[str]:
    """Accepts a batch whose messages have had this status for long; they cost 50 000 each."""
    await store.write_item(
        accept, msgspec.structs.replace(new, tariff=Tariff(channels={"sms": {"FR": 50_000}})), Lane.ACCEPT
    )
    mine = messages.c.batch_id == new.batch.id
    ids = await store.read(lambda tx: tx.column(select(messages.c.id).where(mine).order_by(messages.c.id)))
    if status is not Status.QUEUED:
        changes = [Change(each, Status.SENT, provider="p", provider_ref=f"ref-{each}") for each in ids]
        await store.write(apply_changes, changes, now_ms())
    if status not in (Status.QUEUED, Status.SENT):
        await store.write(apply_changes, [Change(each, status, detail="words") for each in ids], now_ms())
    return ids


async def row(store: Store, column: Column[str], key: str) -> dict[str, Any]:
    table = column.table
    found = await store.read(lambda tx: tx.connection.execute(select(table).where(column == key)).mappings().one())
    return dict(found)


async def keys(store: Store, column: Column[str]) -> set[str]:
    return set(await store.read(lambda tx: tx.column(select(column))))


def generic() -> Iterator[tuple[Kept, str]]:
    """The walks over rows that stand alone."""
    for kept, table in dict.fromkeys((each.kept, each.aged_by) for each in TREATMENTS):
        if table not in ("batches", "audit"):
            yield kept, table


WORDING = '{"text":"Code ${code} for Ada","values":{"name":"Ada"},"length":8}'


def filled_row(table: str, key: str, account: str, at: int) -> dict[str, Any]:
    """A row that has something in each column, and waits for nothing."""
    values: dict[str, Any] = {}
    for column in metadata.tables[table].columns:
        values[column.name] = f"{column.name}-{key}" if isinstance(column.type, Text) else 1
    values |= {"id": key, "account_id": account} | ({"last_at": at} if table == "conversations" else {})
    values |= {name: None for name in ("due_at",) if table == "lookups"}
    values |= {"lease_until": 0} if table == "imports" else {}
    values |= {"wording": WORDING} if table == "verifications" else {}
    return values


@pytest.mark.parametrize(("kept", "table"), list(generic()))
@pytest.mark.parametrize("whose", ["installation", "account"])
async def test_what_is_older_goes_of_whom_it_is_agreed_with(store: Store, kept: Kept, table: str, whose: str) -> None:
    """Of an account with 30 days, and of one with others; the former by the installation's days, or by its own."""
    there = metadata.tables[table]
    old, young, others = old_id(), new_id(), old_id()
    now = now_ms()
    for key, account, at in ((old, ACCOUNT, now - OLD_MS), (young, ACCOUNT, now), (others, OTHER, now - OLD_MS)):
        values = filled_row(table, key, account, at)
        await store.write(lambda tx, values=values: tx.connection.execute(insert(there).values(**values)))
    (treatment,) = (each for each in TREATMENTS if (each.kept, each.table) == (kept, table))
    days = ({kept: DAYS}, {OTHER: {kept: 400}}) if whose == "installation" else ({}, {ACCOUNT: {kept: DAYS}})

    rows = await run(store, *days)

    assert rows == 1
    if not treatment.blanks:
        assert await keys(store, there.c.id) == {young, others}
        return
    after = await row(store, there.c.id, old)
    before = filled_row(table, old, ACCOUNT, now - OLD_MS)
    assert {name for name in after if after[name] != before[name]} == set(treatment.blanks)
    assert "Ada" not in str(after)
    for key, account, at in ((young, ACCOUNT, now), (others, OTHER, now - OLD_MS)):
        assert await row(store, there.c.id, key) == filled_row(table, key, account, at)


BUSY = {
    "events": {"state": "waiting"},
    "verifications": {"status": "pending"},
    "lookups": {"due_at": 1},
    "imports": {"lease_until": 1},
    "conversations": {"last_at": 2**60},
}


@pytest.mark.parametrize("table", BUSY)
async def test_what_waits_for_something_goes_when_that_has_come(store: Store, table: str) -> None:
    kept = next(kept for kept, name in generic() if name == table)
    there, key = metadata.tables[table], old_id()
    values = filled_row(table, key, ACCOUNT, 1)
    await store.write(lambda tx: tx.connection.execute(insert(there).values(**values | BUSY[table])))

    first = await run(store, {kept: DAYS})
    held = sum(each.held for each in await store.read(progress_of))
    ended = {name: values[name] for name in BUSY[table]}
    await store.write(lambda tx: tx.run(update(there).values(**ended)))
    await again(store)
    second = await run(store, {kept: DAYS})

    assert (first, held, second) == (0, 1, 1)
    assert await keys(store, retention_held.c.id) == set()


async def test_imports_go_with_what_they_noted_a_few_rows_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited for its end among them; whoever is half gone can't be undone."""
    monkeypatch.setattr(retaining, "IMPORTED_AT_ONCE", 3)
    large, small, empty, young = *sorted(old_id() for _ in range(3)), new_id()
    held, after_held = sorted(old_id() for _ in range(2))
    noted = {large: 5, small: 2, empty: 0, young: 4, held: 4, after_held: 1}

    def fill(tx: Tx) -> None:
        for key, count in noted.items():
            values = filled_row("imports", key, ACCOUNT, 1)
            values |= BUSY["imports"] if key in (held, after_held) else {}
            tx.connection.execute(insert(imports).values(**values))
            for place in range(count):
                change, reject = {"msisdn": f"4915{place}"}, {"place": place, "row": place, "cells": "[]"}
                tx.connection.execute(insert(import_changes).values(import_id=key, **change))
                tx.connection.execute(insert(import_rejects).values(import_id=key, value="", reason="", **reject))

    await store.write(fill)
    walks = {key: walk for key, walk in walks_of({Kept.NUMBERS: DAYS}, {}).items() if walk.table == "imports"}
    await store.write(keep_walks, walks, now_ms())
    groups = []
    while (taken := await stepped(store, walks)) is not None and not taken.is_last:
        groups.append((await store.read(lambda tx: tx.pairs(select(imports.c.id, imports.c.group_id)))).get(large))
    assert await keys(store, imports.c.id) == {young, held, after_held}
    assert None in groups[:2]

    await store.write(lambda tx: tx.run(update(imports).values(lease_until=0)))
    await again(store)
    assert await run(store, {Kept.NUMBERS: DAYS}) == 2

    for column in (imports.c.id, import_changes.c.import_id, import_rejects.c.import_id):
        assert await keys(store, column) == {young}
    assert await keys(store, retention_held.c.id) == set()


ALL = dict.fromkeys(Kept, DAYS)


async def test_texts_of_batches(store: Store, batch: MakeBatch) -> None:
    fallback = Fallback(channel=Channel.SMS, body="Dear Ada")
    new = old_batch(
        batch,
        parameters={"name": {"33612345678": "Ada"}},
        options=Options(fallbacks=(fallback,)),
        key="k",
        fingerprint="f",
    )
    await sent(store, new)

    rows = await run(store, {Kept.TEXTS: DAYS})

    after = await row(store, batches.c.id, new.batch.id)
    assert rows == 1
    assert [after[name] for name in ("body", "parameters", "fields", "fingerprint")] == ["", None, None, None]
    assert "Ada" not in str(after)
    assert (after["idempotency_key"], after["recipients"]) == ("k", '["33612345678"]')
    (message,) = await keys(store, messages.c.msisdn)
    assert message == "33612345678"


async def test_numbers_of_batches_have_stand_ins_that_differ_within_a_batch(store: Store, batch: MakeBatch) -> None:
    new = old_batch(batch, "33612345678", "33612345679", parameters={"name": {"33612345678": "Ada"}})
    await sent(store, new)
    token = {"link_id": "L", "token": "T", "account_id": ACCOUNT, "batch_id": new.batch.id, "msisdn": "33612345679"}
    await store.write(lambda tx: tx.connection.execute(insert(link_tokens).values(**token)))

    rows = await run(store, {Kept.NUMBERS: DAYS})

    after = await row(store, batches.c.id, new.batch.id)
    assert rows == 2
    assert await keys(store, messages.c.msisdn) == {stand_in(1), stand_in(2)}
    assert await keys(store, link_tokens.c.token) == set()
    assert "336123456" not in str(after)
    assert (after["recipient_count"], after["body"]) == (2, "Hello")


async def test_receipts_and_attempts(store: Store, batch: MakeBatch) -> None:
    (message,) = await sent(store, old_batch(batch))
    attempt = {"id": new_id(), "message_id": message, "provider": "p", "outcome": "refused", "at": 1}
    await store.write(lambda tx: tx.connection.execute(insert(attempts).values(**attempt)))
    before = await row(store, messages.c.id, message)

    rows = await run(store, {Kept.RECEIPTS: DAYS})

    after = await row(store, messages.c.id, message)
    assert rows == 1
    assert {name for name in after if after[name] != before[name]} == {"provider_ref", "detail"}
    assert await keys(store, attempts.c.id) == set()


@pytest.mark.parametrize("kept", [Kept.TEXTS, Kept.NUMBERS, Kept.RECEIPTS])
async def test_a_batch_that_has_not_ended_is_left_alone_until_it_has(
    store: Store, batch: MakeBatch, kept: Kept
) -> None:
    waits, with_provider = old_batch(batch), old_batch(batch)
    (queued,) = await sent(store, waits, Status.QUEUED)
    (message,) = await sent(store, with_provider, Status.SENT)
    recent = now_ms() - LATE_MS // 2  # its validity ended a few days ago
    await store.write(lambda tx: tx.run(update(messages).where(messages.c.id == message).values(expire_at=recent)))
    begun = old_batch(batch)
    await sent(store, begun)
    work = {"id": begun.batch.id, "account_id": ACCOUNT, "kind": "fill", "worker": "w", "lease_until": 0, "amount": 0}
    await store.write(lambda tx: tx.connection.execute(insert(works).values(**work)))

    first = await run(store, {kept: DAYS})
    held = await keys(store, retention_held.c.id)
    for each in (queued, message):
        await store.write(apply_changes, [Change(each, Status.FAILED, detail="words")], now_ms())
    await store.write(lambda tx: tx.run(update(batches).values(modified_at=1)))
    await store.write(lambda tx: tx.connection.execute(works.delete()))
    await again(store)
    second = await run(store, {kept: DAYS})

    assert (first, second) == (0, 3)
    assert held == {waits.batch.id, with_provider.batch.id, begun.batch.id}
    assert await keys(store, retention_held.c.id) == set()


async def test_a_message_that_nobody_has_reported_on_is_waited_for_a_week_beyond_its_validity(
    store: Store, batch: MakeBatch
) -> None:
    await sent(store, old_batch(batch), Status.SENT)

    assert await run(store, {Kept.TEXTS: DAYS}) == 1


async def test_a_batch_that_is_changed_between_the_look_and_the_write_is_held_back(
    store: Store, batch: MakeBatch
) -> None:
    new = old_batch(batch)
    await sent(store, new)
    walks = walks_of({Kept.NUMBERS: DAYS}, {})
    await store.write(keep_walks, {each.id: each for each in walks.values() if each.table == "batches"}, now_ms())
    now = now_ms()
    position = await store.read(next_walk)
    while position is not None and position.checked is not None:  # what was held before: nothing
        walk = walks[position.id]
        await store.write(take, walk, position, await store.read(look, walk, position, now), now)
        position = await store.read(next_walk)
    assert position is not None
    step = await store.read(look, walk, position, now)
    await store.write(lambda tx: tx.run(update(batches).values(modified_at=now)))

    taken = await store.write(take, walk, position, step, now)
    late = await store.write(take, walk, position, step, now)

    assert (taken, late) == (Taken(0, 0, False), None)
    assert await keys(store, retention_held.c.id) == {new.batch.id}
    assert await keys(store, messages.c.msisdn) == {"33612345678"}


@pytest.mark.parametrize(
    ("kept", "share"), [(Kept.NUMBERS, 1.0), (Kept.RECEIPTS, 1.0), (Kept.NUMBERS, 0.4), (Kept.NUMBERS, 0.01)]
)
async def test_what_is_cut_off_in_the_middle_goes_on_where_it_was(
    store: Store, batch: MakeBatch, kept: Kept, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each step there may be another process; a batch that is too large for one is done in several. Steps may be
    smaller, but not so small that nothing is done."""
    most = {1.0: 3, 0.4: 2, 0.01: 1}[share]
    monkeypatch.setattr(retaining, "MESSAGES_AT_ONCE", 3 if share == 1.0 else 5)
    small = [old_batch(batch, f"3361234560{place}") for place in range(2)]
    large = old_batch(batch, *(f"336123457{place:02}" for place in range(10)))
    last = old_batch(batch, "33612345888", "33612345889")
    for new in (*small, large, last):
        await sent(store, new)
    walks = walks_of({kept: DAYS}, {})
    await store.write(keep_walks, walks, now_ms())
    done = []

    while (taken := await stepped(store, walks, share)) is not None:
        done.append(taken.rows)
        await store.write(keep_walks, walks, now_ms())  # as a process does when it starts

    assert (sum(done), max(done)) == (14, most)
    left = await keys(store, messages.c.msisdn if kept is Kept.NUMBERS else messages.c.provider_ref)
    assert left == ({stand_in(place) for place in range(1, 11)} if kept is Kept.NUMBERS else {None})


async def test_an_account_that_agrees_on_fewer_days_later_is_gone_through_from_the_beginning(
    store: Store, batch: MakeBatch
) -> None:
    for account in (ACCOUNT, OTHER):
        await sent(store, old_batch(batch, account_id=account))

    by_day = [
        await run(store, {}, {OTHER: {Kept.TEXTS: DAYS}}),
        await run(store, {}, {OTHER: {Kept.TEXTS: DAYS}}),
        await run(store, {}, {OTHER: {Kept.TEXTS: DAYS}, ACCOUNT: {Kept.TEXTS: DAYS}}),
    ]
    await run(store, {}, {})

    assert by_day == [1, 0, 2]
    assert await keys(store, batches.c.body) == {""}
    assert await store.read(progress_of) == []


async def test_days_that_are_agreed_with_accounts_are_read_from_their_terms(store: Store) -> None:
    for name, terms in (("a", Terms(retention={Kept.TEXTS: 3})), ("b", Terms(may_omit_stop=True)), ("c", None)):
        words = {"id": name, "name": name, "callback_protocol": "v1", "callback_secret": "s", "created_at": 1}
        words |= {"terms": None if terms is None else msgspec.json.encode(terms).decode()}
        await store.write(lambda tx, words=words: tx.connection.execute(insert(accounts).values(**words)))

    assert await store.read(days_of_accounts) == {"a": {Kept.TEXTS: 3}}


async def test_the_audit_log_is_cut_off_and_its_chain_is_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retaining, "ENTRIES_AT_ONCE", 4)
    act = Act(action=Action.ACCOUNT_CREATED, object_id="x")
    for at in [now_ms() - OLD_MS] * 10 + [now_ms()] * 2:
        await store.write(append, SYSTEM, [act], at)
    oldest = await store.read(lambda tx: int(tx.value(select(func.min(audit.c.seq)))))

    rows = await run(store, {Kept.AUDIT: DAYS})

    verdict = await store.read(check)
    actions = await store.read(lambda tx: tx.column(select(audit.c.action).order_by(audit.c.seq)))
    assert rows == 10
    assert list(verdict.breaks) == []
    assert actions == [Action.ACCOUNT_CREATED] * 2 + [Action.AUDIT_CUT] * 3
    assert await store.read(lambda tx: tx.value(select(audit_head.c.cut_seq))) == oldest + 9


async def test_money_and_counts_are_what_they_were(store: Store, batch: MakeBatch) -> None:
    await store.write(billed)
    for status in (Status.DELIVERED, Status.QUEUED, Status.SENT):
        await sent(store, old_batch(batch, "33612345678", "33612345679"), status)
    values = filled_row("inbound", old_id(), ACCOUNT, 1)
    await store.write(lambda tx: tx.connection.execute(insert(inbound).values(**values)))

    def sums(tx: Tx) -> list[Any]:
        return [
            tx.rows(select(ledger.c.id, ledger.c.amount).order_by(ledger.c.id)),
            tx.rows(select(messages.c.id, messages.c.price, messages.c.parts).order_by(messages.c.id)),
            tx.rows(select(batches.c.id, batches.c.recipient_count, batches.c.open_count).order_by(batches.c.id)),
            tx.rows(select(inbound.c.id, inbound.c.rent_id, inbound.c.price)),
        ]

    before = await store.read(sums)
    rows = await run(store, ALL)

    assert rows > 0
    assert await store.read(sums) == before
    assert await store.read(findings_in) == []


async def test_only_rows_that_a_step_is_about_are_read(store: Store, batch: MakeBatch) -> None:
    """On SQLite, which says so whatever is in the tables: no step scans a table of messages or batches."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL scans small tables")
    for numbers in (("33612345678", "33612345679"), ("33612345670",)):
        await sent(store, old_batch(batch, *numbers))
    walks = walks_of(ALL, {})
    await store.write(keep_walks, walks, now_ms())
    scans, asked = [], Counter[bool]()

    def explained(tx: Tx, walk: Walk, position: retaining.Position, now: int) -> retaining.Step:
        statements: list[str] = []
        tx.connection.connection.driver_connection.set_trace_callback(statements.append)  # type: ignore[union-attr]
        step = look(tx, walk, position, now)
        tx.connection.connection.driver_connection.set_trace_callback(None)  # type: ignore[union-attr]
        for sql in statements:
            asked["FROM messages" in sql] += 1
            plan = tx.connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
            scans.extend(detail for *_, detail in plan if detail in ("SCAN messages", "SCAN batches"))
            scans.extend(detail for *_, detail in plan if detail.startswith("SCAN messages USING"))
        return step

    while (position := await store.read(next_walk)) is not None and position.next_at <= now_ms() + 1:
        now = now_ms() + 1
        step = await store.read(explained, walks[position.id], position, now)
        await store.write(take, walks[position.id], position, step, now)

    assert scans == []
    assert asked[True] >= 3
    assert await keys(store, messages.c.provider_ref) == {None}
