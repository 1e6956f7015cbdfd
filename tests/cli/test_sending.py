"""`heliograph send` to many: lists, groups and files, and going on where it was ended."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.patience import HANG_S
from typer.testing import CliRunner, Result

from heliograph.api import wire
from heliograph.cli import bulk
from heliograph.cli.commands import program
from heliograph.cli.shape import Exit
from heliograph.sdk.resources.batches import Batches

if TYPE_CHECKING:
    from tests.conftest import Server


@pytest.fixture
def send(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("HELIOGRAPH_OUTPUT", "json")
    monkeypatch.setattr(bulk, "ROWS_IN_A_BATCH", 2)
    where = ["--url", server.url, "--token", server.token]
    return lambda *words: CliRunner().invoke(program(), ["send", *map(str, words), *where])


@pytest.fixture
def people(tmp_path: Path, new_number: Callable[[], str]) -> tuple[Path, list[str]]:
    """A file of six rows, as Excel writes it in half of Europe, and their numbers."""
    numbers = [new_number() for _ in range(6)]
    lines = ["Vorname;Telefon;Wann", *(f"Ann{place};{number};1{place}:30" for place, number in enumerate(numbers))]
    file = tmp_path / "people.csv"
    file.write_text("\r\n".join(lines), encoding="cp1252")
    return file, numbers


def told(done: Result) -> dict[str, Any]:
    assert done.exit_code == Exit.DONE, f"{done.output} {done.exception}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def texts(server: Server, numbers: list[str]) -> list[list[str | None]]:
    """What is on each phone, once all that was sent there has come."""
    with server.client() as client:
        for number in numbers:
            for message in client.messages.list(to=number):
                client.messages.wait_for_delivery(message.id, timeout_s=HANG_S)
        return [[message.text for message in client.sandbox.messages(number)] for number in numbers]


def test_a_list_and_a_group_are_sent_to(
    send: Callable[..., Result], server: Server, new_number: Callable[[], str]
) -> None:
    numbers = [new_number(), new_number()]
    with server.client() as client:
        group = client.groups.create(name=f"Club {numbers[0][-6:]}", members=numbers)

    listed = told(send(",".join(numbers), "Hello", "--title", "Both", "--wait", "200"))
    grouped = told(send("--group", group.name, "Hello again", "--wait", "200"))
    failing = send(f"{numbers[0]},+99920001", "Hello", "--wait", "200")
    silent = send(f"{numbers[0]},+99950001", "Hello", "--wait", "0.1")
    tried = told(send(",".join(numbers), "Hello", "--dry-run"))
    neither, both = send("--template", "x"), send("--group", "x", "--file", __file__, "Hello")

    assert (listed["title"], listed["statuses"]) == ("Both", {"delivered": 2})
    assert grouped["statuses"] == {"delivered": 2}
    assert (failing.exit_code, json.loads(failing.stdout)["statuses"]) == (1, {"delivered": 1, "rejected": 1})
    assert silent.exit_code == Exit.UNDECIDED
    assert tried["recipients"] == 2
    assert [(each.exit_code, "one of them only" in each.output) for each in (neither, both)] == [(2, True)] * 2


def test_the_columns_of_a_file_are_parameters(
    send: Callable[..., Result], server: Server, people: tuple[Path, list[str]]
) -> None:
    file, numbers = people
    said = ("${Vorname} ${first_name}, ${Wann}: ${place}", "--parameter", "place=Café", "--from", "Acme")

    tried = told(send("--file", file, *said, "--dry-run"))
    sent = told(send("--file", file, *said, "--tag", "spring"))

    assert texts(server, numbers) == [[f"Ann{place} Ann{place}, 1{place}:30: Café"] for place in range(6)]
    assert (tried["recipients"], tried["parts"], tried["failing"]) == (6, 6, 0)
    assert (sent["rows"], sent["recipients"], sent["already"], len(sent["batches"])) == (6, 6, 0, 3)
    with server.client() as client:
        assert {tuple(client.batches.get(each).tags) for each in sent["batches"]} == {("spring",)}


@pytest.mark.parametrize("ended_at", [0, 1, 2])
def test_what_was_ended_midway_goes_on_and_sends_nothing_twice(
    send: Callable[..., Result],
    server: Server,
    people: tuple[Path, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    ended_at: int,
) -> None:
    """Ctrl-C comes when the server has a batch and the command does not know it yet: the worst moment."""
    file, numbers = people
    sends: list[wire.Batch] = []
    original = Batches.send

    def interrupted(batches: Batches, **asked: Any) -> wire.Batch:
        sends.append(original(batches, **asked))
        if len(sends) == ended_at + 1:
            raise KeyboardInterrupt
        return sends[-1]

    with monkeypatch.context() as patching:
        patching.setattr(Batches, "send", interrupted)
        first = send("--file", file, "Hello ${first_name}")
    second = told(send("--file", file, "Hello ${first_name}"))
    third = told(send("--file", file, "Hello ${first_name}"))
    other = told(send("--file", file, "Hello ${first_name}", "--run", "again"))

    assert (first.exit_code, "goes on behind them" in first.output) == (Exit.INTERRUPTED, True)
    assert (second["already"], third["already"], other["already"]) == (2 * (ended_at + 1), 6, 0)
    assert second["batches"][: len(sends)] == [each.id for each in sends]
    assert third["batches"] == second["batches"]
    assert texts(server, numbers) == [[f"Hello Ann{place}"] * 2 for place in range(6)]


def test_rows_that_cannot_be_sent_to_are_named_and_nothing_is_sent_unless_they_are_skipped(
    send: Callable[..., Result], server: Server, people: tuple[Path, list[str]], tmp_path: Path
) -> None:
    file, numbers = people
    with file.open("a", encoding="cp1252") as opened:
        opened.write(f"\r\nBob;nobody;12:00\r\nAnn;{numbers[0]};13:00\r\n")
    mend = tmp_path / "mend.csv"

    refused = send("--file", file, "Hello", "--rejected", mend)
    with server.client() as client:
        before = [list(client.messages.list(to=number)) for number in numbers]
    sent = told(send("--file", file, "Hello", "--skip-rejected"))

    assert (refused.exit_code, refused.stdout) == (Exit.REFUSED, "")
    assert "row 8: nobody" in refused.output
    assert "1 of 8 rows can't be sent to, and so nothing was sent" in refused.output
    assert before == [[]] * 6
    assert (sent["recipients"], sent["duplicates"], sent["rejected"]) == (6, 1, 1)
    assert [(each["row"], each["value"]) for each in sent["rejected_rows"]] == [(8, "nobody")]
    assert texts(server, numbers) == [["Hello"]] * 6
    rows = list(csv.reader(mend.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["Vorname", "Telefon", "Wann", "rejected because"]
    assert (rows[1][:3], rows[1][3].startswith("nobody: ")) == (["Bob", "nobody", "12:00"], True)
