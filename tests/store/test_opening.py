"""Opening a store: migrated, owned, and refused in one sentence where it can't be."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from heliograph.domain.batches import Draft, Options
from heliograph.domain.errors import SetupError, ShuttingDown
from heliograph.domain.filters import InboundFilter
from heliograph.domain.ids import following, new_id
from heliograph.domain.instants import from_ms
from heliograph.store import Store, migrations, open_store
from heliograph.store.accounts import account_by_id
from heliograph.store.contacts import contacts_of
from heliograph.store.conversations import conversations_of
from heliograph.store.groups import groups_by_numbers, members_of
from heliograph.store.inbound import inbound_of
from heliograph.store.migrations import NewerStore, OlderStore, migrate
from heliograph.store.numbering import take_number
from heliograph.store.optouts import newest_optouts, opted_out_among
from heliograph.store.parking import parked_by_ids
from heliograph.store.queue import depth, due_messages
from heliograph.store.schema import metadata
from heliograph.store.settings import get_setting, put_setting
from heliograph.store.tx import Tx


async def test_the_migrations_make_exactly_the_schema_that_queries_use(store: Store) -> None:
    def differences(tx: Tx) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(tx.connection, opts=options)
        return list(compare_metadata(context, metadata))

    assert await store.write(differences) == []


def indexes(tx: Tx) -> set[str]:
    """The statements that would make the store's indexes: with their conditions, which Alembic does not compare."""
    if tx.connection.dialect.name == "sqlite":
        query = (
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name <> 'alembic_version'"
        )
    else:
        query = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename <> 'alembic_version'"
    return {" ".join(row[0].split()) for row in tx.connection.execute(text(query))}


async def test_the_migrations_make_the_same_partial_indexes(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    migrated = await store.write(indexes)

    def afresh(tx: Tx) -> set[str]:
        metadata.drop_all(tx.connection)
        metadata.create_all(tx.connection)
        return indexes(tx)

    made = await store.write(afresh)
    await store.close()

    assert migrated == made
    assert sum("WHERE" in index for index in made) >= 5


async def test_migrating_twice_changes_nothing(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    await store.write(put_setting, "a", "1")

    def again(tx: Tx) -> tuple[set[str], set[str]]:
        before = indexes(tx)
        migrate(tx.connection)
        return before, indexes(tx)

    before, after = await store.write(again)
    found = await store.read(get_setting, "a")
    await store.close()

    assert before == after
    assert found == "1"


async def test_what_was_there_gets_numbers_and_names_when_it_is_upgraded(store_url: str, tmp_path: Path) -> None:
    """From the schema before accounts had contacts: groups and opt-outs are numbered, members become contacts."""
    store = await open_store(store_url, tmp_path)

    def as_it_was(tx: Tx) -> None:
        metadata.drop_all(tx.connection)
        tx.connection.execute(text("DROP TABLE alembic_version"))
        migrate(tx.connection, "0002")
        for statement in (
            "INSERT INTO accounts (id, name, created_at, callback_protocol, callback_secret) "
            "VALUES ('A', 'acme', 1, 'v1', 's'), ('B', 'other', 1, 'v1', 's')",
            "INSERT INTO groups (id, account_id, tags, created_at, modified_at) "
            "VALUES ('G1', 'A', '[]', 1, 1), ('G2', 'B', '[]', 1, 1), ('G3', 'A', '[]', 1, 1)",
            "INSERT INTO group_members (group_id, msisdn) VALUES ('G1', '33612345678'), ('G1', '4915112345678')",
            "INSERT INTO optouts (account_id, msisdn, source, created_at) "
            "VALUES ('A', '33612345678', 'api', 1), ('A', '33612345679', 'api', 1)",
        ):
            tx.connection.execute(text(statement))
        migrate(tx.connection)

    await store.write(as_it_was)
    groups = await store.read(groups_by_numbers, "A", [1, 2, 3])
    contacts = await store.read(contacts_of, "A", "G1", limit=9)
    optouts, total = await store.read(newest_optouts, "A", limit=9)
    next_number = await store.write(take_number, "A", "groups")
    account = await store.read(account_by_id, "A")
    await store.close()

    assert {number: group.id for number, group in groups.items()} == {1: "G1", 2: "G3"}
    assert {(contact.msisdn, contact.country, contact.opted_out) for contact in contacts} == {
        ("33612345678", "FR", True),
        ("4915112345678", "DE", False),
    }
    assert len({contact.id for contact in contacts}) == 2
    assert ([optout.number for optout in optouts], total, next_number) == ([2, 1], 2, 3)
    assert account is not None and len(account.optout_page) == 10


async def test_senders_that_were_stored_as_providers_wrote_them_are_read_when_it_is_upgraded(
    store_url: str, tmp_path: Path
) -> None:
    """One number, one opt-out, one conversation, one member; a sender who is no number leaves the group."""
    store = await open_store(store_url, tmp_path)
    spellings = ("+33612345678", "33612345678", "06 12 34 56 79", "Vodafone", "36111")

    def as_it_was(tx: Tx) -> None:
        metadata.drop_all(tx.connection)
        tx.connection.execute(text("DROP TABLE alembic_version"))
        migrate(tx.connection, "0008")
        run = tx.connection.exec_driver_sql
        run(
            "INSERT INTO accounts (id, name, created_at, callback_protocol, callback_secret, default_region) "
            "VALUES ('A', 'acme', 1, 'v1', 's', 'FR'), ('B', 'other', 1, 'v1', 's', NULL)"
        )
        run("INSERT INTO groups (id, account_id, tags, created_at, modified_at) VALUES ('G1', 'A', '[]', 1, 1)")
        for place, sender in enumerate(spellings):
            run(f"INSERT INTO group_members (group_id, msisdn) VALUES ('G1', '{sender}')")
            run(
                "INSERT INTO optouts (account_id, msisdn, source, created_at, number) "
                f"VALUES ('A', '{sender}', 'inbound', 1, {place})"
            )
            run(
                "INSERT INTO conversations (id, account_id, msisdn, unread, last_text, last_at, heard) "
                f"""VALUES ('C{place}', 'A', '{sender}', 1, 't{place}', {place}, '{{"sms": [{place}, "36111"]}}')"""
            )
            run(
                "INSERT INTO inbound (id, account_id, kind, msisdn, recipient, body, udh, provider, received_at) "
                f"VALUES ('I{place}', 'A', 'text', '{sender}', '+33639980001', 'STOP', '', 'x', 1)"
            )
        run("INSERT INTO optouts (account_id, msisdn, source, created_at) VALUES ('B', '+33612345678', 'inbound', 1)")
        migrate(tx.connection)

    await store.write(as_it_was)
    silent = await store.read(opted_out_among, [(each, ["33612345678", "33612345679"]) for each in "AB"])
    _, total = await store.read(newest_optouts, "A", limit=9)
    members = await store.read(members_of, "A", "G1")
    talks = {each.msisdn: each for each in await store.read(conversations_of, "A", limit=9)}
    received = await store.read(inbound_of, "A", InboundFilter(msisdns=["33612345678"]), limit=9)
    await store.close()

    assert silent == {("A", "33612345678"), ("A", "33612345679"), ("B", "33612345678")}
    assert total == 4
    assert members == ["33612345678", "33612345679"]
    assert talks.keys() == {"33612345678", "33612345679", "Vodafone", "36111"}
    assert (talks["33612345678"].unread, talks["33612345678"].last_text) == (2, "t1")
    assert [(each.id, each.to) for each in received] == [("I1", "33639980001"), ("I0", "33639980001")]


async def test_messages_that_wait_go_on_where_they_were_when_it_is_upgraded(store_url: str, tmp_path: Path) -> None:
    """From the schema in which one column said where a message waits and whether it is paused, and one every why."""
    store = await open_store(store_url, tmp_path)
    waiting = {
        # status, reason, line, tried
        "free": ("queued", None, None, None),
        "quiet": ("queued", "quiet_hours", None, None),
        "again": ("queued", "failed_over", None, "one two"),
        "paced": ("queued", "paced", "one\x1fAcme", ""),
        "paused": ("queued", "paused", "paused:B", None),
        "held": ("sending", "paced", "one", None),
        "ended": ("failed", "undelivered", None, "one"),
        "canceled": ("canceled", "canceled_by_customer", "paused:B", None),
    }

    def as_it_was(tx: Tx) -> None:
        metadata.drop_all(tx.connection)
        tx.connection.execute(text("DROP TABLE alembic_version"))
        migrate(tx.connection, "0021")
        for name, (status, reason, line, tried) in waiting.items():
            tx.connection.execute(
                text(
                    "INSERT INTO messages (id, account_id, batch_id, msisdn, status, reason, line, tried, due_at, "
                    "expire_at, created_at) VALUES (:id, 'A', 'B', '33612345678', :status, :reason, :line, :tried, 1, "
                    "9, 1)"
                ),
                {"id": name, "status": status, "reason": reason, "line": line, "tried": tried},
            )
        migrate(tx.connection)

    def now(tx: Tx) -> dict[str, tuple[object, ...]]:
        found = tx.connection.execute(
            text("SELECT id, reason, why_queued, waits_at, set_aside, passed_on_by FROM messages")
        )
        return {row[0]: tuple(row[1:]) for row in found}

    await store.write(as_it_was)
    found = await store.read(now)
    queued = await store.read(depth)
    due = await store.write(lambda tx: [row[0] for row in tx.connection.execute(due_messages(5, 9)).all()])
    await store.close()

    assert found == {
        "free": (None, None, None, None, None),
        "quiet": (None, "quiet_hours", None, None, None),
        "again": (None, "failed_over", None, None, "one two"),
        "paced": (None, "paced", "one\x1fAcme", None, ""),
        "paused": (None, "paused", None, 1, None),
        "held": (None, "paced", "one", None, None),
        "ended": ("undelivered", None, None, None, "one"),
        "canceled": ("canceled_by_customer", None, "paused:B", None, None),
    }
    assert queued == {"queued": 5, "sending": 1}
    assert sorted(due) == ["again", "free", "quiet"]


async def test_what_doors_keep_has_columns_of_its_own_when_it_is_upgraded(store_url: str, tmp_path: Path) -> None:
    """From the schema in which it stood among options, parameters and references."""
    store = await open_store(store_url, tmp_path)
    service = "MG" + "a" * 32
    batch, named = new_id(), new_id()
    first, second = following(batch, 2)
    written = {
        # protocol, client reference, options, parameters
        batch: ("isendpro", None, None, '{"sms":{"1":"a","2":"b"},"tracker":{"1":"t1"}}'),
        named: ("isendpro", None, '{"as_given":true}', '{"tracker":{"3":"t3"}}'),
        "theirs": ("v1", None, None, '{"tracker":{"1":"a parameter like any other"}}'),
        "service": ("twilio", service, '{"feedback":true}', None),
        "reply": ("twilio", "01INBOUND", None, None),
        "plain": ("twilio", None, None, None),
        "reference": ("xms", service, None, None),
        "delayed": ("smsdrop", None, '{"ucs2":true,"deferred_s":60}', None),
        "to a group": ("smscx", "r", '{"audience":[{"number":1,"name":"Friends","size":3}]}', None),
    }

    def as_it_was(tx: Tx) -> None:
        metadata.drop_all(tx.connection)
        tx.connection.execute(text("DROP TABLE alembic_version"))
        migrate(tx.connection, "0022")
        for identifier, (protocol, reference, options, parameters) in written.items():
            tx.connection.execute(
                text(
                    "INSERT INTO batches (id, account_id, protocol, kind, body, udh, recipients, recipient_count, "
                    "send_at, expire_at, report, tags, flash, created_at, modified_at, client_reference, options, "
                    "parameters) VALUES (:id, 'A', :protocol, 'text', '', '', '[]', 1, 60000, 9, 'none', '[]', 0, 1, "
                    "1, :reference, :options, :parameters)"
                ),
                {
                    "id": identifier,
                    "protocol": protocol,
                    "reference": reference,
                    "options": options,
                    "parameters": parameters,
                },
            )
        for message_id, msisdn in ((first, "1"), (second, "2")):
            tx.connection.execute(
                text(
                    "INSERT INTO messages (id, account_id, batch_id, msisdn, status, due_at, expire_at, created_at) "
                    "VALUES (:id, 'A', :batch, :msisdn, 'sent', 1, 9, 1)"
                ),
                {"id": message_id, "batch": batch, "msisdn": msisdn},
            )
        draft = Draft(protocol="smsdrop", text="x", send_at=from_ms(60_000))
        waiting = json.loads(msgspec.json.encode(draft)) | {"options": {"deferred_s": 60}}
        tx.connection.execute(
            text(
                "INSERT INTO parked (id, account_id, protocol, draft, created_at) "
                "VALUES ('P', 'A', 'smsdrop', :draft, 1)"
            ),
            {"draft": json.dumps(waiting)},
        )
        migrate(tx.connection)

    def now(tx: Tx) -> tuple[dict[str, tuple[object, ...]], dict[str, str | None]]:
        found = tx.connection.execute(text("SELECT id, client_reference, options, parameters, door_facts FROM batches"))
        recipients = tx.connection.execute(text("SELECT id, recipient_facts FROM messages"))
        return {row[0]: tuple(row[1:]) for row in found}, {row[0]: row[1] for row in recipients}

    await store.write(as_it_was)
    found, recipients = await store.read(now)
    parked = await store.read(parked_by_ids, "A", ["P"])
    await store.close()

    delay = '{"defer_by":60,"until_ms":60000}'
    shown = {name: tuple(each and each.replace(" ", "") for each in row) for name, row in found.items()}
    assert shown == {
        batch: (None, None, '{"sms":{"1":"a","2":"b"}}', None),
        named: (None, '{"as_given":true}', None, None),
        "theirs": (None, None, '{"tracker":{"1":"aparameterlikeanyother"}}', None),
        "service": (None, '{"feedback":true}', None, f'{{"service":"{service}"}}'),
        "reply": ("01INBOUND", None, None, '{"reply":true}'),
        "plain": (None, None, None, None),
        "reference": (service, None, None, None),
        "delayed": (None, '{"ucs2":true}', None, delay),
        "to a group": ("r", None, None, '{"audience":[{"number":1,"name":"Friends","size":3}]}'),
    }
    assert recipients == {first: '{"tracker":"t1"}', second: None}
    assert (parked["P"].draft.door_facts, parked["P"].draft.options) == (delay, Options())


async def test_a_store_is_found_again_as_it_was_left(store_url: str, tmp_path: Path) -> None:
    first = await open_store(store_url, tmp_path)
    await first.write(put_setting, "a", "1")
    await first.close()

    second = await open_store(store_url, tmp_path)
    found = await second.read(get_setting, "a")
    await second.close()

    assert found == "1"


@pytest.mark.parametrize("beside", [False, True])
async def test_a_store_of_a_newer_version_is_left_alone(store_url: str, tmp_path: Path, beside: bool) -> None:
    store = await open_store(store_url, tmp_path)
    await store.write(lambda tx: tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()

    with pytest.raises(NewerStore, match=r"newer Heliograph \(its schema is 9999\)") as refused:
        await open_store(store_url, tmp_path, beside=beside)

    assert refused.value.message.count(". ") == 0
    assert refused.value.message.endswith(".")
    assert refused.value.hint


def as_of(revision: str) -> Callable[[Tx], None]:
    def made(tx: Tx) -> None:
        metadata.drop_all(tx.connection)
        tx.connection.execute(text("DROP TABLE alembic_version"))
        migrate(tx.connection, revision)

    return made


def schema_of(tx: Tx) -> tuple[str, set[str]]:
    return str(tx.connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()), indexes(tx)


OLDER = [path.name[:4] for path in sorted((Path(migrations.__file__).parent / "versions").glob("0*.py"))][:-1]


@pytest.mark.parametrize("revision", [OLDER[0], OLDER[-1]])
async def test_commands_leave_a_store_of_an_older_version_as_it_is(
    store_url: str, tmp_path: Path, revision: str
) -> None:
    """A server of that version may be running on it."""
    store = await open_store(store_url, tmp_path)
    await store.write(as_of(revision))
    before = await store.write(schema_of)

    with pytest.raises(OlderStore, match=rf"older Heliograph \(its schema is {revision}\)") as refused:
        await open_store(store_url, tmp_path, beside=True)

    assert await store.write(schema_of) == before
    assert "`heliograph serve`" in refused.value.hint
    await store.close()


async def test_commands_make_a_new_store_and_open_one_that_a_server_has(store_url: str, tmp_path: Path) -> None:
    made = await open_store(store_url, tmp_path, beside=True)
    await made.write(put_setting, "a", "1")
    await made.close()
    owner = await open_store(store_url, tmp_path)
    beside = await open_store(store_url, tmp_path, beside=True)

    await beside.write(put_setting, "b", "2")
    found = [await owner.read(get_setting, name) for name in "ab"]
    await beside.close()
    await owner.close()

    assert found == ["1", "2"]


async def test_a_store_that_was_refused_can_be_opened_by_a_server(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    await store.write(as_of(OLDER[-1]))
    await store.close()
    with pytest.raises(OlderStore):
        await open_store(store_url, tmp_path, beside=True)

    await (await open_store(store_url, tmp_path)).close()
    await (await open_store(store_url, tmp_path, beside=True)).close()


async def test_a_directory_that_another_process_uses_is_named(tmp_path: Path) -> None:
    first = await open_store("", tmp_path)

    with pytest.raises(SetupError, match=rf"in use by another Heliograph \(process {os.getpid()}\)"):
        await open_store("", tmp_path)
    await first.close()
    await (await open_store("", tmp_path)).close()


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SetupError, match=r"is not writable .*--data-dir"):
        await open_store("", tmp_path / "file" / "data")


@pytest.mark.parametrize("in_the_way", ["heliograph.lock", "heliograph.db"])
async def test_something_in_the_way_of_the_files_is_told_in_one_sentence(tmp_path: Path, in_the_way: str) -> None:
    (tmp_path / in_the_way).mkdir()

    with pytest.raises(SetupError, match=r"is not writable|cannot be opened"):
        await open_store("", tmp_path)


async def test_a_directory_that_may_not_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_args: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)

    with pytest.raises(SetupError, match=r"is not writable \(Permission denied\).*--data-dir") as refused:
        await open_store("", tmp_path)
    assert str(tmp_path) in refused.value.message


async def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "heliograph.db").write_bytes(b"not a database" * 100)

    with pytest.raises(SetupError, match="cannot be opened"):
        await open_store("", tmp_path)


async def test_a_database_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be opened") as refused:
        await open_store("postgresql://someone:secret@127.0.0.1:1/nowhere", tmp_path)

    assert "secret" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


async def test_a_closed_store_takes_nothing_more(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    await store.close()
    await store.close()

    with pytest.raises(ShuttingDown):
        await store.write(put_setting, "a", "1")


async def test_closing_finishes_the_writes_that_were_handed_in(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    writes = [asyncio.ensure_future(store.write(put_setting, str(n), "1")) for n in range(50)]
    await asyncio.sleep(0)  # every write has been handed in

    await store.close()
    await asyncio.gather(*writes)
    again = await open_store(store_url, tmp_path)
    found = [await again.read(get_setting, str(n)) for n in range(50)]
    await again.close()

    assert found == ["1"] * 50


async def test_an_embedded_store_that_is_closed_answers_no_more(tmp_path: Path) -> None:
    store = await open_store("", tmp_path)
    await store.close()

    with pytest.raises(ShuttingDown):
        await store.read(get_setting, "a")
