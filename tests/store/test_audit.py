"""The audit log: in one order for all processes, with the changes it speaks of, and changed by nobody unseen."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from heliograph.domain.audit import SYSTEM, Act, Action, Actor, ActorKind, AuditFilter, Entry
from heliograph.domain.errors import InvalidField
from heliograph.domain.instants import from_ms, now_ms
from heliograph.services.audit import AuditLog, acting_as, audited
from heliograph.store import Store, open_store
from heliograph.store.settings import get_setting, put_setting
from heliograph.store.tx import Tx

EVERYTHING = AuditFilter()
ANNA = Actor(kind=ActorKind.PERSON, id="P1", name="anna@example.com", address="192.0.2.7")


def act(n: int, **fields: Any) -> Act:
    values: dict[str, Any] = {"action": Action.KEY_REVOKED, "object_id": f"key {n}", "after": {"name": f"Zoë {n}"}}
    return Act(**values | fields)


async def written(store: Store, count: int, first: int = 1) -> None:
    for n in range(first, first + count):
        await audited(store, act(n), put_setting, f"setting {n}", "new")


async def listing(store: Store, wanted: AuditFilter = EVERYTHING) -> list[Entry]:
    return await AuditLog(store).page(wanted, limit=1_000)


async def told(store: Store, expected: str | None = None) -> list[str]:
    return [each.told for each in (await AuditLog(store).check(expected)).breaks]


def forge(*statements: str) -> Callable[[Tx], None]:
    """What somebody does who can do anything to the database, triggers included."""

    def run(tx: Tx) -> None:
        if tx.connection.dialect.name == "sqlite":
            for name in ("unchanged", "kept", "head_kept", "head_one", "head_forward"):
                tx.connection.execute(text(f"DROP TRIGGER IF EXISTS audit_{name}"))
        else:
            tx.connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
            tx.connection.execute(text("ALTER TABLE audit_head DISABLE TRIGGER ALL"))
        for statement in statements:
            tx.connection.execute(text(statement))

    return run


async def test_what_is_done_is_written_down_with_who_did_it(store: Store) -> None:
    with acting_as(ANNA):
        await audited(store, act(1, account_id="A", before={"b": 1, "a": None}), put_setting, "one", "new")
    await audited(store, act(2), put_setting, "two", "new")

    second, first = await listing(store)

    who = (first.actor_kind, first.actor_id, first.actor_name, first.address)
    assert who == ("person", "P1", "anna@example.com", "192.0.2.7")
    assert (first.action, first.object_id, first.account_id) == ("key.revoked", "key 1", "A")
    assert (first.before, first.after) == ('{"a":null,"b":1}', '{"name":"Zoë 1"}')
    assert second.actor_kind == SYSTEM.kind
    assert (second.seq, second.previous) == (first.seq + 1, first.hash)
    assert await told(store) == []


async def test_neither_the_change_nor_its_entry_is_there_without_the_other(store: Store) -> None:
    def half_done(tx: Tx) -> None:
        put_setting(tx, "half", "done")
        raise InvalidField("No.", field="x")

    def too_much(_result: None) -> Act:
        return act(1, after={"at": object()})  # can't be written

    with pytest.raises(InvalidField):
        await audited(store, act(1), half_done)
    with pytest.raises(TypeError):
        await audited(store, too_much, put_setting, "half", "done")

    assert await store.read(get_setting, "half") is None
    assert await listing(store) == []


async def test_what_changed_nothing_leaves_no_entry(store: Store) -> None:
    await audited(store, act(1), lambda _tx: False)
    await audited(store, act(1), lambda _tx: 0)
    await audited(store, lambda _found: (), lambda _tx: 5)

    assert await listing(store) == []


async def test_entries_of_several_processes_stand_in_one_order(store_url: str, tmp_path: Path) -> None:
    """On PostgreSQL: two stores as two processes have them. The embedded one has commands beside it."""
    first = await open_store(store_url, tmp_path)
    second = await open_store(store_url, tmp_path, beside=True)
    try:
        await asyncio.gather(
            *(audited(store, act(n), put_setting, f"{n}", "new") for n in range(60) for store in (first, second))
        )
        found = await listing(first)
        assert [entry.seq for entry in found] == list(range(120, 0, -1))
        assert await told(second) == []
    finally:
        await second.close()
        await first.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET after = '{}'",
        "DELETE FROM audit",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head SELECT * FROM audit_head",
        "UPDATE audit_head SET seq = seq - 1",
        "UPDATE audit_head SET cut_seq = seq + 1",
    ],
)
async def test_the_database_refuses_to_change_it(store: Store, statement: str) -> None:
    await written(store, 2)

    def change(tx: Tx) -> None:
        tx.connection.execute(text(statement))

    with pytest.raises(DBAPIError, match="audit log"):
        await store.write(change)

    assert len(await listing(store)) == 2
    assert await told(store) == []


async def test_postgresql_refuses_to_empty_it(shared_database: str, tmp_path: Path) -> None:
    opened = await open_store(shared_database, tmp_path)
    try:
        for table in ("audit", "audit_head"):
            with pytest.raises(DBAPIError, match="audit log"):
                await opened.write(lambda tx, name=table: tx.connection.execute(text(f"TRUNCATE {name}")))
    finally:
        await opened.close()


FORGED = {
    "a changed row": (("UPDATE audit SET after = '{}' WHERE seq = {3}",), ["Entry {3} was changed"]),
    "another actor": (("UPDATE audit SET actor_name = 'x' WHERE seq = {1}",), ["Entry {1} was changed"]),
    "another kind of actor": (("UPDATE audit SET actor_kind = 'x' WHERE seq = {5}",), ["Entry {5} was changed"]),
    "facts that are no JSON": (("UPDATE audit SET before = '{' WHERE seq = {2}",), ["Entry {2} was changed"]),
    "a time far off": (("UPDATE audit SET at = 9000000000000000000 WHERE seq = {2}",), ["Entry {2} was changed"]),
    "a removed row": (("DELETE FROM audit WHERE seq = {3}",), ["Entry {3} is missing"]),
    "removed rows": (("DELETE FROM audit WHERE seq IN ({2}, {3})",), ["Entries {2} to {3} are missing"]),
    "the first row": (("DELETE FROM audit WHERE seq = {1}",), ["Entry {1} is missing"]),
    "the last rows": (("DELETE FROM audit WHERE seq > {3}",), ["Entries {4} to {5} are missing"]),
    "a row at the end": (
        ("INSERT INTO audit SELECT seq + 1, {columns} FROM audit WHERE seq = {5}",),
        ["Entry {6} was inserted"],
    ),
    "a row put in between": (
        (
            "UPDATE audit SET seq = seq + 100 WHERE seq > {3}",
            "UPDATE audit SET seq = seq - 99 WHERE seq > {5}",
            "INSERT INTO audit SELECT seq + 1, {columns} FROM audit WHERE seq = {3}",
            "UPDATE audit_head SET seq = seq + 1",
        ),
        ["Entry {4} does not follow", "Entry {4} was changed", "Entry {5} was changed", "Entry {6} was changed"],
    ),
}


@pytest.mark.parametrize("forged", FORGED)
async def test_whatever_was_changed_behind_its_back_is_found(store_url: str, tmp_path: Path, forged: str) -> None:
    store = await open_store(store_url, tmp_path)
    await written(store, 5)
    statements, breaks = FORGED[forged]
    columns = (
        "at, actor_kind, actor_id, actor_name, address, action, object_id, account_id, before, after, previous, hash"
    )
    places = {str(n): n for n in range(7)}

    def filled(pattern: str) -> str:
        for name, value in {**places, "columns": columns}.items():
            pattern = pattern.replace(f"{{{name}}}", str(value))
        return pattern

    await store.write(forge(*map(filled, statements)))
    found = await told(store)
    await store.close()

    assert len(found) >= len(breaks)
    for said, wanted in zip(found, breaks, strict=False):
        assert said.startswith(filled(wanted)), found


async def test_what_no_column_should_have_is_found_too(tmp_path: Path) -> None:
    store = await open_store("", tmp_path)
    await written(store, 3)

    await store.write(
        forge("UPDATE audit SET at = 'x' WHERE seq = 2", "UPDATE audit SET after = x'4142' WHERE seq = 3")
    )
    found = await told(store)
    await store.close()

    assert [each[:19] for each in found] == ["Entry 2 was changed", "Entry 3 was changed"]


async def test_a_row_that_was_hashed_anew_does_not_fit_the_next(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    await written(store, 3)
    second = (await listing(store))[1]
    content = [2, second.at, "system", "", "heliograph", None, "key.revoked", "key 2", None, "{}", "{}"]
    encoded = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    forged = hashlib.sha256(f"{second.previous}\n{encoded}".encode()).hexdigest()

    await store.write(forge(f"UPDATE audit SET after = '{{}}', hash = '{forged}' WHERE seq = 2"))
    found = await told(store)
    await store.close()

    assert found == ["Entry 3 does not follow from entry 2: one of the two was put in later or changed."]


async def test_a_chain_that_was_written_anew_or_ends_sooner_lacks_the_hash_that_was_written_down(store: Store) -> None:
    await written(store, 3)
    last, before, first = await listing(store)

    assert await told(store, last.hash) == []
    assert await told(store, first.hash) == []

    removed = (
        f"DELETE FROM audit WHERE seq = {last.seq}",
        f"UPDATE audit_head SET seq = {before.seq}, hash = '{before.hash}'",
    )
    if store.dialect == "sqlite":  # the other is shared with other tests
        await store.write(forge(*removed))
        assert await told(store) == []
        assert await told(store, last.hash) == [f"The log has no entry with the hash {last.hash} that was expected."]


async def test_what_is_old_is_cut_off_and_the_rest_still_holds(store: Store) -> None:
    await written(store, 4)
    *_, third, _, _ = reversed(await listing(store))
    log = AuditLog(store)
    await asyncio.sleep(0.002)
    middle = from_ms(now_ms())
    await written(store, 2, first=5)

    cut = await log.cut(middle)
    again = await log.cut(middle)
    found = await listing(store)

    assert again is None
    assert cut is not None
    assert [entry.object_id for entry in reversed(found)] == ["key 5", "key 6", "audit"]
    assert json.loads(found[0].after) == {"through": cut.cut_seq, "hash": cut.cut_hash}
    assert found[-1].previous == cut.cut_hash
    assert third.seq < cut.cut_seq
    assert await told(store, cut.cut_hash) == []
    with pytest.raises(InvalidField):
        await log.cut(middle + timedelta(days=1))


async def test_it_is_listed_by_who_what_which_and_when(store: Store) -> None:
    with acting_as(ANNA):
        await audited(store, act(1, account_id="A", action=Action.ACCOUNT_CLOSED), put_setting, "one", "new")
    await written(store, 2, first=2)
    last = (await listing(store))[0]

    async def found(**wanted: Any) -> list[str]:
        return [entry.object_id for entry in await listing(store, AuditFilter(**wanted))]

    later = from_ms(last.at) + timedelta(seconds=1)

    assert await found(account_id="A") == ["key 1"]
    assert await found(actor="P1") == await found(actor="anna@example.com") == await found(actor="person") == ["key 1"]
    assert await found(action="account.closed") == await found(action="account") == ["key 1"]
    assert await found(action="key") == ["key 3", "key 2"]
    assert await found(object_id="key 2") == ["key 2"]
    assert await found(since=later) == []
    assert len(await found(until=later)) == 3
    page = await AuditLog(store).page(EVERYTHING, limit=2, before=last.id)
    assert [entry.object_id for entry in page] == ["key 2", "key 1"]
    with pytest.raises(InvalidField, match=r"no action 'key.lost'; there are account.created, "):
        await found(action="key.lost")
    with pytest.raises(InvalidField):
        await found(since=later, until=later)
