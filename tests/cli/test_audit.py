"""The audit log by commands: every command that changes something leaves an entry, and the log can be read, written to
a file, checked and cut off, also while a server runs."""

from __future__ import annotations

import asyncio
import csv
import getpass
import hashlib
import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from sqlalchemy import select
from tests.cli.test_production import FILE_PROVIDER, asked, command, made, production
from tests.conftest import PostgresqlServer, Server, StartServer
from typer.testing import CliRunner

from heliograph import Client
from heliograph.cli.commands import program
from heliograph.domain.audit import Action
from heliograph.runtime import console_key, seal_key
from heliograph.runtime.settings import Settings
from heliograph.store import open_store
from heliograph.store.federated import NewLink, add_link
from heliograph.store.schema import audit, metadata, people
from heliograph.store.tx import Tx

#: What makes each command that opens the store succeed. `{key}` is a key of Acme, `{password}` a file with a password.
EXAMPLES = {
    "accounts create": ["Branch", "--parent", "Acme"],
    "accounts list": [],
    "accounts show": ["Acme"],
    "accounts change": ["Acme", "--countries", "FR", "--price", "FR=0.05", "--credit", "5"],
    "accounts top-up": ["Acme", "100", "--note", "MARKED-NOTE"],
    "accounts correct": ["Acme", "-5", "--note", "MARKED-NOTE"],
    "accounts rotate-secret": ["Acme", "--grace", "1h"],
    "accounts close": ["Closing"],
    "accounts codes": ["Acme", "--per-day", "5"],
    "keys create": ["--account", "Acme"],
    "keys list": [],
    "keys rotate": ["{key}", "--grace", "1h"],
    "keys revoke": ["{key}"],
    "people create": ["new@example.com", "--role", "viewer", "--account", "Acme", "--password-file", "{password}"],
    "people invite": ["new@example.com", "--role", "viewer", "--account", "Acme"],
    "people list": [],
    "people show": ["vera@example.com"],
    "people sessions": ["vera@example.com"],
    "people change": ["vera@example.com", "--email", "eve@example.com", "--no-totp"],
    "people roles": ["vera@example.com", "--role", "sender", "--account", "Acme"],
    "people unlink": ["vera@example.com"],
    "people disable": ["vera@example.com"],
    "people enable": ["vera@example.com"],
    "people sign-out": ["vera@example.com"],
    "providers renew": ["out", "--grace", "1h"],
    "providers pause": ["out"],
    "providers resume": ["out"],
    "console rotate": ["--grace", "1h"],
    "processes": [],
    "init": [],
    "erase": ["+33612345678"],
    "audit list": [],
    "audit export": [],
    "audit check": [],
    "audit cut": ["2020-01-01"],
}
#: Some run until they are stopped, one puts another store with its own log in its place, one changes the tables, and
#: the others change nothing of it.
NO_COMMANDS_ON_THE_STORE = {"serve", "api", "worker", "backup", "restore", "db status", "db check", "db migrate"}


def leaves(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if not hasattr(group, "commands"):
        yield " ".join(path), group
        return
    for name, inner in group.commands.items():
        yield from leaves(inner, (*path, name))


ON_THE_STORE = {
    name
    for name, leaf in leaves(typer.main.get_command(program()))
    if any(parameter.name == "store" for parameter in leaf.params) and name not in NO_COMMANDS_ON_THE_STORE
}


def test_every_command_on_the_store_is_looked_at() -> None:
    assert EXAMPLES.keys() == ON_THE_STORE


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that each test has a copy of: what commands need to have something to change."""
    root = tmp_path_factory.mktemp("prepared")
    directory = root / "data"
    run(directory, "accounts create", "Acme")
    run(directory, "accounts create", "Closing")
    run(directory, "accounts top-up", "Acme", "20")
    (password := root / "password").write_text("correct horse battery")
    person = ("vera@example.com", "--role", "viewer", "--account", "Acme", "--password-file", str(password))
    run(directory, "people create", *person)
    asyncio.run(begin_console(directory))
    return root


@pytest.fixture
def data_dir(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    provider = FILE_PROVIDER | {"path": str(tmp_path / "sent.jsonl")}
    monkeypatch.setenv("HELIOGRAPH_PROVIDERS", json.dumps({"out": provider}))
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return tmp_path / "data"


async def begin_console(data_dir: Path) -> None:
    store = await open_store("", data_dir, beside=True)
    await console_key.ensure(store, await seal_key.ensure(Settings(data_dir=data_dir), store), data_dir)
    await store.write(link_everybody)
    await store.close()


def link_everybody(tx: Tx) -> None:
    """Let an issuer know all people, as it does once they have signed in by it."""
    for person_id in tx.column(select(people.c.id)):
        add_link(tx, NewLink("https://id.example.com", person_id, person_id, 0))


def run(data_dir: Path, name: str, *words: str) -> str:
    done = CliRunner().invoke(program(), [*name.split(), *words, "--data-dir", str(data_dir)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def contents(data_dir: Path) -> tuple[list[str], list[str]]:
    """The log, and all else that is kept: what is in the store, and files beside it."""

    def read(tx: Tx) -> tuple[list[str], list[str]]:
        tables = [table for table in metadata.sorted_tables if not table.name.startswith("audit")]
        return (
            [str(list(row)) for row in tx.rows(select(audit).order_by(audit.c.seq))],
            [f"{table.name} {list(row)}" for table in tables for row in tx.rows(select(table))],
        )

    async def opened() -> tuple[list[str], list[str]]:
        store = await open_store("", data_dir, beside=True)
        try:
            return await store.read(read)
        finally:
            await store.close()

    log, rows = asyncio.run(opened())
    files = [path for path in sorted(data_dir.rglob("*")) if path.is_file() and "heliograph.db" not in path.name]
    return log, [*sorted(rows), *(f"{path.name} {path.read_bytes()!r}" for path in files)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_command_leaves_an_entry_if_it_changes_something(data_dir: Path, name: str) -> None:
    key = json.loads(run(data_dir, "keys create", "--account", "Acme", "--json"))
    password = data_dir.parent / "password"
    log, kept = contents(data_dir)

    said = run(data_dir, name, *(word.format(key=key["id"], password=password) for word in EXAMPLES[name]))

    log_after, kept_after = contents(data_dir)
    left = log_after[len(log) :]
    assert bool(left) == (kept != kept_after), (left, said)
    assert all(f"'command', '', '{getpass.getuser()}'" in entry for entry in left)
    shown = {word for word in said.split() if len(word) > 40}  # secrets, and paths with some
    assert [word for word in {*shown, key["token"], key["token"][:11], "MARKED-NOTE"} if word in str(left)] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["list", "--action", "key.lost"], f"There is no action 'key.lost'; there are {', '.join(Action)}."),
        (["list", "--since", "lately"], "A time is written as in 2031-01-31"),
        (["list", "--account", "Nobody"], "There is no account named 'Nobody'"),
        (["list", "--since", "1d", "--until", "2d"], "`until` is after `since`"),
        (["cut", "2999-01-01"], "Entries can be cut off up to now"),
    ],
    ids=lambda each: " ".join(each[:3]) if isinstance(each, list) else "",
)
def test_what_makes_no_sense_is_one_sentence(tmp_path: Path, words: list[str], told: str) -> None:
    code, said = command("audit", *words, "--data-dir", str(tmp_path / "data"))

    assert (code, said.count("\n")) == (2, 1)
    assert told in said


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    start_server: StartServer,
    postgresql: PostgresqlServer,
) -> tuple[Server, str]:
    """A server that runs, and its store."""
    directory = tmp_path_factory.mktemp("audited")
    store = "" if request.param == "sqlite" else postgresql.new_database()
    return start_server(directory / "data", store=store, environment=production(directory)), store


def test_commands_and_a_running_server_write_one_chain_that_others_can_follow(
    running: tuple[Server, str], tmp_path: Path
) -> None:
    server, store = running
    where = ("--data-dir", str(server.data_dir))
    admin = made("init", *where, store=store)
    with Client(server.url, admin["token"]) as client:
        account = client.accounts.create("Acme")
        made("accounts", "change", "Acme", "--countries", "FR,BE", *where, store=store)
        client.accounts.top_up("Acme", "10", note="MARKED-NOTE")
        told = list(client.audit.list(account="Acme", page_size=2))
    file = tmp_path / "audit.jsonl"
    code, said = command("audit", "export", "--output", str(file), *where, store=store)
    assert code == 0, said
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    _, table = command("audit", "export", "--format", "csv", *where, store=store)
    verdict: dict[str, Any] = made("audit", "check", "--expect", lines[0]["hash"], *where, store=store)
    _, listed = command("audit", "list", "--account", "Acme", *where, store=store)
    refused = asked(server, made("keys", "create", "--account", "Acme", *where, store=store)["token"], "GET", "/audit")

    assert [entry.action for entry in told] == ["balance.topped_up", "account.terms_changed", "account.created"]
    assert [entry.actor.kind for entry in told] == ["key", "command", "key"]
    assert (told[0].actor.id, told[0].actor.address, told[0].object) == (admin["id"], "127.0.0.1", account.id)
    assert told[0].after == {"balance": "10", "amount": "10"}
    assert (verdict["last"], verdict["hash"], verdict["broken"]) == (len(lines), lines[-1]["hash"], [])
    assert [row["hash"] for row in csv.DictReader(io.StringIO(table))] == [line["hash"] for line in lines]
    assert "account.terms_changed" in listed
    assert "MARKED-NOTE" not in file.read_text()
    assert refused.status_code == 403
    previous = "0" * 64
    for line in lines:
        assert line["previous"] == previous
        previous = hash_by_the_decision(line)
        assert line["hash"] == previous


def hash_by_the_decision(line: dict[str, Any]) -> str:
    """As docs/decisions/0021-audit.md has it, by nothing of ours."""

    def encoded(value: object) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)

    who = [line[name] for name in ("actor_kind", "actor_id", "actor_name", "address")]
    what = [line["action"], line["object"], line["account_id"], encoded(line["before"]), encoded(line["after"])]
    content = encoded([line["seq"], line["at_ms"], *who, *what])
    return hashlib.sha256(f"{line['previous']}\n{content}".encode()).hexdigest()


def test_check_names_the_row_that_somebody_changed_and_says_so_by_its_exit_code(data_dir: Path) -> None:
    where = ("--data-dir", str(data_dir))
    good, before = command("audit", "check", *where)
    with closing(sqlite3.connect(data_dir / "heliograph.db")) as database, database:
        database.execute("DROP TRIGGER audit_unchanged")
        database.execute("UPDATE audit SET actor_name = 'somebody else' WHERE seq = 2")
    code, said = command("audit", "check", *where)
    lacking, told = command("audit", "check", "--expect", "ab" * 32, *where)

    assert (good, code, lacking) == (0, 1, 1)
    assert "was changed" not in before
    assert "Entry 2 was changed: its hash is not that of its content." in said
    assert f"The log has no entry with the hash {'ab' * 32} that was expected." in told
