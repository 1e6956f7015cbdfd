"""`heliograph contacts`: files that become groups, and groups that become files."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.patience import HANG_S
from typer.testing import CliRunner

from heliograph import AsyncClient
from heliograph.api import wire
from heliograph.cli.commands import program
from heliograph.cli.shape import Exit

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

Told = dict[str, Any]


@pytest.fixture
def contacts(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    monkeypatch.setenv("HELIOGRAPH_OUTPUT", "json")

    def run(*words: object, code: int = Exit.DONE) -> Told:
        where = ("--url", server.url, "--token", server.token)
        done = CliRunner().invoke(program(), ["contacts", *map(str, words), *where])
        assert done.exit_code == code, f"{done.output} {done.exception}"
        found: Told = json.loads(done.stdout or "{}")
        return found

    return run


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """As Excel writes it in Germany: five rows, of which one is twice and one can't be."""
    file = tmp_path / "people.csv"
    rows = ("Vorname;Telefon;Straße", "Jürgen;0151 23456789;Hauptstr. 1", "Bob;niemand;", "Ada;+33 6 12 34 56 78;=1")
    file.write_bytes("\r\n".join((*rows, "Jürgen;0049 151 23456789;", "Cid;0151 23456780;")).encode("cp1252"))
    return file


def test_a_file_becomes_a_group_is_mended_updated_and_undone(
    contacts: Callable[..., Told], server: Server, people: Path, tmp_path: Path, new_number: Callable[[], str]
) -> None:
    group, mend = f"Kunden {new_number()[-6:]}", tmp_path / "mend.csv"
    into = ("--group", group, "--region", "de")

    tried = contacts("import", people, *into, "--dry-run")
    first = contacts("import", people, *into, "--rejected", mend, "--map", "Straße=street")
    again = contacts("import", people, *into)
    mend.write_text(mend.read_text(encoding="utf-8-sig").replace("niemand", "0151 23456781"), encoding="utf-8")
    mended = contacts("import", mend, *into)
    people.write_text("Telefon,Vorname\n+33612345678,Adele\n")
    updated = contacts("import", people, *into, "--update")
    with server.client() as client:
        (group_id,) = [each.id for each in client.groups.list() if each.name == group]
        found = {each.number: each for each in client.contacts.list(group_id)}
    undone = contacts("undo", updated["id"])
    twice = contacts("undo", updated["id"], code=Exit.REFUSED)
    with server.client() as client:
        after = {each.number: each.first_name for each in client.contacts.list(group_id)}

    counts = ("rows", "added", "updated", "unchanged", "duplicates")
    assert [tried[name] for name in counts] == [first[name] for name in counts] == [5, 3, 0, 0, 1]
    assert (first["encoding"], first["delimiter"], first["columns"]["Straße"]) == ("Windows-1252", ";", "street")
    assert [(each["row"], each["value"]) for each in first["rejected"]] == [(3, "niemand")]
    assert (again["added"], again["unchanged"]) == (0, 3)
    assert (mended["added"], mended["rejected"]) == (1, [])
    assert (updated["added"], updated["updated"]) == (0, 1)
    assert found["+4915123456789"].fields == {"street": "Hauptstr. 1"}
    assert (found["+33612345678"].first_name, after["+33612345678"]) == ("Adele", "Ada")
    assert (undone["state"], undone["undone"], twice) == ("undone", 1, {})
    assert len(after) == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--map", "Handy=number"), "Handy"),
        (("--map", "Telefon"), "is not NAME=VALUE"),
        (("--region", "XX"), "XX"),
        (("--token", "hg_nobody"), "token"),
    ],
)
def test_what_cannot_be_imported_is_one_sentence_and_nothing_is_stored(
    server: Server, people: Path, words: tuple[str, ...], told: str
) -> None:
    where = ("--url", server.url, "--token", server.token)
    done = CliRunner().invoke(program(), ["contacts", "import", str(people), "--group", "Nobody", *where, *words])

    assert done.exit_code == Exit.REFUSED
    assert told in done.output
    with server.client() as client:
        assert [each.name for each in client.groups.list() if each.name == "Nobody"] == []


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_what_is_exported_can_be_imported_again(
    contacts: Callable[..., Told],
    server: Server,
    people: Path,
    tmp_path: Path,
    new_number: Callable[[], str],
    name: str,
) -> None:
    one, other = f"One {new_number()[-6:]}", f"Other {new_number()[-6:]}"
    contacts("import", people, "--group", one, "--region", "DE")

    contacts("export", one, tmp_path / name)
    contacts("import", tmp_path / name, "--group", other)

    with server.client() as client:
        ids = {each.name: each.id for each in client.groups.list()}
        first, second = (
            {each.number: (each.first_name, each.fields) for each in client.contacts.list(ids[group])}
            for group in (one, other)
        )
    street = "'=1" if name.endswith("csv") else "=1"  # no cell of a CSV file is a formula
    assert second.pop("+33612345678") == ("Ada", {"Straße": street})
    assert first.pop("+33612345678") == ("Ada", {"Straße": "=1"})
    assert first == second
    assert len(first) == 2


def test_a_path_is_read_while_it_is_sent(server: Server, people: Path, new_number: Callable[[], str]) -> None:
    group = f"Path {new_number()[-6:]}"

    async def begin() -> wire.Import:
        async with AsyncClient(server.url, server.token) as client:
            begun = await client.imports.start(people, group=group, region="DE")
            return await client.imports.wait(begun.id)

    done = asyncio.run(begin())
    with server.client() as client:
        again = client.imports.wait(client.imports.start(people, group=group, region="DE").id)
        named = client.imports.start(people.read_bytes(), group=group, region="DE", dry_run=True)
        with pytest.raises(FileNotFoundError):
            client.imports.start(people.with_name("nowhere"), group=group)

    assert (done.file_name, done.added, again.unchanged, named.file_name) == ("people.csv", 3, 3, None)


def test_a_server_that_is_killed_in_the_middle_of_an_import_goes_on_when_it_is_back(
    tmp_path: Path, start_server: StartServer
) -> None:
    def lines() -> Iterator[str]:
        yield "Name,Phone"
        for place in range(30_000):
            yield f"Person {place},{'nobody' if place % 1_000 == 7 else f'+49151{place % 29_000:08}'}"

    server = start_server(tmp_path / "data")
    with server.client() as client:
        begun = client.imports.start("\n".join(lines()).encode(), group="Many")
        while not 0 < (at := client.imports.get(begun.id)).rows < 30_000:
            assert at.finished_at is None
    server.kill()
    again = start_server(tmp_path / "data")
    with again.client() as client:
        done = client.imports.wait(begun.id, timeout_s=HANG_S)
        (group,) = client.groups.list()
        rejected = list(csv.reader(client.imports.rejected_file(begun.id).decode("utf-8-sig").splitlines()))

    assert (done.state, done.rows) == ("done", 30_000)
    assert (done.added, done.duplicates, done.rejected) == (28_971, 999, 30)
    assert group.size == done.added
    assert [row[1] for row in rejected[1:]] == ["nobody"] * 30
