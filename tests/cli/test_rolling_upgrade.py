"""The store by commands: its state, whether it is sound, and an upgrade beside processes of the version before."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.cli.test_production import command
from tests.conftest import PostgresqlServer, Server, StartServer
from tests.patience import HANG_S

from heliograph import Client
from heliograph.store import Tx, migrations, open_store
from heliograph.store.migrations import Kind, kind_of, migrate, pending
from heliograph.store.schema import metadata

ROOT = Path(__file__).parents[2]
NEWEST = pending(())[-1]


def told(*words: str, store: str) -> dict[str, Any]:
    code, said = command(*words, "--json", store=store)
    assert code == 0, said
    found: dict[str, Any] = json.loads(said)
    return found


async def as_of(store_url: str, data_dir: Path, revision: str) -> None:
    """Leaves a store with the schema of an earlier version."""
    store = await open_store(store_url, data_dir)

    def make(tx: Tx) -> None:
        metadata.drop_all(tx.connection)
        tx.connection.execute(text("DROP TABLE alembic_version"))
        migrate(tx.connection, revision)

    await store.write(make)
    await store.close()


async def test_a_store_of_an_older_version_says_what_it_has_not_had_and_is_brought_up_to_date(
    store_url: str, tmp_path: Path
) -> None:
    await as_of(store_url, tmp_path / "data", "0016")
    where = ("--data-dir", str(tmp_path / "data"))

    before = told("db", "status", *where, store=store_url)
    unchecked = command("db", "check", *where, store=store_url)
    expanded = command("db", "migrate", "--expand", *where, store=store_url)
    between = told("db", "status", *where, store=store_url)
    migrated = command("db", "migrate", *where, store=store_url)
    after = told("db", "status", *where, store=store_url)
    again = command("db", "migrate", *where, store=store_url)

    assert [each["revision"] for each in before["pending"]] == pending(("0016",))
    assert before["pending"][0] == {"revision": "0018", "kind": "contract"}
    assert (before["schema"], before["head"], before["rolling"]) == ("0016", NEWEST, False)
    assert unchecked[0] == 2
    assert "has not had all migrations" in unchecked[1]
    assert expanded == (0, "There is nothing to do.\n")
    assert between["schema"] == "0016"
    assert migrated == (0, f"Done: {', '.join(pending(('0016',)))}.\n")
    assert (after["schema"], after["pending"], after["rolling"]) == (NEWEST, [], True)
    assert again == (0, "There is nothing to do.\n")
    assert command("db", "check", *where, store=store_url) == (0, "The store is sound.\n")


async def test_a_store_of_a_newer_version_is_told_in_one_sentence(store_url: str, tmp_path: Path) -> None:
    store = await open_store(store_url, tmp_path)
    await store.write(lambda tx: tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()

    for words in (("db", "status"), ("db", "check"), ("db", "migrate")):
        code, said = command(*words, "--data-dir", str(tmp_path), store=store_url)
        assert (code, said.count("\n")) == (2, 1)
        assert "newer Heliograph (its schema is 9999)" in said


def test_what_is_wrong_is_told_beside_the_server_and_nothing_is_migrated_under_it(start_server: StartServer) -> None:
    server = start_server()
    where = ("--data-dir", str(server.data_dir))
    with server.client() as client:
        sent = [client.messages.send(to="+33612345678", text="Hello", originator="Acme").id for _ in range(20)]
        client.messages.wait_for_delivery(sent[-1], timeout_s=HANG_S)
    sound = command("db", "check", *where)
    state = told("db", "status", *where, store="")
    migrated = command("db", "migrate", *where)
    server.kill()
    after_the_kill = command("db", "check", *where)
    shutil.copytree(server.data_dir, server.data_dir.with_name("damaged"))
    sqlite = server.data_dir.with_name("damaged") / "heliograph.db"
    subprocess.run(
        [sys.executable, "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None)"
         ".execute('UPDATE balances SET amount = amount - 1')", str(sqlite)],
        check=True,
    )  # fmt: skip
    wrong = command("db", "check", "--json", "--data-dir", str(sqlite.parent))

    assert sound == after_the_kill == (0, "The store is sound.\n")
    assert state["rows"]["messages"] == 20
    assert migrated == (0, "There is nothing to do.\n")
    assert wrong[0] == 1
    assert [each["check"] for each in map(json.loads, wrong[1].splitlines())] == ["balances"]


def git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def sources(revision: str, directory: Path) -> dict[str, str]:
    """The environment of the last version without a migration, from the history."""
    (path,) = (Path(migrations.__file__).parent / "versions").glob(f"{revision}_*.py")
    added = git("log", "--format=%H", "--diff-filter=A", "-1", "--", str(path.relative_to(ROOT)))
    if not added or not git("rev-parse", "--verify", f"{added}^"):
        pytest.skip("there is no git history here to take the version before from")
    directory.mkdir()
    archive = directory / "sources.tar"
    subprocess.run(["git", "-C", str(ROOT), "archive", "-o", str(archive), f"{added}^", "src"], check=True)
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    return {"PYTHONPATH": str(directory / "src")}


@contextmanager
def traffic(server: Server) -> Iterator[list[str]]:
    """Sends without a pause; what was acknowledged."""
    stop, begun = threading.Event(), threading.Event()
    sent: list[str] = []
    failed: list[BaseException] = []

    def send_on() -> None:
        try:
            with server.client() as client:
                while not stop.is_set():
                    sent.append(client.messages.send(to="+33612345678", text="Hello", originator="Acme").id)
                    begun.set()
        except BaseException as error:
            failed.append(error)
            begun.set()

    sender = threading.Thread(target=send_on)
    sender.start()
    begun.wait(HANG_S)
    try:
        yield sent
    finally:
        stop.set()
        sender.join()
    assert failed == []


@pytest.mark.slow
def test_processes_of_the_version_before_go_on_while_it_is_upgraded_and_nothing_is_lost(
    postgresql: PostgresqlServer, start_server: StartServer, tmp_path: Path
) -> None:
    """Of the newest migration that they are said to live with: the last version without it beside the last that has no
    later one, which is this version where there is no later one."""
    revisions = pending(())
    newest = max(each for each in revisions if kind_of(each) is Kind.EXPAND)
    before, after = revisions[revisions.index(newest) - 1], revisions[revisions.index(newest) + 1 :]
    apart = "heliograph.__main__"  # not a copy of the process that has this version in it
    store = postgresql.new_database()
    shared = {"HELIOGRAPH_ATTACHMENTS": f"file://{tmp_path}/files"}
    (tmp_path / "files").mkdir()
    old_one = shared | sources(newest, tmp_path / "before")
    old = start_server(tmp_path / "old", store=store, program=apart, environment=old_one)
    where = ("--data-dir", str(tmp_path / "old"))
    environment = shared | {"HELIOGRAPH_SEAL_KEY": (tmp_path / "old" / "seal.key").read_text()}
    if after:
        environment |= sources(after[0], tmp_path / "after")
    with traffic(old) as by_old:
        status = told("db", "status", *where, store=store)
        expanded = command("db", "migrate", "--expand", *where, store=store)
        count = len(by_old)
        program = apart if after else "heliograph"
        new = start_server(tmp_path / "new", store=store, program=program, environment=environment)
        with Client(new.url, old.token) as client:
            by_new = [client.messages.send(to="+33612345679", text="Hello", originator="Acme").id for _ in range(20)]
            while len(by_old) < count + 20:
                client.messages.wait_for_delivery(by_old[-1], timeout_s=HANG_S)
    with Client(new.url, old.token) as client:
        ended = [client.messages.wait_for_delivery(each, timeout_s=HANG_S).status for each in (*by_old, *by_new)]
    assert [old.stop(), new.stop()] == [0, 0]
    command("db", "migrate", *where, store=store)
    checked = command("db", "check", *where, store=store)

    assert (status["schema"], status["pending"][0]) == (before, {"revision": newest, "kind": "expand"})
    assert status["rolling"] is (not after)
    assert expanded == (0, f"Done: {newest}.\n")
    assert set(ended) == {"delivered"}
    assert checked == (0, "The store is sound.\n")
    log = Path(old.log.name).read_text()
    assert "Error" not in log, log
