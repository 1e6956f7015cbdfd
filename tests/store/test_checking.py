"""Looking whether a store is sound: what contradicts itself is named, and nothing else is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert, text

from heliograph.domain.batches import ReportWish
from heliograph.domain.errors import NotFinished
from heliograph.domain.filters import MessageFilter
from heliograph.domain.ids import following, new_id
from heliograph.domain.instants import now_ms
from heliograph.domain.life import Change
from heliograph.domain.prices import Tariff
from heliograph.domain.statuses import Status
from heliograph.store import Store, Tx, open_store
from heliograph.store.base import Lane
from heliograph.store.batches import accept
from heliograph.store.changes import apply_changes
from heliograph.store.checking import findings_in, state_of
from heliograph.store.forgetting import delete_message, delete_messages
from heliograph.store.messages import messages_of
from heliograph.store.opening import FILE_NAME, look_into
from heliograph.store.schema import balances, ledger

from .conftest import ACCOUNT, OTHER, MakeBatch


def billed(tx: Tx) -> None:
    """Gives the account a balance."""
    tx.connection.execute(insert(balances).values(account_id=ACCOUNT, amount=1_000_000))
    row = {"id": new_id(), "account_id": ACCOUNT, "kind": "set", "amount": 1_000_000, "created_at": 1}
    tx.connection.execute(insert(ledger).values(**row))


@pytest.fixture
async def used(store: Store, batch: MakeBatch) -> Store:
    """A store with a batch whose end is told, of which one message has failed, and which was paid for."""
    await store.write(billed)
    new = batch("33612345678", "33612345679", report=ReportWish.SUMMARY, callback_url="http://a.example/")
    new = msgspec.structs.replace(new, tariff=Tariff(channels={"sms": {"FR": 50_000}}))
    await store.write_item(accept, new, Lane.ACCEPT)
    first, *_ = await store.read(messages_of, ACCOUNT, MessageFilter(), limit=1)
    await store.write(apply_changes, [Change(first.id, Status.REJECTED)], now_ms())
    return store


async def test_a_store_that_was_used_is_sound(used: Store) -> None:
    assert await used.read(findings_in) == []


@pytest.mark.parametrize(
    ("statement", "check", "told"),
    [
        ("UPDATE balances SET amount = amount + 1", "balances", "not the sum of their ledger: " + ACCOUNT),
        ("DELETE FROM balances", "balances", "not the sum of their ledger: " + ACCOUNT),
        ("DELETE FROM ledger", "balances", "not the sum of their ledger: " + ACCOUNT),
        ("UPDATE batches SET open_count = 2", "counts", "wait for another number of messages"),
        ("UPDATE messages SET status = 'failed'", "counts", "wait for another number of messages"),
        ("DELETE FROM batches", "messages", "messages of batches that are not there"),
        (
            "INSERT INTO attempts (id, message_id, provider, outcome, at) VALUES ('1', 'M', 'p', 'refused', 1)",
            "attempts",
            "attempts of messages that are not there: M.",
        ),
        ("INSERT INTO group_members (group_id, msisdn) VALUES ('G', '1')", "groups", "groups that are not there: G."),
        (
            "INSERT INTO inbound_parts (long_id, sequence, encoding, payload) VALUES ('L', 1, 'gsm', '')",
            "parts",
            "not awaited: L.",
        ),
    ],
)
async def test_what_contradicts_itself_is_named(used: Store, statement: str, check: str, told: str) -> None:
    await used.write(lambda tx: tx.connection.execute(text(statement)))

    found = await used.read(findings_in)

    assert [each.check for each in found] == [check]
    assert told in found[0].message


async def test_what_is_missing_of_the_schema_is_named(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)

    def damage(tx: Tx) -> None:
        for statement in ("DROP INDEX inbound_by_msisdn", "ALTER TABLE accounts DROP COLUMN closed_at"):
            tx.connection.execute(text(statement))

    await store.write(damage)
    found = await store.read(findings_in)
    await store.close()

    assert [each.message for each in found] == [
        "The column accounts.closed_at is missing.",
        "The index inbound_by_msisdn is missing.",
    ]


async def test_a_file_that_is_damaged_is_told(tmp_path: Path) -> None:
    await (await open_store("", tmp_path)).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'hits_by_link'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with (tmp_path / FILE_NAME).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)

    found = await look_into("", tmp_path, findings_in)

    assert {each.check for each in found} == {"integrity"}


async def test_the_state_of_a_store_has_its_rows_and_its_version(used: Store) -> None:
    found = await used.read(state_of)

    assert (found.rows["messages"], found.rows["batches"], found.rows["hits"]) == (2, 1, 0)
    assert found.bytes > 100_000
    assert found.schema is not None


async def test_messages_that_are_deleted_together_leave_what_others_are_about(used: Store, batch: MakeBatch) -> None:
    """A batch to somebody else goes on waiting for them alone, one to nobody else is gone, and so is nothing else."""
    before = await used.read(state_of)
    told = {"report": ReportWish.SUMMARY, "callback_url": "http://a.example/"}
    mine_and_another = ("33612345678", "33612345679")
    both, alone, other = (batch(*to, **told) for to in (mine_and_another, mine_and_another[:1], mine_and_another[1:]))
    for new in (both, alone, other):
        new = msgspec.structs.replace(new, tariff=Tariff(channels={"sms": {"FR": 50_000}}))
        await used.write_item(accept, new, Lane.ACCEPT)
    mine = [following(each.batch.id, 2)[0] for each in (both, alone)]
    sent = [Change(each, Status.SENT, provider="p", provider_ref=each) for each in mine]
    await used.write(apply_changes, sent, now_ms())

    with pytest.raises(NotFinished):
        await used.write(delete_messages, ACCOUNT, [*mine, following(other.batch.id, 1)[0]])
    assert await used.write(delete_messages, OTHER, mine) == 0
    assert await used.write(delete_messages, ACCOUNT, [*mine, "unknown"]) == 2

    after = await used.read(state_of)
    assert after.rows["messages"] - before.rows["messages"] == 2
    assert after.rows["batches"] - before.rows["batches"] == 2
    assert await used.read(findings_in) == []


async def test_a_batch_does_not_wait_for_a_message_that_was_deleted(used: Store) -> None:
    second, _ = await used.read(messages_of, ACCOUNT, MessageFilter(), limit=2)
    await used.write(apply_changes, [Change(second.id, Status.SENT, provider="p", provider_ref="1")], now_ms())

    assert await used.write(delete_message, ACCOUNT, second.id)

    assert await used.read(findings_in) == []
