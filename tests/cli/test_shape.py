"""The shape that all commands have: examples, formats, exit codes, completion."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shlex
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from tests.patience import HANG_S
from typer.testing import CliRunner, Result

from heliograph.cli.commands import program
from heliograph.cli.shape import Exit

if TYPE_CHECKING:
    from tests.conftest import Server

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
ROOT: Any = typer.main.get_command(program())
FILES = ("people.csv", "password.txt", "heliograph.toml", "sms.backup")
"""Files that examples name."""


def leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(group, "commands"):
        yield path, group
        return
    for name, inner in group.commands.items():
        yield from leaves(inner, (*path, name))


LEAVES = {" ".join(path): leaf for path, leaf in leaves(ROOT)}


@pytest.mark.parametrize("name", LEAVES)
def test_each_help_ends_with_an_example_that_the_command_takes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in FILES:
        (tmp_path / file).touch()
    shown = CliRunner().invoke(program(), [*name.split(), "--help"])
    example = shown.output.rstrip().splitlines()[-1].strip()
    heliograph, *words = shlex.split(example.removeprefix("Example: "))

    assert (heliograph, words[: len(name.split())]) == ("heliograph", name.split())
    LEAVES[name].make_context(name, words[len(name.split()) :])
    assert LEAVES[name].help


def test_each_command_and_exit_code_is_in_the_document() -> None:
    families = {name.split()[0] for name in LEAVES}

    assert [name for name in families if f"`heliograph {name}" not in DOCUMENT] == []
    assert [code for code in Exit if f"| {code.value} |" not in DOCUMENT] == []


@pytest.fixture
def asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """What a command says to a pipe."""
    monkeypatch.delenv("HELIOGRAPH_OUTPUT")
    monkeypatch.setenv("HELIOGRAPH_URL", server.url)
    monkeypatch.setenv("HELIOGRAPH_TOKEN", server.token)

    def ask(*words: str, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(program(), list(words), env=env, prog_name="heliograph")

    return ask


def test_an_answer_is_lines_of_json_csv_identifiers_or_a_table(
    asked: Callable[..., Result], server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    with server.client() as client:
        texts = [f"1, 2\n\x1b[31m {'long ' * 60}", '=1+1;"x"', "Hello"]
        sent = [client.messages.send(to=number, text=text).id for text in texts][::-1]
    only = ("messages", "list", "--to", number)

    piped = [json.loads(line) for line in asked(*only).output.splitlines()]
    told = asked(*only, "--json").output
    rows = list(csv.DictReader(io.StringIO(asked(*only, "--output", "csv").output)))
    table = asked(*only, "--output", "table", env={"COLUMNS": "40"}).output
    short = asked("messages", "--to", number, "--limit", "1", "-o", "ids").output

    assert [each["id"] for each in piped] == sent
    assert [each["text"] for each in piped] == texts[::-1]
    assert [json.loads(line)["id"] for line in told.splitlines()] == sent
    assert [row["id"] for row in rows] == asked(*only, "-o", "ids").output.split() == sent
    assert rows[0].keys() == piped[0].keys()
    assert rows[1]["text"].startswith("'=")  # no program takes it for a formula
    assert (len(table.splitlines()), short) == (4, f"{sent[0]}\n")
    assert "\x1b" not in table
    assert r"1, 2\n\x1b[31m long" in table


def test_a_terminal_gets_a_table_that_is_not_wrapped(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    with server.client() as client:
        message = client.messages.send(to=number, text="word " * 30)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 40))
    command = [sys.executable, "-m", "heliograph", "list", "--to", number, "--url", server.url, "--token", server.token]
    environment = {name: value for name, value in os.environ.items() if name != "HELIOGRAPH_OUTPUT"}
    process = subprocess.Popen(command, stdout=theirs, env=environment)
    os.close(theirs)
    told = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        while told.count(b"\n") < 2:
            told += terminal.read(4096)
    code = process.wait(timeout=HANG_S)
    heading, line = told.decode().splitlines()

    assert code == 0
    assert heading.split() == ["id", "to", "status", "created", "at", "text"]
    assert line.startswith(message.id)
    assert line.rstrip().endswith("word " * 29 + "word")


def test_the_exit_code_says_what_became_of_a_message(
    asked: Callable[..., Result], new_number: Callable[[], str]
) -> None:
    codes = [
        asked("send", *words, "--from", "Acme").exit_code
        for words in (
            (new_number(), "Hello"),
            ("+99920009", "Hello"),
            ("nobody", "Hello"),
            ("+99950002", "Hello", "--wait", "0.1"),
            ("+99950003", "Hello", "--wait", "0"),
        )
    ]

    assert codes == [Exit.DONE, Exit.FAILED, Exit.REFUSED, Exit.UNDECIDED, Exit.DONE]


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (("list", "--status", "dreaming"), ("queued", "delivered", "unknown")),
        (("list", "--output", "yaml"), ("table", "json", "csv", "ids")),
        (("people", "create", "a@b.c", "--role", "king"), ("viewer", "sender", "manager", "administrator")),
        (("templates", "create", "Hello", "--channel", "fax"), ("sms", "viber", "whatsapp")),
    ],
)
def test_an_error_lists_the_choices(words: tuple[str, ...], choices: tuple[str, ...]) -> None:
    done = CliRunner().invoke(program(), words)

    assert done.exit_code == Exit.REFUSED
    assert [line for line in done.output.splitlines() if all(choice in line for choice in choices)]
    assert "Value error" not in done.output


def test_a_word_is_completed_by_what_there_is(asked: Callable[..., Result], server: Server) -> None:
    with server.client() as client:
        group = client.groups.create(name="Zebras")
        link = client.links.create("https://example.org/zebra")
        template = client.templates.create("Zebra", name="zebra")
        message = client.messages.send(to="+99901234567", text="Zebra")
        client.sandbox.wait_for_message("+99901234567", contains="Zebra")

    def completed(line: str, **environment: str) -> set[str]:
        told = asked(
            env={"_HELIOGRAPH_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
            | environment
        )
        return set(told.output.split())

    found = {
        "heliograph groups show Zeb": "Zebras",
        f"heliograph links hits {link.id[:20]}": link.id,
        f"heliograph templates show {template.number}": str(template.number),
        f"heliograph messages show {message.id[:25]}": message.id,
        "heliograph inbox show +99901234": "+99901234567",
        "heliograph list --status del": "delivered",
        "heliograph list --output cs": "csv",
    }
    offered = {line: completed(line) for line in found}
    alone = completed("heliograph groups show Zeb", HELIOGRAPH_URL="http://127.0.0.1:1")

    assert {line: word for line, word in found.items() if word not in offered[line]} == {}
    assert alone == set()
    with server.client() as client:
        client.groups.delete(group.id)


def test_what_a_command_does_is_done(
    asked: Callable[..., Result], server: Server, new_number: Callable[[], str]
) -> None:
    """Each resource by its commands, as a person would: made, listed, shown, changed, taken away."""
    number, name = new_number(), f"Group {new_number()[-6:]}"

    def facts(*words: str) -> dict[str, Any]:
        done = asked(*words)
        assert done.exit_code == 0, f"{words}: {done.output} {done.exception}"
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def ids(*words: str) -> list[str]:
        done = asked(*words, "--output", "ids")
        assert done.exit_code == 0, f"{words}: {done.output} {done.exception}"
        return done.stdout.split("\n")[:-1]

    group = facts("groups", "create", name, "--tag", "shape")
    facts("groups", "add", name, number)
    assert ids("groups", "members", name) == [number]
    assert facts("groups", "remove", group["id"], number)["size"] == 0
    assert facts("groups", "rename", name, f"{name}!")["id"] in ids("groups", "--tag", "shape")
    assert facts("groups", "show", f"{name}!")["tags"] == ["shape"]
    facts("groups", "delete", f"{name}!")
    assert group["id"] not in ids("groups", "list", "--all")

    template = facts("templates", "create", "Hello ${name}", "--name", name)
    number_of = str(template["number"])
    assert facts("templates", "change", number_of, "--text", "Bye ${name}")["text"] == "Bye ${name}"
    assert facts("templates", "show", number_of)["name"] == name
    facts("templates", "delete", number_of)
    assert number_of not in ids("templates")

    facts("optouts", "add", number)
    assert number in ids("optouts", "list", "--all")
    facts("optouts", "remove", number)

    link = facts("links", "create", "https://example.org/offer")
    assert facts("links", "change", link["id"], "--to", "https://example.org/x")["url"] == "https://example.org/x"
    assert (link["id"] in ids("links"), ids("links", "hits", link["id"])) == (True, [])
    facts("links", "delete", link["id"])

    sent = facts("send", number, "Hello", "--from", "Acme")
    assert sent["status"] == "delivered"
    assert facts("messages", "show", sent["id"])["tried"][0]["outcome"] == "taken"
    assert facts("messages", "why", sent["id"])["why"] == "nothing"
    assert ids("messages", "--batch", sent["batch_id"]) == [sent["id"]]
    assert sent["batch_id"] in ids("batches")
    (row,) = [json.loads(line) for line in asked("reports", "--batch", sent["batch_id"]).output.splitlines()]
    assert (row["status"], row["count"]) == ("delivered", 1)
    assert [
        json.loads(line)["status"] for line in asked("batches", "report", sent["batch_id"]).output.splitlines()
    ] == ["delivered"]
    waiting = facts("send", "+99940007", "Hello", "--wait", "0")
    assert facts("batches", "pause", waiting["batch_id"])["paused"]
    assert not facts("batches", "resume", waiting["batch_id"])["paused"]
    assert ids("inbox", "show", number)
    assert number in ids("inbox", "list")

    inbound = facts("inbox", "reply", number, "Thanks", "--to", "Acme")["inbound"]
    assert facts("inbound", "show", inbound)["text"] == "Thanks"
    conversation = next(json.loads(line) for line in asked("conversations").output.splitlines())
    assert conversation["last_text"] == "Thanks"
    facts("conversations", "read", conversation["id"])
    facts("conversations", "reply", conversation["id"], "You are welcome")
    facts("conversations", "note", conversation["id"], "Likes to be called")
    assert facts("conversations", "close", conversation["id"])["closed_at"] is not None
    assert facts("conversations", "close", conversation["id"], "--undo")["closed_at"] is None
    assert facts("conversations", "assign", conversation["id"])["assignee"] is None
    assert len(ids("conversations", "note", conversation["id"])) == 1
    assert len(ids("conversations", "show", conversation["id"])) == 3

    started = facts("verify", "start", "--from", "Acme", number)
    code = ids("inbox", "code", number)[0]
    wrong = "0" * 6 if code != "0" * 6 else "1" * 6
    assert asked("verify", "check", started["id"], wrong).exit_code == Exit.FAILED
    assert facts("verify", "check", started["id"], code)["status"] == "verified"
    assert facts("verify", "why", number)["allowed"]
    assert facts("numbers", "show", "+33612345678")["country"] == "FR"
    assert facts("messages", "delete", sent["id"])["deleted"] == sent["id"]
    assert asked("messages", "show", sent["id"]).exit_code == Exit.REFUSED


def test_what_comes_is_followed_until_ctrl_c(server: Server, new_number: Callable[[], str]) -> None:
    number = new_number()
    with server.client() as client:
        first = client.sandbox.reply(number, to="Acme", text="First")
        where = ["--url", server.url, "--token", server.token, "--from", number]
        command = [sys.executable, "-m", "heliograph", "inbound", "--follow", *where, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            followed = [json.loads(process.stdout.readline())["id"]]
            second = client.sandbox.reply(number, to="Acme", text="Second")
            followed.append(json.loads(process.stdout.readline())["id"])
            process.send_signal(2)
            code, errors = process.wait(timeout=HANG_S), process.stderr.read()

    assert followed == [first, second]
    assert (code, "Traceback" in errors) == (Exit.INTERRUPTED, False)


def test_the_inbox_is_found(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: not opened.append(url))

    told = CliRunner().invoke(program(), ["console", "open", "--data-dir", str(server.data_dir)])
    nowhere = CliRunner().invoke(program(), ["console", "open", "--data-dir", str(tmp_path)])

    assert opened == [server.ready["console"]["url"]]
    assert (told.exit_code, re.search("key=", told.output)) == (0, None)
    assert nowhere.exit_code == Exit.REFUSED
    assert "No server has run" in nowhere.output
