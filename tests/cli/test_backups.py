"""Backups of a store on which a server runs, and putting them in its place: whole or not at all."""

from __future__ import annotations

import gzip
import io
import json
import re
import resource
import shlex
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.cli.killed_at_each_step import backup_of, names_of_accounts, outcomes
from tests.cli.test_production import command, made
from tests.conftest import PostgresqlServer, Server, StartServer
from tests.patience import HANG_S

from heliograph import Client

OLD, NEW = "Old ok", "New ok"


def in_directory(directory: Path) -> tuple[str, str]:
    return "--data-dir", str(directory)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a backup of a store whose account is `New`, and the data directory that it is of."""
    directory = tmp_path_factory.mktemp("kept")
    made("accounts", "create", "New", *in_directory(directory / "data"))
    made("backup", str(directory / "x.backup"), *in_directory(directory / "data"))
    return directory


@pytest.fixture
def other(kept: Path, tmp_path: Path) -> Path:
    """A data directory with the same key, whose account is `Old`."""
    data_dir = tmp_path / "other"
    data_dir.mkdir()
    shutil.copy(kept / "data" / "seal.key", data_dir)
    made("accounts", "create", "Old", *in_directory(data_dir))
    return data_dir


def send(server: Server, text: str) -> str:
    with server.client() as client:
        return client.messages.send(to="+33612345678", text=text, originator="Acme").id


def test_what_was_acknowledged_before_a_backup_began_is_in_it_with_its_files(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(tmp_path / "data")
    stop, enough = threading.Event(), threading.Event()
    sent: list[str] = []

    def send_on() -> None:
        with server.client() as client:
            for number in count():
                if stop.is_set():
                    return
                sent.append(client.messages.send(to="+33612345678", text=f"{number}", originator="Acme").id)
                if number == 50:
                    enough.set()

    sender = threading.Thread(target=send_on)
    with server.client() as client:
        client.attachments.upload(b"%PDF-1.7 kept", "application/pdf", name="Menu")
    sender.start()
    enough.wait()
    before = list(sent)
    told = made("backup", str(tmp_path / "x.backup"), "--with-keys", *in_directory(server.data_dir))
    stop.set()
    sender.join()
    after = send(server, "after the backup")
    server.kill()

    made("restore", str(tmp_path / "x.backup"), *in_directory(tmp_path / "restored"))
    restored = start_server(tmp_path / "restored")
    with Client(restored.url, server.token) as client:
        found = {message.id for message in client.messages.list(page_size=1_000)}
        (name,) = [file.name for file in client.attachments.list()]
    file = next((tmp_path / "restored" / "attachments").iterdir())

    assert found >= set(before)
    assert after not in found
    assert (name, file.read_bytes()) == ("Menu", b"%PDF-1.7 kept")
    assert told["keys"] == ["seal.key", "sandbox-credentials.json"]
    assert stat.S_IMODE((tmp_path / "x.backup").stat().st_mode) == 0o600
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in (tmp_path / "restored").rglob("*"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_backup_has_what_only_the_journal_has(start_server: StartServer, tmp_path: Path) -> None:
    """Which a copy of the file has not."""
    server = start_server(tmp_path / "data")
    sent = send(server, "in the journal")
    server.kill()
    assert sent.encode() not in (server.data_dir / "heliograph.db").read_bytes()

    made("backup", str(tmp_path / "x.backup"), *in_directory(server.data_dir))

    assert sent.encode() in (tmp_path / "x.backup").read_bytes()


def test_a_restore_that_is_killed_leaves_the_store_that_was_there_or_that_of_the_backup(
    kept: Path, start_server: StartServer, tmp_path: Path
) -> None:
    """Also where the store that was there has a journal, which must not be read into the other."""
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    shutil.copy(kept / "data" / "seal.key", fresh)
    server = start_server(fresh)
    made("accounts", "create", "Old", *in_directory(fresh))
    server.kill()
    assert (fresh / "heliograph.db-wal").stat().st_size > 0
    old = "Old other sandbox ok"
    shutil.copytree(fresh, tmp_path / "copy")
    assert names_of_accounts(tmp_path / "copy") == old

    found = outcomes(
        *("restore", str(kept / "x.backup"), "--replace", *in_directory(tmp_path / "data")),
        fresh=fresh,
        at=tmp_path / "data",
        look="names_of_accounts",
    )

    assert set(found) == {old, NEW}
    assert found == sorted(found, reverse=True)
    assert found.count(old) > 10


def test_a_restore_that_was_killed_can_be_given_again(kept: Path, other: Path) -> None:
    draft = other / "restoring"
    draft.mkdir()
    (draft / "heliograph.db").write_bytes(b"half")

    code, _ = command("restore", str(kept / "x.backup"), "--replace", *in_directory(other))

    assert (code, names_of_accounts(other), draft.exists()) == (0, NEW, False)


def test_a_backup_that_is_killed_leaves_the_one_before(kept: Path, other: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "backups"
    fresh.mkdir()
    shutil.copy(kept / "x.backup", fresh)

    found = outcomes(
        *("backup", str(tmp_path / "at" / "x.backup"), *in_directory(other)),
        fresh=fresh,
        at=tmp_path / "at",
        look="backup_of",
    )
    again, _ = command("backup", str(tmp_path / "at" / "x.backup"), *in_directory(other))

    assert set(found) == {"whole"}
    assert len(found) > 5
    assert again == 0
    assert [path.name for path in (tmp_path / "at").iterdir()] == ["x.backup"]


def test_a_store_that_is_damaged_is_replaced(kept: Path, other: Path) -> None:
    (other / "heliograph.db").write_bytes(b"not a database" * 100)

    code, _ = command("restore", str(kept / "x.backup"), "--replace", *in_directory(other))

    assert (code, names_of_accounts(other)) == (0, NEW)


def test_no_store_is_replaced_unless_it_is_said(kept: Path, other: Path) -> None:
    code, told = command("restore", str(kept / "x.backup"), *in_directory(other))

    assert (code, names_of_accounts(other)) == (2, OLD)
    assert "--replace" in told


def test_nothing_is_restored_under_a_server(kept: Path, start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    code, told = command("restore", str(kept / "x.backup"), "--replace", *in_directory(server.data_dir))

    assert code == 2
    assert f"in use by another Heliograph (process {server.process.pid})" in told
    assert send(server, "goes on")


def bad_backups(kept: Path, tmp_path: Path) -> Iterator[tuple[str, bytes, str]]:
    """What it is, the file, and what is said of it."""
    whole = (kept / "x.backup").read_bytes()
    yield "empty", b"", "is no backup of Heliograph"
    yield "no backup", b"not a backup " * 1_000, "is no backup of Heliograph"
    yield "a store", (kept / "data" / "heliograph.db").read_bytes(), "is no backup of Heliograph, but a store"
    yield "a dump", b"PGDMP\x01\x10\x00", "is no backup of Heliograph, but a dump of PostgreSQL: pg_restore puts it"
    yield "packed", gzip.compress(whole), "is no backup of Heliograph, but packed by gzip"
    for length in (600, 3_000, len(whole) // 2, len(whole) - 20_000):
        yield f"cut at {length}", whole[:length], "is cut"
    place = whole.index(b"SQLite format 3") + 9_000
    flipped = bytes([whole[place] ^ 1])
    yield "one bit is another", whole[:place] + flipped + whole[place + 1 :], "is damaged"
    yield "of a newer format", whole.replace(b'"format": 1', b'"format": 2'), "made by a newer Heliograph"
    with tarfile.open(tmp_path / "more.backup", "w") as tar, tarfile.open(kept / "x.backup") as good:
        first = good.next()
        assert first is not None
        tar.addfile(first, good.extractfile(first))
        tar.addfile(tarfile.TarInfo("../escaped"), io.BytesIO())
    yield "of files elsewhere", (tmp_path / "more.backup").read_bytes(), "something in it that no backup has"


def test_a_file_that_is_no_whole_backup_is_refused_in_one_sentence(kept: Path, other: Path, tmp_path: Path) -> None:
    for what, content, said in bad_backups(kept, tmp_path):
        (tmp_path / "bad.backup").write_bytes(content)

        code, told = command("restore", str(tmp_path / "bad.backup"), "--replace", *in_directory(other))

        assert (what, code, told.count("\n")) == (what, 2, 1)
        assert said in told, what
        assert names_of_accounts(other) == OLD
    assert not (tmp_path / "escaped").exists()
    assert not (other / "restoring").exists()


def test_a_lock_that_the_disk_has_no_room_for_is_one_sentence(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "init", *in_directory(directory)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"The data directory {directory} can't be written to (File too large); make room" in done.stderr


def test_a_backup_of_a_newer_schema_is_refused(kept: Path, other: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    shutil.copytree(kept / "data", newer)
    with sqlite3.connect(newer / "heliograph.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    made("backup", str(tmp_path / "x.backup"), *in_directory(newer))

    code, told = command("restore", str(tmp_path / "x.backup"), "--replace", *in_directory(other))

    assert (code, names_of_accounts(other)) == (2, OLD)
    assert "newer Heliograph (its schema is 9999)" in told


def test_a_backup_is_not_restored_where_its_secrets_cannot_be_opened(kept: Path, tmp_path: Path) -> None:
    made("accounts", "create", "Old", *in_directory(tmp_path / "other"))
    places = (tmp_path / "empty", tmp_path / "other")

    refused = [command("restore", str(kept / "x.backup"), "--replace", *in_directory(place)) for place in places]
    made("backup", str(tmp_path / "keys.backup"), "--with-keys", *in_directory(kept / "data"))
    other_key = command("restore", str(tmp_path / "keys.backup"), "--replace", *in_directory(tmp_path / "other"))
    brings_its_own = command("restore", str(tmp_path / "keys.backup"), *in_directory(tmp_path / "empty"))

    assert [code for code, _ in refused] == [2, 2]
    assert all("sealed with a key that is not here" in told for _, told in refused)
    assert other_key[0] == 2
    assert "has another seal.key" in other_key[1]
    assert names_of_accounts(tmp_path / "other") == OLD
    assert (brings_its_own[0], names_of_accounts(tmp_path / "empty")) == (0, NEW)


def test_what_is_no_backup_is_not_overwritten(kept: Path, other: Path, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear")
    store = other / "heliograph.db"

    told = [command("backup", str(place), *in_directory(other)) for place in (tmp_path / "letter", store, tmp_path)]
    nowhere = command("backup", str(tmp_path / "no" / "where"), *in_directory(other))
    nothing = command("backup", str(tmp_path / "x.backup"), *in_directory(tmp_path / "none"))

    assert [code for code, _ in (*told, nowhere, nothing)] == [2] * 5
    assert all("is there already, and is no backup" in said for _, said in told)
    assert "cannot be written: No such file or directory" in nowhere[1]
    assert "There is no store in" in nothing[1]
    assert ((tmp_path / "letter").read_text(), names_of_accounts(other)) == ("Dear", OLD)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("room", "told"), [(-100_000, "cannot be copied to"), (1_000, "cannot be written: File too large")]
)
def test_no_room_is_told_in_one_sentence_and_leaves_the_backup_before(
    kept: Path, other: Path, room: int, told: str
) -> None:
    """A limit of the size of files stands in for a full disk: for the copy of the store, and for the backup.

    `room` is how many bytes it is above the store's own size."""
    most = (other / "heliograph.db").stat().st_size + room
    shutil.copy(kept / "x.backup", other.parent / "x.backup")

    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "backup", str(other.parent / "x.backup"), *in_directory(other)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert told in done.stderr
    assert backup_of(other.parent) == "whole"
    assert sorted(path.name for path in other.parent.iterdir()) == ["other", "x.backup"]


def test_for_postgresql_it_says_what_to_use(kept: Path, tmp_path: Path, postgresql: PostgresqlServer) -> None:
    store = postgresql.new_database()
    backed_up = command("backup", str(tmp_path / "x.backup"), *in_directory(tmp_path), store=store)
    restored = command("restore", str(kept / "x.backup"), *in_directory(tmp_path), store=store)

    assert [code for code, _ in (backed_up, restored)] == [2, 2]
    assert "pg_dump" in backed_up[1]
    assert "pg_restore" in restored[1]


def test_the_commands_of_the_page_work_one_after_the_other(kept: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    lines = "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).splitlines()
    for line in lines:
        program, *words = shlex.split(line.replace("/var/backups", str(tmp_path)))
        code, told = command(*words, *in_directory(kept / "data"))
        assert (program, code) == ("heliograph", 0), told

    assert len(lines) >= 3


def test_it_says_what_it_took(kept: Path, tmp_path: Path) -> None:
    _, told = command("restore", str(kept / "x.backup"), *in_directory(kept / "data"), "--replace", "--json")
    facts = json.loads(told)

    assert facts["attachments"] == 0
    assert facts["store_bytes"] > 100_000
    assert facts["schema"].isdigit()
